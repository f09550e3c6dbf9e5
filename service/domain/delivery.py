"""How a delivery went: counters of the store as figures that an editor understands.

The rule to remember: accepted is what a provider has taken, shown is what an app has told us. Times are counted in
buckets 5 % apart, from the version's creation (the moment of its 201), so that figures cost the same for any audience.
"""

import math
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

import msgspec

from service.domain.device import PLATFORMS, Platform

STEP = 1.05
QUANTILES = {"t50": 0.5, "t90": 0.9, "t99": 0.99}


class Push(msgspec.Struct, frozen=True, rename="camel"):
    """One provider's part. `held` and `failed` by cause; `t50 t90 t99` in seconds, null while nothing is accepted."""

    eligible: int
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


def bucket(seconds: float) -> int:
    """The number of the bucket that `seconds` falls into; whatever is below 10 ms counts as 10 ms."""
    return math.ceil(math.log(max(seconds, 0.01), STEP) - 1e-9)


def upper_s(number: int) -> float:
    """The upper bound of a bucket, in seconds."""
    return float(round(STEP**number, 3))


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The seconds within which `share` of the events happened, as a bucket's upper bound."""
    total = sum(counts.values())
    numbers = sorted(counts)
    for number, so_far in zip(numbers, accumulate(counts[number] for number in numbers), strict=True):
        if so_far >= share * total:
            return upper_s(number)
    return None


def push(figures: Mapping[str, int]) -> dict[Platform, Push]:
    """Every provider's part, from the counters of an alert's `delivery` hash."""
    return {platform: _of(figures, platform) for platform in PLATFORMS}


def corrections(figures: Mapping[str, int]) -> list[CorrectionFigures]:
    """Every change that devices had to hear of, by version."""
    found: dict[int, dict[str, int]] = {}
    for name, count in figures.items():
        what, _, rest = name.partition(":")
        if what in ("needed", "reached"):
            counts = found.setdefault(int(rest.partition(":")[0]), {"needed": 0, "reached": 0})
            counts[what] += count
    return [CorrectionFigures(version, **counts) for version, counts in sorted(found.items())]


def _of(figures: Mapping[str, int], platform: Platform) -> Push:
    def count(what: str) -> int:
        return figures.get(f"{what}:{platform}", 0)

    def causes(what: str) -> dict[str, int]:
        return {name.split(":")[1]: number for name, number in figures.items() if _is(name, what, platform)}

    times = {int(name.split(":")[1]): number for name, number in figures.items() if _is(name, "t", platform)}
    failed = causes("failed")
    quantiles: dict[str, Any] = {name: quantile(times, share) for name, share in QUANTILES.items()}
    return Push(
        eligible=count("eligible"), held=causes("held"),
        queued=max(0, count("eligible") - count("accepted") - sum(failed.values())), accepted=count("accepted"),
        failed=failed, shown=count("shown"), opened=count("opened"),
        histogram=[(upper_s(number), times[number]) for number in sorted(times)], **quantiles,
    )  # fmt: skip


def _is(name: str, what: str, platform: Platform) -> bool:
    parts = name.split(":")
    return len(parts) == 3 and parts[0] == what and parts[2] == platform
