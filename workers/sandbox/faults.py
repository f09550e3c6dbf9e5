"""Misbehaviour on demand: which share of right requests is refused, left hanging or cut, drawn from a seed.

The rule to remember: a draw depends on the seed, the token and how often that token has been tried, never on the order
in which requests arrive. The same seed and the same phones give the same faults, however many are sent at once. A token
that is gone stays gone, until the faults are replaced.
"""

import hashlib
import secrets
from typing import Any

import msgspec

from workers.sandbox.phones import PHONES_MAX, PLATFORMS, Platform

CUT = ("hang", "reset", "goaway")
"""hang: taken and never answered, and no phone gets it. reset: the phone has it, then the stream is cut. goaway: the
phone has it, it is answered, and the connection ends."""
GONE = ("404", "410")
ALLOWED: dict[Platform, tuple[str, ...]] = {
    "apns": ("400", "403", "410", "413", "429", "500", "503"),
    "fcm": ("400", "401", "403", "404", "410", "413", "429", "500", "503"),
    "webpush": ("400", "401", "403", "404", "410", "413", "429", "500", "503"),
}


class BadFaults(ValueError):
    """What is wrong with a wish for faults, and what is allowed."""


class Manner(msgspec.Struct, frozen=True):
    """How one provider misbehaves: shares of requests by kind, and how."""

    shares: dict[str, float]
    retry_after_s: float | None = None
    """What 429 and 503 ask for in Retry-After, as whole seconds (rounded up) or as a date; None: nothing."""
    as_date: bool = False
    delay_s: float = 0.0


class Faults:
    """The faults as they stand. None at the start."""

    def __init__(self) -> None:
        self._manners: dict[Platform, Manner] = {}
        self._tries: dict[tuple[Platform, str], int] = {}
        self._seed = b""
        self.wish: dict[str, Any] = {}
        """What was asked for last, with the seed that was drawn for it."""

    def replace(self, wish: dict[str, Any]) -> None:
        """From now on these. `{}` heals. Raises BadFaults, and leaves everything as it was."""
        unknown = set(wish) - {*PLATFORMS, "seed"}
        if unknown:
            raise BadFaults(f"{_listed(unknown)}: unknown; allowed are {', '.join(PLATFORMS)} and seed")
        seed = wish.get("seed", secrets.randbelow(2**31))
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise BadFaults("seed must be a whole number")
        self._manners = {platform: _manner(platform, wish[platform]) for platform in PLATFORMS if platform in wish}
        self._seed, self._tries = str(seed).encode(), {}
        self.wish = {**wish, "seed": seed} if self._manners else {}

    def manner(self, platform: Platform) -> Manner | None:
        """How this provider misbehaves, if it does."""
        return self._manners.get(platform)

    def draw(self, platform: Platform, token: str) -> str | None:
        """What befalls a right request for this token: a status, or one of CUT. None where it is served."""
        manner = self._manners.get(platform)
        if manner is None or not manner.shares:
            return None
        tries = self._tries[platform, token] = self._tries.get((platform, token), 0) + 1
        if len(self._tries) > PHONES_MAX:
            del self._tries[next(iter(self._tries))]
        gone = {kind: share for kind, share in manner.shares.items() if kind in GONE}
        passing = {kind: share for kind, share in manner.shares.items() if kind not in GONE}
        left = 1 - sum(gone.values())  # the shares are of all requests, those for tokens that are gone included
        return _hit(gone, self._lot(platform, token, 0)) or _hit(passing, self._lot(platform, token, tries) * left)

    def _lot(self, platform: Platform, token: str, tries: int) -> float:
        """A number from 0 to below 1."""
        text = b"%s|%s|%s|%d" % (self._seed, platform.encode(), token.encode(), tries)
        return int.from_bytes(hashlib.blake2b(text, digest_size=6).digest(), "big") / 2**48


def _hit(shares: dict[str, float], lot: float) -> str | None:
    """The kind into whose share of 0 to 1 the lot falls, the shares laid one after the other."""
    for kind, share in shares.items():
        if lot < share:
            return kind
        lot -= share
    return None


def _manner(platform: Platform, wish: Any) -> Manner:
    if not isinstance(wish, dict):
        raise BadFaults(f"{platform} must be an object")
    kinds = (*ALLOWED[platform], *CUT)
    unknown = set(wish) - {*kinds, "retryAfter", "retryAfterAs", "delayMs"}
    if unknown:
        raise BadFaults(
            f"{platform}.{_listed(unknown)}: unknown; allowed are shares of {', '.join(kinds)}, and retryAfter (s), "
            "retryAfterAs (seconds or date), delayMs"
        )
    shares = {kind: _number(f"{platform}.{kind}", wish[kind], 1) for kind in kinds if kind in wish}
    if sum(shares.values()) > 1 + 1e-9:
        raise BadFaults(f"the shares of {platform} come to more than 1")
    if wish.get("retryAfterAs", "seconds") not in ("seconds", "date"):
        raise BadFaults(f"{platform}.retryAfterAs must be seconds or date")
    after_s = _number(f"{platform}.retryAfter", wish["retryAfter"], 86_400) if "retryAfter" in wish else 0.0
    delay_s = _number(f"{platform}.delayMs", wish.get("delayMs", 0), 600_000) / 1000
    return Manner(shares, after_s if "retryAfter" in wish else None, wish.get("retryAfterAs") == "date", delay_s)


def _number(name: str, value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadFaults(f"{name} must be a number from 0 to {most:g}")
    return float(value)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
