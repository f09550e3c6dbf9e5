"""A story: the alerts that tell one event in several editions or as follow-ups, and what one means for the others.

The rule to remember: an alert is flagged as long as a sibling was corrected, killed or put on hold after its own newest
version. Nothing of that is stored: its next version, whatever it says, is the editor's answer to the flag. A hold that
is released, and an undo, which leaves no trace, flag nobody.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from service.domain import moment, pending
from service.domain.alert import Alert, Author, Correction, Level, Record, Severity, State
from service.domain.fields import Notice

Doubtful = Literal["correct", "kill", "hold"]
DOUBTFUL: tuple[Doubtful, ...] = ("correct", "kill", "hold")
"""The verbs that say that something was, or may be, wrong."""
ENDED: frozenset[State] = frozenset({"canceled", "undone", "expired", "discarded"})
"""Nothing is to be mended there any more."""
NAMED_MAX = 10
"""Siblings that a warning names: nobody reads more in a hurry, and the story lists them all."""

Versions = Sequence[Record]
"""All versions of one alert, oldest first, with what editors see; never empty."""


class Flag(msgspec.Struct, frozen=True):
    """The sibling that was corrected, killed or held later, and when; `severity` where it was corrected."""

    by: str
    edition: str
    verb: Doubtful
    at: str
    severity: Severity | None = None


class StoryVersion(msgspec.Struct, frozen=True, rename="camel"):
    """One version of an alert in short; `headline` is what it said, also while readers see a notice."""

    version: int
    state: State
    headline: str | None
    correction: Correction | None
    author: Author
    reason: str | None
    version_created: str


class StoryAlert(msgspec.Struct, frozen=True, rename="camel"):
    """An alert of the story. `lag_s`: its first publication after the story's first one; None, as `first_created`, for
    what is not public yet. `behind`: a sibling has a later version than its newest, whatever that says; `flagged`: one
    that says that something was wrong.
    """

    id: str
    edition: str
    state: State
    version: int
    level: Level
    headline: str | None
    first_created: str | None
    lag_s: float | None
    flagged: Flag | None
    behind: bool
    versions: tuple[StoryVersion, ...]


class StoryEdition(msgspec.Struct, frozen=True, rename="camel"):
    """How an edition tells the story: its alerts, and how long after the first edition it began; None: not yet."""

    edition: str
    lag_s: float | None
    flagged: bool
    alerts: tuple[str, ...]


class Story(msgspec.Struct, frozen=True, rename="camel"):
    """The answer: alerts in the order of their first publication, then what waits. `left_out`: how many in the middle
    of a very long story are not told. `missing`: the newsroom's editions that have published nothing of it.
    """

    story: str
    first_created: str | None
    editions: tuple[StoryEdition, ...]
    missing: tuple[str, ...]
    alerts: tuple[StoryAlert, ...]
    left_out: int


def tell(story: str, alerts: Sequence[Versions], editions: Sequence[str], left_out: int = 0) -> Story:
    """The whole story. What was undone counts as never published."""
    begun_ms = min((moment.from_text(_first(versions)) for versions in alerts if _was_out(versions)), default=None)
    members = tuple(_member(versions, alerts, begun_ms) for versions in alerts)
    told = tuple(_edition(edition, members) for edition in editions)
    return Story(
        story=story, first_created=None if begun_ms is None else moment.to_text(begun_ms), editions=told,
        missing=tuple(edition.edition for edition in told if edition.lag_s is None), alerts=members, left_out=left_out,
    )  # fmt: skip


def doubt(versions: Versions) -> Flag | None:
    """The newest reason that an alert gives its siblings to look again, or None."""
    newest = versions[-1]
    if newest.state == "undone":
        return None
    if newest.alert.pub_status == "canceled":
        return _flag("kill", newest.alert)
    if newest.alert.pub_status == "withheld":
        held = newest
        for version in reversed(versions):
            if version.alert.pub_status != "withheld":
                break
            held = version
        return _flag("hold", held.alert)
    corrected = next((version.alert for version in reversed(versions) if version.alert.correction), None)
    return None if corrected is None else _flag("correct", corrected)


def flag(own: Record, siblings: Iterable[Versions]) -> Flag | None:
    """Why an alert is to be looked at again: the newest doubt of a sibling that is later than its newest version."""
    if own.state in ENDED:
        return None
    doubts = (doubt(versions) for versions in siblings)
    later = (found for found in doubts if found is not None and found.at > own.alert.version_created)
    return max(later, key=lambda found: (found.at, found.by), default=None)


def warnings(story: str, siblings: Iterable[Record]) -> tuple[Notice, ...]:
    """What who corrects, kills or holds one alert is told at once: who else tells the same story, or is about to."""
    open_ones = [record for record in siblings if record.state not in ENDED]
    if not open_ones:
        return ()
    named = [_named(record) for record in open_ones[-NAMED_MAX:]]
    more = len(open_ones) - len(named)
    others = f"{', '.join(named)}{f' and {more} more' if more else ''}"
    return (Notice("siblings", f"the same story stands in {others}; see /v1/stories/{story}"),)


UNKNOWN_STORY = Notice("unknown-story", "/story: nothing of this story is known; this alert begins it")


def _named(record: Record) -> str:
    waits = f" ({record.state})" if record.state in pending.STATES else ""
    return f"{record.alert.edition} {record.alert.id}{waits}"


def _member(versions: Versions, alerts: Sequence[Versions], begun_ms: int | None) -> StoryAlert:
    newest = versions[-1]
    alert = newest.alert
    siblings = [other for other in alerts if other is not versions]
    was_out = _was_out(versions) and begun_ms is not None
    return StoryAlert(
        id=alert.id, edition=alert.edition, state=newest.state, version=alert.version, level=alert.level,
        headline=alert.headline, first_created=None if newest.state in pending.STATES else alert.first_created,
        lag_s=_lag_s(alert.first_created, begun_ms) if was_out else None, flagged=flag(newest, siblings),
        behind=_is_behind(newest, siblings), versions=tuple(_version(version) for version in versions),
    )  # fmt: skip


def _is_behind(own: Record, siblings: Iterable[Versions]) -> bool:
    """Whether a sibling was changed later, and says something; that somebody has published a follow-up is no change."""
    changed = (versions[-1] for versions in siblings if versions[-1].alert.msg_type != "Alert")
    return own.state not in ENDED and any(
        record.state not in ("undone", "expired") and record.alert.version_created > own.alert.version_created
        for record in changed
    )


def _edition(edition: str, members: Sequence[StoryAlert]) -> StoryEdition:
    own = [member for member in members if member.edition == edition]
    return StoryEdition(
        edition, min((member.lag_s for member in own if member.lag_s is not None), default=None),
        any(member.flagged for member in own), tuple(member.id for member in own),
    )  # fmt: skip


def _version(record: Record) -> StoryVersion:
    alert = record.alert
    return StoryVersion(
        alert.version, record.state, alert.headline, alert.correction, record.author, record.reason,
        alert.version_created,
    )  # fmt: skip


def _flag(verb: Doubtful, alert: Alert) -> Flag:
    severity = alert.correction.severity if verb == "correct" and alert.correction else None
    return Flag(alert.id, alert.edition, verb, alert.version_created, severity)


def _was_out(versions: Versions) -> bool:
    return versions[-1].state != "undone" and versions[-1].state not in pending.STATES


def _first(versions: Versions) -> str:
    return versions[-1].alert.first_created


def _lag_s(first_created: str, begun_ms: int | None) -> float | None:
    return None if begun_ms is None else (moment.from_text(first_created) - begun_ms) / 1000
