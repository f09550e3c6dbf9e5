"""Around every request: its id in and out, one line in the log, one count, and the headers that its kind of route has.

The rule to remember: readers' routes are open to every page (CORS `*`, on errors as well), editors' routes to none.
An exception that nobody expected ends here, logged once, as a 500 that says nothing.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Iterable, MutableMapping

import structlog
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api import metrics, problems

log = structlog.get_logger("api")

REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{1,64}")
READERS = re.compile(
    r"/v1/editions(/.*)?|/a/[^/]*|/v1/devices(/[^/]*)?|/v1/receipts|/ticker[^/]*\.js|/problems/.*|/openapi\.json|/asyncapi\.yaml"
)
EDITORS = "/v1/alerts"
PROBES = frozenset({"/healthz", "/readyz", "/version"})
"""Asked every few seconds by machines: only a debug log has a line for each."""

CORS: tuple[tuple[bytes, bytes], ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, Date"),
)
PREFLIGHT = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match, X-Request-Id",
    "Access-Control-Max-Age": "86400",
}
NOSNIFF = (b"x-content-type-options", b"nosniff")
CLIENT_LEFT = 499
"""What the log says where nobody was left to answer."""


def is_readers(path: str) -> bool:
    """Whether pages of other origins may read the answers of this path."""
    return READERS.fullmatch(path) is not None


def given_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The X-Request-Id that came along, if it can be trusted in a log."""
    given = _first(headers, b"x-request-id")
    return given if given is not None and REQUEST_ID.fullmatch(given) else None


def host_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The Host that the client named."""
    host = _first(headers, b"host")
    return None if host is None else host.decode("latin-1")


def _first(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    """The first header of that name."""
    for name, value in headers:
        if name == wanted:
            return value
    return None


class Requests:
    """The outermost layer around the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", "the API speaks HTTP alone"
        await _Answering(self._app, scope, send).run(receive)


class _Answering:
    """One request on its way."""

    def __init__(self, app: ASGIApp, scope: Scope, send: Send) -> None:
        self._app = app
        self._scope = scope
        self._send = send
        self._status = 0
        self._started_at = time.perf_counter()
        self._id = given_id(scope["headers"]) or secrets.token_hex(8).encode()
        self._headers = [(b"x-request-id", self._id), NOSNIFF, *(CORS if is_readers(scope["path"]) else ())]
        scope.setdefault("state", {})["request_id"] = self._id.decode()

    async def run(self, receive: Receive) -> None:
        try:
            await self._app(self._scope, receive, self._pass_on)
        except ClientDisconnect:
            self._status = self._status or CLIENT_LEFT
        except asyncio.CancelledError:
            self._status = self._status or CLIENT_LEFT
            raise
        except Exception as error:
            log.exception("a request failed", request_id=self._id.decode())
            if self._status:
                raise
            await problems.respond(problems.of(error))(self._scope, receive, self._pass_on)
        finally:
            self._tell()

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), *self._headers]}
        await self._send(message)

    def _tell(self) -> None:
        seconds = time.perf_counter() - self._started_at
        scope = self._scope
        route = scope.get("route")
        template = route.path if isinstance(route, Route) else "none"
        metrics.count_request(template, scope["method"], self._status, seconds)
        state: MutableMapping[str, object] = scope["state"]
        loud = log.warning if self._status >= 500 else log.info
        say = log.debug if template in PROBES or state.get("guessed") else loud
        say(
            "request", method=scope["method"], path=scope["path"], status=self._status, ms=round(seconds * 1000, 2),
            request_id=self._id.decode(), address=address(scope), key=state.get("key_id"),
        )  # fmt: skip


def address(scope: Scope) -> str:
    """The client's address, as far as trusted proxies tell."""
    client = scope.get("client")
    return client[0] if client else "unknown"
