"""Two keys may be one person; the rule of two persons must not be passed with a second key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alert import Author
from service.domain.person import owner, same_person


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Author("A", "Night desk"), Author("A", "Night desk"), True),
        (Author("A", "Night desk"), Author("A", "renamed"), True),  # the same key, whatever it is called
        (Author("A", "Night desk"), Author("B", "Night desk"), True),  # the same owner's second key
        (Author("A", "Night desk"), Author("B", "  night   DESK "), True),
        (Author("A", "Straße"), Author("B", "STRASSE"), True),
        (Author("A", "Zoë"), Author("B", "Zoe\u0308"), True),
        (Author("A", "Desk １"), Author("B", "desk 1"), True),
        (Author("A", "غرفة\u00a0الأخبار"), Author("B", "غرفة الأخبار"), True),
        (Author("A", "Night desk"), Author("B", "Day desk"), False),
        (Author("A", "desk 1"), Author("B", "desk 2"), False),
        (Author("A", "desk 1"), Author("B", "desk1"), False),
        (Author("A", "Zoë"), Author("B", "Zoe"), True),  # rather one person too few than one too many
    ],
)
def test_who_is_the_same_person(one: Author, other: Author, same: bool) -> None:
    assert same_person(one, other) is same
    assert same_person(other, one) is same


@given(st.text(max_size=40))
def test_nobody_becomes_another_person_by_spaces(name: str) -> None:
    assert owner(f" {name}\t") == owner(name)
