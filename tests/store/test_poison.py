"""Entries that no desk of ours has made: whatever stands on the wire, reading it never raises."""

from typing import Any

import msgspec
import pytest

from service.domain.revision import Revision
from service.store import stream
from service.store.stream import Unreadable
from tests.entries import DRILL, EN, alert

WELL = msgspec.to_builtins(alert())


def entry(changes: dict[str, Any]) -> dict[bytes, bytes]:
    """A good entry's fields, the alert's with `changes`."""
    body = msgspec.json.encode(WELL | changes)
    return {b"epoch": b"e1", b"type": b"published", b"first": b"3", b"push": b"1", b"alert": body}


POISON: dict[str, dict[str, Any]] = {
    "an expiry in words": {"expires": "tomorrow"},
    "an expiry that is empty": {"expires": ""},
    "an expiry on the 30th of February": {"expires": "2026-02-30T00:00:00.000Z"},
    "an expiry outside the calendar": {"expires": "9999-12-31T23:59:59-23:59"},
    "an expiry in the year 0": {"expires": "0000-01-01T00:00:00.000Z"},
    "a version made never": {"versionCreated": "never"},
    "a version made without a zone": {"versionCreated": "2026-11-18T14:02:11.204"},
    "a version made in other digits": {"versionCreated": "٢٠٢٦-11-18T14:02:11.204Z"},
    "a first version made never": {"firstCreated": "x" * 24},
    "version 0": {"version": 0},
    "a version below 0": {"version": -1},
    "a version beyond all versions": {"version": 2**31 + 1},
    "a version beyond all numbers": {"version": 2**70},
    "an id that is empty": {"id": ""},
    "an id with a line end": {"id": WELL["id"] + "\n"},
    "an id with a colon": {"id": "a:b"},
    "a story that is none": {"story": "../story"},
    "a level that is none": {"level": "deafening"},
    "an urgency of 0": {"urgency": 0},
    "an urgency of 10": {"urgency": 10},
    "a usable alert that says nothing": {"text": None},
    "a usable alert without a headline": {"headline": None},
    "another edition": {"edition": "ar"},
    "a drill among the news": {"status": "Exercise"},
}


@pytest.mark.parametrize("poison", list(POISON))
def test_poison_on_the_wire_is_unreadable_and_says_why(poison: str) -> None:
    epoch, read = stream.read_entry(b"7-0", entry(POISON[poison]), EN)
    assert isinstance(read, Unreadable)
    assert (epoch, read.offset) == ("e1", 7)
    assert 0 < len(read.why) <= 200


@pytest.mark.parametrize("first", [b"0", b"-1", b"8", b"9" * 5000])
def test_a_place_that_no_alert_can_have_is_unreadable(first: bytes) -> None:
    assert isinstance(stream.read_entry(b"7-0", {**entry({}), b"first": first}, EN)[1], Unreadable)


def test_depths_without_an_end_are_unreadable() -> None:
    deep = msgspec.json.encode(WELL)[:-1] + b',"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert isinstance(stream.read_entry(b"7-0", {**entry({}), b"alert": deep}, EN)[1], Unreadable)


@pytest.mark.parametrize("changes", [{}, {"version": 2**31}, {"pubStatus": "canceled", "headline": None, "text": None}])
def test_what_a_desk_makes_is_read(changes: dict[str, Any]) -> None:
    assert isinstance(stream.read_entry(b"7-0", entry(changes), EN)[1], Revision)
    assert isinstance(stream.read_entry(b"7-0", entry(changes))[1], Revision)


def test_news_among_the_drills_is_unreadable() -> None:
    assert isinstance(stream.read_entry(b"7-0", entry({}), DRILL)[1], Unreadable)
    assert isinstance(stream.read_entry(b"7-0", entry({"status": "Exercise"}), DRILL)[1], Revision)
