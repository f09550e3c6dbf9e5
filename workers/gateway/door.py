"""The door: accepts connections, reads the request, and hands readers to their channel.

The rule to remember: from the decision what a reader gets to `hub.join` there is no await. And whoever has not said in
time or in 8 KiB what he wants is ended here, in our own server, not only in a proxy.
"""

import asyncio
import errno
import os
import random
import socket
from collections.abc import Callable, Mapping
from typing import Any, cast, get_args

import msgspec

from service.domain import frames
from service.domain.addresses import plain
from service.domain.backlog import Ahead, Reason, Resume, Snapshot
from service.domain.errors import StoreUnavailable
from service.store.keys import WireName
from workers.gateway import handshake
from workers.gateway.admission import Admission, Shed, client_address
from workers.gateway.channel import Channel
from workers.gateway.drills import Drills
from workers.gateway.handshake import Fault, Opening, Refusal, Wants
from workers.gateway.hub import Hub
from workers.gateway.metrics import JOINS, REFUSED

ACCEPTS_PER_TURN = 32
OUT_OF_DESCRIPTORS_PAUSE_S = 0.2
ROOM_AT_ONCE = 16
"""So many of those who have not said what they want go together, or a crowd of them would hold the door shut."""
WASTED_MAX, WASTED_WITHIN_S = 20, 0.01
"""After so many connections that came to nothing in so short a time, the rest of it belongs to those who are inside: a
flood of garbage waits in the kernel's queue, and with it whoever knocks meanwhile. Readers who are let in are no waste,
however many come back at once."""
LAST_REQUESTS_S = 1.0
END_OF_HEAD = b"\r\n\r\n"
AUTHORIZE_S = 3.0
"""How long an exercise stream may wait for its key to be looked up."""
KEYS_ASKED_MAX = 16
"""Keys that are looked up at the same time: a quarter of the connections to the store, which others here need too."""


_JOINED = {first: JOINS.labels(first) for first in ("resumed", *get_args(Reason))}


class DoorRules(msgspec.Struct, frozen=True):
    """The settings of the same names; `names` under which we may be asked;
    `retry_jitter_s` bounds the delay that an SSE reader is told.
    """

    handshake_timeout_s: float
    handshake_max_bytes: int
    ahead_wait_ms: int
    origins: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    names: frozenset[str] = handshake.ANY
    retry_jitter_s: float = 3.0


class _Arriving:
    """A connection whose request is not whole yet."""

    __slots__ = ("deadline_s", "head", "peer")

    def __init__(self, peer: str, deadline_s: float) -> None:
        self.head = b""
        self.peer = peer
        self.deadline_s = deadline_s


class Door:
    """Everything before a reader is a reader. `drills` knows who may follow those."""

    def __init__(
        self, hub: Hub, channels: Mapping[WireName, Channel], admission: Admission, rules: DoorRules,
        clock: Callable[[], float], drills: Drills,
    ) -> None:  # fmt: skip
        self._hub = hub
        self._channels = channels
        self._admission = admission
        self._rules = rules
        self._clock = clock
        self._drills = drills
        self._arriving: dict[int, _Arriving] = {}
        self._counted: dict[int, str] = {}
        """Only readers whose address counts stand here; the exempt ones cost nothing."""
        self._admitted: set[int] = set()
        self._listener: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._wasted = 0
        self._wasted_from_s = 0.0

    # --- accepting

    @property
    def is_open(self) -> bool:
        """Whether readers can knock."""
        return self._listener is not None

    def open(self, listener: socket.socket) -> None:
        """Begin to accept from a listening, non-blocking socket."""
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener, self._accept)

    def close(self) -> None:
        """Accept what has already knocked, then no more; whose request is not whole yet has a moment left for it."""
        if self._listener is not None:
            self._accept()
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        deadline_s = self._clock() + LAST_REQUESTS_S
        for fd in self._arriving:
            waiting = self._hub.waiting[fd]
            waiting.deadline_s = min(waiting.deadline_s, deadline_s)

    def _accept(self) -> None:
        assert self._listener is not None, "only an open door is knocked at"
        # a number is all we need; accept() makes an object around it, only for us to take apart
        accept = cast(Any, self._listener)._accept
        for _ in range(ACCEPTS_PER_TURN):
            if self._wasted >= WASTED_MAX:
                return self._rest()
            try:
                fd, peer = accept()
            except BlockingIOError:
                return None
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    return self._make_room()
                continue  # the peer was gone before we looked
            os.set_blocking(fd, False)
            arriving = _Arriving(plain(peer[0]), self._clock() + self._rules.handshake_timeout_s)
            self._arriving[fd] = arriving
            self._hub.watch(fd, self._read, arriving.deadline_s)
            self._read(fd)  # under load the request is already here
        return None

    def _waste(self, reason: str) -> None:
        """A connection came to nothing."""
        REFUSED.labels(reason).inc()
        now_s = self._clock()
        if now_s - self._wasted_from_s >= WASTED_WITHIN_S:
            self._wasted, self._wasted_from_s = 0, now_s
        self._wasted += 1

    def _rest(self) -> None:
        """Too many came to nothing: accept nobody until that time is over."""
        left_s = self._wasted_from_s + WASTED_WITHIN_S - self._clock()
        self._wasted = 0
        if left_s > 0:
            REFUSED.labels("flood").inc()
            self._pause(left_s)

    def _make_room(self) -> None:
        """Out of descriptors: do not spin; those who knock wait in the kernel's queue while others make room.

        First whoever lags most; where nobody does, those who have been longest about their request.
        """
        REFUSED.labels("descriptors").inc()
        if not self._hub.evict_oldest_laggard():
            for fd in [fd for fd, _ in zip(self._arriving, range(ROOM_AT_ONCE), strict=False)]:
                self._hub.end(fd, reset=True)
        self._pause(OUT_OF_DESCRIPTORS_PAUSE_S)

    def _pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        listener = self._listener
        assert listener is not None, "only an open door can pause"
        loop.remove_reader(listener)

        def again() -> None:
            if self._listener is listener:
                loop.add_reader(listener, self._accept)

        loop.call_later(seconds, again)

    def ended(self, fd: int) -> None:
        """The hub has closed this descriptor: count it out."""
        self._arriving.pop(fd, None)
        self._drills.ended(fd)
        if fd in self._admitted:
            self._admitted.discard(fd)
            self._admission.leave(self._counted.pop(fd, None))

    # --- reading the request

    def _read(self, fd: int) -> None:
        arriving = self._arriving[fd]
        data = self._hub.read(fd, self._rules.handshake_max_bytes + 1 - len(arriving.head))
        if data is None:
            return None
        if not data:
            self._waste("left")
            return self._hub.end(fd)
        arriving.head += data
        end = arriving.head.find(END_OF_HEAD) + len(END_OF_HEAD)
        if len(END_OF_HEAD) <= end <= self._rules.handshake_max_bytes:
            return self._decide(fd, arriving, arriving.head[:end])
        if len(arriving.head) > self._rules.handshake_max_bytes:
            self._refuse(fd, "large", handshake.TOO_LARGE)
        elif not arriving.head[:8].split(b" ")[0].isalpha():
            self._refuse(fd, "malformed", handshake.MALFORMED)
        return None

    def _decide(self, fd: int, arriving: _Arriving, head: bytes) -> None:
        opening = handshake.read(head, self._rules.origins, self._rules.names)
        if isinstance(opening, Refusal):
            return self._refuse(fd, "request", opening.reply)
        if len(arriving.head) > len(head):
            # a reader waits for our answer before it says more (RFC 6455 §4.1), and has no body to send
            return self._refuse(fd, "malformed", handshake.MALFORMED)
        address = client_address(arriving.peer, opening.forwarded_for, self._rules.trusted_proxies)
        try:
            counted = self._admission.enter(address, self._clock())
        except Shed as shed:
            return self._refuse(fd, "shed", handshake.shed(shed.retry_after_s))
        self._admitted.add(fd)
        if counted is not None:
            self._counted[fd] = counted
        del self._arriving[fd]
        if opening.fault is not None or opening.wants is None:
            assert opening.fault is not None, "an opening says what is wanted or what is wrong"
            return self._close(fd, opening, opening.fault)
        channel = self._channels.get(WireName(opening.wants.edition, opening.wants.exercise))
        if channel is None:
            return self._close(fd, opening, handshake.unknown_edition(opening.wants.edition))
        if opening.wants.exercise:
            return self._authorize_first(fd, opening, opening.wants, channel)
        return self._join(fd, opening, opening.wants, channel, waits=True)

    def _refuse(self, fd: int, reason: str, reply: bytes) -> None:
        self._waste(reason)
        self._arriving.pop(fd, None)
        self._hub.close_after(fd, reply)

    def _close(self, fd: int, opening: Opening, fault: Fault) -> None:
        """A browser can read no status, so a WebSocket is accepted and closed with a code; SSE gets the status."""
        REFUSED.labels(fault.slug).inc()
        if opening.encoding == "websocket":
            self._hub.close_after(fd, opening.reply + frames.close(fault.code, fault.detail[:100]))
        else:
            self._hub.close_after(fd, handshake.problem(fault.status, fault.slug, fault.detail))

    def _authorize_first(self, fd: int, opening: Opening, wants: Wants, channel: Channel) -> None:
        """An exercise stream: look the key up, then join, if the connection is still the same."""
        if len(self._tasks) >= KEYS_ASKED_MAX:
            return self._refuse(fd, "shed", handshake.shed(1.0))
        waiting = self._hub.hold(fd, self._clock() + 2 * AUTHORIZE_S)

        async def authorize() -> None:
            try:
                async with asyncio.timeout(AUTHORIZE_S):
                    found: str | Fault | None = await self._drills.admit(opening.key, wants.ticket)
            except (StoreUnavailable, TimeoutError):
                found = None
            if self._hub.waiting.get(fd) is not waiting:
                return
            if found is None:
                reply = handshake.unavailable("store-unavailable", "The key cannot be looked up.", AUTHORIZE_S)
                self._refuse(fd, "store", reply)
            elif isinstance(found, Fault):
                self._close(fd, opening, found)
            else:
                self._drills.opened(fd, found)
                self._join(fd, opening, wants, channel, waits=True)

        task = asyncio.get_running_loop().create_task(authorize())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return None

    # --- joining

    def _join(self, fd: int, opening: Opening, wants: Wants, channel: Channel, waits: bool) -> None:
        """First message, what was missed, live: one step of the loop. No await may ever stand in here."""
        decision = channel.decide(wants.resumes, wants.after)
        if isinstance(decision, Ahead):
            if waits:
                return self._wait_for_tail(fd, opening, wants, channel)
            decision = Snapshot("ahead")
        message, place = channel.first_message(decision, wants.limit)
        audience = channel.audiences[opening.encoding]
        retry = b""
        if opening.encoding == "sse":
            retry = frames.sse_retry(500 + int(random.random() * self._rules.retry_jitter_s * 1000))
        _JOINED["resumed" if isinstance(decision, Resume) else decision.reason].inc()
        self._hub.join(fd, audience, opening.reply + retry + audience.ring.encode(message), place)
        return None

    def _wait_for_tail(self, fd: int, opening: Opening, wants: Wants, channel: Channel) -> None:
        """The cursor is beyond our tail: another process may be quicker. Look again until the time is over."""
        deadline_s = self._clock() + self._rules.ahead_wait_ms / 1000
        waiting = self._hub.hold(fd, deadline_s + AUTHORIZE_S)
        loop = asyncio.get_running_loop()

        def look_again() -> None:
            if self._hub.waiting.get(fd) is not waiting:
                return
            over = self._clock() >= deadline_s
            if over or not isinstance(channel.decide(wants.resumes, wants.after), Ahead):
                self._join(fd, opening, wants, channel, waits=False)
            else:
                loop.call_later(0.02, look_again)

        loop.call_later(0.02, look_again)
