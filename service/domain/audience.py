"""Who gets an alert, and how loudly: decided for one device at a time, from the alert and the reader's preferences.

The rule to remember: a decision is a value. Skip names its cause, which the delivery report counts. It runs for
millions of devices, so what is told from a text (moments, zones, hours) is told once and remembered.
"""

from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from service.domain import moment
from service.domain.alert import LEVELS, Alert, Level
from service.domain.device import Device, Mute, Preferences, Quiet

Cause = Literal["edition", "level", "section", "region", "muted", "gone", "drill", "expired", "no-push", "story"]


class Send(msgspec.Struct, frozen=True):
    """To be sent; `sound` is False in the reader's quiet hours."""

    sound: bool


class Skip(msgspec.Struct, frozen=True):
    """Not to be sent to this device."""

    cause: Cause


_ALOUD, _QUIETLY = Send(True), Send(False)
_GONE, _DRILL, _EXPIRED, _MUTED = Skip("gone"), Skip("drill"), Skip("expired"), Skip("muted")
_EDITION, _LEVEL, _SECTION, _REGION = Skip("edition"), Skip("level"), Skip("section"), Skip("region")
_WANTED_BY: dict[Level, frozenset[Level]] = {least: frozenset(LEVELS[: LEVELS.index(least) + 1]) for least in LEVELS}
MINUTE_MS = 60_000
MINUTES_PER_DAY = 1440
REMEMBERED_TEXTS = 4096
"""Different moments and hours kept in their parsed form; more than one alert and a day's quiet hours need."""
REMEMBERED_ZONES = 1024
"""More than there are time zones, so that the same minute in the same zone is worked out once."""


def decide(device: Device, alert: Alert, now_ms: int) -> Send | Skip:
    """Whether and how `device` is rung for a new `alert`.

    A drill (`status` Exercise) reaches test devices alone, and test devices get drills alone. An alert of no section
    (or region) goes to every reader, whatever sections they chose: nothing says that it is not of theirs.
    """
    if device.gone_ms is not None:
        return _GONE
    if (alert.status == "Exercise") is not device.test:
        return _DRILL
    if _ms(alert.expires) <= now_ms:
        return _EXPIRED
    unwanted = _unwanted(device.preferences, alert, now_ms)
    if unwanted is not None:
        return unwanted
    quiet = device.preferences.quiet
    return _QUIETLY if quiet is not None and _keeps_quiet(quiet, alert, now_ms) else _ALOUD


def is_kept_from(device: Device, alert: Alert) -> bool:
    """Whether nothing of `alert` may leave for `device`, whatever it is owed: a drill, and no test device (any more).

    Asked for whoever is owed a change too, and once more where a message leaves (reliability P12).
    """
    return alert.status == "Exercise" and not device.test


def sounds(device: Device, alert: Alert, now_ms: int) -> bool:
    """Whether a visible replacement (major correction, kill) may sound on `device` now.

    Not in its quiet hours, unless a flash breaks them: what woke the reader may wake them to be taken back. Not for a
    muted story either: who has muted it since is shown the truth, but not called.
    """
    wanted = device.preferences
    if wanted.mute and _is_muted(wanted.mute, alert.story, now_ms):
        return False
    return wanted.quiet is None or not _keeps_quiet(wanted.quiet, alert, now_ms)


def _unwanted(wanted: Preferences, alert: Alert, now_ms: int) -> Skip | None:
    """Why the reader does not want `alert`. A line is for the ticker: nobody is ever rung for it."""
    if alert.edition not in wanted.editions:
        return _EDITION
    if alert.level == "line" or alert.level not in _WANTED_BY[wanted.min_level]:
        return _LEVEL
    if wanted.sections and alert.sections and not _meet(wanted.sections, alert.sections):
        return _SECTION
    if wanted.regions and alert.regions and not _meet(wanted.regions, alert.regions):
        return _REGION
    if wanted.mute and _is_muted(wanted.mute, alert.story, now_ms):
        return _MUTED
    return None


def _meet(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return any(term in others for term in some)


def _is_muted(mutes: tuple[Mute, ...], story: str, now_ms: int) -> bool:
    return any(mute.story == story and now_ms < _until_ms(mute.until) for mute in mutes)


def _keeps_quiet(quiet: Quiet, alert: Alert, now_ms: int) -> bool:
    """Whether the reader's clock stands in their quiet hours, and `alert` may not break them.

    It is the clock on the wall that counts, so a change to summer time needs no rule. The same hour twice means the
    whole day. A zone or an hour that cannot be read means no quiet hours: better rung than never told.
    """
    if alert.level == "flash" and quiet.flash_breaks:
        return False
    start, end = _minute(quiet.start), _minute(quiet.end)
    local = _minute_on_the_wall(quiet.zone, now_ms // MINUTE_MS)
    if start is None or end is None or local is None:
        return False
    return start <= local < end if start < end else local >= start or local < end


_ms = lru_cache(maxsize=REMEMBERED_TEXTS)(moment.from_text)


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _until_ms(until: str) -> int:
    """The end of a mute; one that cannot be read is over: a block of devices must not fall for a single bad record."""
    try:
        return moment.from_text(until)
    except ValueError:
        return 0


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _minute(clock: str) -> int | None:
    """`23:30` in minutes since midnight; None for what is no time of day."""
    hour, _, minute = clock.partition(":")
    if not (hour.isdecimal() and minute.isdecimal()):
        return None
    minutes = int(hour) * 60 + int(minute)
    return minutes if int(minute) < 60 and minutes <= MINUTES_PER_DAY else None


@lru_cache(maxsize=REMEMBERED_ZONES)
def _minute_on_the_wall(zone: str, now_min: int) -> int | None:
    """The time of day in `zone`, in minutes since midnight; None where there is no such zone."""
    known = _zone(zone)
    if known is None:
        return None
    local = moment.in_zone(now_min * MINUTE_MS, known)
    return local.hour * 60 + local.minute


@lru_cache(maxsize=REMEMBERED_ZONES)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # what zoneinfo raises for folders, odd characters and unknown names
        return None
