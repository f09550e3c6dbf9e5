"""Whatever an editor writes: payloads are valid, small enough, isolated, and empty of what was withdrawn."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from service.domain import text
from service.domain.alert import Alert, Attribution, Image, Link, ticker_text
from service.domain.bidi import FSI, LRI, PDI, RLI, isolated
from service.domain.device import PLATFORMS, Platform
from service.domain.payloads import fcm, webpush
from service.domain.payloads.fitting import ELLIPSIS, cut
from service.domain.payloads.notification import BYTES_MAX, Change, notify
from tests.domain.making import CANARY, NEWSROOM, make_alert, make_edition, make_telling_alert
from tests.domain.pushed import CHANGES, PUBLIC_URL, SCHEMA, VALID, content, message, sent, shown_lines, texts

AWKWARD = [*'éلا\u200d\u200f"\\/<&\u2028 x漢\u0301', "👩\u200d🚒", "🇪🇸"]
pasted = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(AWKWARD), max_size=400).map("".join),
    st.builds(lambda inner, outer: f"{outer}{FSI}{inner}{PDI}{outer}", st.text(max_size=99), st.text(max_size=99)),
    st.just("👩‍🚒" * 280),
    st.just("a" + "\u200d👩" * 2000),
    st.just("\U0001f469\u200d" * 280),
)
lines = pasted.map(lambda raw: text.clean(raw).text)
urls = st.one_of(st.none(), st.text("abc/ü-", max_size=2000).map(lambda path: f"https://example.org/{path}"))


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    edition = draw(st.sampled_from(NEWSROOM.editions))
    attributed, headline = draw(lines), draw(lines) or "News"
    link, image = draw(urls), draw(urls)
    return make_alert(
        edition=edition.edition,
        language=edition.language,
        dir=edition.dir,
        version=draw(st.integers(1, 10**6)),
        level=draw(st.sampled_from(("flash", "urgent", "brief"))),
        status=draw(st.sampled_from(("Actual", "Exercise"))),
        headline=headline,
        text=ticker_text(attributed, headline),
        attribution=Attribution(kind="official", text=attributed or None),
        link=link and Link(link),
        image=image and Image(image, "A bridge"),
    )


cases = {"alert": alerts(), "change": st.sampled_from(CHANGES), "sound": st.booleans()}


@pytest.mark.parametrize("platform", PLATFORMS)
@given(**cases)
def test_every_payload_is_valid_and_fits(platform: Platform, alert: Alert, change: Change, sound: bool) -> None:
    built = message(platform, alert, change, sound=sound)
    body = sent(platform, built)
    VALID[platform].validate(json.loads(body))
    assert len(body) <= BYTES_MAX - (webpush.ENCRYPTION_BYTES if platform == "webpush" else 0)
    assert all(name == name.lower() and value.isascii() and value.isprintable() for name, value in built.headers)


@pytest.mark.parametrize("platform", PLATFORMS)
@given(**cases)
def test_every_text_closes_the_isolates_it_opens(platform: Platform, alert: Alert, change: Change, sound: bool) -> None:
    for said in texts(content(platform, alert, change, sound=sound)):
        depth = 0
        for char in said:
            depth += (char in (LRI, RLI, FSI)) - (char == PDI)
            assert depth >= 0
        assert depth == 0


@pytest.mark.parametrize("platform", PLATFORMS)
@given(alert=alerts())
def test_what_is_shown_is_the_beginning_of_what_was_written(platform: Platform, alert: Alert) -> None:
    """Cut at a whole character, marked as cut, and cut only where something else would not fit."""
    shown = shown_lines(platform, content(platform, alert))[-1]
    written = isolated((alert.headline if platform == "apns" else alert.text) or "", alert.dir)
    if shown != written:
        kept = shown.rstrip(PDI).removesuffix(ELLIPSIS)
        assert shown.rstrip(PDI).endswith(ELLIPSIS)
        assert written.startswith(kept)
        rest = written[len(kept) :].lstrip()
        assert text.graphemes(kept) + text.graphemes(rest) == text.graphemes(kept + rest)
        assert "image" not in json.dumps(content(platform, alert))


def test_a_cut_uses_the_room_there_is() -> None:
    """Nothing is cut that would have fitted: one more character is too much."""
    alert = make_alert(edition="ar", dir="rtl", headline="ش" * 280, text=f"{'ب' * 120}: {'ش' * 280}",
                       attribution=Attribution(kind="official", text="ب" * 120))  # fmt: skip
    for bytes_max in (2000, 2400, 2800):
        notification = notify(alert, make_edition("ar"), "new", PUBLIC_URL)
        body = fcm.build(notification, sound=True, bytes_max=bytes_max).body
        assert bytes_max - 30 < len(body) <= bytes_max


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_long_link_gives_way_before_the_image_and_the_image_before_the_words(platform: Platform) -> None:
    permalink = f"{PUBLIC_URL}/a/{make_alert().id}"

    def left(link_chars: int, image_chars: int) -> tuple[bool, bool]:
        link, image = "https://example.org/" + "l" * link_chars, "https://example.org/" + "i" * image_chars
        body = sent(platform, message(platform, make_alert(link=Link(link), image=Image(image, ""))))
        assert (make_alert().headline or "").encode() in body
        assert link.encode() in body or permalink.encode() in body
        return link.encode() in body, image.encode() in body

    assert left(100, 100) == (True, True)
    assert left(4000, 100) == (False, True)
    assert left(4000, 4000) == (False, False)


@pytest.mark.parametrize(
    ("line", "graphemes", "wanted"),
    [
        ("storm", 5, "storm"),
        ("storm", 4, "stor…"),
        ("a storm", 2, "a…"),
        ("👩‍🚒👩‍🚒", 1, "👩‍🚒…"),
        ("🇪🇸🇫🇷", 1, "🇪🇸…"),
        ("e\u0301e\u0301", 1, "e\u0301…"),
        ("storm", 0, "…"),
        (f"{LRI}storm{PDI}", 3, f"{LRI}st…{PDI}"),
        (f"{RLI}a{FSI}b{PDI}c{PDI}", 4, f"{RLI}a{FSI}b…{PDI}{PDI}"),
    ],
)
def test_a_cut_ends_at_a_whole_character(line: str, graphemes: int, wanted: str) -> None:
    assert cut(line, graphemes) == wanted


@given(token=st.text(max_size=200))
def test_a_token_is_put_in_its_place_whatever_it_is(token: str) -> None:
    body = fcm.addressed(message("fcm", make_alert(headline='"token":""', text='"token":""')), token)
    decoded = json.loads(body)
    assert decoded["message"].pop("token") == token
    untouched = json.loads(fcm.addressed(message("fcm", make_alert(headline='"token":""', text='"token":""')), ""))
    del untouched["message"]["token"]
    assert decoded == untouched


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_of_a_withdrawn_alert_is_left_even_if_it_is_handed_over_whole(platform: Platform) -> None:
    built = message(platform, make_telling_alert(pub_status="canceled"), "withdrawn")
    assert CANARY.encode() not in built.body
    assert CANARY not in str(built.headers)
    assert make_edition().notices.canceled.encode() in built.body


@pytest.mark.parametrize("platform", PLATFORMS)
@given(alert=alerts(), sound=st.booleans())
def test_no_word_of_a_withdrawn_headline_survives(platform: Platform, alert: Alert, sound: bool) -> None:
    built = message(platform, alert, "withdrawn", sound=sound)
    blank = msgspec.structs.replace(
        alert, headline="-", text="-", attribution=Attribution(kind="none"), link=None, image=None
    )
    assert built == message(platform, blank, "withdrawn", sound=sound)
    fixed = message(platform, blank, "withdrawn").body.decode()
    for word in re.findall(r"\w{4,}", f"{alert.headline} {alert.attribution.text}"):
        assert word in fixed or word not in built.body.decode()


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a JSON value."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_app_that_checks_by_the_schema_takes_fields_that_come_later_and_we_send_none_unsaid(
    platform: Platform, change: Change
) -> None:
    built = content(platform, make_telling_alert(), change)
    for place in objects(built):
        place["later"] = "a text"
        Draft202012Validator(SCHEMA[platform]).validate(built)
        assert not VALID[platform].is_valid(built)
        del place["later"]
        VALID[platform].validate(built)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_schemas_say_what_they_are(platform: Platform) -> None:
    Draft202012Validator.check_schema(VALID[platform].schema)
    properties = VALID[platform].schema["properties"]
    own = properties["message"]["properties"]["data"]["properties"] if platform == "fcm" else properties
    built = content(platform, make_alert(image=Image("https://example.org/1.jpg", "")))
    said = built["message"]["data"] if platform == "fcm" else built
    assert set(said) <= set(own)
    assert {"alert", "version", "story", "edition", "level", "change", "versionCreated", "url", "image"} <= set(said)
