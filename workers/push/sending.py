"""Send one block: begin a batch in the ledger, send it, write down what became of it, and begin the next.

The rule to remember: nothing leaves that the ledger does not know of, and nothing leaves half a second after the ledger
was asked. So a kill -9 can repeat one batch, under the same collapse identity; and what was sent after a kill was begun
before it.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable

import msgspec
import structlog

from service.clock import now_ms, steady_ms
from service.domain import audience, bits, delivery, moment, outcome, retry
from service.domain.alert import Alert, State
from service.domain.errors import StoreUnavailable
from service.domain.outcome import Accepted, Gone, InDoubt, NotConfigured, OurFault, Outcome, Retry
from service.domain.owed import Letter
from service.ending import end
from service.store import devices
from service.store.ledger import Block, Settled
from workers.push import metrics
from workers.push.lane import BEGUN_FOR_S, Lane

log = structlog.get_logger("push")

NEVER_MS = 2**53
STOPPED_S = 5.0
"""How soon again where every request is refused (credentials): somebody has to mend that, and nobody may be lost."""
ASK_AGAIN_S = 0.1
"""A provider that was left alone may be well again before its time: whoever tries first finds out for all."""
TRIPPED_S = 30.0
"""How soon again where a token is said to be gone and too many are said to be."""
TRIAL_DEVICES = 1
"""Begun while the provider has not answered us yet, or may or may not be well again. The first request goes alone
anyway; a batch begun behind it would count as tried if we died, and three such deaths would use up its tries unsent."""
STORE_AGAIN_S = 0.2
SETTLE_EVERY_S = 0.02
"""How long outcomes are gathered before they are written down together."""


Landed = tuple[Letter, Outcome | None]
"""A letter and what came of it; None where it did not leave."""


class Left(msgspec.Struct, frozen=True):
    """What a pass left over: whether the alert has moved on, whether somebody is still owed something and from when."""

    moved: bool
    again_s: float | None
    refused: bool
    """Whether somebody was refused for now, or is in doubt, and nobody got it: the next attempt waits longer."""


class Pass:
    """One pass over the letters of a block; `go` once."""

    def __init__(
        self, lane: Lane, block: Block, alert: Alert, state: State, letters: list[Letter], tries: Callable[[int], int],
        until_s: float, *, is_express: bool, attempt: int,
    ) -> None:  # fmt: skip
        """`tries(bit)`: how often this version was sent to it before. `until_s`: begin nothing after (monotonic).
        `attempt` counts the passes over this block in which nobody got it and somebody was refused, with this one.
        """
        self._lane = lane
        self._block = block
        self._alert = alert
        self._state = state
        self._waiting = letters
        self._tries = tries
        self._until_s = until_s
        self._is_express = is_express
        self._attempt = attempt
        self._created_ms = moment.from_text(alert.version_created)
        # what takes an error back is worth its tries whatever became of the news
        self._expires_ms = moment.from_text(alert.expires) if state == "published" else NEVER_MS
        self._flying: dict[int, asyncio.Task[None]] = {}
        self._landed: list[Landed] = []
        self._woken = asyncio.Event()
        self._moved = False
        self._again_s: float | None = None
        self._refused = False
        self._got_on = False

    async def go(self) -> Left:
        """Send what can be sent in the time. Raises StoreUnavailable; what is in flight then stays marked as tried."""
        batch = self._lane.settings.push_batch_devices
        try:
            while True:
                while self._waiting and self._has_room(batch) and await self._may_begin():
                    await self._begin(batch if self._lane.is_sure else TRIAL_DEVICES)
                if not self._flying and not self._landed:
                    break
                await self._woken.wait()
                await asyncio.sleep(SETTLE_EVERY_S)
                await self._settle()
        finally:
            await end(self._flying.values())
        if self._waiting:
            self._wait(0.0)
        return Left(self._moved, self._again_s, self._refused and not self._got_on)

    def _has_room(self, batch: int) -> bool:
        return len(self._flying) <= (batch // 2 if self._lane.is_sure else 0)

    async def _may_begin(self) -> bool:
        """Wait for the lane where that is short; else leave the rest to a later run."""
        lane = self._lane
        if lane.stopping or time.monotonic() >= self._until_s:
            return False
        if not self._is_express and not await lane.let_express_pass(self._until_s - time.monotonic()):
            return False
        while pause_s := lane.breaker.wait_ms(steady_ms()) / 1000:
            if time.monotonic() >= self._until_s or lane.stopping:
                self._wait(pause_s)
                return False
            await asyncio.sleep(min(pause_s, ASK_AGAIN_S))
        return True

    def _wait(self, seconds: float) -> None:
        """The longest wait that anybody asked for holds for all: nobody is called inside a Retry-After."""
        self._again_s = max(self._again_s or 0.0, seconds)

    async def _begin(self, batch: int) -> None:
        now, self._waiting = self._waiting[:batch], self._waiting[batch:]
        wanted = bits.of(letter.device.bit for letter in now)
        begun = await self._lane.ledger.begin(self._block, self._alert.version, self._state, wanted)
        if begun is None:
            self._moved, self._waiting = True, []
            return
        begun_s = time.monotonic()
        for letter in now:
            bit = letter.device.bit
            if begun >> bit & 1:
                self._flying[bit] = asyncio.create_task(self._send(letter, begun_s))

    async def _send(self, letter: Letter, begun_s: float) -> None:
        """Send it, unless its batch was begun too long ago by the time that there is room."""
        lane, result = self._lane, None
        if await lane.window.enter():
            try:
                if time.monotonic() - begun_s <= BEGUN_FOR_S and not lane.breaker.left_ms(steady_ms()):
                    result = await self._exchange(letter)
            finally:
                lane.window.leave()
        self._landed.append((letter, result))
        self._woken.set()

    async def _exchange(self, letter: Letter) -> Outcome:
        """Send it and learn from it; once more and shorter where the provider finds it too large."""
        lane, device = self._lane, letter.device
        if audience.is_kept_from(device, self._alert):
            # nobody who plans or decides lets this come here: if it does, one of them is wrong, or was told lies
            log.error(
                "a drill was about to leave for a device of the public", alert=self._alert.id, device=device.number
            )
            kept = OurFault("drill")
            metrics.count(lane.platform, kept)
            return kept
        for shrunk in (False, True):
            message = lane.message(self._alert, letter.change, sound=letter.sound, shrunk=shrunk)
            sent = await lane.provider.send(device, message)
            result = outcome.classify(lane.platform, sent, device.registered_ms)
            if not (isinstance(result, OurFault) and result.too_large):
                break
        lane.observe(result)
        metrics.count(lane.platform, result)
        return result

    async def _settle(self) -> None:
        self._woken.clear()
        landed, self._landed = self._landed, []
        for letter, _ in landed:
            self._flying.pop(letter.device.bit, None)
        if not landed:
            return
        try:
            await self._write_down(landed)
        except StoreUnavailable:
            # what a provider has taken would be in doubt and sent again: better to wait for the store, for a while
            if time.monotonic() > self._until_s + self._lane.settings.push_timeout_s:
                raise
            self._landed = landed + self._landed
            self._woken.set()
            await asyncio.sleep(STORE_AGAIN_S)

    async def _write_down(self, landed: list[Landed]) -> None:
        # first the tombstones: once the ledger says gone, nobody looks at that token again
        for letter, result in landed:
            if isinstance(result, Gone) and not self._lane.guard.tripped:
                await self._condemn(letter)
        for counter, part in self._sorted(landed).items():
            await self._lane.ledger.settle(self._block, self._alert.version, counter, part)

    def _sorted(self, landed: list[Landed]) -> dict[str, Settled]:
        """What to write down, by the counter that its acceptances belong to."""
        platform, version = self._lane.platform, self._alert.version
        found: dict[str, dict[str, int]] = {}
        counts: dict[str, Counter[str]] = {}
        took = delivery.bucket((now_ms() - self._created_ms) / 1000)
        for letter, result in landed:
            is_new = letter.change == "new"
            counter = f"accepted:{platform}" if is_new else f"reached:{version}:{platform}"
            marks, figures = found.setdefault(counter, {}), counts.setdefault(counter, Counter())
            mark = self._mark(letter, result)
            if mark is not None:
                marks[mark] = marks.get(mark, 0) | 1 << letter.device.bit
            if is_new and mark == "accepted":
                figures[f"t:{took}:{platform}"] += 1
            elif is_new and mark in ("failed", "gone"):
                figures[f"failed:{getattr(result, 'cause', 'gone')}:{platform}"] += 1
        return {counter: Settled(counts=counts[counter], **marks) for counter, marks in found.items()}

    def _mark(self, letter: Letter, result: Outcome | None) -> str | None:
        match result:
            case Accepted():
                self._got_on = True
                return "accepted"
            case Gone(cause=cause):
                if not self._lane.guard.tripped:
                    return "gone"
                unproved = Retry(cause, TRIPPED_S, whole_provider=False)
                return "back" if self._again(unproved, self._attempt) else "failed"
            case OurFault(stops_lane=True):
                self._wait(STOPPED_S)
                return "back"
            case OurFault() | NotConfigured():
                return "failed"
            case Retry():
                return "back" if self._again(result, self._attempt) else "failed"
            case InDoubt():
                tried = self._tries(letter.device.bit) + 1
                tries_left = tried < self._lane.settings.push_sends_max
                return None if tries_left and self._again(result, tried) else "failed"
            case None:
                self._wait(0.0)
                return "back"

    def _again(self, result: Retry | InDoubt, attempt: int) -> bool:
        """Whether it may be tried again; then some later run does."""
        now = now_ms()
        next_ms = retry.decide(result, attempt, random.random(), now, self._expires_ms)
        if next_ms is None:
            return False
        self._refused = True
        self._wait((next_ms - now) / 1000)
        return True

    async def _condemn(self, letter: Letter) -> None:
        device = letter.device
        await devices.condemn(self._lane.store, device.platform, device.number, device.registered_ms, now_ms())
