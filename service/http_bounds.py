"""HTTP/1 connections that are bounded in size and in time, on top of uvicorn's httptools protocol.

The rule to remember: a deadline belongs to where a connection stands, never to the bytes that arrive. Every few seconds
each connection is looked at, so that nothing a client sends or leaves unread switches the clock off. What is refused
here never reaches an app, and is refused in the same form (RFC 9457).
"""

from asyncio import TimerHandle, Transport
from enum import Enum
from typing import Any, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.http_edge import Flow, Unheard, cut_off, refusal

HEAD_MAX_BYTES = 16_384
PIECE_BYTES = 4096
"""How much is parsed at once: no more requests than fit in here ever wait behind one that is being answered."""


class _Bad(Exception):
    """Stops the parser in the middle of a message; says which answer that means."""


class _At(Enum):
    """Where a connection stands in what it receives."""

    HEAD = 1
    BODY = 2
    BETWEEN = 3


class BoundedHttp(HttpToolsProtocol):
    """One connection. Heads over 16 KiB are answered with 431, those that take more than `head_within_s` with 408."""

    head_within_s = 10.0
    """For a whole head, for the first one to begin, and for what is left of a body that was answered already."""
    unmoved_max_s = 20.0
    """A client that takes not one byte for so long has left or means harm; its unsent answers would stay for ever."""
    look_every_s = 2.0

    flow: Flow

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = Flow(transport)
        self._unheard = Unheard(transport, self._leave)
        self._at, self._since = _At.HEAD, self.loop.time()
        self._received = self._parsed = 0
        self._has_ended_one = self._is_answered = self._is_over = False
        self._ahead = b""
        self._running: RequestResponseCycle | None = None
        self._last_word: tuple[int, str] | None = None
        self._unsent, self._moved_at = 0, self._since
        self._timer: TimerHandle = self.loop.call_later(self.look_every_s, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        for cycle in (self._running, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None:
                cycle.disconnected = True
                cycle.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._go_on(self._ahead + data if self._ahead else data)

    def _go_on(self, data: bytes) -> None:
        """Parse as far as nothing waits; keep the rest, and read no more until it is parsed."""
        start = 0
        while start < len(data) and not (self.pipeline or self._is_over or self.transport.is_closing()):
            self._parse(data[start : start + PIECE_BYTES])
            start += PIECE_BYTES
        self._ahead = b"" if self._is_over else data[start:]
        self.flow.hold(bool(self._ahead or self.pipeline))

    def _parse(self, piece: bytes) -> None:
        self._has_ended_one = False
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._parse_without_upgrade(piece[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            given = error.__context__.args if isinstance(error.__context__, _Bad) else (400, "it breaks RFC 9112")
            self._refuse(*given)
            return
        if self._at is _At.HEAD and not self._has_ended_one:  # else an unknown part of the piece is the new head's
            self._received += len(piece)
            if self._received > HEAD_MAX_BYTES:
                self._refuse(431)

    def _parse_without_upgrade(self, rest: bytes) -> None:
        """Once more the head that asked for another protocol, as one that does not: servers may ignore the wish."""
        lines = [b"%s %s HTTP/1.1\r\n" % (self.parser.get_method(), self.url)]
        lines += [b"%s: %s\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._parse(b"".join((*lines, b"\r\n", rest)))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._at, self._since = _At.HEAD, self.loop.time()
        self._received = self._parsed = 0

    def on_url(self, url: bytes) -> None:
        self._measure(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._measure(len(name) + len(value) + 4)  # the colon, the space and the line's end
        if self._at is _At.HEAD:  # trailers say nothing to us
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        names = [name for name, _ in self.headers]
        if names.count(b"host") != 1 and (b"host" in names or self.parser.get_http_version() != "1.0"):
            raise _Bad(400, "there must be one Host")
        if names.count(b"authorization") > 1 or names.count(b"content-type") > 1:
            raise _Bad(400, "Authorization and Content-Type may be given once")
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise _Bad(400, "this is no proxy")
            return
        self._at = _At.BODY
        self._is_answered = self.answer_at_once(names)
        if not self._is_answered:
            super().on_headers_complete()

    def answer_at_once(self, names: list[bytes]) -> bool:
        """Whether the request whose head is complete, with headers of these names, has just been answered."""
        return False

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._at, self._since, self._has_ended_one = _At.BETWEEN, self.loop.time(), True
        if self._is_answered:
            self._is_answered = False
        else:
            super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        cycle.transport = cast(Any, self._unheard)
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        self._since = self.loop.time()
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._last_word is not None:
            self._say(*self._last_word)
            return
        self.flow.resume_reading()
        self._go_on(self._ahead)

    def _leave(self) -> None:
        """End the connection with the answer that was just given.

        Who is still sending his body is listened to for a while: closing would send him a reset, and a client or a
        proxy that is reset while it sends forgets the answer. What he sends is dropped, and `_look` ends it.
        """
        if self._at is not _At.BODY or self._running is None or not self._running.response_complete:
            self.transport.close()
            return
        self._is_over, self.cycle = True, self._running
        self.pipeline.clear()
        self.transport.write_eof()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _measure(self, size: int) -> None:
        self._parsed += size
        if self._parsed > HEAD_MAX_BYTES:
            raise _Bad(431)

    def _look(self) -> None:
        """Whether the client keeps taking what it is sent, and sending what it is waited for."""
        now = self.loop.time()
        unsent, before = self.transport.get_write_buffer_size(), self._unsent
        self._unsent = unsent
        if not unsent or unsent < before:
            self._moved_at = now
        elif now - self._moved_at > self.unmoved_max_s:
            cut_off(self.transport)
            return
        within_s = self.timeout_keep_alive if self._at is _At.BETWEEN else self.head_within_s
        if now - self._since > within_s and not (self._is_answering() or self.transport.is_closing()):
            if self._at is _At.HEAD:
                self._refuse(408)
            else:
                self.transport.close()
        self._timer = self.loop.call_later(self.look_every_s, self._look)

    def _refuse(self, status: int, detail: str = "") -> None:
        """Answer in a request's stead and close: after the answers to earlier ones, and never into one that began."""
        self._is_over = True
        if self._at is _At.BODY:
            if self.pipeline:
                self.pipeline.popleft()
                self.cycle = cast(RequestResponseCycle, self._running)
            elif self.cycle.response_started:
                self.transport.close()
                return
            else:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
                self._say(status, detail)
                return
        if self._is_answering():
            self._last_word = (status, detail)
        else:
            self._say(status, detail)

    def _say(self, status: int, detail: str) -> None:
        if not self.transport.is_closing():
            self.transport.write(refusal(status, detail))
            self.transport.close()
