"""A device: one installation that can be pushed to, and what its reader wants to hear.

The rule to remember: a device is a number. Its platform and its number say where its record lies and which bit of a
ledger is its own; a number is never given to another device. The token is personal data and stays out of every log.
"""

from typing import Literal

import msgspec

from service.domain.alert import Level

Platform = Literal["apns", "fcm", "webpush"]
PLATFORMS: tuple[Platform, ...] = ("apns", "fcm", "webpush")
Environment = Literal["production", "development"]
BLOCK_DEVICES = 1000
"""Devices of one block, which one job takes at once. Device `n` is bit `n % 1000` of block `n // 1000`."""


class Quiet(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to", "flash_breaks": "flashBreaks"}):
    """Hours (`HH:MM`, local to the IANA `zone`, over midnight where end < start) in which alerts come without sound."""

    start: str
    end: str
    zone: str
    flash_breaks: bool = True


class Mute(msgspec.Struct, frozen=True):
    """A story that the reader does not want to hear of until then (RFC 3339)."""

    story: str
    until: str


class Preferences(msgspec.Struct, frozen=True, rename="camel"):
    """What a reader wants. Empty lists mean all."""

    editions: tuple[str, ...]
    min_level: Level = "brief"
    sections: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    quiet: Quiet | None = None
    mute: tuple[Mute, ...] = ()


class Subscription(msgspec.Struct, frozen=True):
    """A browser's Web Push subscription: endpoint, the client's public key (P-256, uncompressed, 65 bytes) and its
    authentication secret (16 bytes), as RFC 8291 has them.
    """

    endpoint: str
    p256dh: bytes
    auth: bytes


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One registered device. `token` is the APNs token (hex), the FCM token, or empty where there is a subscription."""

    number: int
    platform: Platform
    token: str
    subscription: Subscription | None
    preferences: Preferences
    registered_ms: int
    """When this token was last registered; a provider's word about an older time condemns nothing."""
    test: bool = False
    environment: Environment = "production"
    topic: str | None = None
    app_version: str | None = None
    locale: str | None = None
    gone_ms: int | None = None
    """A tombstone: when a provider said that the token is gone. Such a device is sent nothing."""

    @property
    def block(self) -> int:
        return self.number // BLOCK_DEVICES

    @property
    def bit(self) -> int:
        return self.number % BLOCK_DEVICES
