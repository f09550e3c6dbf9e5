"""Public ids: read back by who has the key, and nothing to anybody else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.checks import ID_FORM
from service.domain.device import PLATFORMS, Platform
from service.store import device_ids

KEY, OTHER_KEY = bytes(range(16)), bytes(16)


@given(st.sampled_from(PLATFORMS), st.integers(0, 2**32 - 1))
def test_an_id_is_read_back(platform: Platform, number: int) -> None:
    device_id = device_ids.of(KEY, platform, number)
    assert ID_FORM.fullmatch(device_id)
    assert device_ids.parse(KEY, device_id) == (platform, number)
    assert device_ids.parse(OTHER_KEY, device_id) is None


@given(st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26))
def test_an_id_that_we_did_not_give_is_none(forged: str) -> None:
    assert device_ids.parse(KEY, forged) is None


@pytest.mark.parametrize(
    "text", ["", "0" * 25, "0" * 27, "Z" * 26, "0" * 25 + "U", "0" * 25 + "é", "a" * 26, "0" * 25 + "\n"]
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert device_ids.parse(KEY, text) is None


def test_neighbours_do_not_look_alike() -> None:
    """Nobody learns from two ids which came first, or how many lie between."""
    ids = [device_ids.of(KEY, "apns", number) for number in range(200)]
    assert len(set(ids)) == 200
    assert sorted(ids) != ids
    alike = [sum(a == b for a, b in zip(one, other, strict=True)) for one, other in pairwise(ids)]
    assert max(alike) <= 8
