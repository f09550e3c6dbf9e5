"""How an alert will look on each channel, told from the very payloads that phones and browsers are sent.

The rule to remember: a preview is what the builders made, read back. Words are those of the payload without the marks
that keep their direction, bytes are those that the provider counts.
"""

from typing import Any

import msgspec

from service.domain import text
from service.domain.alert import Alert
from service.domain.bidi import unwrapped
from service.domain.newsroom import Edition
from service.domain.payloads import apns, fcm, webpush
from service.domain.payloads.notification import Notification, notify

IOS_GRAPHEMES = 160
"""What an iPhone's lock screen shows of a body before it is touched …"""
IOS_WITH_IMAGE_GRAPHEMES = 130
"""… and beside a picture (both and the next: Braze, "Push message and image formats")."""
ANDROID_GRAPHEMES = 49
"""The one line of Android's lock screen; pulled open, it shows all of ours."""
WEB_GRAPHEMES = 120
"""Two lines of Chrome on Windows; macOS shows less, Firefox a little more (Firepush, "Push character limits")."""


class Preview(msgspec.Struct, frozen=True, rename="camel"):
    """One channel. `cut_at` says after how many characters of `body` a lock screen ends, None where it shows all;
    `bytes` is the payload's size, of `BYTES_MAX` at most."""

    title: str
    subtitle: str | None
    body: str
    bytes: int
    cut_at: int | None


class TickerPreview(msgspec.Struct, frozen=True):
    """The line of open pages, which show all of it."""

    text: str
    graphemes: int


class Previews(msgspec.Struct, frozen=True):
    """An alert on every channel."""

    ios: Preview
    android: Preview
    web: Preview
    ticker: TickerPreview


def previews(alert: Alert, edition: Edition, public_url: str) -> Previews:
    """What readers would see of a new `alert`, with sound."""
    notification = notify(alert, edition, "new", public_url)
    line = alert.text or ""
    return Previews(
        ios=_ios(notification),
        android=_android(notification),
        web=_web(notification),
        ticker=TickerPreview(line, text.graphemes(line)),
    )


def _ios(notification: Notification) -> Preview:
    body = apns.build(notification, sound=True).body
    decoded = msgspec.json.decode(body)
    most = IOS_WITH_IMAGE_GRAPHEMES if "image" in decoded else IOS_GRAPHEMES
    return _preview(decoded["aps"]["alert"], len(body), most)


def _android(notification: Notification) -> Preview:
    """Of the message without the phone's token, for which room is kept."""
    body = fcm.build(notification, sound=True).body
    return _preview(msgspec.json.decode(body)["message"]["android"]["notification"], len(body), ANDROID_GRAPHEMES)


def _web(notification: Notification) -> Preview:
    """As it is sent: what encryption adds is counted."""
    body = webpush.build(notification, sound=True).body
    shown = msgspec.json.decode(body)["notification"]
    return _preview(shown, len(body) + webpush.ENCRYPTION_BYTES, WEB_GRAPHEMES)


def _preview(shown: dict[str, Any], size: int, most: int) -> Preview:
    subtitle, body = shown.get("subtitle"), unwrapped(shown["body"])
    return Preview(
        title=unwrapped(shown["title"]),
        subtitle=None if subtitle is None else unwrapped(subtitle),
        body=body,
        bytes=size,
        cut_at=most if text.graphemes(body) > most else None,
    )
