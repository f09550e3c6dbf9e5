"""Apple: the request of a notification to an iPhone or a Mac.

The rule to remember: the collapse identity is the alert's id, so that a phone shows one entry per alert; APNs keeps
only the newest for a phone that is off. `apns-topic`, the app's name, differs by device: the provider adds it.
"""

from typing import Any, Literal

import msgspec

from service.domain.alert import Level
from service.domain.payloads.fitting import fitted
from service.domain.payloads.notification import BYTES_MAX, Change, Message, Notification, own_fields

RELEVANCE: dict[Level, float] = {"flash": 1.0, "urgent": 0.8, "brief": 0.5, "line": 0.2}
"""How Apple sorts the summary of what came while the reader was away."""
CATEGORIES: dict[Change, str] = {
    "new": "alert",
    "silent": "alert",
    "visible": "correction",
    "withdrawn": "withdrawn",
}
"""By which an app chooses its buttons: there is nothing to share in what was withdrawn."""
_encode = msgspec.json.encode


def build(notification: Notification, *, sound: bool, bytes_max: int = BYTES_MAX) -> Message:
    """Headers and payload, at most `bytes_max` bytes. A silent change has no sound, whatever `sound` says."""
    body = fitted(notification, lambda shown: _encode(payload(shown, sound=sound)), bytes_max)
    return Message(headers(notification), body)


def headers(notification: Notification) -> tuple[tuple[str, str], ...]:
    """What tells APNs how to carry it. Priority 5 spares the battery: a silent change need not light up a screen."""
    return (
        ("apns-push-type", "alert"),
        ("apns-collapse-id", notification.alert.id),
        ("apns-expiration", str(notification.expires_ms // 1000)),
        ("apns-priority", "5" if notification.change == "silent" else "10"),
    )


def payload(notification: Notification, *, sound: bool) -> dict[str, Any]:
    """Apple's `aps`, and our own fields beside it."""
    return {"aps": aps(notification, sound=sound), **own_fields(notification)}


def aps(notification: Notification, *, sound: bool) -> dict[str, Any]:
    """Apple's dictionary. `mutable-content` wakes the app's service extension, which loads the image and sees to it
    that an older version never replaces a newer one."""
    alert = notification.alert
    aloud = sound and notification.change != "silent"
    words = {"title": notification.title, "subtitle": notification.subtitle, "body": notification.body}
    return {
        "alert": {name: word for name, word in words.items() if word is not None},
        **({"sound": "default"} if aloud else {}),
        "thread-id": alert.story,
        "category": CATEGORIES[notification.change],
        "interruption-level": _interruption(alert.level, aloud),
        "relevance-score": RELEVANCE[alert.level],
        "mutable-content": 1,
    }


def _interruption(level: Level, aloud: bool) -> Literal["passive", "active", "time-sensitive"]:
    """A flash breaks through a reader's focus, if the app may; what makes no sound does not light the screen either."""
    if not aloud:
        return "passive"
    return "time-sensitive" if level == "flash" else "active"
