"""Apple Push Notification service: `POST /3/device/<token>`, checked as Apple documents it.

The rule to remember: one request breaks one rule at a time in the tests, so the order of the checks is Apple's own:
who sends, for which app, to whom, how, and only then what.
"""

import re
import uuid
from typing import Any

import msgspec

from workers.sandbox import payload
from workers.sandbox.credentials import Apns
from workers.sandbox.exchange import Answer, Request, as_json
from workers.sandbox.phones import Shown
from workers.sandbox.reception import Reception
from workers.sandbox.tokens import BadToken, Known, Token, decode, es256

PAYLOAD_BYTES_MAX = 4096
COLLAPSE_BYTES_MAX = 64
TOKEN_LIFE_S = 3600
CLOCK_SLACK_S = 60
"""A provider token may be dated so far ahead of our clock."""
PUSH_TYPES = frozenset(
    {"alert", "background", "location", "voip", "complication", "fileprovider", "mdm", "liveactivity", "pushtotalk",
     "widgets", "controls"}
)  # fmt: skip
STATUS = {
    "BadCollapseId": 400, "BadDeviceToken": 400, "BadExpirationDate": 400, "BadMessageId": 400, "BadPriority": 400,
    "BadTopic": 400, "DuplicateHeaders": 400, "InvalidPushType": 400, "MissingDeviceToken": 400, "MissingTopic": 400,
    "PayloadEmpty": 400, "TopicDisallowed": 400, "ExpiredProviderToken": 403, "InvalidProviderToken": 403,
    "MissingProviderToken": 403, "BadPath": 404, "MethodNotAllowed": 405, "Unregistered": 410, "PayloadTooLarge": 413,
    "TooManyRequests": 429, "InternalServerError": 500, "ServiceUnavailable": 503,
}  # fmt: skip
FAULTS = {
    "400": "BadDeviceToken", "403": "ExpiredProviderToken", "410": "Unregistered", "413": "PayloadTooLarge",
    "429": "TooManyRequests", "500": "InternalServerError", "503": "ServiceUnavailable",
}  # fmt: skip

_PATH = re.compile(rb"/3/device/([^/?#]*)")
_DEVICE = re.compile(rb"[0-9a-fA-F]{64,200}")
_TOPIC = re.compile(r"[A-Za-z0-9.-]{1,255}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PAYLOADS_MAX = 1000
"""Payloads remembered as read: the same one goes to thousands of phones."""


class Refused(Exception):
    """The reason, as Apple names it."""


class AppleService:
    """The stand-in. `handle` answers one request."""

    def __init__(self, credentials: Apns, topics: frozenset[str], reception: Reception) -> None:
        self._credentials, self._topics, self._reception = credentials, topics, reception
        self._known = Known()
        self._read: dict[tuple[str | None, bytes], Shown | None] = {}

    def handle(self, request: Request) -> Answer:
        """What Apple would say."""
        self._reception.called()
        apns_id = request.headers.get(b"apns-id") or str(uuid.uuid4()).upper().encode()
        try:
            token = self._check(request)
            shown = self._shown(request, apns_id)
        except Refused as refused:
            return self._reception.refuse(*_refusal(str(refused), (b"apns-id", apns_id)))
        said = Answer(200, ((b"apns-id", apns_id),))
        answer = self._reception.receive(token, shown, said)
        if answer.status not in (0, 200):
            answer = msgspec.structs.replace(answer, headers=((b"apns-id", apns_id), *answer.headers))
        return answer

    def _check(self, request: Request) -> str:
        """The device's token, once everything but the payload is right."""
        path = _PATH.fullmatch(request.path)
        if path is None:
            raise Refused("BadPath")
        if request.method != b"POST":
            raise Refused("MethodNotAllowed")
        if request.repeated:
            raise Refused("DuplicateHeaders")
        self._check_sender(request.header(b"authorization"))
        self._check_topic(request.header(b"apns-topic"))
        if not path[1]:
            raise Refused("MissingDeviceToken")
        if not _DEVICE.fullmatch(path[1]):
            raise Refused("BadDeviceToken")
        _check_manner(request)
        return path[1].decode("ascii")

    def _check_sender(self, authorization: str | None) -> None:
        kind, _, text = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not text:
            raise Refused("MissingProviderToken")
        now_s = self._reception.clock_s()
        try:
            token = self._known.get(text, self._verified)
            age_s = now_s - token.number("iat")
        except BadToken:
            raise Refused("InvalidProviderToken") from None
        if age_s < -CLOCK_SLACK_S:
            raise Refused("InvalidProviderToken")
        if age_s > TOKEN_LIFE_S:
            raise Refused("ExpiredProviderToken")

    def _verified(self, text: str) -> Token:
        token = decode(text, "ES256", es256(self._credentials.public_key))
        if token.header.get("kid") != self._credentials.key_id:
            raise BadToken("kid is not our key's")
        if token.claims.get("iss") != self._credentials.team_id:
            raise BadToken("iss is not our team")
        return token

    def _check_topic(self, topic: str | None) -> None:
        if topic is None:
            raise Refused("MissingTopic")
        if not _TOPIC.fullmatch(topic):
            raise Refused("BadTopic")
        if topic not in self._topics:
            raise Refused("TopicDisallowed")

    def _shown(self, request: Request, apns_id: bytes) -> Shown | None:
        """What the phone is to show, read once for all phones that get the same."""
        if len(request.body) > PAYLOAD_BYTES_MAX:
            raise Refused("PayloadTooLarge")
        collapse = request.header(b"apns-collapse-id")
        key = collapse, request.body
        if key in self._read:
            return self._read[key]
        shown = _read(request.body, collapse, apns_id.decode("latin-1"))
        if collapse is not None:
            self._read[key] = shown
            if len(self._read) > _PAYLOADS_MAX:
                del self._read[next(iter(self._read))]
        return shown


def _check_manner(request: Request) -> None:
    """The headers that say how it is to be delivered."""
    push_type = request.header(b"apns-push-type")
    if push_type is not None and push_type not in PUSH_TYPES:
        raise Refused("InvalidPushType")
    priority = request.header(b"apns-priority")
    if priority not in (None, "1", "5", "10") or (push_type == "background" and priority == "10"):
        raise Refused("BadPriority")
    expiration = request.header(b"apns-expiration")
    if expiration is not None and not re.fullmatch(r"[0-9]{1,10}", expiration):
        raise Refused("BadExpirationDate")
    if len(request.headers.get(b"apns-collapse-id", b"")) > COLLAPSE_BYTES_MAX:
        raise Refused("BadCollapseId")
    message_id = request.header(b"apns-id")
    if message_id is not None and not _UUID.fullmatch(message_id):
        raise Refused("BadMessageId")


def _read(body: bytes, collapse: str | None, apns_id: str) -> Shown | None:
    """The entry on the lock screen; None for a payload that shows nothing."""
    try:
        content = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise Refused("PayloadEmpty") from None
    aps = content.get("aps")
    if not isinstance(aps, dict) or not aps:
        raise Refused("PayloadEmpty")
    alert = aps.get("alert")
    if isinstance(alert, str):
        alert = {"body": alert}
    if not isinstance(alert, dict):
        return None
    words = payload.Words(alert.get("title"), alert.get("subtitle"), alert.get("body"))
    return payload.shown(collapse or apns_id, words, content, sound="sound" in aps)


def refusals(status: str, now_s: float) -> tuple[str, Answer]:
    """Apple's words for a status that a fault names. Of a token that is gone they say since when, in milliseconds."""
    reason = FAULTS[status]
    if reason == "Unregistered":
        return reason, as_json(410, {"reason": reason, "timestamp": int(now_s * 1000)})
    return _refusal(reason)


def _refusal(reason: str, *headers: tuple[bytes, bytes]) -> tuple[str, Answer]:
    return reason, as_json(STATUS[reason], {"reason": reason}, *headers)
