"""HTTP/1.1, for senders that speak nothing newer: one object per connection, on the `httptools` parser.

The rule to remember: one request at a time. What follows it waits in the kernel until it is answered.
"""

import asyncio
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any, cast

import httptools

from workers.sandbox.connections import Connections
from workers.sandbox.exchange import BODY_BYTES_END, BODY_BYTES_MAX, Answer, Handler, Request

HEAD_BYTES_MAX = 16_384
IDLE_S = 60.0
"""How long a connection may be silent, in a request or between two."""


class TooMuch(Exception):
    """A head or body beyond what we read."""


class Http1(asyncio.Protocol):
    """One connection. `handle` says what is answered; `connections` knows that it is open."""

    def __init__(self, handle: Handler, connections: Connections) -> None:
        self._handle, self._connections = handle, connections
        self._parser = httptools.HttpRequestParser(self)
        self._loop = asyncio.get_running_loop()
        self._ahead = b""
        self._is_answering = self._is_over = False
        self.on_message_begin()

    # --- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.opened(self)
        self._timer = self._loop.call_later(IDLE_S, self.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._connections.closed(self)

    def data_received(self, data: bytes) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(IDLE_S, self.abort)
        if self._is_answering:
            self._ahead += data
            self._transport.pause_reading()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            too_much = isinstance(error.__context__, TooMuch)
            self._is_over = True
            self._say(Answer(413 if too_much else 400))

    def close(self) -> None:
        """The request in work is answered, then it ends."""
        self._is_over = True
        if not self._is_answering:
            self._transport.close()

    def abort(self) -> None:
        """End it as it stands."""
        self._transport.abort()

    # --- what the parser finds

    def on_message_begin(self) -> None:
        if self._is_answering:
            raise TooMuch  # a second request before the first one's answer: no sender of pushes does that
        self._path = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        self._path += url
        self._count(len(url), HEAD_BYTES_MAX)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))
        self._count(len(name) + len(value), HEAD_BYTES_MAX)

    def on_headers_complete(self) -> None:
        self._size = 0
        if (b"expect", b"100-continue") in self._headers:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._size <= BODY_BYTES_MAX:
            self._body.append(body)
        self._count(len(body), BODY_BYTES_END)

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self._is_over = True
        headers = dict(self._headers)
        body, repeated = b"".join(self._body), len(headers) != len(self._headers)
        self._is_answering = True
        answer = self._handle(Request(self._parser.get_method(), self._path, headers, body, repeated))
        if isinstance(answer, Answer):
            self._obey(answer)
        else:
            self._connections.run(self._wait_for(answer))

    def _count(self, size: int, most: int) -> None:
        self._size += size
        if self._size > most:
            raise TooMuch

    # --- what is answered

    async def _wait_for(self, answer: Coroutine[Any, Any, Answer]) -> None:
        self._obey(await answer)

    def _obey(self, answer: Answer) -> None:
        if answer.conduct == "reset":
            self._transport.abort()
        elif answer.conduct != "hang":
            self._is_over = self._is_over or answer.conduct == "goaway"
            if answer.delay_s:
                self._loop.call_later(answer.delay_s, self._say, answer)
            else:
                self._say(answer)

    def _say(self, answer: Answer) -> None:
        if self._transport.is_closing():
            return
        lines = [b"HTTP/1.1 %d %s" % (answer.status, HTTPStatus(answer.status).phrase.encode())]
        lines += [b"%s: %s" % header for header in answer.headers]
        lines += [b"content-length: %d" % len(answer.body)]
        lines += [b"connection: close"] if self._is_over else []
        self._transport.write(b"\r\n".join([*lines, b"", answer.body]))
        self._is_answering = False
        if self._is_over:
            self._transport.close()
            return
        self._transport.resume_reading()
        ahead, self._ahead = self._ahead, b""
        if ahead:
            self._loop.call_soon(self.data_received, ahead)
