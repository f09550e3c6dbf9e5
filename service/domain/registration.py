"""What an app sends to be rung: the body of a registration, checked field by field.

The rule to remember: a registration is the whole state of a device. What is not sent is not kept.
"""

import msgspec

from service.domain.device import Environment, Platform, Preferences, Subscription


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """A checked body. `token` is lower-case hex for APNs, the FCM token, or empty where there is a subscription."""

    platform: Platform
    token: str
    subscription: Subscription | None
    preferences: Preferences
    test: bool = False
    environment: Environment = "production"
    topic: str | None = None
    app_version: str | None = None
    locale: str | None = None
