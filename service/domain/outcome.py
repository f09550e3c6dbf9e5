"""What a provider's reply means: one table for APNs, FCM and Web Push.

The rule to remember: only a token-specific proof condemns a token. In doubt (nothing heard after the request had left)
is a state of its own: the phone may have it, so it is sent again under the same collapse identity, and counted.
"""

from typing import Literal

import msgspec

from service.domain.device import Platform


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for one request. `reason` is the provider's own word (APNs `reason`, FCM `errorCode`)."""

    status: int
    reason: str | None = None
    retry_after_s: float | None = None
    """Already a number of seconds, whether the provider sent seconds or a date."""
    since_ms: int | None = None
    """APNs 410: since when the token is gone."""


class NotSent(msgspec.Struct, frozen=True):
    """Nothing left us: refused connection, TLS fault, no stream, circuit open. `why` for the log and the report.
    `pause_s`: how long this provider had better be left alone. `for_good`: it lies in this device (an address that is
    not allowed, no topic), so that trying again would change nothing."""

    why: str
    pause_s: float | None = None
    for_good: bool = False


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
    """Refused for now, nothing was delivered. `after_s`: what the provider asked for; `whole_provider`: all wait (for
    Web Push, all of the same push service). `renews`: our access token has run out; get a new one, then try again."""

    cause: str
    after_s: float | None = None
    whole_provider: bool = True
    renews: bool = False


class InDoubt(msgspec.Struct, frozen=True):
    """It may have been delivered."""

    cause: str


class OurFault(msgspec.Struct, frozen=True):
    """Refused for good. `stops_lane`: the same will happen to every other request (credentials). Never for what a
    single device can cause (its token, its topic): one forged registration would silence all."""

    cause: str
    stops_lane: bool = False
    too_large: bool = False


class NotConfigured(msgspec.Struct, frozen=True):
    """The provider is off, or does not know our app for this device."""

    cause: str


Outcome = Accepted | Gone | Retry | InDoubt | OurFault | NotConfigured
Kind = Literal["accepted", "gone", "retry", "in-doubt", "our-fault", "not-configured"]

FCM_QUOTA_PAUSE_S = 60.0
"""How long Google wants to be left alone after a 429 that names no time."""

# What a row may say. The rest of a row's meaning (how long, since when) is in the reply.
_Verdict = Literal[
    "accepted",
    "gone",  # for certain
    "gone-since",  # gone if the provider's proof is newer than the registration, else tried again
    "retry",  # this request failed, others may not
    "pause",  # the provider wants to be left alone
    "renew",  # our access token has run out
    "in-doubt",
    "fault",  # this request or this device; others are not concerned
    "too-large",
    "stop",  # every other request will meet the same
    "not-configured",  # the provider does not know our app for this device
]

REASONS: dict[Platform, dict[tuple[int, str], _Verdict]] = {
    # Apple, "Handling notification responses from APNs"
    "apns": {
        (400, "BadCollapseId"): "fault",
        (400, "BadDeviceToken"): "fault",  # malformed, or of the other environment: no proof that it is gone
        (400, "BadExpirationDate"): "fault",
        (400, "BadMessageId"): "fault",
        (400, "BadPriority"): "fault",
        (400, "BadTopic"): "not-configured",
        (400, "DeviceTokenNotForTopic"): "not-configured",
        (400, "DuplicateHeaders"): "fault",
        (400, "IdleTimeout"): "retry",
        (400, "InvalidPushType"): "fault",
        (400, "MissingDeviceToken"): "fault",
        (400, "MissingTopic"): "not-configured",
        (400, "PayloadEmpty"): "fault",
        (400, "TopicDisallowed"): "not-configured",
        (403, "BadCertificate"): "stop",
        (403, "BadCertificateEnvironment"): "stop",
        (403, "BadEnvironmentKeyIdInToken"): "not-configured",  # for this device's environment
        (403, "ExpiredProviderToken"): "renew",
        (403, "Forbidden"): "stop",
        (403, "InvalidProviderToken"): "stop",
        (403, "MissingProviderToken"): "stop",
        (403, "UnrelatedKeyIdInToken"): "stop",
        (404, "BadPath"): "fault",
        (405, "MethodNotAllowed"): "fault",
        (410, "ExpiredToken"): "gone-since",
        (410, "Unregistered"): "gone-since",
        (413, "PayloadTooLarge"): "too-large",
        (429, "TooManyProviderTokenUpdates"): "pause",
        (429, "TooManyRequests"): "retry",  # too many to this one device
        (500, "InternalServerError"): "retry",
        (503, "ServiceUnavailable"): "pause",
        (503, "Shutdown"): "retry",  # this connection only; the next one reaches another server
    },
    # Google, "ErrorCode" of FCM HTTP v1
    "fcm": {
        (400, "INVALID_ARGUMENT"): "fault",  # the token or the message: no proof against the token
        (401, "THIRD_PARTY_AUTH_ERROR"): "fault",  # Google's credentials for APNs: concerns iPhones alone
        (401, "UNAUTHENTICATED"): "renew",
        (403, "PERMISSION_DENIED"): "stop",
        (403, "SENDER_ID_MISMATCH"): "not-configured",
        (404, "UNREGISTERED"): "gone",
        (429, "QUOTA_EXCEEDED"): "pause",
        (500, "INTERNAL"): "retry",
        (503, "UNAVAILABLE"): "pause",
    },
    # RFC 8030 and the push services' own pages; they name no reasons that all of them share
    "webpush": {},
}
"""Every documented reason, with the status it comes with."""

STATUSES: dict[Platform, dict[int, _Verdict]] = {
    "apns": {},
    "fcm": {401: "renew"},
    "webpush": {
        # A subscription made with another application's key is refused so too, and anybody can register one: a single
        # refusal stops nothing. Where most are refused, the guard of `pacing.py` stops the lane.
        401: "fault",
        403: "fault",
        404: "gone",
        410: "gone",
        429: "retry",  # push services count by subscription
    },
}
"""What a status means to one platform, whatever the reason."""

CLASSES: dict[int, _Verdict] = {
    401: "stop", 403: "stop", 408: "retry", 413: "too-large", 425: "retry", 429: "pause",
    # a proxy on the way has lost the answer: the provider may have the message
    502: "in-doubt", 503: "pause", 504: "in-doubt",
    # what is left, by its first digit: a redirect is never followed, and nobody has documented a 1xx
    100: "fault", 200: "accepted", 300: "fault", 400: "fault", 500: "retry",
}  # fmt: skip
"""What a status means that no other table names."""


def classify(platform: Platform, sent: Sent, registered_ms: int) -> Outcome:
    """What `sent` means for a device whose token was registered at `registered_ms`. Never raises."""
    if isinstance(sent, NotSent):
        if sent.for_good:
            return OurFault(sent.why)
        return Retry(sent.why, sent.pause_s, whole_provider=sent.pause_s is not None)
    if isinstance(sent, Lost):
        return InDoubt(sent.why)
    return _outcome(_verdict(platform, sent), sent, _cause(platform, sent), registered_ms)


def _verdict(platform: Platform, reply: Reply) -> _Verdict:
    """The most exact row: reason with its status, status of the platform, status of all, class of the status."""
    status = reply.status
    return (
        REASONS[platform].get((status, reply.reason or ""))
        or STATUSES[platform].get(status)
        or CLASSES.get(status)
        or CLASSES.get(status - status % 100, "fault")
    )


def _outcome(verdict: _Verdict, reply: Reply, cause: str, registered_ms: int) -> Outcome:
    match verdict:
        case "accepted":
            return Accepted()
        case "gone":
            return Gone(cause)
        case "gone-since":
            # a token that was registered again after it was found gone is alive, whatever the provider remembers
            proven = reply.since_ms is not None and reply.since_ms > registered_ms
            return Gone(cause) if proven else Retry(cause, reply.retry_after_s, whole_provider=False)
        case "retry":
            return Retry(cause, reply.retry_after_s, whole_provider=False)
        case "pause":
            return Retry(cause, _pause_s(reply, cause))
        case "renew":
            return Retry(cause, reply.retry_after_s, whole_provider=False, renews=True)
        case "in-doubt":
            return InDoubt(cause)
        case "not-configured":
            return NotConfigured(cause)
    return OurFault(cause, stops_lane=verdict == "stop", too_large=verdict == "too-large")


def _pause_s(reply: Reply, cause: str) -> float | None:
    if reply.retry_after_s is None and cause == "QUOTA_EXCEEDED":
        return FCM_QUOTA_PAUSE_S
    return reply.retry_after_s


def _cause(platform: Platform, reply: Reply) -> str:
    """For the report: the provider's own word where we know it (a stranger's word could be any text), or the status."""
    known = (reply.status, reply.reason or "") in REASONS[platform]
    return reply.reason if known and reply.reason else f"status-{reply.status}"
