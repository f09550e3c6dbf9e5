"""Browsers: the message of a notification in Web Push (RFC 8030), in the form of declarative Web Push.

The rule to remember: a browser that knows the declarative form shows it without our worker, all others hand it to
`sw.js`; both show one notification per alert (its tag). Browsers punish a push that shows nothing: silent means
without sound.
"""

from typing import Any

import msgspec

from service.domain.payloads.fitting import fitted
from service.domain.payloads.notification import BYTES_MAX, Message, Notification, own_fields

ENCRYPTION_BYTES = 103
"""What RFC 8291 adds: header 21, our public key 65, one record's delimiter 1 and tag 16."""
PLAINTEXT_BYTES_MAX = BYTES_MAX - ENCRYPTION_BYTES
DECLARATIVE = 8030
"""By this number a browser knows the declarative form."""
_encode = msgspec.json.encode


def build(notification: Notification, *, sound: bool, bytes_max: int = PLAINTEXT_BYTES_MAX) -> Message:
    """Headers and the plaintext to be encrypted, at most `bytes_max` bytes. Content-Encoding and Authorization come
    with the encryption and the sender's key."""
    body = fitted(notification, lambda shown: _encode(payload(shown, sound=sound)), bytes_max)
    return Message(_headers(notification), body)


def payload(notification: Notification, *, sound: bool) -> dict[str, Any]:
    """The declarative form, and our own fields beside it."""
    fields = own_fields(notification)
    if notification.subtitle is not None:
        fields["subtitle"] = notification.subtitle
    return {"web_push": DECLARATIVE, "notification": _shown(notification, sound), "mutable": True, **fields}


def _headers(notification: Notification) -> tuple[tuple[str, str], ...]:
    """`Topic`: a newer version takes an undelivered older one's place (RFC 8030, 5.4; at most 32 characters)."""
    return (
        ("ttl", str(notification.ttl_s)),
        ("urgency", "high" if notification.is_pressing else "normal"),
        ("topic", notification.alert.id),
    )


def _shown(notification: Notification, sound: bool) -> dict[str, Any]:
    """`renotify` rings for what takes a shown one's place; a new one that was sent twice must not ring twice."""
    alert = notification.alert
    aloud = sound and notification.change != "silent"
    shown: dict[str, Any] = {
        "title": notification.title,
        "body": notification.line,
        "navigate": notification.url,
        "tag": alert.id,
        "dir": alert.dir,
        "lang": alert.language,
        "silent": not aloud,
        "renotify": aloud and notification.change != "new",
        # where a browser shows it by itself, this is all that the next version can be compared with
        "data": {"alert": alert.id, "version": alert.version},
    }
    if notification.image is not None:
        shown["image"] = notification.image
    return shown
