"""What an app may send to be rung: a table of what is taken, and of what is refused with its place."""

import zoneinfo
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.device import Device, Mute, Preferences, Quiet
from service.domain.errors import Invalid
from service.domain.registration import Registration, Rules, body_of, check_registration, check_replacement
from tests.domain.making import NEWSROOM, NOW_MS, alert_id

RULES = Rules(NEWSROOM, zoneinfo.available_timezones(), ("fcm.googleapis.com", "localhost:8444"))
WANTS_ALL = {"editions": ["en"]}
APNS = {"platform": "apns", "token": "AB" * 32, "preferences": WANTS_ALL}
FCM = {"platform": "fcm", "token": "dQw4:APA91b-_" * 10, "preferences": WANTS_ALL}
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
"""The client's key of RFC 8291, appendix A."""
WEB = {
    "platform": "webpush",
    "subscription": {
        "endpoint": "https://fcm.googleapis.com/fcm/send/abc",
        "keys": {"p256dh": P256DH, "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
    },
    "preferences": WANTS_ALL,
}


def check(body: Any, **changes: Any) -> Registration:
    return check_registration({**body, **changes}, RULES)


def faults(body: Any, **changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        check(body, **changes)
    return {finding.pointer: finding.detail for finding in refused.value.findings}


def as_device(registration: Registration, number: int = 7) -> Device:
    fields = {name: getattr(registration, name) for name in registration.__struct_fields__}
    return Device(number=number, registered_ms=NOW_MS, **fields)


@pytest.mark.parametrize("body", [APNS, FCM, WEB], ids=["apns", "fcm", "webpush"])
def test_the_least_that_a_device_says_is_enough(body: Any) -> None:
    registration = check(body)
    assert registration.platform == body["platform"]
    assert registration.preferences == Preferences(editions=("en",))
    assert (registration.test, registration.environment, registration.topic) == (False, "production", None)


def test_a_device_may_say_all_of_it() -> None:
    registration = check(
        APNS,
        environment="development",
        topic="org.example.news",
        appVersion="4.2 (118)",
        locale="ar-LB",
        test=True,
        preferences={
            "editions": ["en", "ar"],
            "minLevel": "urgent",
            "sections": ["sports"],
            "regions": ["mena"],
            "quiet": {"from": "23:00", "to": "07:00", "zone": "Asia/Beirut", "flashBreaks": False},
            "mute": [{"story": alert_id(1), "until": "2026-11-19T10:00:00+02:00"}],
        },
    )
    assert registration.token == "ab" * 32
    assert (registration.environment, registration.topic, registration.test) == (
        "development",
        "org.example.news",
        True,
    )
    assert (registration.app_version, registration.locale) == ("4.2 (118)", "ar-LB")
    assert registration.preferences == Preferences(
        editions=("en", "ar"),
        min_level="urgent",
        sections=("sports",),
        regions=("mena",),
        quiet=Quiet("23:00", "07:00", "Asia/Beirut", False),
        mute=(Mute(alert_id(1), "2026-11-19T08:00:00.000Z"),),
    )


def test_a_browsers_own_json_is_taken_as_it_is() -> None:
    subscription = check(WEB, subscription={**WEB["subscription"], "expirationTime": None}).subscription  # type: ignore[dict-item]
    assert subscription == check(WEB, subscription={**WEB["subscription"], "expirationTime": 1.8e12}).subscription  # type: ignore[dict-item]
    assert subscription is not None
    assert (len(subscription.p256dh), len(subscription.auth)) == (65, 16)


def test_endpoints_that_lead_to_the_same_place_are_one() -> None:
    def endpoint(url: str) -> str:
        subscription = check(WEB, subscription={**WEB["subscription"], "endpoint": url}).subscription  # type: ignore[dict-item]
        assert subscription is not None
        return subscription.endpoint

    same = "https://fcm.googleapis.com/fcm/Send/A:b?C=%2b"
    for spelling in (same, "HTTPS://FCM.GoogleAPIs.com:443/fcm/Send/A:b?C=%2b", same.replace(".com", ".com:0443")):
        assert endpoint(spelling) == same
    assert endpoint("https://LOCALHOST:8444/push/X") == "https://localhost:8444/push/X"


@pytest.mark.parametrize("zone", ["localtime", "Factory", "posixrules"])
def test_a_zone_that_is_another_on_every_machine_is_refused(zone: str) -> None:
    rules = Rules(NEWSROOM, {*RULES.zones, zone}, RULES.webpush_hosts)
    with pytest.raises(Invalid) as refused:
        check_registration({**FCM, **wanting(quiet={**QUIET, "zone": zone})}, rules)
    assert [finding.pointer for finding in refused.value.findings] == ["/preferences/quiet/zone"]


def test_null_is_as_good_as_left_out() -> None:
    nulls = dict.fromkeys(("subscription", "environment", "topic", "appVersion", "locale", "test"))
    preferences = {**WANTS_ALL, **dict.fromkeys(("minLevel", "sections", "regions", "quiet", "mute"))}
    assert check(FCM, **nulls, preferences=preferences) == check(FCM)


def wanting(**changes: Any) -> dict[str, Any]:
    return {"preferences": {**WANTS_ALL, **changes}}


def subscribed(**changes: Any) -> dict[str, Any]:
    keys = {"p256dh": P256DH, "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
    return {"subscription": {"endpoint": "https://fcm.googleapis.com/x", "keys": {**keys, **changes}}}


NO_MOMENTS: tuple[Any, ...] = ("tomorrow", True, -1, 1e300, [])
QUIET: dict[str, Any] = {"from": "23:00", "to": "07:00", "zone": "Asia/Beirut"}
MUTE: dict[str, Any] = {"story": alert_id(1), "until": "2026-11-19T10:00:00Z"}


@pytest.mark.parametrize(
    ("body", "changes", "pointer"),
    [
        (FCM, {"platform": "hms"}, "/platform"),
        (FCM, {"platform": None}, "/platform"),
        (FCM, {"platform": ["fcm"]}, "/platform"),
        (FCM, {"secret": "x"}, "/secret"),
        (FCM, {"token": None}, "/token"),
        (FCM, {"token": 1}, "/token"),
        (FCM, {"token": "x" * 19}, "/token"),
        (FCM, {"token": "x" * 4097}, "/token"),
        (FCM, {"token": "x" * 30 + " "}, "/token"),
        (FCM, {"token": "x" * 30 + "\n"}, "/token"),
        (FCM, {"token": "x" * 30 + "é"}, "/token"),
        (FCM, {"subscription": WEB["subscription"]}, "/subscription"),
        (FCM, {"environment": "production"}, "/environment"),
        (FCM, {"topic": "org.example"}, "/topic"),
        (FCM, {"test": 1}, "/test"),
        (FCM, {"appVersion": "x" * 41}, "/appVersion"),
        (FCM, {"appVersion": "1\n2"}, "/appVersion"),
        (FCM, {"locale": "arabic please"}, "/locale"),
        (APNS, {"token": "ab" * 31}, "/token"),
        (APNS, {"token": "ab" * 101}, "/token"),
        (APNS, {"token": "ab" * 32 + "a"}, "/token"),
        (APNS, {"token": "xy" * 32}, "/token"),
        (APNS, {"token": "٣٣" * 32}, "/token"),
        (APNS, {"environment": "sandbox"}, "/environment"),
        (APNS, {"topic": "a/../b"}, "/topic"),
        (WEB, {"token": "x" * 30}, "/token"),
        (WEB, {"subscription": None}, "/subscription"),
        (WEB, {"subscription": "https://fcm.googleapis.com/x"}, "/subscription"),
        (WEB, {"subscription": {"endpoint": "https://fcm.googleapis.com/x"}}, "/subscription/keys"),
        (WEB, {"subscription": {"endpoint": "https://fcm.googleapis.com/x", "keys": None}}, "/subscription/keys"),
        (WEB, {"subscription": {"keys": {}}}, "/subscription/endpoint"),
        (WEB, {"subscription": {"endpoint": None, "keys": {}}}, "/subscription/endpoint"),
        (WEB, {"subscription": {"endpoint": 7, "keys": {}}}, "/subscription/endpoint"),
        (WEB, {"subscription": {"endpoint": "https://169.254.169.254/", "keys": {}}}, "/subscription/endpoint"),
        (WEB, {"subscription": {"endpoint": "http://fcm.googleapis.com/", "keys": {}}}, "/subscription/endpoint"),
        *(
            (
                WEB,
                {"subscription": {**subscribed()["subscription"], "expirationTime": wrong}},
                "/subscription/expirationTime",
            )
            for wrong in NO_MOMENTS
        ),
        (WEB, subscribed(p256dh=None), "/subscription/keys/p256dh"),
        (WEB, subscribed(p256dh=P256DH[:-4] + "AAAA"), "/subscription/keys/p256dh"),
        (WEB, subscribed(p256dh="A" * 87), "/subscription/keys/p256dh"),
        (WEB, subscribed(p256dh=P256DH.replace("-", "+")), "/subscription/keys/p256dh"),
        (WEB, subscribed(p256dh=[P256DH]), "/subscription/keys/p256dh"),
        (WEB, subscribed(auth="AAAA"), "/subscription/keys/auth"),
        (WEB, subscribed(auth=None), "/subscription/keys/auth"),
        (WEB, subscribed(auth="A"), "/subscription/keys/auth"),
        (WEB, subscribed(private="x"), "/subscription/keys/private"),
        (FCM, {"preferences": None}, "/preferences"),
        (FCM, {"preferences": []}, "/preferences"),
        (FCM, {"preferences": {}}, "/preferences/editions"),
        (FCM, wanting(editions=[]), "/preferences/editions"),
        (FCM, wanting(editions="en"), "/preferences/editions"),
        (FCM, wanting(editions=["en", "xx"]), "/preferences/editions/1"),
        (FCM, wanting(editions=[["en"]]), "/preferences/editions/0"),
        (FCM, wanting(minLevel="loud"), "/preferences/minLevel"),
        (FCM, wanting(sections=["gossip"]), "/preferences/sections/0"),
        (FCM, wanting(sections=["sports"] * 9), "/preferences/sections"),
        (FCM, wanting(regions=["moon"]), "/preferences/regions/0"),
        (FCM, wanting(colour="red"), "/preferences/colour"),
        (FCM, wanting(quiet={**QUIET, "from": "25:00"}), "/preferences/quiet/from"),
        (FCM, wanting(quiet={**QUIET, "to": "7:00"}), "/preferences/quiet/to"),
        (FCM, wanting(quiet={**QUIET, "to": None}), "/preferences/quiet/to"),
        (FCM, wanting(quiet={**QUIET, "zone": "Mars/Olympus"}), "/preferences/quiet/zone"),
        (FCM, wanting(quiet={**QUIET, "zone": "../../etc/passwd"}), "/preferences/quiet/zone"),
        (FCM, wanting(quiet={**QUIET, "zone": "x" * 9000}), "/preferences/quiet/zone"),
        (FCM, wanting(quiet={**QUIET, "zone": ["UTC"]}), "/preferences/quiet/zone"),
        (FCM, wanting(quiet={**QUIET, "flashBreaks": "yes"}), "/preferences/quiet/flashBreaks"),
        (FCM, wanting(quiet={**QUIET, "days": []}), "/preferences/quiet/days"),
        (FCM, wanting(quiet=[]), "/preferences/quiet"),
        (FCM, wanting(mute=[MUTE] * 51), "/preferences/mute"),
        (FCM, wanting(mute={"story": 1}), "/preferences/mute"),
        (FCM, wanting(mute=[{**MUTE, "story": "x"}]), "/preferences/mute/0/story"),
        (FCM, wanting(mute=[MUTE, {**MUTE, "until": "tomorrow"}]), "/preferences/mute/1/until"),
        (FCM, wanting(mute=[{**MUTE, "until": None}]), "/preferences/mute/0/until"),
        (FCM, wanting(mute=[{**MUTE, "until": 5}]), "/preferences/mute/0/until"),
        (FCM, wanting(mute=["x"]), "/preferences/mute/0"),
    ],
)
def test_a_fault_is_named_with_its_place(body: Any, changes: dict[str, Any], pointer: str) -> None:
    assert pointer in faults(body, **changes)


def test_all_faults_are_found_at_once() -> None:
    found = faults(FCM, token="x", locale="?", preferences={"editions": [], "minLevel": "loud"})
    assert set(found) == {"/token", "/locale", "/preferences/editions", "/preferences/minLevel"}


@pytest.mark.parametrize("body", [None, [], "x", 1, True])
def test_a_body_is_an_object(body: Any) -> None:
    with pytest.raises(Invalid):
        check_registration(body, RULES)


def test_a_refusal_never_repeats_a_token() -> None:
    token = "secret-token-of-a-phone" * 3
    found = faults({**FCM, "token": f"{token}\n", "preferences": {"editions": ["xx"]}})
    assert token[:12] not in str(found)


def test_a_device_keeps_its_platform() -> None:
    with pytest.raises(Invalid) as refused:
        check_replacement(APNS, as_device(check(FCM)), RULES)
    assert [finding.pointer for finding in refused.value.findings] == ["/platform"]
    assert check_replacement(FCM, as_device(check(FCM)), RULES) == check(FCM)


PREFERENCES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"editions": st.lists(st.sampled_from(["en", "ar", "es"]), min_size=1, max_size=3)},
    optional={
        "minLevel": st.sampled_from(["flash", "urgent", "brief"]),
        "sections": st.lists(st.sampled_from(NEWSROOM.sections), max_size=3),
        "regions": st.lists(st.sampled_from(NEWSROOM.regions), max_size=3),
        "quiet": st.just({**QUIET, "flashBreaks": False}),
        "mute": st.lists(st.just(MUTE), max_size=2),
    },
)


@given(PREFERENCES, st.sampled_from([APNS, FCM, WEB]), st.booleans())
def test_what_a_device_says_of_itself_registers_it_again(preferences: Any, body: Any, is_test: bool) -> None:
    """Law: check(body_of(device)) == the device's registration, so an export can be imported."""
    registration = check(body, preferences=preferences, test=is_test)
    assert check_registration(body_of(as_device(registration)), RULES) == registration
