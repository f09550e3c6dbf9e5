"""When a send that did not succeed is tried again, if ever.

The rule to remember: a failure becomes a moment or None; someone else obeys. Never inside the time a provider asked
for, never after the alert's expiry, never more often than the budget.
"""

import math

from service.domain.outcome import InDoubt, Outcome, Retry

BASE_MS = 500
"""The longest first pause; each further one may be twice as long."""
PAUSE_MAX_MS = 60_000
"""Longer pauses would make news old."""
ATTEMPTS_MAX = 20
"""Tries of one send that was refused: about a quarter of an hour, after which the provider's trouble is an alarm."""
DOUBTS_MAX = 3
"""Tries of one send that may have arrived: the phone shows it once, but must not be woken without end (P8)."""
_DOUBLINGS_MAX = 16
"""Keeps the power small; PAUSE_MAX_MS is reached long before."""


def decide(outcome: Outcome, attempt: int, jitter: float, now_ms: int, expires_ms: int) -> int | None:
    """The moment (ms) of the next try, or None for never.

    `attempt` counts the tries so far, this one included; `jitter` is a random number from 0 to below 1 ("full
    jitter": the pause is drawn from nothing up to its limit, on top of what the provider asked for).
    """
    if attempt >= _tries_max(outcome):
        return None
    asked_ms = math.ceil(outcome.after_s * 1000) if isinstance(outcome, Retry) and outcome.after_s else 0
    next_ms = now_ms + max(asked_ms, 0) + int(jitter * _limit_ms(attempt))
    return next_ms if next_ms < expires_ms else None


def _tries_max(outcome: Outcome) -> int:
    if isinstance(outcome, InDoubt):
        return DOUBTS_MAX
    return ATTEMPTS_MAX if isinstance(outcome, Retry) else 0


def _limit_ms(attempt: int) -> int:
    return min(PAUSE_MAX_MS, BASE_MS << min(max(attempt - 1, 0), _DOUBLINGS_MAX))
