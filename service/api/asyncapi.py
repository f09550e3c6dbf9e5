"""The AsyncAPI description of the live stream, made from the words that its frames are made of.

The rule to remember: what stands here is what `service/domain/frames.py` says; a test holds frames of a running gateway
against it.
"""

from typing import Any, get_args

from service.api.queries import LIMIT_DEFAULT, LIMIT_MAX
from service.api.schemas import CURSOR, FLAG, MOMENT, TICKET_FORM, Schema, closed, listed, of_alert, ref
from service.domain.backlog import Reason
from service.domain.frames import CLOSE_CODES, ByeReason
from service.domain.newsroom import Newsroom
from service.domain.revision import RevisionType

SUBPROTOCOL = "flashwire.v1"
_SECONDS: Schema = {"type": "number", "minimum": 0}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_WHEN = {
    "snapshot": "First, without `after` or where a replay is impossible; later, when the wire began another life.",
    "resumed": "First, with an `after` that is still on the wire; every revision after it follows, in order, once.",
    "published": "A new alert.",
    "updated": "An alert says more, or says it better.",
    "corrected": "An alert says what was wrong, and what is right.",
    "withheld": "An alert is being verified: show its notice in place of its text.",
    "released": "A withheld alert is out again.",
    "canceled": "An alert is withdrawn; with `signals: [undone]` it leaves no trace.",
    "expired": "An alert has come to its end.",
    "heartbeat": "Every `heartbeat` seconds, and at once when `stale` changes.",
    "bye": "Before the server closes: come back with your cursor after `retryAfter` seconds.",
}


def document(newsroom: Newsroom, version: str, live: str) -> dict[str, Any]:
    """The description; `live` is the stream's origin as its reader reaches it, `ws://…` or `wss://…`."""
    scheme, _, host = live.partition("://")
    names = list(_WHEN)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Flashwire: the live stream", "version": version, "description": _introduction(),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "websocket": {"host": host, "protocol": scheme, "description": f"Subprotocol {SUBPROTOCOL}, optional."},
            "sse": {
                "host": host, "protocol": {"ws": "http", "wss": "https"}[scheme],
                "description": "Server-sent events: `event` is the type, `id` the cursor, `data` the same message; "
                               "`Last-Event-ID` wins over `after`.",
            },
        },
        "channels": {"live": {
            "address": "/v1/live",
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            "bindings": {"ws": {"method": "GET", "query": _query(newsroom), "bindingVersion": "0.1.0"}},
        }},
        "operations": {"follow": {
            "action": "send",
            "channel": {"$ref": "#/channels/live"},
            "summary": "Follow one edition: a first message, then every revision in order, once.",
            "messages": [{"$ref": f"#/channels/live/messages/{name}"} for name in names],
        }},
        "components": {
            "messages": {
                name: {"name": name, "title": name, "summary": _WHEN[name], "payload": ref(_payload(name))}
                for name in names
            },
            "schemas": {**_payloads(newsroom), **of_alert()},
        },
    }  # fmt: skip


def _payload(name: str) -> str:
    return f"{name.capitalize()}Message"


def _payloads(newsroom: Newsroom) -> dict[str, Schema]:
    edition = {"enum": newsroom.edition_names}
    placed = {"edition": edition, "cursor": CURSOR}
    opening = {**placed, "heartbeat": _SECONDS, "now": MOMENT}
    revision = {**placed, "alert": ref("Alert")}
    fields: dict[str, dict[str, Schema]] = {
        "snapshot": {**opening, "reason": {"enum": list(get_args(Reason))}, "alerts": listed(ref("Alert"))},
        "resumed": {**opening, "replayed": _COUNT},
        **dict.fromkeys(get_args(RevisionType), revision),
        "heartbeat": {**placed, "now": MOMENT, "stale": FLAG},
        "bye": {"reason": {"enum": list(get_args(ByeReason))}, "retryAfter": _SECONDS},
    }
    assert fields.keys() == _WHEN.keys(), "every message says when it comes"
    return {_payload(name): closed(("type", *more), {"type": {"const": name}, **more}) for name, more in fields.items()}


def _query(newsroom: Newsroom) -> Schema:
    return {
        "type": "object",
        "required": ["edition"],
        "properties": {
            "edition": {"type": "string", "enum": newsroom.edition_names},
            "limit": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT,
                      "description": "Alerts in a snapshot."},
            "after": {"type": "string", "description": "The cursor of the last message that you have."},
            "exercise": {"type": "string", "enum": ["0", "1"],
                         "description": "Drills alone; needs a test key in Authorization, or its `ticket`."},
            "ticket": {"type": "string", "pattern": TICKET_FORM,
                       "description": "Of POST /v1/tickets; opens one exercise stream, within a minute."},
        },
    }  # fmt: skip


def _introduction() -> str:
    codes = "\n".join(f"- {code}: {meaning}" for code, meaning in sorted(CLOSE_CODES.items()))
    return (
        "Offsets of cursors rise by exactly one between the first message and live: a number missing is a gap. "
        "A client that keeps the highest `version` of each alert is right whatever happens. "
        "Nothing but close, ping and pong is listened to.\n\nA WebSocket is closed with\n\n" + codes + "\n\n"
        "Server-sent events get the HTTP status 400, 401, 403 or 404 in place of 4400, 4401, 4403 and 4404, "
        "and both get 503 with Retry-After where there are too many readers.\n"
    )
