"""Who is rung and who is not, and why: one table a rule (contract §4 "What rings")."""

from time import perf_counter
from typing import Any

import pytest

from service.domain import moment
from service.domain.audience import Send, Skip, decide, sounds
from service.domain.device import Mute, Quiet
from tests.domain.making import HOUR_MS, NOW_MS, alert_id, make_alert, make_device

ALOUD, QUIETLY = Send(True), Send(False)
STORY = alert_id(9_001)
LATER, BEFORE = moment.to_text(NOW_MS + HOUR_MS), moment.to_text(NOW_MS - HOUR_MS)


@pytest.mark.parametrize(
    ("alert", "device", "wanted"),
    [
        ({}, {}, ALOUD),
        # editions
        ({"edition": "ar"}, {}, Skip("edition")),
        ({"edition": "ar"}, {"editions": ("ar", "en")}, ALOUD),
        ({}, {"editions": ()}, Skip("edition")),
        # levels: at least the one that was chosen, and a line never
        ({"level": "flash"}, {"min_level": "flash"}, ALOUD),
        ({"level": "urgent"}, {"min_level": "flash"}, Skip("level")),
        ({"level": "brief"}, {"min_level": "flash"}, Skip("level")),
        ({"level": "flash"}, {"min_level": "urgent"}, ALOUD),
        ({"level": "urgent"}, {"min_level": "urgent"}, ALOUD),
        ({"level": "brief"}, {"min_level": "urgent"}, Skip("level")),
        ({"level": "brief"}, {"min_level": "brief"}, ALOUD),
        ({"level": "brief"}, {"min_level": "line"}, ALOUD),
        ({"level": "line"}, {"min_level": "line"}, Skip("level")),
        ({"level": "line"}, {"min_level": "brief"}, Skip("level")),
        # sections and regions: empty means all, on either side
        ({"sections": ("sports",)}, {"sections": ("sports", "health")}, ALOUD),
        ({"sections": ("health", "sports")}, {"sections": ("sports",)}, ALOUD),
        ({"sections": ("politics",)}, {"sections": ("sports",)}, Skip("section")),
        ({"sections": ()}, {"sections": ("sports",)}, ALOUD),
        ({"regions": ("europe",)}, {"regions": ("europe",)}, ALOUD),
        ({"regions": ("asia",)}, {"regions": ("europe",)}, Skip("region")),
        ({"regions": ()}, {"regions": ("europe",)}, ALOUD),
        ({"sections": ("sports",), "regions": ("asia",)}, {"sections": ("sports",), "regions": ("europe",)},
         Skip("region")),
        # muted stories
        ({}, {"mute": (Mute(STORY, LATER),)}, Skip("muted")),
        ({"level": "flash"}, {"mute": (Mute(STORY, LATER),)}, Skip("muted")),
        ({}, {"mute": (Mute(STORY, BEFORE),)}, ALOUD),
        ({}, {"mute": (Mute(STORY, moment.to_text(NOW_MS)),)}, ALOUD),
        ({}, {"mute": (Mute(alert_id(1), LATER), Mute(STORY, LATER))}, Skip("muted")),
        ({}, {"mute": (Mute(alert_id(1), LATER),)}, ALOUD),
        ({}, {"mute": (Mute(STORY, "tomorrow"),)}, ALOUD),
        # tombstones, expiry, drills
        ({}, {"gone_ms": NOW_MS}, Skip("gone")),
        ({"expires": moment.to_text(NOW_MS)}, {}, Skip("expired")),
        ({"expires": moment.to_text(NOW_MS + 1)}, {}, ALOUD),
        ({"status": "Exercise"}, {}, Skip("drill")),
        ({"status": "Exercise"}, {"test": True}, ALOUD),
        ({"status": "Actual"}, {"test": True}, Skip("drill")),
        # the first reason is the one that counts
        ({"status": "Exercise", "edition": "ar"}, {"gone_ms": 1}, Skip("gone")),
        ({"edition": "ar", "level": "line"}, {"mute": (Mute(STORY, LATER),)}, Skip("edition")),
    ],
)  # fmt: skip
def test_a_reader_gets_what_they_asked_for(alert: dict[str, Any], device: dict[str, Any], wanted: Send | Skip) -> None:
    assert decide(make_device(**device), make_alert(**alert), NOW_MS) == wanted


NIGHT = ("23:00", "07:00")


@pytest.mark.parametrize(
    ("now", "hours", "zone", "keeps_quiet"),
    [
        # over midnight, in the reader's zone: Beirut is at UTC+2 in winter, +3 in summer
        ("2026-11-18T20:59:59.999Z", NIGHT, "Asia/Beirut", False),
        ("2026-11-18T21:00:00.000Z", NIGHT, "Asia/Beirut", True),
        ("2026-11-18T22:30:00.000Z", NIGHT, "Asia/Beirut", True),
        ("2026-11-19T04:59:59.999Z", NIGHT, "Asia/Beirut", True),
        ("2026-11-19T05:00:00.000Z", NIGHT, "Asia/Beirut", False),
        ("2026-07-18T20:00:00.000Z", NIGHT, "Asia/Beirut", True),
        # within one day
        ("2026-11-18T12:59:59.000Z", ("13:00", "15:00"), "UTC", False),
        ("2026-11-18T13:00:00.000Z", ("13:00", "15:00"), "UTC", True),
        ("2026-11-18T15:00:00.000Z", ("13:00", "15:00"), "UTC", False),
        # zones of odd minutes, and a day that has already begun elsewhere
        ("2026-11-18T17:15:00.000Z", NIGHT, "Asia/Kathmandu", True),
        ("2026-11-18T17:14:00.000Z", NIGHT, "Asia/Kathmandu", False),
        ("2026-11-18T09:00:00.000Z", NIGHT, "Pacific/Kiritimati", True),
        # Madrid skips 02:00–03:00 on 29 March 2026: quiet from 02:30 begins at 03:00 on the wall
        ("2026-03-29T00:59:59.000Z", ("02:30", "07:00"), "Europe/Madrid", False),
        ("2026-03-29T01:00:00.000Z", ("02:30", "07:00"), "Europe/Madrid", True),
        # … and an end at 02:30 holds until the hour that the clock does show
        ("2026-03-29T00:59:59.000Z", ("23:00", "02:30"), "Europe/Madrid", True),
        ("2026-03-29T01:00:00.000Z", ("23:00", "02:30"), "Europe/Madrid", False),
        # 25 October 2026 has 02:30 twice
        ("2026-10-25T00:30:00.000Z", ("02:30", "02:45"), "Europe/Madrid", True),
        ("2026-10-25T01:30:00.000Z", ("02:30", "02:45"), "Europe/Madrid", True),
        # the same hour twice is the whole day
        ("2026-11-18T12:00:00.000Z", ("08:00", "08:00"), "UTC", True),
        ("2026-11-18T12:00:00.000Z", ("00:00", "24:00"), "UTC", True),
        # what cannot be read keeps nobody quiet
        ("2026-11-18T22:30:00.000Z", NIGHT, "Mars/Olympus", False),
        ("2026-11-18T22:30:00.000Z", NIGHT, "", False),
        ("2026-11-18T22:30:00.000Z", NIGHT, "../../etc/passwd", False),
        ("2026-11-18T22:30:00.000Z", NIGHT, "Europe", False),
        ("2026-11-18T22:30:00.000Z", NIGHT, "UTC\x00", False),
        ("2026-11-18T22:30:00.000Z", ("late", "07:00"), "UTC", False),
        ("2026-11-18T22:30:00.000Z", ("22:61", "07:00"), "UTC", False),
        ("2026-11-18T22:30:00.000Z", ("22:00", "25:00"), "UTC", False),
    ],
)
def test_quiet_hours_are_those_of_the_clock_on_the_readers_wall(
    now: str, hours: tuple[str, str], zone: str, keeps_quiet: bool
) -> None:
    now_ms = moment.from_text(now)
    device = make_device(quiet=Quiet(*hours, zone))
    alert = make_alert(expires=moment.to_text(now_ms + HOUR_MS))
    assert decide(device, alert, now_ms) == (QUIETLY if keeps_quiet else ALOUD)
    assert sounds(device, alert, now_ms) is not keeps_quiet


ALL_DAY = Quiet("00:00", "00:00", "UTC")
DEAF = Quiet("00:00", "00:00", "UTC", flash_breaks=False)


@pytest.mark.parametrize(
    ("level", "quiet", "loud"),
    [("flash", ALL_DAY, True), ("flash", DEAF, False), ("urgent", ALL_DAY, False), ("brief", None, True)],
)
def test_a_flash_breaks_quiet_hours_where_the_reader_lets_it(level: str, quiet: Quiet | None, loud: bool) -> None:
    device, alert = make_device(quiet=quiet), make_alert(level=level)
    assert decide(device, alert, NOW_MS) == Send(loud)
    assert sounds(device, alert, NOW_MS) is loud


def test_a_correction_does_not_call_who_has_muted_the_story_since() -> None:
    assert not sounds(make_device(mute=(Mute(STORY, LATER),)), make_alert(), NOW_MS)
    assert sounds(make_device(mute=(Mute(STORY, BEFORE),)), make_alert(), NOW_MS)


def test_a_decision_is_fast_enough_for_millions() -> None:
    """0.2 µs where it was written; the bound leaves room for a busy machine, not for a parsed date for each device."""
    device, alert, rounds = make_device(), make_alert(), 20_000

    def once_us() -> float:
        began = perf_counter()
        for _ in range(rounds):
            decide(device, alert, NOW_MS)
        return (perf_counter() - began) / rounds * 1e6

    assert min(once_us() for _ in range(7)) < 2
