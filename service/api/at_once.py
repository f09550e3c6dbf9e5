"""Page loads answered by the connection itself, before there is a request at all: no task, no scope, no events.

The rule to remember: this is the same answer that the app gives, a shortcut and never a second way of deciding. What
is not plain (a body, HTTP/1.0, an upgrade, a connection that closes, a reader that does not read, an earlier answer
that is still under way) takes the long way through the app.
"""

from asyncio import Transport
from typing import Protocol, cast

import msgspec

from service.domain.addresses import plain
from service.http_bounds import BoundedHttp

PREFIX = b"/v1/editions/"
_NOT_PLAIN = frozenset({b"content-length", b"transfer-encoding", b"upgrade", b"expect"})

Headers = list[tuple[bytes, bytes]]


class Plain(msgspec.Struct, frozen=True):
    """An answer as bytes: status line, header lines with the empty line that ends them, body."""

    status: bytes
    headers: bytes
    body: bytes


class AnswersAtOnce(Protocol):
    """An app that can answer a plain GET from memory."""

    def at_once(self, path: str, query: bytes, headers: Headers) -> Plain | None:
        """The answer, or None where the app must be asked in full."""


class AtOnceHttp(BoundedHttp):
    """A connection to an app that answers at once where it can."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is not None:  # proxies are trusted, and people told apart, by what their own family calls them
            self.client = (plain(self.client[0]), self.client[1])

    def answer_at_once(self, names: list[bytes]) -> bool:
        found = self._find(names) if self.url.startswith(PREFIX) else None
        if found is None:
            return False
        lines = [b"%s: %s\r\n" % header for header in self.server_state.default_headers]
        self.transport.write(b"".join((found.status, *lines, found.headers, found.body)))
        self.server_state.total_requests += 1
        return True

    def _find(self, names: list[bytes]) -> Plain | None:
        path, _, query = self.url.partition(b"?")
        parser = self.parser
        if (
            not self.url.isascii()
            or b"%" in path
            or b"#" in query
            or parser.get_method() != b"GET"
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or self.flow.write_paused
            or self.pipeline
            or not (self.cycle is None or self.cycle.response_complete)
            or not _NOT_PLAIN.isdisjoint(names)
        ):
            return None
        return cast(AnswersAtOnce, self.config.app).at_once(path.decode(), query, self.headers)
