"""The request that opens a live stream: bytes in, a decision out.

The rule to remember: the plain browser handshake is read here in a few microseconds; anything unusual goes to the
`websockets` package's own parser, so that we are never laxer than it. Nothing here waits or writes.
"""

import base64
import hashlib
import http
import re
from urllib.parse import unquote_plus

import msgspec
from websockets.server import ServerProtocol

from service.domain import cursor as cursors
from service.domain import frames
from service.domain.cursor import Cursor
from service.domain.frames import Encoding
from workers.gateway.inbound import SILENT

LIMIT_DEFAULT = 10
LIMIT_MAX = 100
PATH = "/v1/live"
SUBPROTOCOL = "flashwire.v1"

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) ([!-~]{1,6000}) HTTP/1\.1", re.ASCII)
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):[ \t]*([\t\x20-\x7e]*)")
_KEY = re.compile(rb"[+/0-9A-Za-z]{22}==", re.ASCII)
_CORS = "Access-Control-Allow-Origin: *\r\n"


class Wants(msgspec.Struct, frozen=True):
    """What a reader asked for. `after` None with `resumes` means a malformed cursor: one of a foreign epoch."""

    edition: str
    limit: int = LIMIT_DEFAULT
    resumes: bool = False
    after: Cursor | None = None
    exercise: bool = False


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


def read(head: bytes, origins: tuple[str, ...]) -> Opening | Refusal:
    """Decide on a request head (up to and including its empty line)."""
    lines = head[:-4].split(b"\r\n")
    request = _REQUEST_LINE.fullmatch(lines[0])
    headers: dict[bytes, bytes] = {}
    plain = request is not None
    for line in lines[1:]:
        field = _HEADER.fullmatch(line)
        name = field[1].lower() if field else b""
        if field is None or name in headers:
            plain = False
            break
        headers[name] = field[2].strip(b" \t")
    if not plain or b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0":
        return _by_the_book(head)
    assert request is not None, "it is plain"
    target = request[2].decode("ascii")
    path, _, query = target.partition("?")
    if path != PATH:
        return Refusal(problem(404, "not-found", "The live stream is at /v1/live."))
    if request[1] == b"OPTIONS":
        return Refusal(
            _response(204, "Access-Control-Allow-Methods: GET, OPTIONS\r\nAccess-Control-Max-Age: 86400\r\n")
        )
    if request[1] != b"GET":
        return Refusal(
            problem(405, "method-not-allowed", "The live stream is read with GET.", "Allow: GET, OPTIONS\r\n")
        )
    origin = headers.get(b"origin")
    if origins and origin is not None and origin.decode() not in origins:
        return Refusal(problem(403, "origin-refused", "Pages of this origin may not read the stream."))
    if b"upgrade" in headers:
        return _websocket(head, headers, query)
    return _sse(headers, query)


def _websocket(head: bytes, headers: dict[bytes, bytes], query: str) -> Opening | Refusal:
    key = headers.get(b"sec-websocket-key", b"")
    usual = (
        headers[b"upgrade"].lower() == b"websocket"
        and b"upgrade" in headers.get(b"connection", b"").lower()
        and headers.get(b"sec-websocket-version") == b"13"
        and _KEY.fullmatch(key) is not None
    )
    if not usual:
        return _by_the_book(head)
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    offered = [name.strip() for name in headers.get(b"sec-websocket-protocol", b"").split(b",")]
    subprotocol = b"Sec-WebSocket-Protocol: flashwire.v1\r\n" if SUBPROTOCOL.encode() in offered else b""
    reply = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n" + subprotocol + b"\r\n"
    )
    return _opening("websocket", reply, _wants(query, None), headers)


def _sse(headers: dict[bytes, bytes], query: str) -> Opening | Refusal:
    last = headers.get(b"last-event-id")
    wants = _wants(query, last.decode() if last else None)
    if isinstance(wants, Fault):
        return Refusal(problem(wants.status, wants.slug, wants.detail))
    reply = (
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-store\r\n"
        f"Connection: close\r\n{_CORS}X-Accel-Buffering: no\r\n\r\n"
    )
    return _opening("sse", reply.encode(), wants, headers)


def _opening(encoding: Encoding, reply: bytes, wants: Wants | Fault, headers: dict[bytes, bytes]) -> Opening:
    scheme, _, key = headers.get(b"authorization", b"").decode().partition(" ")
    forwarded = headers.get(b"x-forwarded-for")
    return Opening(
        encoding,
        reply,
        wants if isinstance(wants, Wants) else None,
        wants if isinstance(wants, Fault) else None,
        key if scheme.lower() == "bearer" else None,
        forwarded.decode() if forwarded else None,
    )


def _by_the_book(head: bytes) -> Opening | Refusal:
    """The full parser's verdict. What it accepts but we did not understand was a valid, unusual WebSocket request."""
    protocol = ServerProtocol(logger=SILENT)
    protocol.receive_data(head)
    events = protocol.events_received()
    if not events:
        return Refusal(b"".join(protocol.data_to_send()) or MALFORMED)
    request = events[0]
    response = protocol.accept(request)  # type: ignore[arg-type]
    if response.status_code != 101:
        protocol.send_response(response)
        return Refusal(b"".join(protocol.data_to_send()))
    path, _, query = request.path.partition("?")  # type: ignore[union-attr]
    if path != PATH:
        return Refusal(problem(404, "not-found", "The live stream is at /v1/live."))
    headers = {
        name.lower().encode(): value.encode("utf-8", "replace")
        for name, value in request.headers.raw_items()  # type: ignore[union-attr]
    }
    return _opening("websocket", response.serialize(), _wants(query, None), headers)


def _wants(query: str, last_event_id: str | None) -> Wants | Fault:
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
    return Wants(edition, int(limit), bool(after), cursors.parse(after) if after else None, exercise == "1")


def _bad(detail: str) -> Fault:
    return Fault(frames.BAD_QUERY, 400, "bad-query", detail)


def unknown_edition(edition: str) -> Fault:
    return Fault(frames.UNKNOWN_EDITION, 404, "unknown-edition", f"There is no edition {edition[:40]!r}.")


UNAUTHORIZED = Fault(
    frames.UNAUTHORIZED, 401, "unauthorized", "An exercise stream needs a test key: Authorization: Bearer fw_test_..."
)


def problem(status: int, slug: str, detail: str, more: str = "") -> bytes:
    """A whole answer with an application/problem+json body (RFC 9457); the connection ends after it."""
    title = http.HTTPStatus(status).phrase
    body = msgspec.json.encode({"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail})
    return _response(status, f"Content-Type: application/problem+json\r\n{more}", body)


def shed(retry_after_s: float) -> bytes:
    """503 before the upgrade."""
    return problem(503, "overloaded", "Too many readers here.", f"Retry-After: {max(1, round(retry_after_s))}\r\n")


def _response(status: int, fields: str, body: bytes = b"") -> bytes:
    phrase = http.HTTPStatus(status).phrase
    head = f"HTTP/1.1 {status} {phrase}\r\n{_CORS}Cache-Control: no-store\r\nConnection: close\r\n{fields}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


MALFORMED = problem(400, "malformed-request", "This is not HTTP/1.1.")
TOO_LARGE = problem(431, "headers-too-large", "The request head is over its limit.")
