"""What a block is owed: rings for who has nothing, changes for who was given something older, nothing twice."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import bits
from service.domain.alert import Alert, Correction
from service.domain.device import Device, Preferences, Quiet
from service.domain.owed import Marks, owed
from tests.domain.making import NOW_MS, make_alert

WANTS = Preferences(("en",))
NIGHT = Quiet("00:00", "00:00", "UTC")
"""The same hour twice: the whole day."""


def device(number: int, preferences: Preferences = WANTS, **changes: Any) -> Device:
    fields: dict[str, Any] = {
        "number": number, "platform": "apns", "token": f"{number:064x}", "subscription": None,
        "preferences": preferences, "registered_ms": NOW_MS - 1000,
    } | changes  # fmt: skip
    return Device(**fields)


def marks(planned: int = 1000, done: bool = False, ended: int = 0, **tried: int) -> Marks:
    """`v1=…`: who was sent version 1."""
    return Marks(tried={int(name[1:]): found for name, found in tried.items()}, ended=ended, planned=planned, done=done)


def corrected(severity: Any = "major") -> list[Alert]:
    first = make_alert()
    correction = Correction(text="It was the east pier", was="West pier", severity=severity)
    return [first, make_alert(version=2, msg_type="Update", signals=("correction",), correction=correction)]


def killed() -> list[Alert]:
    return [make_alert(), make_alert(version=2, msg_type="Cancel", pub_status="canceled")]


def said(devices: list[Device], versions: list[Alert], found: Marks, late: bool = False) -> list[tuple[int, str, bool]]:
    due = owed(devices, versions, found, NOW_MS, late=late)
    return [(letter.device.number, letter.change, letter.sound) for letter in due.letters]


def test_a_new_alert_rings_who_wants_it() -> None:
    other = device(1, Preferences(("es",)))
    due = owed([device(0), other], [make_alert()], marks(), NOW_MS, late=False)
    assert [(letter.device.number, letter.change) for letter in due.letters] == [(0, "new")]
    assert due.held == {"edition": 1}


def test_in_quiet_hours_it_comes_without_sound() -> None:
    assert said([device(0, Preferences(("en",), quiet=NIGHT))], [make_alert()], marks()) == [(0, "new", False)]


def test_who_registered_after_the_plan_is_not_rung() -> None:
    assert said([device(4), device(5)], [make_alert()], marks(planned=5)) == [(4, "new", True)]


def test_who_has_it_or_is_gone_gets_nothing() -> None:
    devices = [device(0), device(1, gone_ms=NOW_MS), device(2)]
    assert said(devices, [make_alert()], marks(ended=bits.of([0]))) == [(2, "new", True)]


def test_who_is_in_doubt_is_sent_it_again() -> None:
    assert said([device(0)], [make_alert()], marks(v1=bits.of([0]))) == [(0, "new", True)]


def test_a_correction_goes_to_who_was_given_the_error_and_the_rest_get_it_plainly() -> None:
    found = marks(v1=bits.of([1]))
    assert said([device(0), device(1)], corrected(), found) == [(0, "new", True), (1, "visible", True)]


@pytest.mark.parametrize("versions", [corrected(), killed()], ids=["corrected", "killed"])
def test_a_drill_taken_back_concerns_test_devices_alone_and_news_everybody(versions: list[Alert]) -> None:
    drill = [msgspec.structs.replace(version, status="Exercise") for version in versions]
    devices, found = [device(0), device(1, test=True)], marks(v1=bits.of([0, 1]))
    assert [number for number, *_ in said(devices, drill, found)] == [1]
    assert [number for number, *_ in said(devices, versions, found)] == [0, 1]


def test_whose_older_version_is_just_being_sent_is_asked_about_again() -> None:
    found = Marks(tried={1: bits.of([1, 2])}, in_flight=bits.of([2]), ended=0, planned=1000, done=False)
    due = owed([device(0), device(1), device(2)], corrected(), found, NOW_MS, late=False)
    assert [(letter.device.number, letter.change) for letter in due.letters] == [(0, "new"), (1, "visible")]
    assert due.undecided == bits.of([2])


@pytest.mark.parametrize("versions", [corrected("major"), corrected("minor"), killed()])
def test_what_takes_an_error_back_leaves_first(versions: list[Alert]) -> None:
    due = owed([device(0), device(1)], versions, marks(v1=bits.of([1])), NOW_MS, late=False)
    assert [letter.device.number for letter in due.taking_back()] == [1]


def test_an_update_takes_nothing_back() -> None:
    versions = [make_alert(), make_alert(version=2, msg_type="Update", signals=("update",))]
    due = owed([device(0), device(1)], versions, marks(v1=bits.of([1])), NOW_MS, late=False)
    assert not due.taking_back()


def test_a_minor_correction_makes_no_sound() -> None:
    assert said([device(1)], corrected("minor"), marks(v1=bits.of([1]))) == [(1, "silent", False)]


def test_a_correction_reaches_who_wants_other_things_by_now() -> None:
    assert said([device(1, Preferences(("es",)))], corrected(), marks(v1=bits.of([1]))) == [(1, "visible", True)]


def test_a_correction_in_quiet_hours_makes_no_sound() -> None:
    asleep = device(1, Preferences(("en",), quiet=NIGHT))
    assert said([asleep], corrected(), marks(v1=bits.of([1]))) == [(1, "visible", False)]


def test_a_change_long_after_the_ringing_rings_nobody_new() -> None:
    found = marks(done=True, v1=bits.of([1]))
    assert said([device(0), device(1)], corrected(), found) == [(1, "visible", True)]


def test_a_kill_goes_to_exactly_those_who_were_given_something() -> None:
    assert said([device(0), device(1)], killed(), marks(v1=bits.of([1]))) == [(1, "withdrawn", True)]


def test_a_kill_before_any_push_is_silence() -> None:
    assert not said([device(0), device(1)], killed(), marks())


def test_who_has_heard_of_the_kill_does_not_hear_it_again() -> None:
    found = marks(v1=bits.of([0, 1]), v2=bits.of([0]), ended=bits.of([0]))
    assert said([device(0), device(1)], killed(), found) == [(1, "withdrawn", True)]


def test_too_late_rings_nobody_and_still_carries_corrections() -> None:
    due = owed([device(0), device(1)], corrected(), marks(v1=bits.of([1])), NOW_MS, late=True)
    assert [(letter.device.number, letter.change) for letter in due.letters] == [(1, "visible")]
    assert due.held == {"late": 1}


def test_where_nobody_new_is_to_be_rung_corrections_are_carried_all_the_same() -> None:
    due = owed([device(0), device(1)], corrected(), marks(v1=bits.of([1])), NOW_MS, push=False, late=False)
    assert [(letter.device.number, letter.change) for letter in due.letters] == [(1, "visible")]


def test_readers_whom_another_edition_has_rung_are_left_out_and_counted() -> None:
    due = owed([device(0), device(1)], [make_alert()], marks(), NOW_MS, late=False).without(bits.of([1]), "story")
    assert [letter.device.number for letter in due.letters] == [0]
    assert due.held == {"story": 1}


BITS = st.sets(st.integers(0, 15)).map(bits.of)


@given(first=BITS, second=BITS, ended=BITS, done=st.booleans(), versions=st.sampled_from([corrected(), killed()]))
def test_nobody_is_owed_two_things_and_only_the_given_get_changes(
    first: int, second: int, ended: int, done: bool, versions: list[Alert]
) -> None:
    devices = [device(number) for number in range(16)]
    due = owed(devices, versions, marks(v1=first, v2=second, ended=ended, done=done), NOW_MS, late=False)
    numbers = [letter.device.number for letter in due.letters]
    assert len(numbers) == len(set(numbers))
    assert due.of(new=False) == first & ~ended
    assert not due.of(new=True) & (first | ended)
    if done or versions[-1].pub_status == "canceled":
        assert not due.of(new=True)


def test_an_alert_that_is_held_owes_nothing() -> None:
    held = [make_alert(), make_alert(version=2, msg_type="Update", pub_status="withheld")]
    assert not said([device(0), device(1)], held, marks(v1=bits.of([1])))


@pytest.mark.parametrize("number", [0, 999, 1000, 12_345])
def test_a_device_is_a_bit_of_its_block(number: int) -> None:
    assert device(number).block * 1000 + device(number).bit == number
