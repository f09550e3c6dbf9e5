"""What every stand-in does with a request that is right: draw its fate, show it on the phone, count it, answer.

The rule to remember: faults befall right requests only. A wrong one is refused for what is wrong with it, always.
"""

import math
import time
from collections.abc import Callable
from email.utils import formatdate

import msgspec

from workers.sandbox.counts import Counts
from workers.sandbox.exchange import Answer
from workers.sandbox.faults import CUT, Faults, Manner
from workers.sandbox.phones import Phones, Platform, Shown

ASKS_TO_WAIT = ("429", "503")

Refusals = Callable[[str, float], tuple[str, Answer]]
"""A provider's own words for a status at a time (s): its reason, and the whole answer."""


class Reception:
    """The one of a provider. `refusals` gives its words for the statuses that faults may name."""

    def __init__(
        self,
        platform: Platform,
        faults: Faults,
        phones: Phones,
        counts: Counts,
        refusals: Refusals,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self.platform: Platform = platform
        self._faults, self._phones, self._counts, self._refusals = faults, phones, counts, refusals
        self.clock_s = clock_s

    def called(self) -> None:
        """A request has come."""
        self._counts.called(self.platform, self.clock_s())

    def refuse(self, reason: str, answer: Answer) -> Answer:
        """The answer to a wrong request, of which not even the token need be readable."""
        self._counts.refused(self.platform, None, reason, None, self._now_ms())
        return answer

    def receive(self, token: str, shown: Shown | None, answer: Answer) -> Answer:
        """A right request for this phone, which shows it, unless a fault has another fate for it."""
        fault, manner = self._faults.draw(self.platform, token), self._faults.manner(self.platform)
        delay_s = manner.delay_s if manner is not None else 0.0
        if fault is None:
            self._deliver(token, shown, "accepted")
            return answer if not delay_s else msgspec.structs.replace(answer, delay_s=delay_s)
        if fault == "hang":
            self._counts.refused(self.platform, token, fault, shown, self._now_ms())
            return Answer(0, conduct="hang")
        if fault in CUT:
            self._deliver(token, shown, fault)
            return msgspec.structs.replace(answer, delay_s=delay_s, conduct=fault)
        assert manner is not None, "who has no manner has no faults"
        return self._refuse(fault, manner, token, shown)

    def _deliver(self, token: str, shown: Shown | None, how: str) -> None:
        now_ms = self._now_ms()
        self._phones.receive(self.platform, token, shown, now_ms)
        self._counts.accepted(self.platform, token, shown, now_ms, how)

    def _refuse(self, status: str, manner: Manner, token: str, shown: Shown | None) -> Answer:
        now_s = self.clock_s()
        reason, answer = self._refusals(status, now_s)
        self._counts.refused(self.platform, token, reason, shown, self._now_ms())
        headers = answer.headers
        if status in ASKS_TO_WAIT and manner.retry_after_s is not None:
            wait_s = math.ceil(manner.retry_after_s)
            text = formatdate(now_s + wait_s, usegmt=True) if manner.as_date else str(wait_s)
            self._counts.paused(self.platform, now_s, wait_s - 1 if manner.as_date else wait_s)
            headers = (*headers, (b"retry-after", text.encode()))
        return msgspec.structs.replace(answer, headers=headers, delay_s=manner.delay_s)

    def _now_ms(self) -> int:
        return int(self.clock_s() * 1000)
