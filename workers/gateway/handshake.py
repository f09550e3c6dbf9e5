"""The request that opens a live stream: bytes in, a decision out.

The rule to remember: the plain browser handshake is read here in a few microseconds; anything unusual goes to the
`websockets` package's own parser, so that we are never laxer than it. Nothing here waits or writes.
"""

import binascii
import hashlib
import http
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import cast
from urllib.parse import unquote_plus

import msgspec
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from service.domain import cursor as cursors
from service.domain import frames
from service.domain.cursor import Cursor
from service.domain.frames import Encoding
from service.domain.hosts import is_taken
from workers.gateway.inbound import SILENT

LIMIT_DEFAULT = 10
LIMIT_MAX = 100
ANY: frozenset[str] = frozenset()
"""No list of host names: any may be used."""
PATH = "/v1/live"
SUBPROTOCOL = "flashwire.v1"

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) ([!-~]{1,6000}) HTTP/1\.1", re.ASCII)
_HEADERS = re.compile(rb"^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):[ \t]*([\t\x20-\x7e]*)\r\n", re.MULTILINE)
_KEY = re.compile(rb"[+/0-9A-Za-z]{22}==", re.ASCII)
_PLAIN_LINES_MAX = 100
_QUERIES_KEPT_MAX = 256
"""Most readers ask for the same; at 6,000 characters a query these take 1.5 MB at most."""
_SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
_CHOSEN = f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n".encode()
_CORS = "Access-Control-Allow-Origin: *\r\n"
_METHODS = "GET, HEAD, OPTIONS"
_PREFLIGHT = (
    f"Access-Control-Allow-Methods: {_METHODS}\r\nAccess-Control-Allow-Headers: Authorization, Last-Event-ID\r\n"
    "Access-Control-Max-Age: 86400\r\n"
)


class Wants(msgspec.Struct, frozen=True):
    """What a reader asked for. `after` None with `resumes` means a malformed cursor: one of a foreign epoch."""

    edition: str
    limit: int = LIMIT_DEFAULT
    resumes: bool = False
    after: Cursor | None = None
    exercise: bool = False
    ticket: str | None = None
    """A ticket, for exercise streams that bring no key."""


class Fault(msgspec.Struct, frozen=True):
    """Why a stream cannot be: a close code for a WebSocket, a status for SSE."""

    code: int
    status: int
    slug: str
    detail: str


class Opening(msgspec.Struct, frozen=True):
    """A valid request. `reply` is what opens the connection; `wants` is None where `fault` says why not."""

    encoding: Encoding
    reply: bytes
    wants: Wants | None
    fault: Fault | None
    key: str | None
    """The bearer's API key, for exercise streams."""
    forwarded_for: str | None


class Refusal(msgspec.Struct, frozen=True):
    """Not a stream: answer this and close."""

    reply: bytes


class _Request(msgspec.Struct, frozen=True):
    """A request head, read. Header names are lower-case; those that came several times are joined (RFC 9110 §5.3)."""

    method: bytes
    target: str
    headers: dict[bytes, bytes]
    plain: bool
    """Read the short way: HTTP/1.1, every header once."""


def read(head: bytes, origins: tuple[str, ...], names: frozenset[str] = ANY) -> Opening | Refusal:
    """Decide on a request head (up to and including its empty line); `names` are those under which we may be asked."""
    request = _plain(head) or _by_the_book(head)
    if isinstance(request, Refusal):
        return request
    decided = _decide(request, head, origins, names)
    if request.method == b"HEAD" and isinstance(decided, Refusal):
        return Refusal(decided.reply.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    return decided


def _plain(head: bytes) -> _Request | None:
    """The request as browsers and their like write it; None where the full parser must look."""
    line, _, rest = head.partition(b"\r\n")
    request = _REQUEST_LINE.fullmatch(line)
    fields = _HEADERS.findall(rest)
    # each found field is a whole line, so where they are as many as the lines before the empty one, there is no other
    if request is None or len(fields) != rest.count(b"\n") - 1 or len(fields) >= _PLAIN_LINES_MAX:
        return None
    headers = {name.lower(): value.rstrip(b" \t") for name, value in fields}
    if len(headers) != len(fields):
        return None
    return _Request(request[1], request[2].decode("ascii"), headers, plain=True)


def _by_the_book(head: bytes) -> _Request | Refusal:
    """The same by the full parser, with its own verdict on what is not HTTP."""
    protocol = ServerProtocol(logger=SILENT)
    protocol.receive_data(head)
    events = protocol.events_received()
    if not events:
        return Refusal(b"".join(protocol.data_to_send()) or MALFORMED)
    request = events[0]
    assert isinstance(request, Request), "a server's first event is the request"
    headers: dict[bytes, bytes] = {}
    for name, value in request.headers.raw_items():
        known, came = name.lower().encode(), value.encode("latin-1", "replace")
        headers[known] = headers[known] + b", " + came if known in headers else came
    return _Request(request.method.encode(), request.path, headers, plain=False)


def _decide(request: _Request, head: bytes, origins: tuple[str, ...], names: frozenset[str]) -> Opening | Refusal:
    headers = request.headers
    if names:
        host = headers.get(b"host")
        if not is_taken(None if host is None else host.decode("latin-1"), names):
            return Refusal(problem(421, "misdirected", "Nothing is served under this host name."))
    path, _, query = request.target.partition("?")
    if path != PATH:
        return Refusal(problem(404, "not-found", "The live stream is at /v1/live."))
    if request.method == b"OPTIONS":
        return Refusal(_response(204, _PREFLIGHT))
    if request.method not in (b"GET", b"HEAD"):
        return Refusal(
            problem(405, "method-not-allowed", "The live stream is read with GET.", f"Allow: {_METHODS}\r\n")
        )
    if b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0":
        return Refusal(MALFORMED)
    origin = headers.get(b"origin")
    if origins and origin is not None and origin.decode("latin-1") not in origins:
        return Refusal(problem(403, "origin-refused", "Pages of this origin may not read the stream."))
    upgrade = headers.get(b"upgrade")
    if upgrade is not None and request.method == b"GET" and b"websocket" in _tokens(upgrade):
        return _websocket(request, head, query)
    opening = _sse(headers, query)
    # a HEAD is told how the stream would begin
    return Refusal(opening.reply) if request.method == b"HEAD" and isinstance(opening, Opening) else opening


def _websocket(request: _Request, head: bytes, query: str) -> Opening | Refusal:
    headers = request.headers
    key = headers.get(b"sec-websocket-key", b"")
    usual = (
        request.plain
        and headers[b"upgrade"].lower() == b"websocket"
        and b"upgrade" in _tokens(headers.get(b"connection", b""))
        and headers.get(b"sec-websocket-version") == b"13"
        and _KEY.fullmatch(key) is not None
    )
    if not usual:
        return _websocket_by_the_book(head, headers, query)
    accept = binascii.b2a_base64(hashlib.sha1(key + _GUID, usedforsecurity=False).digest(), newline=False)
    offered = headers.get(b"sec-websocket-protocol")
    chosen = offered is not None and SUBPROTOCOL.encode() in [name.strip() for name in offered.split(b",")]
    reply = b"%b%b\r\n%b\r\n" % (_SWITCHING, accept, _CHOSEN if chosen else b"")
    return _opening("websocket", reply, _wants(query, None), headers)


def _websocket_by_the_book(head: bytes, headers: dict[bytes, bytes], query: str) -> Opening | Refusal:
    """The full implementation's verdict on an unusual upgrade."""
    protocol = ServerProtocol(logger=SILENT, select_subprotocol=_select)
    protocol.receive_data(head)
    (request,) = protocol.events_received()
    response = protocol.accept(cast(Request, request))
    if response.status_code != 101:
        protocol.send_response(response)
        return Refusal(b"".join(protocol.data_to_send()))
    return _opening("websocket", response.serialize(), _wants(query, None), headers)


def _select(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None


def _tokens(value: bytes) -> list[bytes]:
    if b"," not in value:
        return [value.strip().lower()]
    return [token.strip() for token in value.lower().split(b",")]


def _sse(headers: dict[bytes, bytes], query: str) -> Opening | Refusal:
    last = headers.get(b"last-event-id")
    wants = _wants(query, last.decode("utf-8", "replace") if last else None)
    if isinstance(wants, Fault):
        return Refusal(problem(wants.status, wants.slug, wants.detail))
    reply = (
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-store\r\n"
        f"Connection: close\r\n{_CORS}X-Accel-Buffering: no\r\n\r\n"
    )
    return _opening("sse", reply.encode(), wants, headers)


def _opening(encoding: Encoding, reply: bytes, wants: Wants | Fault, headers: dict[bytes, bytes]) -> Opening:
    authorization, forwarded = headers.get(b"authorization"), headers.get(b"x-forwarded-for")
    return Opening(
        encoding,
        reply,
        wants if isinstance(wants, Wants) else None,
        wants if isinstance(wants, Fault) else None,
        _bearer(authorization) if authorization else None,
        forwarded.decode("latin-1") if forwarded else None,
    )


def _bearer(authorization: bytes) -> str | None:
    scheme, _, key = authorization.decode("latin-1").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def _wants(query: str, last_event_id: str | None) -> Wants | Fault:
    # a ticket is a secret that comes once: nothing to be kept
    return _parsed(query, last_event_id) if "ticket=" in query else _known(query, last_event_id)


def _parsed(query: str, last_event_id: str | None) -> Wants | Fault:
    """The query, decoded. Unknown parameters are passed over; `Last-Event-ID` wins over `after`."""
    given: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        given[name] = unquote_plus(value) if "%" in value or "+" in value else value
    edition = given.get("edition")
    if not edition:
        return _bad("say which edition: ?edition=en")
    limit = given.get("limit", str(LIMIT_DEFAULT))
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= LIMIT_MAX):
        return _bad(f"limit must be 1 to {LIMIT_MAX}")
    exercise = given.get("exercise", "0")
    if exercise not in ("0", "1"):
        return _bad("exercise must be 0 or 1")
    after = last_event_id or given.get("after")
    place = cursors.parse(after) if after else None
    return Wants(edition, int(limit), bool(after), place, exercise == "1", given.get("ticket") or None)


_known = lru_cache(_QUERIES_KEPT_MAX)(_parsed)


def _bad(detail: str) -> Fault:
    return Fault(frames.BAD_QUERY, 400, "bad-query", detail)


def unknown_edition(edition: str) -> Fault:
    return Fault(frames.UNKNOWN_EDITION, 404, "unknown-edition", f"There is no edition {edition[:16]!a}.")


UNAUTHORIZED = Fault(
    frames.UNAUTHORIZED, 401, "unauthorized",
    "An exercise stream needs a test key that stands (Authorization: Bearer fw_test_...), or its ticket.",
)  # fmt: skip
BAD_TICKET = Fault(
    frames.UNAUTHORIZED, 401, "unauthorized", "This ticket is unknown, used or expired: ask POST /v1/tickets for one."
)
FORBIDDEN = Fault(
    frames.FORBIDDEN, 403, "forbidden", "This key is for news; an exercise stream needs a test key, or its ticket."
)


def problem(status: int, slug: str, detail: str, more: str = "") -> bytes:
    """A whole answer with an application/problem+json body (RFC 9457); the connection ends after it."""
    title = http.HTTPStatus(status).phrase
    body = msgspec.json.encode({"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail})
    return _response(status, f"Content-Type: application/problem+json\r\n{more}", body)


def shed(retry_after_s: float) -> bytes:
    """503 before the upgrade: too many readers."""
    return unavailable("overloaded", "Too many readers here.", retry_after_s)


def unavailable(slug: str, detail: str, retry_after_s: float) -> bytes:
    """503 before the upgrade, with the time after which to come back."""
    return problem(503, slug, detail, f"Retry-After: {max(1, round(retry_after_s))}\r\n")


def _response(status: int, fields: str, body: bytes = b"") -> bytes:
    phrase = http.HTTPStatus(status).phrase
    head = f"HTTP/1.1 {status} {phrase}\r\n{_CORS}Cache-Control: no-store\r\nConnection: close\r\n{fields}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


MALFORMED = problem(400, "bad-request", "This is not a plain HTTP/1.1 request without a body.")
TOO_LARGE = problem(431, "head-too-large", "The request head is over its limit.")
