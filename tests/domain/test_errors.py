"""The tree of errors is the one its file draws, and each says what its reader needs."""

import re

import pytest

from service.domain import errors
from service.domain.errors import Finding, FlashwireError, Invalid, VersionStale


def test_the_tree_drawn_in_the_file_is_the_tree_in_the_code() -> None:
    drawn = set(re.findall(r"^[├└]── (\w+) ", errors.__doc__ or "", re.MULTILINE))
    assert drawn == {one.__name__ for one in FlashwireError.__subclasses__() if one.__module__ == errors.__name__}


def test_invalid_carries_every_finding_and_reads_as_one_line() -> None:
    findings = (Finding("/headline", "must not be empty"), Finding("/push", "must be true or false"))
    assert Invalid(findings).findings == findings
    assert str(Invalid(findings)) == "/headline: must not be empty; /push: must be true or false"


def test_a_refusal_without_a_finding_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        Invalid(())


def test_a_stale_version_names_the_current_one() -> None:
    assert VersionStale(4).current == 4
    assert "4" in str(VersionStale(4))
