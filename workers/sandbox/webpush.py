"""A browser's push service: `POST /push/<id>` (RFC 8030), with VAPID and encryption checked.

The rule to remember: there are two kinds of subscribers. Pretend ones, whose keys we have: their messages are decrypted
and shown. Real browsers, which only `Channels` knows: their messages go on as they came, and nobody here can read them.
"""

import re
import secrets
from collections.abc import Coroutine
from typing import Any, Protocol

import msgspec

from workers.sandbox import payload
from workers.sandbox.decryption import Undecryptable, decrypt
from workers.sandbox.exchange import Answer, Request, as_json
from workers.sandbox.phones import Shown
from workers.sandbox.reception import Reception
from workers.sandbox.subscriptions import Subscriptions
from workers.sandbox.tokens import BadToken, from_base64url
from workers.sandbox.vapid import Forbidden, Senders, Unknown

BODY_BYTES_MAX = 4096
TTL_MAX_S = 2_592_000
"""What we keep at most, 30 days, whatever a sender wishes."""
URGENCIES = frozenset({"very-low", "low", "normal", "high"})
ERRORS = {
    "missing-crypto": (400, 101), "not-found": (404, 102), "gone": (410, 105), "too-large": (413, 104),
    "unauthorized": (401, 109), "forbidden": (403, 109), "bad-crypto": (400, 110), "missing-ttl": (400, 111),
    "bad-ttl": (400, 112), "bad-topic": (400, 113), "bad-urgency": (400, 114), "method": (405, 999),
    "too-many": (429, 201), "internal": (500, 999), "unavailable": (503, 201),
}  # fmt: skip
"""By reason: the status, and the `errno` by which Mozilla's service names it in the body."""
FAULTS = {
    "400": "bad-crypto", "401": "unauthorized", "403": "forbidden", "404": "not-found", "410": "gone",
    "413": "too-large", "429": "too-many", "500": "internal", "503": "unavailable",
}  # fmt: skip

_PATH = re.compile(r"/push/([A-Za-z0-9_-]{1,128})")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Channels(Protocol):
    """The real browsers' subscriptions."""

    def knows(self, endpoint_id: str) -> bool:
        """Whether a browser has subscribed under this id."""

    def vapid_key(self, endpoint_id: str) -> str | None:
        """The public key (base64url) that alone may send to it; None where anybody may."""

    async def deliver(
        self, endpoint_id: str, headers: dict[str, str], body: bytes, ttl_s: float, topic: str | None, urgency: str
    ) -> bool:
        """Hand it on, still encrypted. False where there is no such subscription any more."""


class Refused(Exception):
    """The reason and, in words, what is wrong."""


class BrowserService:
    """The stand-in. `handle` answers one request; endpoints begin with `origin`."""

    def __init__(self, origin: str, subscriptions: Subscriptions, channels: Channels, reception: Reception) -> None:
        self._origin, self._subscriptions, self._channels, self._reception = origin, subscriptions, channels, reception
        self._senders = Senders(origin, reception.clock_s)

    def handle(self, request: Request) -> Answer | Coroutine[Any, Any, Answer]:
        """What a push service would say."""
        self._reception.called()
        try:
            endpoint_id = self._addressed(request)
            headers = _Wishes.of(request)
            said = Answer(
                201,
                (
                    (b"location", f"{self._origin}/message/{secrets.token_urlsafe(12)}".encode()),
                    (b"ttl", b"%d" % min(headers.ttl_s, TTL_MAX_S)),
                ),
            )
            endpoint = f"{self._origin}/push/{endpoint_id}"
            if self._channels.knows(endpoint_id):
                return self._hand_on(endpoint_id, endpoint, request.body, headers, said)
            shown = self._read(endpoint_id, request.body, headers)
        except Refused as refused:
            return self._reception.refuse(*_refusal(*refused.args))
        return self._reception.receive(endpoint, shown, said)

    def _addressed(self, request: Request) -> str:
        """The subscription, once sender and address are right."""
        path = _PATH.fullmatch(request.path.decode("latin-1"))
        if path is None or not (self._subscriptions.knows(path[1]) or self._channels.knows(path[1])):
            raise Refused("not-found", "No such subscription")
        if request.method != b"POST":
            raise Refused("method", "Only POST is allowed")
        try:
            key = self._senders.key(request.header(b"authorization"))
        except Unknown as unknown:
            raise Refused("unauthorized", str(unknown)) from None
        except Forbidden as forbidden:
            raise Refused("forbidden", str(forbidden)) from None
        if not self._may_send(path[1], key):
            raise Refused("forbidden", "The subscription is bound to another key")
        return path[1]

    def _may_send(self, endpoint_id: str, key: bytes) -> bool:
        if not self._channels.knows(endpoint_id):
            return self._subscriptions.may_send(endpoint_id, key)
        bound = self._channels.vapid_key(endpoint_id)
        try:
            return bound is None or from_base64url(bound) == key
        except BadToken:
            return False

    def _read(self, endpoint_id: str, body: bytes, wishes: "_Wishes") -> Shown | None:
        """What a pretend browser shows; None for a message without content."""
        if not body:
            return None
        try:
            text = decrypt(body, self._subscriptions.keys(endpoint_id))
        except Undecryptable as problem:
            raise Refused("bad-crypto", str(problem)) from None
        return _shown(text, wishes.topic)

    async def _hand_on(self, endpoint_id: str, endpoint: str, body: bytes, wishes: "_Wishes", said: Answer) -> Answer:
        """To a real browser, unless a fault has another fate for it. What it shows, only it knows."""
        answer = self._reception.receive(endpoint, None, said)
        if answer.status == 201:
            encoding = {"encoding": "aes128gcm"} if body else {}
            here = await self._channels.deliver(endpoint_id, encoding, body, wishes.ttl_s, wishes.topic, wishes.urgency)
            if not here:
                return _refusal("gone", "The subscription has ended")[1]
        return answer


class _Wishes(msgspec.Struct, frozen=True):
    """How a message is to be delivered (RFC 8030, 5)."""

    ttl_s: int
    topic: str | None
    urgency: str

    @classmethod
    def of(cls, request: Request) -> "_Wishes":
        """From the headers of a request whose body is also looked at. Raises Refused."""
        if len(request.body) > BODY_BYTES_MAX:
            raise Refused("too-large", f"At most {BODY_BYTES_MAX} bytes")
        encoding = request.header(b"content-encoding")
        if request.body and encoding is None:
            raise Refused("missing-crypto", "Content-Encoding is missing")
        if request.body and encoding != "aes128gcm":
            raise Refused("bad-crypto", "Content-Encoding must be aes128gcm")
        ttl, topic, urgency = (request.header(name) for name in (b"ttl", b"topic", b"urgency"))
        if ttl is None:
            raise Refused("missing-ttl", "TTL is missing")
        if not re.fullmatch(r"[0-9]{1,10}", ttl):
            raise Refused("bad-ttl", "TTL must be a number of seconds")
        if topic is not None and not _TOPIC.fullmatch(topic):
            raise Refused("bad-topic", "Topic must be 1 to 32 characters of base64url")
        if urgency is not None and urgency not in URGENCIES:
            raise Refused("bad-urgency", f"Urgency must be one of {', '.join(sorted(URGENCIES))}")
        return cls(int(ttl), topic, urgency or "normal")


def _shown(text: bytes, topic: str | None) -> Shown | None:
    """The notification of a declarative message (https://www.w3.org/TR/push-api/), or of our own service worker."""
    try:
        content = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None  # a page may send what it likes; this one shows nothing
    notification = content.get("notification", content)
    if not isinstance(notification, dict):
        return None
    own = notification.get("data")
    data = {**content, **notification, **(own if isinstance(own, dict) else {})}
    words = payload.Words(notification.get("title"), body=notification.get("body"))  # browsers have no subtitle
    collapse = notification.get("tag") or topic or data.get("alert") or secrets.token_hex(8)
    return payload.shown(str(collapse), words, data, sound=notification.get("silent") is not True)


def refusals(status: str, _: float) -> tuple[str, Answer]:
    """A push service's words for a status that a fault names."""
    return _refusal(FAULTS[status], "As the sandbox was told to")


def _refusal(reason: str, message: str) -> tuple[str, Answer]:
    status, errno = ERRORS[reason]
    return reason, as_json(status, {"code": status, "errno": errno, "error": reason, "message": message})
