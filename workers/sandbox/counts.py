"""What came: accepted, refused and why, how long after the alert's own time, and who called though asked to wait.

The rule to remember: counted where it is decided. An accepted request is one whose phone has it, answered or not.
"""

import itertools
from bisect import bisect_left
from collections import Counter, deque
from typing import Any

import msgspec

from workers.sandbox.phones import PLATFORMS, Platform, Shown

ALERTS_MAX = 500
"""Alerts and versions counted apart; the oldest are forgotten."""
CALLS_MAX = 100_000
"""Calls remembered one by one, for tests that look at their order."""
PAUSES_MAX = 1000
IN_FLIGHT_S = 0.5
"""Calls this soon after a Retry-After was sent may have left before it arrived."""


class Tally:
    """Of one provider, or of one version of an alert."""

    def __init__(self) -> None:
        self.accepted = 0
        self.refused: Counter[str] = Counter()
        self.latencies: Counter[int] = Counter()
        """How often each latency came, in milliseconds of three digits, so that there are never many different ones."""


class Call(msgspec.Struct, frozen=True, rename="camel"):
    """One request. `outcome`: accepted, a reason, or hang, reset, goaway."""

    number: int
    at_ms: int
    platform: Platform
    token: str | None
    outcome: str
    alert: str | None
    version: int | None


class _Pause:
    """The time in which a provider has asked to be left alone."""

    def __init__(self) -> None:
        self.since_s = self.until_s = 0.0
        self.calls_inside = 0
        self.past: deque[tuple[int, int]] = deque(maxlen=PAUSES_MAX)


class Counts:
    """All of it, since the start or the last `forget`."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self._providers = {platform: Tally() for platform in PLATFORMS}
        self._versions: dict[tuple[str, int], Tally] = {}
        self._pauses = {platform: _Pause() for platform in PLATFORMS}
        self._numbers = itertools.count(1)
        self.calls: deque[Call] = deque(maxlen=CALLS_MAX)

    # --- what the stand-ins say

    def called(self, platform: Platform, now_s: float) -> None:
        """A request has come, right or wrong."""
        pause = self._pauses[platform]
        if pause.since_s + IN_FLIGHT_S <= now_s < pause.until_s:
            pause.calls_inside += 1

    def paused(self, platform: Platform, now_s: float, for_s: float) -> None:
        """It was told to wait this long."""
        pause = self._pauses[platform]
        if now_s >= pause.until_s:
            pause.since_s = now_s
        pause.until_s = max(pause.until_s, now_s + for_s)
        pause.past.append((int(now_s * 1000), int((now_s + for_s) * 1000)))

    def accepted(self, platform: Platform, token: str, shown: Shown | None, now_ms: int, how: str = "accepted") -> None:
        """Its phone has it."""
        for tally in (self._providers[platform], *self._tally(shown)):
            tally.accepted += 1
            if shown is not None and shown.created_ms is not None:
                tally.latencies[_three_digits(now_ms - shown.created_ms)] += 1
        self._log(platform, token, how, shown, now_ms)

    def refused(self, platform: Platform, token: str | None, reason: str, shown: Shown | None, now_ms: int) -> None:
        """No phone has it."""
        for tally in (self._providers[platform], *self._tally(shown)):
            tally.refused[reason] += 1
        self._log(platform, token, reason, shown, now_ms)

    def _tally(self, shown: Shown | None) -> list[Tally]:
        if shown is None or shown.alert is None:
            return []
        key = shown.alert, shown.version or 0
        tally = self._versions.get(key)
        if tally is None:
            tally = self._versions[key] = Tally()
            if len(self._versions) > ALERTS_MAX:
                del self._versions[next(iter(self._versions))]
        return [tally]

    def _log(self, platform: Platform, token: str | None, outcome: str, shown: Shown | None, now_ms: int) -> None:
        alert, version = (None, None) if shown is None else (shown.alert, shown.version)
        self.calls.append(Call(next(self._numbers), now_ms, platform, token, outcome, alert, version))

    # --- what is asked

    def of_alert(self, alert: str) -> dict[str, Any]:
        """All versions of an alert together; the seconds are the newest version's, from its own time."""
        found = {version: tally for (of, version), tally in self._versions.items() if of == alert}
        newest = found[max(found)] if found else Tally()
        return {
            "accepted": sum(tally.accepted for tally in found.values()),
            "refused": dict(sum((tally.refused for tally in found.values()), Counter())),
            **_percentiles(newest.latencies),
            "versions": [
                {"version": version, "accepted": tally.accepted, "refused": dict(tally.refused)}
                | _percentiles(tally.latencies)
                for version, tally in sorted(found.items())
            ],
        }

    def of_all(self) -> dict[str, Any]:
        """Everything, and each provider's own."""
        tallies = self._providers.values()
        return {
            "accepted": sum(tally.accepted for tally in tallies),
            "refused": dict(sum((tally.refused for tally in tallies), Counter())),
            **_percentiles(sum((tally.latencies for tally in tallies), Counter())),
            "providers": {platform: self._of_provider(platform) for platform in PLATFORMS},
        }

    def _of_provider(self, platform: Platform) -> dict[str, Any]:
        tally, pause = self._providers[platform], self._pauses[platform]
        return {
            "accepted": tally.accepted,
            "refused": dict(tally.refused),
            "callsInsideRetryAfter": pause.calls_inside,
            "pauses": [{"fromMs": begun, "untilMs": over} for begun, over in pause.past],
        }


def _three_digits(ms: int) -> int:
    return ms if ms < 1000 else int(float(f"{ms:.2e}"))


def _percentiles(latencies: Counter[int]) -> dict[str, float | None]:
    """p50, p90 and p99 in seconds (nearest rank), None where nothing is known."""
    ordered, total = sorted(latencies.items()), latencies.total()
    counted = list(itertools.accumulate(count for _, count in ordered))
    places = {f"p{part}": bisect_left(counted, -(-total * part // 100)) for part in (50, 90, 99)}
    return {name: ordered[place][0] / 1000 if total else None for name, place in places.items()}
