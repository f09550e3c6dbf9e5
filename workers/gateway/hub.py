"""The hub: sockets without asyncio. Once open, a reader is a descriptor number in the set of its audience.

The rule to remember: the server never waits for a reader. A write that does not go through at once makes the reader a
`Laggard` with a place in the ring, served when its socket has room; one that makes no progress is ended. Everything
here is synchronous; whoever calls it decides when the loop may run (see channel.py).
"""

import contextlib
import fcntl
import os
import select
import socket
import struct
from collections.abc import Callable, Iterable

import msgspec

from service.domain import frames
from workers.gateway.audience import Audience, Laggard
from workers.gateway.inbound import Budget, Inbound
from workers.gateway.ring import AFRESH, Chunk

SIOCOUTQ = 0x5411
"""Bytes that the reader's side has not acknowledged yet (linux/sockios.h)."""
READ_BYTES = 2048
DISCARD_BYTES = 65_536
LINGER_S = 2.0
"""How long an ended connection may take to read our close frame."""
EVENTS_PER_TURN = 64
"""A handshake costs some 0.1 ms: whoever reads is not to wait for more of them than this."""
_NEWS, _ROOM = select.EPOLLIN, select.EPOLLOUT


class Limits(msgspec.Struct, frozen=True):
    """How patient and how large; the settings of the same names."""

    stall_s: float
    replay_bytes: int
    budget: Budget


class Waiting:
    """A connection that is not yet, or no longer, a reader: `ready(fd)` is called when bytes have come."""

    __slots__ = ("deadline_s", "held", "ready")

    def __init__(self, ready: Callable[[int], None], deadline_s: float, held: bool = False) -> None:
        self.ready = ready
        self.deadline_s = deadline_s
        self.held = held


class Hub:
    """All descriptors of this process. `clock` is monotonic seconds; `on_end` hears of every descriptor that ends."""

    def __init__(self, limits: Limits, clock: Callable[[], float], on_end: Callable[[int], None]) -> None:
        self._limits = limits
        self._clock = clock
        self._on_end = on_end
        self.epoll = select.epoll()
        self.audiences: list[Audience] = []
        self.waiting: dict[int, Waiting] = {}
        self.inbound: dict[int, Inbound] = {}
        self.evicted_slow = 0
        self.ended_for_faults = 0

    # --- coming in

    def watch(self, fd: int, ready: Callable[[int], None], deadline_s: float) -> None:
        """Look after a descriptor that is no reader yet: call `ready` when bytes come, end it after `deadline_s`."""
        self.waiting[fd] = Waiting(ready, deadline_s)
        self.epoll.register(fd, _NEWS)

    def hold(self, fd: int, deadline_s: float) -> "Waiting":
        """Let a connection wait for something else than its own bytes, which stay in the kernel meanwhile.

        The value's identity tells this connection from a later one with the same descriptor.
        """
        waiting = self.waiting[fd] = Waiting(self.end, deadline_s, held=True)
        self.epoll.modify(fd, 0)  # only a hang-up is still told
        return waiting

    def join(self, fd: int, audience: Audience, opening: bytes, place: int) -> None:
        """Make a watched descriptor a reader: write `opening`, then everything after `place`, then live.

        No await between the decision that `place` is right and this call, and none in here: that is why there is no gap
        and no double between what is replayed and what is live.
        """
        if self.waiting.pop(fd).held:
            self.epoll.modify(fd, _NEWS)
        audience.touched.add(fd)
        ring = audience.ring
        follow = ring.chunk(place, self._limits.replay_bytes) if place < ring.last else None
        sent = self._write(fd, opening + follow.data if follow else opening)
        if sent is None:
            return self.end(fd)
        rest = opening[sent:]
        if follow and not rest:
            rest, place = follow.left(sent - len(opening))
        if rest or place != ring.last:
            self._lag(fd, audience, rest, place)
        else:
            audience.live.add(fd)
        return None

    # --- going out

    def send(self, audience: Audience, fds: Iterable[int], chunk: Chunk) -> None:
        """Write `chunk` to readers who stand at its start. Those who cannot take all of it become laggards."""
        write, data = os.write, chunk.data
        size = len(data)
        for fd in fds:
            try:
                sent = write(fd, data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.end(fd)
                continue
            if sent != size:
                self._lag(fd, audience, *chunk.left(sent))

    def _write(self, fd: int, data: bytes) -> int | None:
        """How many bytes went; None if the reader is gone."""
        try:
            return os.write(fd, data)
        except BlockingIOError:
            return 0
        except OSError:
            return None

    def _lag(self, fd: int, audience: Audience, rest: bytes, place: int) -> None:
        audience.live.discard(fd)
        audience.laggards[fd] = Laggard(audience, rest, place, self._clock())
        audience.touched.add(fd)
        self.epoll.modify(fd, _NEWS | _ROOM)

    def _catch_up(self, fd: int, laggard: Laggard) -> None:
        """Its socket has room: go on until it is full again or the reader has everything."""
        audience, ring = laggard.audience, laggard.audience.ring
        while True:
            chunk = None
            if laggard.rest:
                pass
            elif laggard.replies:
                laggard.rest, laggard.replies = laggard.replies, b""
            elif laggard.place == AFRESH:
                laggard.rest, laggard.place = audience.afresh(), ring.last
            elif laggard.place == ring.last:
                return self._caught_up(fd, audience)
            elif not ring.holds_after(laggard.place):
                return self.evict(fd, laggard)
            else:
                chunk = ring.chunk(laggard.place, self._limits.replay_bytes)
            data = chunk.data if chunk else laggard.rest
            went = self._write(fd, data)
            if went is None:
                return self.end(fd)
            if went:
                laggard.moved_s = self._clock()
            if chunk:
                laggard.rest, laggard.place = chunk.left(went)
            else:
                laggard.rest = data[went:]
            if went < len(data):
                return None

    def _caught_up(self, fd: int, audience: Audience) -> None:
        del audience.laggards[fd]
        audience.live.add(fd)
        audience.touched.add(fd)
        self.epoll.modify(fd, _NEWS)

    # --- coming back

    def turn(self) -> None:
        """Handle what the sockets have for us, at most so many events that the loop stays responsive."""
        for fd, event in self.epoll.poll(0, EVENTS_PER_TURN):
            waiting = self.waiting.get(fd)
            if waiting is not None:
                waiting.ready(fd)
                continue
            audience = self.audience_of(fd)
            if audience is None:
                continue
            laggard = audience.laggards.get(fd)
            if event & _ROOM and laggard is not None:
                self._catch_up(fd, laggard)
            if event & ~_ROOM and self.audience_of(fd) is audience:
                self._hear(fd, audience)

    def audience_of(self, fd: int) -> Audience | None:
        """Where a reader belongs; looking through a dozen sets is cheaper than a table of all descriptors."""
        for audience in self.audiences:
            if fd in audience.live or fd in audience.laggards:
                return audience
        return None

    def _hear(self, fd: int, audience: Audience) -> None:
        data = self.read(fd, READ_BYTES)
        if data is None:
            return None
        if not data or audience.ring.encoding == "sse":
            return self.end(fd)  # a reader of SSE has nothing more to say
        now_s = self._clock()
        inbound = self.inbound.get(fd)
        if inbound is None:
            inbound = self.inbound[fd] = self.parser(now_s)
        answer = inbound.receive(data, now_s)
        if answer.ends:
            self.ended_for_faults += answer.fault
            self.close_after(fd, answer.write)
        elif answer.write:
            self.say(fd, audience, answer.write)
        return None

    def parser(self, now_s: float) -> Inbound:
        """What reads a reader who begins to talk."""
        return Inbound(self._limits.budget, now_s)

    def read(self, fd: int, max_bytes: int) -> bytes | None:
        """What has come; b"" at the end; None where nothing is there (or the connection just ended with an error)."""
        try:
            return os.read(fd, max_bytes)
        except BlockingIOError:
            return None
        except OSError:
            self.end(fd)
            return None

    def say(self, fd: int, audience: Audience, data: bytes) -> None:
        """Write something that is no revision (a pong) between two frames."""
        laggard = audience.laggards.get(fd)
        if laggard is not None:
            laggard.replies += data
            return
        sent = self._write(fd, data)
        if sent is None:
            self.end(fd)
        elif sent < len(data):
            self._lag(fd, audience, data[sent:], audience.place_of(fd))

    # --- going away

    def close_after(self, fd: int, farewell: bytes) -> None:
        """Write `farewell` if it fits between frames, then end the connection, giving the reader time to read it."""
        audience = self.audience_of(fd)
        laggard = audience.laggards.get(fd) if audience else None
        if laggard is not None and laggard.rest:
            return self.end(fd, reset=True)  # in the middle of a frame nothing can be said
        if self._write(fd, farewell) != len(farewell):
            return self.end(fd, reset=True)
        self._forget(fd)
        with contextlib.suppress(OSError):
            _shutdown_write(fd)
        self.waiting[fd] = Waiting(self._discard, self._clock() + LINGER_S)
        with contextlib.suppress(OSError):
            self.epoll.modify(fd, _NEWS)
        return None

    def _discard(self, fd: int) -> None:
        if self.read(fd, DISCARD_BYTES) == b"":
            self.end(fd)

    def evict(self, fd: int, laggard: Laggard) -> None:
        """End a reader that is too slow: 4409 if it can still be said. It resumes by cursor and loses nothing."""
        self.evicted_slow += 1
        bye = laggard.audience.ring.encode(frames.bye("slow", 1.0))
        websocket = laggard.audience.ring.encoding == "websocket"
        self.close_after(fd, bye + (frames.close(frames.TOO_SLOW, "too slow") if websocket else b""))

    def end(self, fd: int, reset: bool = False) -> None:
        """Close a descriptor now; `reset` drops what the kernel still holds for it. Its number is reused at once."""
        self._forget(fd)
        self.waiting.pop(fd, None)
        if reset:
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fd)) as borrowed:
                borrowed.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.epoll.unregister(fd)
        with contextlib.suppress(OSError):
            os.close(fd)
        self._on_end(fd)

    def _forget(self, fd: int) -> None:
        self.inbound.pop(fd, None)
        for audience in self.audiences:
            if fd in audience.live or fd in audience.laggards:
                audience.live.discard(fd)
                audience.laggards.pop(fd, None)
                audience.touched.add(fd)

    def evict_oldest_laggard(self) -> bool:
        """Descriptors are short: whoever has not moved for longest makes room; whether anybody did."""
        lagging = [(laggard.moved_s, fd, laggard) for each in self.audiences for fd, laggard in each.laggards.items()]
        if lagging:
            _, fd, laggard = min(lagging, key=lambda found: found[:2])
            self.evict(fd, laggard)
        return bool(lagging)

    def close(self) -> None:
        """End whoever is left, at once, and be of no more use."""
        for fd in [*self.waiting, *(fd for each in self.audiences for fd in (*each.live, *each.laggards))]:
            self.end(fd, reset=True)
        self.epoll.close()

    # --- keeping order

    @property
    def busy(self) -> bool:
        """Whether anybody is still connected."""
        return bool(self.waiting) or any(map(len, self.audiences))

    def sweep(self) -> None:
        """End what has outlived its deadline and readers without progress; forget parsers that are done."""
        now_s = self._clock()
        for fd in [fd for fd, waiting in self.waiting.items() if waiting.deadline_s < now_s]:
            self.end(fd, reset=True)
        for audience in self.audiences:
            for fd, laggard in list(audience.laggards.items()):
                if self._stalled(fd, laggard, now_s):
                    self.evict(fd, laggard)
        window_s = self._limits.budget.window_s
        done = [fd for fd, known in self.inbound.items() if known.idle and now_s - known.window_started_s > window_s]
        for fd in done:
            del self.inbound[fd]

    def _stalled(self, fd: int, laggard: Laggard, now_s: float) -> bool:
        unacknowledged = _unacknowledged(fd)
        if unacknowledged != laggard.unacknowledged:
            laggard.unacknowledged, laggard.moved_s = unacknowledged, now_s
        return now_s - laggard.moved_s > self._limits.stall_s


def _unacknowledged(fd: int) -> int:
    try:
        return int.from_bytes(fcntl.ioctl(fd, SIOCOUTQ, b"\0\0\0\0"), "little")
    except OSError:
        return 0


def _shutdown_write(fd: int) -> None:
    with socket.socket(fileno=os.dup(fd)) as borrowed:
        borrowed.shutdown(socket.SHUT_WR)
