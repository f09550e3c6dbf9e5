"""When a provider is left alone: a circuit breaker, and a guard against believing that everybody is gone.

The rule to remember: a fault of one device never counts against the provider, and a fault of the provider never
counts against a device. Both are told what happened and when; neither has a clock.
"""

from collections import deque

from service.domain.outcome import Accepted, Gone, InDoubt, OurFault, Outcome, Retry

GUARD_REPLIES = 200
"""The replies that the guard looks back upon: about one batch."""
GUARD_REPLIES_MIN = 50
"""Fewer say nothing: three dead phones of four are no alarm."""


class Breaker:
    """One provider's circuit. Closed: all pass. Open: nobody until a moment. Half open: one tries, the others wait.

    `failures_max` failures in a row open it for `pause_s`; a provider that asks to be left alone opens it for as long
    as it asked for, and one that refuses our credentials at once.
    """

    def __init__(self, failures_max: int, pause_s: float) -> None:
        self._failures_max = failures_max
        self._pause_ms = round(pause_s * 1000)
        self._in_a_row = 0
        self._open_until_ms: int | None = None
        self._trial_until_ms = 0
        self.opened = 0
        """How often it has opened, for the alarm."""

    def wait_ms(self, now_ms: int) -> int:
        """How long to wait before asking again; 0: go ahead. While half open only the first who asks gets a 0.

        Whoever gets a 0 then says what came of it; from one that never does, the trial passes on after a pause.
        """
        if self._open_until_ms is None:
            return 0
        until_ms = max(self._open_until_ms, self._trial_until_ms)
        if now_ms < until_ms:
            return until_ms - now_ms
        self._trial_until_ms = now_ms + self._pause_ms
        return 0

    def left_ms(self, now_ms: int) -> int:
        """How long nobody passes yet; asks for nothing."""
        return max(0, (self._open_until_ms or 0) - now_ms)

    def is_closed(self) -> bool:
        """Whether all may pass."""
        return self._open_until_ms is None

    def observe(self, outcome: Outcome, now_ms: int) -> None:
        """Learn from what came of a send. What is only true of one device tells that the provider is well."""
        if isinstance(outcome, Retry) and outcome.whole_provider and outcome.after_s:
            self.pause_until(now_ms + round(outcome.after_s * 1000))
        elif isinstance(outcome, OurFault) and outcome.stops_lane:
            self.pause_until(now_ms + self._pause_ms)
        elif isinstance(outcome, (Retry, InDoubt)):
            self._failed(now_ms)
        else:
            self._went_well(now_ms)

    def pause_until(self, moment_ms: int) -> None:
        """Nobody passes before `moment_ms`. A shorter pause never cuts a longer one."""
        if self._open_until_ms is None:
            self.opened += 1
        self._open_until_ms = max(self._open_until_ms or 0, moment_ms)
        self._trial_until_ms = 0

    def _failed(self, now_ms: int) -> None:
        self._in_a_row += 1
        if self._in_a_row >= self._failures_max or self._is_on_trial(now_ms):
            self.pause_until(now_ms + self._pause_ms)

    def _went_well(self, now_ms: int) -> None:
        """Replies to what had left before the circuit opened come in late: they close nothing."""
        if self._open_until_ms is None or self._is_on_trial(now_ms):
            self._in_a_row = 0
            self._open_until_ms = None

    def _is_on_trial(self, now_ms: int) -> bool:
        return self._open_until_ms is not None and now_ms >= self._open_until_ms


class GoneGuard:
    """Watches for the day when most tokens seem to be gone, which is our fault (or an attack) and not the tokens'.

    While more than `share_max` of the last GUARD_REPLIES say so, nobody is taken for gone: they are tried again, the
    others are served as ever, and somebody is told. It never stops a lane: anybody can register tokens that do not
    exist, and with them nobody shall silence the rest.
    """

    def __init__(self, share_max: float) -> None:
        self._share_max = share_max
        self._replies: deque[bool] = deque()
        self._gone = 0
        """How many of the replies say so: kept, since it is asked at every send."""

    @property
    def tripped(self) -> bool:
        """Whether a word that a token is gone proves nothing at the moment."""
        seen = len(self._replies)
        return seen >= GUARD_REPLIES_MIN and self._gone > self._share_max * seen

    def observe(self, outcome: Outcome) -> None:
        """Learn from what came of a send. What says nothing about tokens (a pause, a doubt, a fault) does not count."""
        if not isinstance(outcome, (Accepted, Gone)):
            return
        is_gone = isinstance(outcome, Gone)
        self._replies.append(is_gone)
        self._gone += is_gone
        if len(self._replies) > GUARD_REPLIES:
            self._gone -= self._replies.popleft()
