"""Devices that do not exist, for a newcomer and for measurements.

The rule to remember: they look as real ones do, in the mix that is usual (45 % APNs, 45 % FCM, 10 % Web Push), so that
what is measured with them holds. The browsers among them come from the sandbox, which alone can read what they get.
"""

import secrets
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

from service import client
from service.domain.device import Platform, Preferences, Subscription
from service.domain.registration import Registration

MIX: tuple[Platform, ...] = (*("apns", "fcm") * 9, "webpush", "webpush")
"""Twenty devices: nine, nine and two."""
WITHOUT_WEB: tuple[Platform, ...] = ("apns", "fcm")
SUBSCRIPTIONS_AT_ONCE = 500
APNS_TOKEN_BYTES = 32
FCM_INSTANCE_BYTES, FCM_TOKEN_BYTES = 16, 105
"""A token of 163 characters: 22, a colon, 140."""


class NoSandbox(Exception):
    """The sandbox gives no subscriptions."""


class Inventor:
    """Makes registrations, each of a new device."""

    def __init__(self, platforms: Sequence[Platform], editions: Sequence[str], sandbox_url: str) -> None:
        self._platforms = cycle(platforms)
        self._wants = Preferences(editions=tuple(editions))
        self._sandbox_url = sandbox_url
        self._subscriptions: list[Subscription] = []

    def take(self, count: int) -> list[Registration]:
        """The next `count` devices, wanting all of the editions that is a brief or louder. Raises NoSandbox."""
        return [self._make(platform) for platform in islice(self._platforms, count)]

    def _make(self, platform: Platform) -> Registration:
        return Registration(
            platform=platform,
            token=_token(platform),
            subscription=self._subscription() if platform == "webpush" else None,
            preferences=self._wants,
        )

    def _subscription(self) -> Subscription:
        if not self._subscriptions:
            self._subscriptions = subscriptions(self._sandbox_url, SUBSCRIPTIONS_AT_ONCE)
        return self._subscriptions.pop()


def subscriptions(sandbox_url: str, count: int) -> list[Subscription]:
    """Subscriptions of browsers that the sandbox plays. Raises NoSandbox."""
    try:
        answer = client.send("POST", f"{sandbox_url}/v1/subscriptions", {"count": count}, patience_s=0)
        return [_subscription(made) for made in answer.body["subscriptions"]]
    except (client.Unreachable, client.Refused, KeyError, TypeError, ValueError) as problem:
        raise NoSandbox(f"{sandbox_url}: {problem}") from None


def _subscription(made: dict[str, Any]) -> Subscription:
    keys = made["keys"]
    return Subscription(made["endpoint"], _bytes(keys["p256dh"]), _bytes(keys["auth"]))


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _token(platform: Platform) -> str:
    match platform:
        case "apns":
            return secrets.token_hex(APNS_TOKEN_BYTES)
        case "fcm":
            return f"{secrets.token_urlsafe(FCM_INSTANCE_BYTES)}:{secrets.token_urlsafe(FCM_TOKEN_BYTES)}"
        case "webpush":
            return ""
