"""What phones and browsers are told, and how loudly: tables for every platform."""

import json
from typing import Any

import pytest

from service.domain.alert import Attribution, Correction, Link
from service.domain.bidi import LRI, LRM, PDI, RLI, RLM
from service.domain.device import PLATFORMS, Platform
from service.domain.payloads.notification import Change
from tests.domain.making import make_alert, make_edition
from tests.domain.pushed import CHANGES, PUBLIC_URL, content, message, plain, shown_lines

# --- What is shown

ATTRIBUTED: dict[str, Any] = {
    "attribution": Attribution(kind="official", text="Port authority"),
    "headline": "The bridge opens",
    "text": "Port authority: The bridge opens",
}


@pytest.mark.parametrize(
    ("platform", "lines"),
    [
        ("apns", ["Urgent", "Port authority", "The bridge opens"]),
        ("fcm", ["Urgent", "Port authority: The bridge opens"]),
        ("webpush", ["Urgent", "Port authority: The bridge opens"]),
    ],
)
def test_a_reader_sees_the_level_the_attribution_and_the_headline(platform: Platform, lines: list[str]) -> None:
    assert plain(shown_lines(platform, content(platform, make_alert(**ATTRIBUTED)))) == lines


MINOR = Correction(text="It was the east pier", was="The west pier opens", severity="minor")
MAJOR = Correction(text="It was the east pier", was="The west pier opens", severity="major")


@pytest.mark.parametrize(
    ("edition", "change", "fields", "title"),
    [
        ("en", "new", {"level": "flash"}, "Flash"),
        ("en", "new", {"level": "brief"}, "Brief"),
        ("en", "silent", {}, "Urgent"),
        ("en", "silent", {"correction": MINOR}, "Correction"),
        ("en", "visible", {"correction": MAJOR}, "Correction"),
        ("en", "visible", {}, "Correction"),
        ("en", "new", {"correction": MAJOR}, "Urgent"),
        ("en", "withdrawn", {}, "Withdrawn"),
        ("en", "new", {"status": "Exercise"}, "Exercise · Urgent"),
        ("en", "withdrawn", {"status": "Exercise"}, "Exercise · Withdrawn"),
        ("ar", "new", {"level": "flash"}, "خبر عاجل"),
        ("ar", "visible", {}, "تصحيح"),
        ("ar", "withdrawn", {}, "سُحب"),
        ("es", "visible", {}, "Corrección"),
        ("es", "withdrawn", {}, "Retirada"),
        ("es", "new", {"status": "Exercise"}, "Simulacro · Urgente"),
    ],
)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_title_says_what_it_is_in_the_words_of_the_edition(
    platform: Platform, edition: str, change: Change, fields: dict[str, Any], title: str
) -> None:
    alert = make_alert(edition=edition, **fields)
    assert plain(shown_lines(platform, content(platform, alert, change)))[0] == title


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("edition", "word"), [("en", "Exercise"), ("ar", "تمرين"), ("es", "Simulacro")])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_drill_is_called_one_first_of_all(platform: Platform, edition: str, word: str, change: Change) -> None:
    alert = make_alert(edition=edition, status="Exercise", **ATTRIBUTED)
    assert plain(shown_lines(platform, content(platform, alert, change)))[0].startswith(f"{word} · ")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("edition", ["en", "ar", "es"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_line_runs_in_the_direction_of_its_edition(platform: Platform, edition: str, change: Change) -> None:
    alert = make_alert(edition=edition, **ATTRIBUTED)
    opening = RLM + RLI if make_edition(edition).dir == "rtl" else LRM + LRI
    lines = [line for line in shown_lines(platform, content(platform, alert, change)) if line]
    assert lines
    assert all(line.startswith(opening) and line.endswith(PDI) for line in lines)


@pytest.mark.parametrize(
    ("link", "change", "url"),
    [
        (Link("https://example.org/n/1"), "new", "https://example.org/n/1"),
        (Link("https://example.org/n/1"), "visible", "https://example.org/n/1"),
        (None, "new", f"{PUBLIC_URL}/a/{make_alert().id}"),
        (Link("https://example.org/n/1"), "withdrawn", f"{PUBLIC_URL}/a/{make_alert().id}"),
    ],
)
def test_the_deep_link_is_the_article_or_the_alerts_own_page(link: Link | None, change: Change, url: str) -> None:
    alert = make_alert(link=link)
    assert content("apns", alert, change)["url"] == url
    assert content("webpush", alert, change)["notification"]["navigate"] == url
    said = content("fcm", alert, change)["message"]
    assert (said["data"]["url"], said["webpush"]["fcm_options"]["link"]) == (url, url)


# --- How it comes

LOUD, SOFT = True, False


@pytest.mark.parametrize(
    ("level", "change", "sound", "interruption", "priority", "has_sound"),
    [
        ("flash", "new", LOUD, "time-sensitive", "10", True),
        ("flash", "new", SOFT, "passive", "10", False),
        ("urgent", "new", LOUD, "active", "10", True),
        ("brief", "new", LOUD, "active", "10", True),
        ("brief", "new", SOFT, "passive", "10", False),
        ("flash", "silent", LOUD, "passive", "5", False),
        ("urgent", "silent", SOFT, "passive", "5", False),
        ("flash", "visible", LOUD, "time-sensitive", "10", True),
        ("brief", "visible", LOUD, "active", "10", True),
        ("urgent", "withdrawn", LOUD, "active", "10", True),
        ("urgent", "withdrawn", SOFT, "passive", "10", False),
    ],
)
def test_an_iphone_is_rung_as_loudly_as_it_should(
    level: str, change: Change, sound: bool, interruption: str, priority: str, has_sound: bool
) -> None:
    built = message("apns", make_alert(level=level), change, sound=sound)
    aps = json.loads(built.body)["aps"]
    assert (aps["interruption-level"], "sound" in aps) == (interruption, has_sound)
    assert dict(built.headers)["apns-priority"] == priority


@pytest.mark.parametrize(
    ("level", "change", "sound", "channel", "priority", "old_priority"),
    [
        ("flash", "new", LOUD, "flash", "HIGH", "PRIORITY_MAX"),
        ("urgent", "new", LOUD, "urgent", "HIGH", "PRIORITY_HIGH"),
        ("brief", "new", LOUD, "brief", "NORMAL", "PRIORITY_DEFAULT"),
        ("urgent", "new", SOFT, "quiet", "HIGH", "PRIORITY_LOW"),
        ("brief", "new", SOFT, "quiet", "NORMAL", "PRIORITY_LOW"),
        ("flash", "silent", LOUD, "updates", "NORMAL", "PRIORITY_LOW"),
        ("flash", "silent", SOFT, "updates", "NORMAL", "PRIORITY_LOW"),
        ("brief", "visible", LOUD, "brief", "HIGH", "PRIORITY_DEFAULT"),
        ("urgent", "withdrawn", LOUD, "urgent", "HIGH", "PRIORITY_HIGH"),
        ("urgent", "withdrawn", SOFT, "quiet", "HIGH", "PRIORITY_LOW"),
    ],
)
def test_an_android_phone_is_rung_by_the_right_channel(
    level: str, change: Change, sound: bool, channel: str, priority: str, old_priority: str
) -> None:
    android = content("fcm", make_alert(level=level), change, sound=sound)["message"]["android"]
    shown = android["notification"]
    assert (shown["channel_id"], android["priority"], shown["notification_priority"]) == (
        channel,
        priority,
        old_priority,
    )
    assert shown["default_sound"] is (sound and change != "silent")


@pytest.mark.parametrize(
    ("level", "change", "sound", "urgency", "silent", "renotify"),
    [
        ("flash", "new", LOUD, "high", False, False),
        ("urgent", "new", SOFT, "high", True, False),
        ("brief", "new", LOUD, "normal", False, False),
        ("flash", "silent", LOUD, "normal", True, False),
        ("brief", "visible", LOUD, "high", False, True),
        ("brief", "visible", SOFT, "high", True, False),
        ("brief", "withdrawn", LOUD, "high", False, True),
    ],
)
def test_a_browser_is_rung_as_loudly_as_it_should(
    level: str, change: Change, sound: bool, urgency: str, silent: bool, renotify: bool
) -> None:
    built = message("webpush", make_alert(level=level), change, sound=sound)
    shown = json.loads(built.body)["notification"]
    assert (dict(built.headers)["urgency"], shown["silent"], shown["renotify"]) == (urgency, silent, renotify)


@pytest.mark.parametrize("change", CHANGES)
def test_one_identity_everywhere(change: Change) -> None:
    alert = make_alert()
    assert dict(message("apns", alert, change).headers)["apns-collapse-id"] == alert.id
    assert dict(message("webpush", alert, change).headers)["topic"] == alert.id
    assert content("webpush", alert, change)["notification"]["tag"] == alert.id
    said = content("fcm", alert, change)["message"]
    assert said["android"]["notification"]["tag"] == said["webpush"]["headers"]["Topic"] == alert.id
    assert said["apns"]["headers"]["apns-collapse-id"] == said["webpush"]["notification"]["tag"] == alert.id
    assert "collapse_key" not in said["android"]


MADE, DAY_S = "2026-11-18T14:00:00.000Z", 86_400


@pytest.mark.parametrize(
    ("expires", "change", "ttl_s"),
    [
        ("2026-11-18T15:00:00.000Z", "new", 3600),
        ("2026-11-18T15:00:00.000Z", "silent", 3600),
        ("2026-11-18T15:00:00.000Z", "visible", DAY_S),
        ("2026-11-18T13:00:00.000Z", "withdrawn", DAY_S),
        ("2026-11-20T14:00:00.000Z", "withdrawn", 2 * DAY_S),
        ("2027-11-18T14:00:00.000Z", "new", 28 * DAY_S),
    ],
)
def test_a_provider_keeps_it_until_it_expires_and_what_takes_it_back_a_day(
    expires: str, change: Change, ttl_s: int
) -> None:
    alert = make_alert(version_created=MADE, expires=expires)
    assert dict(message("webpush", alert, change).headers)["ttl"] == str(ttl_s)
    said = content("fcm", alert, change)["message"]
    assert (said["android"]["ttl"], said["webpush"]["headers"]["TTL"]) == (f"{ttl_s}s", str(ttl_s))
    if ttl_s < 28 * DAY_S:
        assert dict(message("apns", alert, change).headers)["apns-expiration"] == str(1_795_010_400 + ttl_s)
