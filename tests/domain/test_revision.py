"""A revision carries bytes that were final before the append and say the same as its alert."""

import gc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alert import Attribution, Correction, Image, Link, Place, Reference
from service.domain.revision import Revision, decode, encode
from service.domain.ticker import Entry
from tests.domain.making import make_alert, make_telling_alert

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
optional_words = st.none() | words


@given(
    headline=optional_words,
    attribution=st.builds(Attribution, kind=st.just("official"), speaker=optional_words, text=optional_words),
    places=st.lists(st.builds(Place, name=words, country=optional_words), max_size=3).map(tuple),
    link=st.none() | st.builds(Link, words),
    image=st.none() | st.builds(Image, words, words),
    references=st.lists(st.builds(Reference, words, st.integers(1, 9)), max_size=2).map(tuple),
    correction=st.none() | st.builds(Correction, words, words, st.sampled_from(["minor", "major"])),
)
def test_what_is_encoded_is_read_back_and_is_compact_on_one_line(**changes: Any) -> None:
    alert = make_alert(**changes)
    encoded = encode(alert)
    assert decode(encoded) == alert
    assert b"\n" not in encoded
    assert b"\r" not in encoded
    assert encode(decode(encoded)) == encoded


def test_what_a_wire_holds_is_nothing_that_the_garbage_collector_looks_at() -> None:
    alert = decode(encode(make_telling_alert()))
    held: list[object] = [
        alert,
        alert.attribution,
        *alert.places,
        *alert.references,
        alert.link,
        alert.image,
        alert.correction,
    ]
    held += [Revision(offset=1, type="published", alert=alert, encoded=b"", first_offset=1, push=True)]
    held += [Entry(1, alert, b"")]
    assert [type(value) for value in held if gc.is_tracked(value)] == []


def test_scripts_are_written_as_they_are_not_escaped() -> None:
    assert "سطر".encode() in encode(make_alert(headline="سطر"))


@pytest.mark.parametrize(
    "changes",
    [{"headline": "half \ud800"}, {"level": "deafening"}, {"version": "1"}, {"sections": None}],
)
def test_an_alert_that_readers_could_not_read_is_refused_before_the_append(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode(make_alert(**changes))


@pytest.mark.parametrize("encoded", [b"", b"null", b"{}", b"[1]", b"{", b'{"id":1}', b"\xff"])
def test_bytes_that_are_no_alert_are_refused(encoded: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        decode(encoded)


def test_a_field_of_a_later_program_is_passed_over() -> None:
    alert = make_telling_alert()
    assert decode(encode(alert)[:-1] + b',"mood":"calm"}') == alert
