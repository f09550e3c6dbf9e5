"""Google: the message of a notification in FCM HTTP v1, for Android, and for iPhones and browsers reached through it.

The rule to remember: built once per alert, with a place for the token. The Android tag is the alert's id, so that a
phone shows one entry per alert; there is no `collapse_key`, because a device keeps only four of them apart.
"""

from typing import Any

import msgspec

from service.domain.alert import Level
from service.domain.payloads import apns
from service.domain.payloads.fitting import fitted
from service.domain.payloads.notification import BYTES_MAX, Message, Notification, own_fields

TOKEN_BYTES = 256
"""Kept free for the token, so that an addressed message fits too; Google's tokens have 140 to 190."""
QUIET_CHANNEL = "quiet"
"""The channel of new alerts in a reader's quiet hours: seen, not heard. On Android the channel decides on sound."""
UPDATES_CHANNEL = "updates"
"""The channel of silent replacements."""
PRIORITIES: dict[Level, str] = {
    "flash": "PRIORITY_MAX",
    "urgent": "PRIORITY_HIGH",
    "brief": "PRIORITY_DEFAULT",
    "line": "PRIORITY_LOW",
}
"""The same for phones older than channels (Android 7)."""
_BEFORE_TOKEN = b'{"message":{"token":"'
_encode = msgspec.json.encode


def build(notification: Notification, *, sound: bool, bytes_max: int = BYTES_MAX - TOKEN_BYTES) -> Message:
    """Headers and a body that `addressed` completes, at most `bytes_max` bytes without the token."""
    body = fitted(notification, lambda shown: _encode({"message": _message(shown, sound=sound)}), bytes_max)
    assert body.startswith(_BEFORE_TOKEN), "the token's place is where `addressed` looks for it"
    return Message((("content-type", "application/json"),), body)


def addressed(message: Message, token: str) -> bytes:
    """The request's body for one device: `token` in its place, escaped as JSON."""
    place = len(_BEFORE_TOKEN)
    return message.body[:place] + _encode(token)[1:-1] + message.body[place:]


def _message(notification: Notification, *, sound: bool) -> dict[str, Any]:
    """`data` goes to all three platforms; a browser and an iPhone read the rest from their own blocks."""
    aloud = sound and notification.change != "silent"
    return {
        "token": "",
        "data": _data(notification),
        "android": _android(notification, aloud),
        "apns": {"headers": dict(apns.headers(notification)), "payload": {"aps": apns.aps(notification, sound=sound)}},
        "webpush": _webpush(notification, aloud),
    }


def _data(notification: Notification) -> dict[str, str]:
    """Our own fields; FCM carries texts only. Android has no subtitle, so it stands here too."""
    fields = {name: str(value) for name, value in own_fields(notification).items()}
    return fields if notification.subtitle is None else fields | {"subtitle": notification.subtitle}


def _android(notification: Notification, aloud: bool) -> dict[str, Any]:
    alert = notification.alert
    shown: dict[str, Any] = {
        "title": notification.title,
        "body": notification.line,
        "tag": alert.id,
        "channel_id": _channel(notification, aloud),
        "notification_priority": PRIORITIES[alert.level] if aloud else "PRIORITY_LOW",
        "default_sound": aloud,
    }
    if notification.image is not None:
        shown["image"] = notification.image
    return {
        "priority": "HIGH" if notification.is_pressing else "NORMAL",
        "ttl": f"{notification.ttl_s}s",
        "notification": shown,
    }


def _channel(notification: Notification, aloud: bool) -> str:
    """A reader sets each channel apart from the others: one level's sound, or the silent ones away."""
    if notification.change == "silent":
        return UPDATES_CHANNEL
    return notification.alert.level if aloud else QUIET_CHANNEL


def _webpush(notification: Notification, aloud: bool) -> dict[str, Any]:
    """For sites that use Google's library; those that use ours get `webpush.py`. Google takes https links alone."""
    alert = notification.alert
    link = {"fcm_options": {"link": notification.url}} if notification.url.startswith("https://") else {}
    return {
        "headers": {
            "TTL": str(notification.ttl_s),
            "Urgency": "high" if notification.is_pressing else "normal",
            "Topic": alert.id,
        },
        "notification": {
            "title": notification.title,
            "body": notification.line,
            "tag": alert.id,
            "dir": alert.dir,
            "lang": alert.language,
            "silent": not aloud,
        },
        **link,
    }
