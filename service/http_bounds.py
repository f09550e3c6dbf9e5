"""HTTP/1 connections whose heads are bounded in size and in time, on top of uvicorn's httptools protocol.

The rule to remember: until a request's head is complete nobody but us watches over it; neither uvicorn nor its parser
sets a limit. What is refused here never reaches an app, and is refused in the same form (RFC 9457).
"""

from asyncio import TimerHandle, Transport

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX_BYTES = 16_384
HEAD_WITHIN_S = 10.0

_TITLES = {
    400: (b"400 Bad Request", "bad-request", "The request is not HTTP"),
    408: (b"408 Request Timeout", "slow-head", "The request's head did not arrive in time"),
    431: (b"431 Request Header Fields Too Large", "head-too-large", "The request's head is too large"),
}


class _TooLarge(Exception):
    """Stops the parser in the middle of a head."""


class BoundedHttp(HttpToolsProtocol):
    """One connection. A head of more than 16 KiB is answered with 431, one that takes longer than 10 s with 408."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._patience: TimerHandle | None = None
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_is_open and not self.transport.is_closing():
            self._received += len(data)
            if self._received > HEAD_MAX_BYTES:
                self._refuse(431)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin()

    def on_url(self, url: bytes) -> None:
        self._measure(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._measure(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._end()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(431 if self._parsed > HEAD_MAX_BYTES else 400)

    def _begin(self) -> None:
        self._end()
        self._head_is_open = True
        self._received = self._parsed = 0
        self._patience = self.loop.call_later(HEAD_WITHIN_S, self._refuse, 408)

    def _end(self) -> None:
        self._head_is_open = False
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _measure(self, *parts: bytes) -> None:
        self._parsed += sum(map(len, parts)) + 4  # the colon, the space and the line's end
        if self._parsed > HEAD_MAX_BYTES:
            raise _TooLarge

    def _refuse(self, status: int) -> None:
        """Answer and close; in silence while an earlier request of the connection is still being answered."""
        self._end()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            line, slug, title = _TITLES[status]
            body = msgspec.json.encode({"type": f"/problems/{slug}", "title": title, "status": status})
            self.transport.write(
                b"HTTP/1.1 %s\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n"
                b"connection: close\r\n\r\n%s" % (line, len(body), body)
            )
        self.transport.close()
