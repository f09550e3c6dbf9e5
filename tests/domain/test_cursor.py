"""A cursor comes back as it was handed out; anything else is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.cursor import Cursor, parse

EPOCHS = st.text("abcdefghijkmnpqrstuvwxyz23456789ABC", min_size=1, max_size=32)


@given(st.builds(Cursor, EPOCHS, st.integers(0, 10**16 - 1)))
def test_a_cursor_comes_back_as_it_was_handed_out(cursor: Cursor) -> None:
    assert parse(str(cursor)) == cursor


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_in_its_one_spelling_or_none(text: str) -> None:
    cursor = parse(text)
    assert cursor is None or str(cursor) == text


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "k3f9", "k3f9:", ":118", "k3f9:-1", "k3f9:+1", "k3f9:01", "k3f9:1.0", "k3f9:1e3", "k3f9: 1", " k3f9:1",
        "k3f9:1 ", "k3f9:1\n", "k3f9:1:2", "k_f9:1", "k3f9:١", "ك:1", "k3f9:" + "9" * 17, "k" * 33 + ":1", "k3f9\x00:1",
    ],
)  # fmt: skip
def test_a_malformed_cursor_is_none(text: str) -> None:
    assert parse(text) is None
