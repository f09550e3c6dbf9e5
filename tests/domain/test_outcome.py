"""What every documented reply of every provider means, row by row; and what an undocumented one does."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.domain.device import PLATFORMS, Platform
from service.domain.outcome import (
    FCM_QUOTA_PAUSE_S,
    REASONS,
    Accepted,
    Gone,
    InDoubt,
    Lost,
    NotConfigured,
    NotSent,
    OurFault,
    Outcome,
    Reply,
    Retry,
    classify,
)

REGISTERED_MS = 1_000_000

# One line a reply: platform, status, reason (or -), what it means.
TABLE = """
apns 200 - accepted
apns 400 BadCollapseId fault
apns 400 BadDeviceToken fault
apns 400 BadExpirationDate fault
apns 400 BadMessageId fault
apns 400 BadPriority fault
apns 400 BadTopic not-configured
apns 400 DeviceTokenNotForTopic not-configured
apns 400 DuplicateHeaders fault
apns 400 IdleTimeout retry
apns 400 InvalidPushType fault
apns 400 MissingDeviceToken fault
apns 400 MissingTopic not-configured
apns 400 PayloadEmpty fault
apns 400 TopicDisallowed not-configured
apns 403 BadCertificate fault-of-all
apns 403 BadCertificateEnvironment fault-of-all
apns 403 BadEnvironmentKeyIdInToken not-configured
apns 403 ExpiredProviderToken retry-renewed
apns 403 Forbidden fault-of-all
apns 403 InvalidProviderToken fault-of-all
apns 403 MissingProviderToken fault-of-all
apns 403 UnrelatedKeyIdInToken fault-of-all
apns 404 BadPath fault
apns 405 MethodNotAllowed fault
apns 410 ExpiredToken gone
apns 410 Unregistered gone
apns 413 PayloadTooLarge too-large
apns 429 TooManyProviderTokenUpdates retry-later
apns 429 TooManyRequests retry
apns 500 InternalServerError retry
apns 503 ServiceUnavailable retry-later
apns 503 Shutdown retry
apns 410 - fault
apns 404 - fault
apns 403 - fault-of-all
fcm 200 - accepted
fcm 400 INVALID_ARGUMENT fault
fcm 401 THIRD_PARTY_AUTH_ERROR fault
fcm 401 UNAUTHENTICATED retry-renewed
fcm 401 - retry-renewed
fcm 403 PERMISSION_DENIED fault-of-all
fcm 403 SENDER_ID_MISMATCH not-configured
fcm 403 - fault-of-all
fcm 404 UNREGISTERED gone
fcm 404 NOT_FOUND fault
fcm 404 - fault
fcm 413 - too-large
fcm 429 QUOTA_EXCEEDED retry-later
fcm 429 - retry-later
fcm 500 INTERNAL retry
fcm 503 UNAVAILABLE retry-later
fcm 502 - in-doubt
fcm 504 - in-doubt
webpush 200 - accepted
webpush 201 - accepted
webpush 202 - accepted
webpush 204 - accepted
webpush 301 - fault
webpush 307 - fault
webpush 400 - fault
webpush 401 - fault
webpush 403 - fault
webpush 404 - gone
webpush 410 - gone
webpush 413 - too-large
webpush 429 - retry
webpush 500 - retry
webpush 502 - in-doubt
webpush 503 - retry-later
webpush 504 - in-doubt
apns 100 - fault
fcm 302 - fault
fcm 418 - fault
apns 599 - retry
apns 999 - fault
"""
ROWS = [row.split() for row in TABLE.strip().splitlines()]


def said(outcome: Outcome) -> str:
    """An outcome in the table's words."""
    match outcome:
        case Retry(renews=True):
            return "retry-renewed"
        case Retry(whole_provider=True):
            return "retry-later"
        case OurFault(stops_lane=True):
            return "fault-of-all"
        case OurFault(too_large=True):
            return "too-large"
    words = {Accepted: "accepted", Gone: "gone", Retry: "retry", InDoubt: "in-doubt", OurFault: "fault"}
    return words.get(type(outcome), "not-configured")


@pytest.mark.parametrize(("platform", "status", "reason", "meaning"), ROWS, ids=[" ".join(row[:3]) for row in ROWS])
def test_a_reply_means(platform: Platform, status: str, reason: str, meaning: str) -> None:
    reply = Reply(status=int(status), reason=None if reason == "-" else reason, since_ms=REGISTERED_MS + 1)
    assert said(classify(platform, reply, REGISTERED_MS)) == meaning


def test_the_table_above_has_every_documented_reason() -> None:
    told = {(platform, int(status), reason) for platform, status, reason, _ in ROWS}
    assert {(platform, *row) for platform in PLATFORMS for row in REASONS[platform]} <= told


@pytest.mark.parametrize(("since_ms", "gone"), [(REGISTERED_MS + 1, True), (REGISTERED_MS, False), (None, False)])
@pytest.mark.parametrize("reason", ["Unregistered", "ExpiredToken"])
def test_apple_condemns_only_what_was_not_registered_since(reason: str, since_ms: int | None, gone: bool) -> None:
    outcome = classify("apns", Reply(status=410, reason=reason, since_ms=since_ms), REGISTERED_MS)
    assert outcome == (Gone(reason) if gone else Retry(reason, whole_provider=False))


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("status", [429, 503])
def test_what_the_provider_asked_for_is_handed_on(platform: Platform, status: int) -> None:
    outcome = classify(platform, Reply(status=status, retry_after_s=7.5), 0)
    assert isinstance(outcome, Retry)
    assert outcome.after_s == 7.5


def test_a_used_up_quota_without_a_time_means_a_minute() -> None:
    assert classify("fcm", Reply(status=429, reason="QUOTA_EXCEEDED"), 0) == Retry("QUOTA_EXCEEDED", FCM_QUOTA_PAUSE_S)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_never_left_is_tried_again_and_what_was_lost_is_in_doubt(platform: Platform) -> None:
    assert classify(platform, NotSent("refused"), 0) == Retry("refused", None, whole_provider=False)
    assert classify(platform, NotSent("circuit-open", 3.0), 0) == Retry("circuit-open", 3.0, whole_provider=True)
    assert classify(platform, NotSent("private-address", for_good=True), 0) == OurFault("private-address")
    assert classify(platform, Lost("time-out"), 0) == InDoubt("time-out")


REASON_WORDS = sorted({reason for rows in REASONS.values() for _, reason in rows})
replies = st.builds(
    Reply,
    status=st.integers(0, 999),
    reason=st.none() | st.text() | st.sampled_from(REASON_WORDS),
    retry_after_s=st.none() | st.floats(0, 1e9),
    since_ms=st.none() | st.integers(0, 2 * REGISTERED_MS),
)


@given(platform=st.sampled_from(PLATFORMS), reply=replies)
def test_no_reply_condemns_a_token_but_the_proofs(platform: Platform, reply: Reply) -> None:
    proofs = {
        "apns": reply.status == 410
        and reply.reason in ("Unregistered", "ExpiredToken")
        and (reply.since_ms or 0) > REGISTERED_MS,
        "fcm": (reply.status, reply.reason) == (404, "UNREGISTERED"),
        "webpush": reply.status in (404, 410),
    }
    assert isinstance(classify(platform, reply, REGISTERED_MS), Gone) == proofs[platform]


@given(platform=st.sampled_from(PLATFORMS), reply=replies)
def test_a_cause_is_a_word_of_ours_or_of_the_documentation(platform: Platform, reply: Reply) -> None:
    """It goes into reports and metrics, where a stranger's text could be anything, and of endless variety."""
    outcome = classify(platform, reply, REGISTERED_MS)
    if not isinstance(outcome, Accepted):
        assert outcome.cause in (f"status-{reply.status}", *REASON_WORDS)


@given(platform=st.sampled_from(PLATFORMS), reply=replies)
@example(platform="apns", reply=Reply(status=2, reason=None))  # the first digit alone is no success
def test_accepted_is_a_success_of_the_provider_and_nothing_else(platform: Platform, reply: Reply) -> None:
    assert isinstance(classify(platform, reply, 0), Accepted) == (200 <= reply.status < 300)


def test_a_device_with_a_foreign_token_cannot_stop_the_lane() -> None:
    for platform, status, reason in [("apns", 400, "DeviceTokenNotForTopic"), ("apns", 400, "BadTopic"),
                                     ("fcm", 403, "SENDER_ID_MISMATCH"), ("webpush", 403, None)]:  # fmt: skip
        outcome = classify(platform, Reply(status=status, reason=reason), 0)  # type: ignore[arg-type]
        assert outcome in (NotConfigured(reason or ""), OurFault("status-403"))
