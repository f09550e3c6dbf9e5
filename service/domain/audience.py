"""Who gets an alert, and how loudly: decided for one device at a time, from the alert and the reader's preferences.

The rule to remember: a decision is a value. Skip names its cause, which the delivery report counts.
"""

from typing import Literal

import msgspec

from service.domain.alert import Alert
from service.domain.device import Device

Cause = Literal["edition", "level", "section", "region", "muted", "gone", "drill", "expired", "no-push", "story"]


class Send(msgspec.Struct, frozen=True):
    """To be sent; `sound` is False in the reader's quiet hours."""

    sound: bool


class Skip(msgspec.Struct, frozen=True):
    """Not to be sent to this device."""

    cause: Cause


def decide(device: Device, alert: Alert, now_ms: int) -> Send | Skip:
    """Whether and how `device` is rung for a new `alert`. `alert.status` Exercise reaches test devices alone."""
    raise NotImplementedError


def sounds(device: Device, alert: Alert, now_ms: int) -> bool:
    """Whether a visible replacement (major correction, kill) may sound on `device` now: not in its quiet hours."""
    raise NotImplementedError
