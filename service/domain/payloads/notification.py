"""A notification: what a phone is to show of an alert, before any platform's format.

The rule to remember: made once per alert, version and change, never per device. Whether it sounds is the only thing
that differs from reader to reader, and each platform builds both forms once.
"""

from typing import Literal

import msgspec

from service.domain.alert import Alert
from service.domain.newsroom import Edition

Change = Literal["new", "silent", "visible", "withdrawn"]
"""new: rings. silent: replaces what is shown, without sound. visible: replaces it so that it is seen, with sound
outside quiet hours (a major correction). withdrawn: the same, after a kill."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """`title` names the level (or the correction), `subtitle` the attribution, `body` the headline; each already
    isolated for its direction. `url` is the deep link, absolute."""

    alert: Alert
    change: Change
    title: str
    subtitle: str | None
    body: str
    url: str


class Message(msgspec.Struct, frozen=True):
    """A request without its device: `headers` go as they are; `body` is final, or (FCM) has a place for the token,
    or (Web Push) is the plaintext to be encrypted."""

    headers: tuple[tuple[str, str], ...]
    body: bytes


def notify(alert: Alert, edition: Edition, change: Change, public_url: str) -> Notification:
    """What to show of `alert` (its public form: redacted after a kill) in the words of its edition."""
    raise NotImplementedError
