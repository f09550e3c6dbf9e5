"""What a provider's reply means: one table for APNs, FCM and Web Push.

The rule to remember: only a token-specific proof condemns a token. In doubt (nothing heard after the request had left)
is a state of its own: the phone may have it, so it is sent again under the same collapse identity, and counted.
"""

from typing import Literal

import msgspec


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for one request. `reason` is the provider's own word (APNs `reason`, FCM `errorCode`)."""

    status: int
    reason: str | None = None
    retry_after_s: float | None = None
    """Already a number of seconds, whether the provider sent seconds or a date."""
    since_ms: int | None = None
    """APNs 410: since when the token is gone."""


class NotSent(msgspec.Struct, frozen=True):
    """Nothing left us: refused connection, TLS fault, no stream, circuit open, address not allowed. `why` for the log.
    `pause_s`: how long this provider had better be left alone."""

    why: str
    pause_s: float | None = None


class Lost(msgspec.Struct, frozen=True):
    """The request may have left and nothing came back: time-out, reset, connection gone."""

    why: str


Sent = Reply | NotSent | Lost
"""All that a provider's `send` may return; it raises for nothing that happens on a network."""


class Accepted(msgspec.Struct, frozen=True):
    """The provider has it. Whether it is shown is for a receipt to tell."""


class Gone(msgspec.Struct, frozen=True):
    """The token is no more."""

    cause: str


class Retry(msgspec.Struct, frozen=True):
    """Refused for now, nothing was delivered. `after_s`: what the provider asked for; `whole_provider`: all wait."""

    cause: str
    after_s: float | None = None
    whole_provider: bool = True


class InDoubt(msgspec.Struct, frozen=True):
    """It may have been delivered."""

    cause: str


class OurFault(msgspec.Struct, frozen=True):
    """Refused for good. `stops_lane`: the same will happen to every other request (credentials, topic)."""

    cause: str
    stops_lane: bool = False
    too_large: bool = False


class NotConfigured(msgspec.Struct, frozen=True):
    """The provider is off, or does not know our app for this device."""

    cause: str


Outcome = Accepted | Gone | Retry | InDoubt | OurFault | NotConfigured
Kind = Literal["accepted", "gone", "retry", "in-doubt", "our-fault", "not-configured"]
