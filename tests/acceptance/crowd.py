"""Many open pages in one process: each keeps its cursor, comes back with it, and remembers what it was given.

The rule to remember: the readers' own work must not be what is measured. So a page is a protocol of the event loop that
looks at no more of a message than it needs; half of them read WebSocket, half read server-sent events.
"""

import asyncio
import contextlib
import random
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from service.ending import end
from tests.gateway.house import request

CLOSE = 0x88
SOURCES = 8
"""Addresses of loopback that readers come from."""
LOOK_AGAIN_S = 0.02


class _Alert(msgspec.Struct):
    id: str
    version: int
    headline: str | None = None


class _Message(msgspec.Struct, rename="camel"):
    type: str
    cursor: str = ""
    alert: _Alert | None = None
    reason: str = ""
    retry_after: float = 0.0


_decode = msgspec.json.Decoder(_Message).decode


class Given(NamedTuple):
    """A revision as a page got it."""

    cursor: str
    id: str
    version: int
    silent: bool
    """Without its sentence."""


class Parting(NamedTuple):
    """How a connection ended: what `bye` said and how long to wait, the close code, and when (monotonic)."""

    reason: str
    retry_after_s: float
    code: int | None
    at_s: float


class Page(asyncio.Protocol):
    """One open page. `wait_s` says how long it stays away after each loss of its connection; None: for good."""

    def __init__(
        self, port: int, number: int, wait_s: Callable[["Page"], float | None], receive_buffer: int | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._port, self._number, self._wait_s = port, number, wait_s
        self._receive_buffer = receive_buffer
        self._tls = tls
        self.is_websocket = number % 2 == 0
        self.cursor = ""
        self.begins_after = ""
        self.firsts: list[str] = []
        """What each connection began with."""
        self.got: list[Given] = []
        self.at: list[float] = []
        """When each of them came (seconds since the epoch)."""
        self.partings: list[Parting] = []
        self.tries = 0
        """Connections since one of them was of use."""
        self.connecting: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._head = self._data = b""
        self._chunks: bytes | None = None
        self._is_open = False
        self._bye = ("", 0.0)
        self._code: int | None = None

    # --- coming and going

    def begin(self) -> None:
        """Connect soon."""
        self.connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        self.tries += 1
        loop = asyncio.get_running_loop()
        connection = socket.socket()
        connection.setblocking(False)
        if self._receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        connection.bind((f"127.0.0.{2 + self._number % SOURCES}", 0))
        try:
            await loop.sock_connect(connection, ("127.0.0.1", self._port))
            await loop.create_connection(
                lambda: self, sock=connection, ssl=self._tls, server_hostname="localhost" if self._tls else None
            )
        except OSError:
            connection.close()
            self._come_back()
        except BaseException:
            connection.close()
            raise

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._head, self._data, self._is_open = transport, b"", b"", False
        self._bye, self._code = ("", 0.0), None
        query = "edition=en" + (f"&after={self.cursor}" if self.cursor else "")
        asked = request(query, self.is_websocket)
        if self._tls is not None:  # what answers by names must be asked by its own
            asked = asked.replace(b"Host: news.example", b"Host: localhost:%d" % self._port)
        transport.write(asked)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.partings.append(Parting(*self._bye, self._code, time.monotonic()))
        self._come_back()

    def _come_back(self) -> None:
        wait_s = self._wait_s(self)
        if wait_s is not None:
            asyncio.get_running_loop().call_later(wait_s, self.begin)

    def come_back(self, wait_s: Callable[["Page"], float | None]) -> None:
        """Go on with the cursor, after the first of these waits."""
        self._wait_s, self.tries = wait_s, 0
        self._come_back()

    def cut(self) -> None:
        """Lose the connection, as a phone in a tunnel does."""
        if self._transport is not None:
            self._transport.abort()

    def end(self) -> None:
        """Never come back."""
        self._wait_s = lambda page: None
        self.cut()

    def stall(self) -> None:
        """Read no more on this connection."""
        if self._transport is not None:
            self._transport.pause_reading()

    @property
    def is_connected(self) -> bool:
        return self._transport is not None

    @property
    def is_reading(self) -> bool:
        """Whether a stream is open that has said where it begins."""
        return self._transport is not None and self._is_open and not self.tries

    # --- reading

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._is_open, self._chunks = True, b"" if b"chunked" in head.lower() else None
        self._data += data if self._chunks is None else self._unchunked(data)
        take = self._frame if self.is_websocket else self._event
        while (message := take()) is not None:
            if message:
                self._take(_decode(message))

    def _unchunked(self, data: bytes) -> bytes:
        """What a proxy has put into chunks (RFC 9112, 7.1), without what of it is not whole yet."""
        self._chunks, whole = (self._chunks or b"") + data, b""
        while True:
            size, found, rest = self._chunks.partition(b"\r\n")
            if not found or len(rest) < (length := int(size, 16)) + 2:
                return whole
            if not length and self._transport is not None:
                self._transport.close()  # the answer is over, though the proxy would take another request
            whole, self._chunks = whole + rest[:length], rest[length + 2 :]

    def _frame(self) -> bytes | None:
        data = self._data
        if len(data) < 2:
            return None
        start, size = 2, data[1]
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(data) < start:
                return None
            size = int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            return None
        payload, self._data = data[start : start + size], data[start + size :]
        if data[0] == CLOSE:
            self._code = int.from_bytes(payload[:2], "big")
            return b""
        return payload

    def _event(self) -> bytes | None:
        event, found, rest = self._data.partition(b"\n\n")
        if not found:
            return None
        self._data = rest
        return next((line[6:] for line in event.split(b"\n") if line.startswith(b"data: ")), b"")

    def _take(self, message: _Message) -> None:
        if message.type == "bye":
            self._bye = (message.reason, message.retry_after)
            return
        if message.type == "heartbeat":
            return
        self.tries = 0
        if message.type == "snapshot":
            self.firsts.append(f"snapshot {message.reason}")
            self.begins_after = self.begins_after or message.cursor
        elif message.type == "resumed":
            self.firsts.append("resumed" if message.cursor == self.cursor else "resumed elsewhere")
        else:
            assert message.alert is not None
            alert = message.alert
            self.got.append(Given(message.cursor, alert.id, alert.version, alert.headline is None))
            self.at.append(time.time())
        self.cursor = message.cursor


def jittered(chance: random.Random) -> Callable[[Page], float]:
    """As the protocol asks of clients: full jitter that grows from half a second, after `bye` not before its time."""

    def wait_s(page: Page) -> float:
        asked_s = page.partings[-1].retry_after_s if page.partings else 0.0
        return max(asked_s, chance.uniform(0.05, min(30.0, 0.5 * 2**page.tries)))

    return wait_s


def soon(chance: random.Random) -> Callable[[Page], float]:
    """Back within a fifth of a second, whatever happened."""
    return lambda page: chance.uniform(0.01, 0.2)


async def until(fact: Callable[[], Any], what: str, within_s: float) -> float:
    """Wait until it holds; after how many seconds it did. Raises AssertionError."""
    started_s = time.monotonic()
    while not fact():
        assert time.monotonic() - started_s < within_s, f"not within {within_s:g} s: {what}"
        await asyncio.sleep(LOOK_AGAIN_S)
    return time.monotonic() - started_s


async def all_reading(pages: Sequence[Page], within_s: float = 90.0) -> float:
    """Until everybody has a stream that has begun."""
    return await until(lambda: all(page.is_reading for page in pages), "all pages read", within_s)


async def all_at(pages: Sequence[Page], cursor: str, within_s: float = 90.0) -> float:
    """Until everybody stands there; who does not in time is for a checker to name."""
    with contextlib.suppress(AssertionError):
        return await until(lambda: all(page.cursor == cursor for page in pages), f"all stand at {cursor}", within_s)
    return within_s


async def all_gone(pages: Sequence[Page]) -> None:
    """End every page; returns when none has a connection, nor is about to have one."""
    for page in pages:
        page.end()
    await end([page.connecting for page in pages if page.connecting is not None])
    for page in pages:
        page.cut()
    await until(lambda: not any(page.is_connected for page in pages), "all are gone", 30)
