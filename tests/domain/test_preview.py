"""Previews say of each channel what the real payload says."""

from typing import Any

import pytest
from hypothesis import given, settings

from service.domain import text
from service.domain.alert import Alert, Attribution, Image, Link
from service.domain.bidi import isolated, unwrapped
from service.domain.device import PLATFORMS, Platform
from service.domain.payloads import webpush
from service.domain.payloads.fcm import TOKEN_BYTES
from service.domain.payloads.notification import BYTES_MAX
from service.domain.preview import (
    ANDROID_GRAPHEMES,
    IOS_GRAPHEMES,
    IOS_WITH_IMAGE_GRAPHEMES,
    WEB_GRAPHEMES,
    Preview,
    previews,
)
from tests.domain.making import make_alert, make_edition
from tests.domain.pushed import PUBLIC_URL, content, message, plain, shown_lines
from tests.domain.test_payload_sizes import alerts

CHANNELS: dict[str, Platform] = {"ios": "apns", "android": "fcm", "web": "webpush"}
ATTRIBUTED: dict[str, Any] = {
    "attribution": Attribution(kind="official", text="Port authority"),
    "headline": "The bridge opens",
    "text": "Port authority: The bridge opens",
}


def shown(alert: Alert) -> dict[str, Preview]:
    found = previews(alert, make_edition(alert.edition), PUBLIC_URL)
    return {"ios": found.ios, "android": found.android, "web": found.web}


def test_an_editor_sees_the_words_of_each_channel() -> None:
    found = shown(make_alert(**ATTRIBUTED))
    whole = "Port authority: The bridge opens"
    said = {name: (each.title, each.subtitle, each.body, each.cut_at) for name, each in found.items()}
    assert said == {
        "ios": ("Urgent", "Port authority", "The bridge opens", None),
        "android": ("Urgent", None, whole, None),
        "web": ("Urgent", None, whole, None),
    }
    ticker = previews(make_alert(**ATTRIBUTED), make_edition(), PUBLIC_URL).ticker
    assert (ticker.text, ticker.graphemes) == (whole, len(whole))


@pytest.mark.parametrize(
    ("length", "image", "cuts"),
    [
        (ANDROID_GRAPHEMES, False, (None, None, None)),
        (ANDROID_GRAPHEMES + 1, False, (None, ANDROID_GRAPHEMES, None)),
        (WEB_GRAPHEMES, False, (None, ANDROID_GRAPHEMES, None)),
        (WEB_GRAPHEMES + 1, False, (None, ANDROID_GRAPHEMES, WEB_GRAPHEMES)),
        (IOS_WITH_IMAGE_GRAPHEMES + 1, False, (None, ANDROID_GRAPHEMES, WEB_GRAPHEMES)),
        (IOS_WITH_IMAGE_GRAPHEMES + 1, True, (IOS_WITH_IMAGE_GRAPHEMES, ANDROID_GRAPHEMES, WEB_GRAPHEMES)),
        (IOS_GRAPHEMES, False, (None, ANDROID_GRAPHEMES, WEB_GRAPHEMES)),
        (IOS_GRAPHEMES + 1, False, (IOS_GRAPHEMES, ANDROID_GRAPHEMES, WEB_GRAPHEMES)),
    ],
)
@pytest.mark.parametrize("letter", ["x", "ب", "é"])
def test_an_editor_sees_where_a_lock_screen_ends(
    letter: str, length: int, image: bool, cuts: tuple[int | None, ...]
) -> None:
    line = letter * length
    picture = Image("https://example.org/i.jpg", "A bridge") if image else None
    found = shown(make_alert(headline=line, text=line, image=picture))
    assert tuple(each.cut_at for each in found.values()) == cuts
    assert {each.body for each in found.values()} == {line}


def test_a_drill_is_seen_as_one() -> None:
    assert {each.title for each in shown(make_alert(status="Exercise")).values()} == {"Exercise · Urgent"}


def test_what_no_payload_can_carry_is_seen_shortened() -> None:
    crowd = "👩‍🚒" * 280
    found = shown(make_alert(headline=crowd, text=crowd, link=Link("https://example.org/" + "x" * 2000)))
    assert found["ios"].body == found["web"].body == crowd
    assert found["ios"].cut_at == IOS_GRAPHEMES
    android = found["android"]  # a message of Google's says the sentence twice, for browsers too
    assert android.body.endswith("…")
    assert BYTES_MAX - TOKEN_BYTES - 50 < android.bytes <= BYTES_MAX - TOKEN_BYTES


@settings(max_examples=40)
@given(alerts())
def test_whatever_is_written_a_preview_is_the_payload(alert: Alert) -> None:
    for name, each in shown(alert).items():
        platform = CHANNELS[name]
        decoded = content(platform, alert)
        lines = [each.title, *([each.subtitle or ""] if platform == "apns" else []), each.body]
        assert plain(lines) == plain(shown_lines(platform, decoded))
        extra = webpush.ENCRYPTION_BYTES if platform == "webpush" else 0
        assert each.bytes == len(message(platform, alert).body) + extra
        assert each.bytes <= BYTES_MAX
        assert each.cut_at is None or 0 < each.cut_at < text.graphemes(each.body)


def test_only_the_wrapping_of_a_line_is_taken_off() -> None:
    inner = "\u2068x\u2069 y"
    for dir in ("ltr", "rtl"):
        assert unwrapped(isolated(inner, dir)) == inner
    assert unwrapped(inner) == inner
    assert set(CHANNELS.values()) == set(PLATFORMS)
