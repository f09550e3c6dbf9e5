"""What readers receive on the live stream: messages, and their bytes as WebSocket frames and as SSE events.

The rule to remember: a message is encoded once for everybody. Alerts come as bytes that were final before the append,
so putting a message together cannot fail. Close codes tell the reader's program what to do (contract §5).
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from service.domain import moment
from service.domain.cursor import Cursor
from service.domain.revision import Revision

Encoding = Literal["websocket", "sse"]
ByeReason = Literal["deploy", "slow", "shed"]

RESTART = 1012
TRY_AGAIN_LATER = 1013
BAD_QUERY = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
UNKNOWN_EDITION = 4404
TOO_SLOW = 4409
CLOSE_CODES: dict[int, str] = {
    1000: "closed by the reader",
    1002: "protocol error: mend the client",
    1007: "text that is not UTF-8: mend the client",
    1008: "a flood of messages or control frames: mend the client",
    1009: "a message over 1 KiB: mend the client",
    RESTART: "this server restarts: come back with the cursor after `retryAfter`",
    TRY_AGAIN_LATER: "too many readers here: come back with the cursor after `retryAfter`",
    BAD_QUERY: "the query is not valid: do not come back with it",
    UNAUTHORIZED: "an exercise stream needs a test key that stands, or a fresh ticket of one: come back only with one",
    FORBIDDEN: "this key is for news and not for drills: do not come back with it",
    UNKNOWN_EDITION: "no such edition: do not come back for it",
    TOO_SLOW: "you read too slowly: come back with the cursor, nothing is lost",
}


class Message(msgspec.Struct, frozen=True):
    """One message: its type, its cursor where it has one (the SSE id), and its JSON."""

    type: str
    cursor: str | None
    payload: bytes


_encode = msgspec.json.Encoder().encode


def revision(edition: str, epoch: str, of: Revision) -> Message:
    """`published`, `corrected`, `canceled` …: the whole alert as it then was."""
    cursor = f"{epoch}:{of.offset}"
    payload = b'{"type":"%s","edition":%s,"cursor":"%s","alert":%s}' % (
        of.type.encode(),
        _encode(edition),
        cursor.encode(),
        of.encoded,
    )
    return Message(of.type, cursor, payload)


def snapshot(
    edition: str, reason: str, cursor: Cursor, heartbeat_s: float, now_ms: int, alerts: Sequence[bytes]
) -> Message:
    """The whole state, newest first; `alerts` are public JSON."""
    head = _head("snapshot", edition, cursor, heartbeat_s, now_ms, reason=reason)
    return Message("snapshot", str(cursor), head[:-1] + b',"alerts":[' + b",".join(alerts) + b"]}")


def resumed(edition: str, after: Cursor, heartbeat_s: float, now_ms: int, replayed: int) -> Message:
    """What follows continues after `after`, which is the reader's own cursor; `replayed` revisions were missed."""
    return Message("resumed", str(after), _head("resumed", edition, after, heartbeat_s, now_ms, replayed=replayed))


def heartbeat(edition: str, cursor: Cursor, now_ms: int, stale: bool) -> Message:
    """We are here. `stale`: we cannot hear the store, so what is shown may be old."""
    body = {
        "type": "heartbeat",
        "edition": edition,
        "cursor": str(cursor),
        "now": moment.to_text(now_ms),
        "stale": stale,
    }
    return Message("heartbeat", str(cursor), _encode(body))


def bye(reason: ByeReason, retry_after_s: float) -> Message:
    """The connection ends; come back with the cursor after `retry_after_s`."""
    return Message("bye", None, _encode({"type": "bye", "reason": reason, "retryAfter": round(retry_after_s, 3)}))


def _head(
    kind: str, edition: str, cursor: Cursor, heartbeat_s: float, now_ms: int, reason: str | None = None,
    replayed: int | None = None,
) -> bytes:  # fmt: skip
    body: dict[str, object] = {"type": kind}
    if reason is not None:
        body["reason"] = reason
    body |= {
        "edition": edition,
        "cursor": str(cursor),
        "heartbeat": _number(heartbeat_s),
        "now": moment.to_text(now_ms),
    }
    if replayed is not None:
        body["replayed"] = replayed
    return _encode(body)


def _number(seconds: float) -> float | int:
    return int(seconds) if seconds == int(seconds) else seconds


def encode(message: Message, encoding: Encoding) -> bytes:
    """The message's bytes on the connection."""
    return to_websocket(message) if encoding == "websocket" else to_sse(message)


def to_websocket(message: Message) -> bytes:
    """One unmasked, unfragmented text frame (RFC 6455 §5.2)."""
    return _header(0x81, len(message.payload)) + message.payload


def close(code: int, reason: str = "") -> bytes:
    """A close frame (RFC 6455 §5.5.1); the reason is at most 123 bytes of UTF-8."""
    payload = code.to_bytes(2, "big") + reason.encode()
    assert len(payload) <= 125, "a control frame carries at most 125 bytes"
    return _header(0x88, len(payload)) + payload


def _header(first: int, length: int) -> bytes:
    if length < 126:
        return bytes((first, length))
    if length < 65_536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")


def to_sse(message: Message) -> bytes:
    """One server-sent event; the JSON is compact and so has no line ends (WHATWG HTML §9.2)."""
    place = b"id: %s\n" % message.cursor.encode() if message.cursor else b""
    return b"event: %s\n%sdata: %s\n\n" % (message.type.encode(), place, message.payload)


def sse_retry(retry_ms: int) -> bytes:
    """How long the browser waits before it connects again."""
    return b"retry: %d\n\n" % retry_ms
