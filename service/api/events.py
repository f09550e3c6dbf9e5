"""Server-sent events over HTTP: an answer that goes on for as long as somebody listens.

The rule to remember: waiting for the next event is also how we learn that the client has left, so nothing is ever
cancelled in the middle of its work.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.ending import end

HEARTBEAT_S = 15.0
"""Proxies and clients give up a connection that says nothing for longer than 30 or 60 s."""
RETRY_MS = 2000
"""How soon a browser comes back when a stream has ended."""
_HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Listener:
    """The client of a stream."""

    def __init__(self, send: Send, left: "asyncio.Task[None]") -> None:
        self._send = send
        self._left = left
        self._said_s = time.monotonic()

    async def say(self, event: str, data: bytes) -> None:
        """Write one event; `data` is one line. Waits for a client that reads slowly."""
        await self._write(b"event: %s\ndata: %s\n\n" % (event.encode(), data))

    async def stays(self, seconds: float) -> bool:
        """Wait; False as soon as the client has left. Now and then it is sent a comment meanwhile."""
        if time.monotonic() - self._said_s >= HEARTBEAT_S:
            await self._write(b": still here\n\n")
        await asyncio.wait({self._left}, timeout=seconds)
        return not self._left.done()

    async def _write(self, text: bytes) -> None:
        self._said_s = time.monotonic()
        await self._send({"type": "http.response.body", "body": text, "more_body": True})


class EventStream(Response):
    """The answer: everything that `tell` says, and the end of the stream when it returns."""

    def __init__(self, tell: Callable[[Listener], Awaitable[None]]) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["Content-Length"]
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b"retry: %d\n\n" % RETRY_MS, "more_body": True})
        left = asyncio.create_task(_leaves(receive))
        try:
            await self._tell(Listener(send, left))
        finally:
            await end([left])
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
