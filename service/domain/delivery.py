"""How a delivery went: counters of the store as figures that an editor understands.

The rule to remember: accepted is what a provider has taken, shown is what an app has told us. Times are counted in
buckets 5 % apart, from the version's creation (the moment of its 201), so that figures cost the same for any audience.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal

import msgspec

from service.domain import fuse, moment, shards
from service.domain.alert import Record, State
from service.domain.device import BLOCK_DEVICES, PLATFORMS, Platform
from service.domain.newsroom import Newsroom

STEP = 1.05
QUANTILES = {"t50": 0.5, "t90": 0.9, "t99": 0.99}

Phase = Literal["going", "over", "withheld", "withdrawn", "expired"]
"""What becomes of devices that are eligible and have not got it: it is going to them, or why it is not any more."""
STOPPED: dict[State, Phase] = {
    "withheld": "withheld", "canceled": "withdrawn", "undone": "withdrawn", "expired": "expired",
}  # fmt: skip
"""In these states nobody is rung, however many were queued."""
UNCONFIRMED = "unconfirmed"
"""Failed without a provider's word once all is over: a change overtook it in doubt, its block was given up, or the
device went away or changed its mind while it was queued."""


class SocketReport(msgspec.Struct, frozen=True, array_like=True):
    """What one gateway process has done with one revision: streams open as its broadcast began, those that took it at
    once, and these by the bucket of the milliseconds since the version's creation.
    """

    open: int
    sent: int
    times: dict[int, int]


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What the store knows of the delivery of an alert's current version."""

    counts: Mapping[str, int]
    """Its `delivery` hash."""
    sockets: Sequence[SocketReport]
    """Of the current version, one for each gateway process."""
    devices: Mapping[Platform, int]
    """Devices that there were when it was first planned; none before that."""
    planned: bool
    """Whether the current version has become jobs."""
    open_blocks: int
    """Blocks of the current version that have not ended."""


class Sockets(msgspec.Struct, frozen=True, rename="camel"):
    """Live streams of all gateways, and how long after its creation the version left for half and for 99 % of them."""

    open: int
    sent: int
    p50_ms: float | None
    p99_ms: float | None


class Push(msgspec.Struct, frozen=True, rename="camel"):
    """One provider's part. `held` and `failed` by cause; `t50 t90 t99` in seconds, null until that share of the devices
    that have it or may still get it has accepted it.
    """

    eligible: int
    """Devices that were to be rung, as far as their blocks have been looked at."""
    undecided: int
    """Devices, at most, whose blocks no worker has looked at yet."""
    held: dict[str, int]
    queued: int
    accepted: int
    failed: dict[str, int]
    shown: int
    opened: int
    t50: float | None
    t90: float | None
    t99: float | None
    histogram: list[tuple[float, int]]
    """Upper bound in seconds, acceptances up to there and above the one before."""


class CorrectionFigures(msgspec.Struct, frozen=True):
    """One change of the alert: how many devices had been given an older version, and how many have got it."""

    version: int
    needed: int
    reached: int


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """The whole answer of `GET /v1/alerts/{id}/delivery`. `complete`: nothing more leaves by itself.

    `fuseUntil` is when the fuse ends, null where none burns: once it is over, or the alert is not out.
    """

    alert: str
    edition: str
    version: int
    state: State
    sockets: Sockets
    push: dict[Platform, Push]
    corrections: list[CorrectionFigures]
    fuse_until: str | None
    complete: bool


def report(record: Record, figures: Figures, newsroom: Newsroom, now_ms: int, late_max_s: float) -> Report:
    """How the delivery of the alert stands. `late_max_s`: what was not planned for so long never is."""
    alert = record.alert
    complete = is_complete(record, figures, newsroom, now_ms, late_max_s)
    phase = STOPPED.get(record.state, "over" if complete else "going")
    parts = {platform: push(figures, platform, phase) for platform in PLATFORMS}
    fuse_ms = fuse.ends_ms(alert, newsroom)
    burns = record.state == "published" and now_ms < fuse_ms
    return Report(
        alert=alert.id, edition=alert.edition, version=alert.version, state=record.state,
        sockets=sockets(figures.sockets), push=parts, corrections=corrections(figures.counts),
        fuse_until=moment.to_text(fuse_ms) if burns else None, complete=complete,
    )  # fmt: skip


def is_complete(record: Record, figures: Figures, newsroom: Newsroom, now_ms: int, late_max_s: float) -> bool:
    """Whether nothing more leaves by itself: the fuse is over, the version was planned and its blocks have ended.

    What is on hold waits for a decision and so is not complete.
    """
    alert = record.alert
    if record.state == "withheld" or figures.open_blocks:
        return False
    if record.state == "published" and now_ms < fuse.ends_ms(alert, newsroom):
        return False
    concerned = record.push or any(figures.devices.values())  # changes go to who was given something, whatever was said
    will_be_planned = (
        concerned and record.state in ("published", "canceled") and shards.is_for_phones(alert, now_ms, late_max_s)
    )
    return figures.planned or not will_be_planned


def bucket(amount: float) -> int:
    """The number of the bucket that so many seconds (or milliseconds) fall into; below 0.01 counts as 0.01."""
    return math.ceil(math.log(max(amount, 0.01), STEP) - 1e-9)


def upper(number: int) -> float:
    """The upper bound of a bucket, in the unit that was counted."""
    return float(round(STEP**number, 3))


def quantile(counts: Mapping[int, int], share: float, awaited: int = 0) -> float | None:
    """The time within which `share` of the events happened, as a bucket's upper bound; None where there are none, or
    not yet so many. `awaited`: how many more are still to come.
    """
    total = sum(counts.values()) + awaited
    numbers = sorted(counts)
    for number, so_far in zip(numbers, accumulate(counts[number] for number in numbers), strict=True):
        if 0 < share * total <= so_far:
            return upper(number)
    return None


def sockets(reports: Sequence[SocketReport]) -> Sockets:
    """What all gateways say together."""
    times: Counter[int] = Counter()
    for each in reports:
        times.update(each.times)
    opened, sent = sum(each.open for each in reports), sum(each.sent for each in reports)
    return Sockets(opened, sent, quantile(times, 0.5), quantile(times, 0.99))


def push(figures: Figures, platform: Platform, phase: Phase) -> Push:
    """A provider's part. Who is eligible and has not got it is queued while it is `going`, else held or failed."""
    counts = figures.counts

    def count(what: str) -> int:
        return counts.get(f"{what}:{platform}", 0)

    held, failed = _by_part(counts, "held", platform), _by_part(counts, "failed", platform)
    times = {int(number): count for number, count in _by_part(counts, "t", platform).items()}
    eligible, accepted = count("eligible"), count("accepted")
    rest = max(0, eligible - accepted - sum(failed.values()))
    decided = eligible + sum(held.values()) + count("absent")
    undecided, queued = (_undecided(figures, platform, decided), rest) if phase == "going" else (0, 0)
    if rest and phase == "over":
        failed[UNCONFIRMED] = rest
    elif rest and phase != "going":
        held[phase] = rest
    awaited = queued + undecided
    quantiles: dict[str, Any] = {name: quantile(times, share, awaited) for name, share in QUANTILES.items()}
    return Push(
        eligible=eligible, undecided=undecided, held=held, queued=queued, accepted=accepted, failed=failed,
        shown=count("shown"), opened=count("opened"),
        histogram=[(upper(number), times[number]) for number in sorted(times)], **quantiles,
    )  # fmt: skip


def _undecided(figures: Figures, platform: Platform, decided: int) -> int:
    """At most so many: `decided` of the devices that there were lie in blocks that a worker has looked at."""
    return max(0, min(figures.devices.get(platform, 0) - decided, figures.open_blocks * BLOCK_DEVICES))


def corrections(counts: Mapping[str, int]) -> list[CorrectionFigures]:
    """Every change that devices had to hear of, by version."""
    found: dict[int, dict[str, int]] = {}
    for name, count in counts.items():
        what, _, rest = name.partition(":")
        if what in ("needed", "reached"):
            added = found.setdefault(int(rest.partition(":")[0]), {"needed": 0, "reached": 0})
            added[what] += count
    return [CorrectionFigures(version, **added) for version, added in sorted(found.items())]


def _by_part(counts: Mapping[str, int], what: str, platform: Platform) -> dict[str, int]:
    """Counters named `<what>:<part>:<platform>`, by part."""
    found = {}
    for name, count in counts.items():
        parts = name.split(":")
        if len(parts) == 3 and parts[0] == what and parts[2] == platform:
            found[parts[1]] = count
    return found
