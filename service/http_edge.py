"""What a bounded connection (see service.http_bounds) is made of besides its parser: reading, writing, refusing.

The rule to remember: a client may vanish between any two of our steps. That is its right and never our error.
"""

import socket
import struct
from asyncio import Transport
from collections.abc import Callable

import msgspec
from uvicorn.protocols.http.flow_control import FlowControl

_TITLES = {
    400: (b"400 Bad Request", "bad-request", "The request is not HTTP"),
    408: (b"408 Request Timeout", "slow-head", "The request's head did not arrive in time"),
    431: (b"431 Request Header Fields Too Large", "head-too-large", "The request's head is too large"),
}


def refusal(status: int, detail: str) -> bytes:
    """A whole answer that ends its connection: 400, 408 or 431."""
    line, slug, title = _TITLES[status]
    problem = {"type": f"/problems/{slug}", "title": title, "status": status, **({"detail": detail} if detail else {})}
    body = msgspec.json.encode(problem)
    return (
        b"HTTP/1.1 %s\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n"
        b"connection: close\r\n\r\n%s" % (line, len(body), body)
    )


def cut_off(transport: Transport) -> None:
    """End a connection without a farewell: what nobody took leaves the kernel's memory too, and at once."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Flow(FlowControl):
    """uvicorn's flow control, which an app cannot make read on while enough was read ahead."""

    _is_held = False

    def hold(self, is_held: bool) -> None:
        """Read nothing until told otherwise."""
        if is_held != self._is_held:
            self._is_held = is_held
            if is_held:
                self.pause_reading()
            else:
                self.resume_reading()

    def pause_reading(self) -> None:
        if not self._transport.is_closing():
            super().pause_reading()

    def resume_reading(self) -> None:
        if not self._is_held and not self._transport.is_closing():
            super().resume_reading()


class Unheard:
    """A transport for answers: what is written once the client has gone is dropped, where uvloop would raise.

    `leave` ends the connection after an answer that says so.
    """

    def __init__(self, transport: Transport, leave: Callable[[], None]) -> None:
        self._transport = transport
        self.close = leave

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()
