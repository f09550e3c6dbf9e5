"""Firebase Cloud Messaging, HTTP v1: `POST /v1/projects/<project>/messages:send`, and the door to it (`oauth`).

The rule to remember: errors look as Google's do, down to `details`, since that is where senders read what happened.
"""

import re
import secrets
from typing import Any

from workers.sandbox import payload
from workers.sandbox.credentials import ServiceAccount
from workers.sandbox.exchange import Answer, Request, as_json
from workers.sandbox.fcm_message import Invalid, check
from workers.sandbox.oauth import TokenDesk
from workers.sandbox.phones import Shown
from workers.sandbox.reception import Reception

STATUS = {
    "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    "UNAUTHENTICATED": (
        401, "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential.",
    ),
    "PERMISSION_DENIED": (403, "PERMISSION_DENIED", "Permission denied on resource project."),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED", "SenderId mismatch"),
    "NOT_FOUND": (404, "NOT_FOUND", "The requested URL was not found on this server."),
    "UNREGISTERED": (404, "NOT_FOUND", "Requested entity was not found."),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Messages per minute'."),
    "INTERNAL": (500, "INTERNAL", "Internal error encountered."),
    "UNAVAILABLE": (503, "UNAVAILABLE", "The service is currently unavailable."),
}  # fmt: skip
"""By reason: HTTP status, Google's canonical code, message."""
FAULTS = {
    "400": "INVALID_ARGUMENT", "401": "UNAUTHENTICATED", "403": "SENDER_ID_MISMATCH", "404": "UNREGISTERED",
    "410": "UNREGISTERED", "413": "INVALID_ARGUMENT", "429": "QUOTA_EXCEEDED", "500": "INTERNAL", "503": "UNAVAILABLE",
}  # fmt: skip
"""FCM has neither 410 nor 413: a token that is gone is 404, and too large a message is 400."""
CODES = frozenset(FAULTS.values()) - {"UNAUTHENTICATED"}
"""Reasons that stand in `details` as FCM's own errorCode."""

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_PATH = re.compile(r"/v1/projects/([^/?#]+)/messages:send")


class GoogleService:
    """The stand-in. `handle` answers one request, for an access token or for a message."""

    def __init__(self, account: ServiceAccount, tokens: TokenDesk, reception: Reception) -> None:
        self._account, self._tokens, self._reception = account, tokens, reception

    def handle(self, request: Request) -> Answer:
        """What Google would say."""
        if request.path == b"/token":
            return self._tokens.handle(request)
        self._reception.called()
        refused = self._refuses(request)
        if refused is not None:
            return self._reception.refuse(*_error(refused))
        try:
            message, validates_only = check(request.body)
        except Invalid as invalid:
            return self._reception.refuse("INVALID_ARGUMENT", _invalid(invalid))
        said = as_json(200, {"name": f"projects/{self._account.project}/messages/{secrets.token_hex(12)}"})
        if validates_only:
            return said
        return self._reception.receive(message["token"], _shown(message), said)

    def _refuses(self, request: Request) -> str | None:
        """The reason for which the message is not even read."""
        path = _PATH.fullmatch(request.path.decode("latin-1"))
        if path is None or request.method != b"POST":
            return "NOT_FOUND"
        kind, _, token = (request.header(b"authorization") or "").partition(" ")
        if kind.lower() != "bearer" or not self._tokens.is_valid(token):
            return "UNAUTHENTICATED"
        return None if path[1] == self._account.project else "PERMISSION_DENIED"


def _shown(message: dict[str, Any]) -> Shown | None:
    """What an Android phone shows: a notification that the system draws, or data from which the app draws one."""
    android = message.get("android", {})
    data = {**message.get("data", {}), **android.get("data", {})}
    drawn = {**message.get("notification", {}), **android.get("notification", {})}
    words = payload.Words(*({**data, **drawn}.get(part) for part in ("title", "subtitle", "body")))
    if "body" in drawn:
        words = words._replace(subtitle=None)  # the system draws none; ours is part of the body
    if words.title is None and words.body is None:
        return None
    collapse = drawn.get("tag") or data.get("tag") or data.get("alert") or secrets.token_hex(8)
    return payload.shown(collapse, words, data, sound=_sounds(data, drawn))


def _sounds(data: dict[str, Any], drawn: dict[str, Any]) -> bool:
    return drawn.get("sound") is not None or bool(drawn.get("default_sound")) or data.get("sound") in ("true", "1")


def refusals(status: str, _: float) -> tuple[str, Answer]:
    """Google's words for a status that a fault names."""
    return _error(FAULTS[status])


def _error(reason: str) -> tuple[str, Answer]:
    status, canonical, message = STATUS[reason]
    details = [{"@type": FCM_ERROR, "errorCode": reason}] if reason in CODES else []
    return reason, _google(status, canonical, message, details)


def _invalid(problem: Invalid) -> Answer:
    details: list[dict[str, Any]] = []
    if problem.field is not None:
        violation = {"field": problem.field, "description": problem.message}
        details.append({"@type": BAD_REQUEST, "fieldViolations": [violation]})
    if problem.is_ours:
        details.append({"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"})
    return _google(400, "INVALID_ARGUMENT", problem.message, details)


def _google(status: int, canonical: str, message: str, details: list[dict[str, Any]]) -> Answer:
    error: dict[str, Any] = {"code": status, "message": message, "status": canonical}
    return as_json(status, {"error": error | ({"details": details} if details else {})})
