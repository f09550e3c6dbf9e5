"""A channel: one wire as this process serves it, with its audiences and the broadcast of what comes.

The rule to remember: wire, ring, ticker and everybody who is live stand at the same offset, the end of the broadcast
that is going out. A revision is applied only when its broadcast begins. So whoever joins in the middle of one gets it
with his replay and is left out of the rest of it: neither missed nor doubled.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from service.domain import frames
from service.domain.backlog import Ahead, Reason, Resume, Snapshot
from service.domain.cursor import Cursor
from service.domain.frames import Encoding, Message
from service.domain.revision import Revision
from service.store.stream import Unreadable
from service.wire import Wire
from workers.gateway.audience import Audience
from workers.gateway.hub import Hub
from workers.gateway.metrics import BROADCAST_S, DELIVERIES, SNAPSHOTS
from workers.gateway.report import Broadcast
from workers.gateway.ring import AFRESH, Chunk, Ring, single

log = structlog.get_logger("gateway")

SNAPSHOT_KEPT_MS = 250
"""Thousands who come back at once share the bytes of one snapshot; its `now` is at most so old."""
SNAPSHOTS_KEPT_MAX = 16
LIMIT_DEFAULT = 10
"""Alerts in a snapshot that nobody asked for."""
REVISIONS_PER_TURN = 64


class Channel:
    """One wire's readers in this process. All methods are synchronous but `run`."""

    def __init__(
        self, wire: Wire, hub: Hub, *, heartbeat_s: float, chunk_sockets: int, burst_max_bytes: int,
        now_ms: Callable[[], int], gone_out: Callable[[Broadcast], None],
    ) -> None:  # fmt: skip
        """`gone_out` hears of every broadcast of revisions that had readers, and must not keep it waiting."""
        self.wire = wire
        self._hub = hub
        self._heartbeat_s = heartbeat_s
        self._chunk_sockets = chunk_sockets
        self._burst_max_bytes = burst_max_bytes
        self._now_ms = now_ms
        self._gone_out = gone_out
        self._queue: deque[Revision | Unreadable] = deque()
        self._fresh: Wire | None = None
        self._news = asyncio.Event()
        self._beat = False
        self._stale = False
        self._snapshots: dict[tuple[str, int], tuple[int, int, Message]] = {}
        self._afresh: Reason = "trimmed"
        """Why those who begin again do."""
        self.audiences: dict[Encoding, Audience] = {
            "websocket": self._audience("websocket"),
            "sse": self._audience("sse"),
        }
        hub.audiences += self.audiences.values()

    # --- what the tail and the clock say

    def offer(self, entries: Sequence[Revision | Unreadable]) -> None:
        """What came on the wire; it is applied when its broadcast begins."""
        self._queue.extend(entries)
        self._news.set()

    def replace(self, wire: Wire) -> None:
        """The wire was read afresh, perhaps in another life; everybody will be told."""
        self._fresh = wire
        self._queue.clear()
        self._news.set()

    def beat(self, stale: bool) -> None:
        """Send a heartbeat soon, behind what is going out."""
        self._beat, self._stale = True, stale
        self._news.set()

    # --- joining

    def decide(self, wants_resume: bool, after: Cursor | None) -> Resume | Snapshot | Ahead:
        """What a reader gets first."""
        return self.wire.backlog.decide(after) if wants_resume else Snapshot("cold")

    def first_message(self, decision: Resume | Snapshot, limit: int) -> tuple[Message, int]:
        """The message that a reader's stream begins with, and the place from which it goes on."""
        backlog = self.wire.backlog
        if isinstance(decision, Snapshot):
            return self._snapshot(decision.reason, limit), backlog.last
        after = Cursor(backlog.epoch, decision.offset)
        missed = backlog.last - decision.offset
        edition = self.wire.name.edition
        return frames.resumed(edition, after, self._heartbeat_s, self._now_ms(), missed), decision.offset

    def _snapshot(self, reason: Reason, limit: int) -> Message:
        now_ms = self._now_ms()
        known = self._snapshots.get((reason, limit))
        if known and known[0] == self.wire.backlog.last and 0 <= now_ms - known[1] < SNAPSHOT_KEPT_MS:
            return known[2]
        page = self.wire.ticker.page(now_ms, limit)
        alerts = [entry.encoded for entry in page.entries]
        edition, cursor = self.wire.name.edition, self.wire.cursor
        message = frames.snapshot(edition, reason, cursor, self._heartbeat_s, now_ms, alerts)
        if len(self._snapshots) >= SNAPSHOTS_KEPT_MAX:
            self._snapshots.clear()
        self._snapshots[reason, limit] = (self.wire.backlog.last, now_ms, message)
        SNAPSHOTS.labels(reason).inc()
        return message

    # --- broadcasting

    async def run(self) -> None:
        """For ever: send what has come to everybody, in order, letting the loop breathe between chunks of sockets."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._fresh or self._queue or self._beat:
                if self._fresh is not None:
                    await self._begin_again(self._fresh)
                elif self._queue:
                    await self._broadcast()
                else:
                    self._beat = False
                    edition, cursor = self.wire.name.edition, self.wire.cursor
                    await self._send_all(frames.heartbeat(edition, cursor, self._now_ms(), self._stale))

    async def _broadcast(self) -> None:
        before = self.wire.backlog.last
        if self._apply():
            await self._deliver(before)
        else:
            await self._start_over("trimmed")

    async def _deliver(self, before: int) -> None:
        """Send what lies after `before` to all who are live now. Begins in the same step as what put it there."""
        started_s = time.perf_counter()
        broadcast = Broadcast(self.wire.backlog.since(before), sum(map(len, self.audiences.values())))
        for audience, fds in [(audience, audience.begin()) for audience in self.audiences.values()]:
            place = before
            while place < self.wire.backlog.last and fds:
                chunk = audience.ring.chunk(place, self._burst_max_bytes)
                await self._send(audience, fds, chunk, broadcast)
                DELIVERIES.labels(self.wire.name.edition).inc(len(fds) * len(chunk.ends))
                place = chunk.last
        took_s = time.perf_counter() - started_s
        BROADCAST_S.observe(took_s)
        for revision in self.wire.backlog.since(before):  # not before it is sent: readers do not wait for a log
            alert = revision.alert
            log.info("sent to readers", alert=alert.id, version=alert.version, took_ms=round(took_s * 1000, 1))
        if broadcast.open:
            self._gone_out(broadcast)

    def _apply(self) -> bool:
        """Take what is queued into wire and rings, all in one step; False if only a snapshot would be true."""
        whole = True
        for _ in range(min(len(self._queue), REVISIONS_PER_TURN)):
            taken = self.wire.take(self._queue.popleft())
            whole = whole and taken.revision is not None
            for audience in self.audiences.values():
                audience.ring.advanced()
                if taken.redacted:
                    audience.ring.redacted(taken.redacted)
        return whole

    async def _begin_again(self, wire: Wire) -> None:
        """Go on with a wire that was read afresh: with what is missing if it continues ours, else with a snapshot."""
        self._fresh = None
        before = self.wire.cursor
        self.wire = wire
        self._snapshots.clear()
        for audience in self.audiences.values():
            audience.ring = self._ring(audience.ring.encoding)
        match wire.backlog.decide(before):
            case Resume(place):
                await self._deliver(place)
            case Snapshot() | Ahead() as decision:
                await self._start_over(decision.reason if isinstance(decision, Snapshot) else "ahead")

    async def _start_over(self, reason: Reason) -> None:
        """Everybody gets a snapshot of the present: whoever is live at once, laggards when they have room."""
        self._afresh = reason
        for audience in self.audiences.values():
            for laggard in audience.laggards.values():
                laggard.place = AFRESH
        await self._send_all(self._snapshot(reason, LIMIT_DEFAULT), begins=True)

    async def _send_all(self, message: Message, begins: bool = False) -> None:
        """A message without a place of its own, to everybody who is live; with `begins`, nobody may do without it."""
        for audience, fds in [(audience, audience.begin()) for audience in self.audiences.values()]:
            if fds:
                last = audience.ring.last
                await self._send(audience, fds, single(audience.ring.encode(message), last, AFRESH if begins else None))

    async def _send(
        self, audience: Audience, fds: tuple[int, ...], chunk: Chunk, broadcast: Broadcast | None = None
    ) -> None:
        """Write to `fds`, some hundred at a time, leaving out whoever came, went or fell behind since `begin`."""
        for start in range(0, len(fds), self._chunk_sockets):
            some = fds[start : start + self._chunk_sockets]
            if audience.touched:
                some = tuple(fd for fd in some if fd not in audience.touched)
            touched = len(audience.touched)
            self._hub.send(audience, some, chunk)
            if broadcast is not None:  # whom it could not write to has just been touched
                broadcast.wrote(chunk, len(some) - len(audience.touched) + touched)
            audience.reached(chunk, fds, start + self._chunk_sockets)
            await asyncio.sleep(0)

    def _audience(self, encoding: Encoding) -> Audience:
        def afresh() -> bytes:
            return audience.ring.encode(self._snapshot(self._afresh, LIMIT_DEFAULT))

        audience = Audience(self._ring(encoding), afresh)
        return audience

    def _ring(self, encoding: Encoding) -> Ring:
        return Ring(self.wire.name.edition, self.wire.backlog, encoding)
