"""What an editor sends: every finding at once, each with its place, and nothing unknown passed over."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import moment, text
from service.domain.alert import NO_ATTRIBUTION, Attribution, Image, Link, Place, ticker_text
from service.domain.checks import FIELDS, Draft, check_alert, check_reason
from service.domain.errors import Invalid
from tests.domain.making import HOUR_MS, NEWSROOM, NOW_MS, alert_id

OVERRIDE = "\u202e"
SOON = moment.to_text(NOW_MS + HOUR_MS // 2)
LATER = moment.to_text(NOW_MS + HOUR_MS)
WHOLE: dict[str, Any] = {
    "edition": "en",
    "headline": "The harbour bridge opens again",
    "level": "urgent",
    "attribution": {"kind": "correspondent", "place": "Rotterdam"},
    "sections": ["environment", "economy"],
    "regions": ["europe"],
    "places": [{"name": "Rotterdam", "country": "NL"}, {"name": "the North Sea"}],
    "link": {"url": "https://example.org/n/1?a=b#c"},
    "image": {"url": "https://example.org/i.jpg", "alt": "A bridge"},
    "certainty": "Likely",
    "story": alert_id(7),
    "expires": LATER,
    "publishAt": SOON,
    "push": False,
    "note": "seen by two",
    "override": ["near-duplicate"],
    "overrideReason": "another bridge",
}


def check(body: object, *, allow_http: bool = False) -> Draft:
    return check_alert(body, NEWSROOM, NOW_MS, allow_http=allow_http)


def body(**fields: Any) -> dict[str, Any]:
    return {"edition": "en", "headline": "The harbour bridge opens again"} | fields


def findings(value: object, *, allow_http: bool = False) -> list[tuple[str, str]]:
    """Pointer and detail of each finding; an empty list where nothing is wrong."""
    try:
        check(value, allow_http=allow_http)
    except Invalid as refusal:
        return [(finding.pointer, finding.detail) for finding in refusal.findings]
    return []


def pointers(value: object) -> list[str]:
    return sorted(pointer for pointer, _ in findings(value))


def test_the_whole_body_becomes_a_draft() -> None:
    draft = check(WHOLE)
    words = "Example News correspondent in Rotterdam"
    assert (draft.edition.edition, draft.level, draft.certainty, draft.push) == ("en", "urgent", "Likely", False)
    assert draft.headline == "The harbour bridge opens again"
    assert draft.attribution == Attribution(kind="correspondent", place="Rotterdam", text=words)
    assert draft.text == f"{words}: The harbour bridge opens again"
    assert (draft.sections, draft.regions) == (("environment", "economy"), ("europe",))
    assert draft.places == (Place(name="Rotterdam", country="NL"), Place(name="the North Sea"))
    assert draft.link == Link("https://example.org/n/1?a=b#c")
    assert draft.image == Image("https://example.org/i.jpg", "A bridge")
    assert (draft.story, draft.expires_ms, draft.publish_at_ms) == (
        alert_id(7), NOW_MS + HOUR_MS, NOW_MS + HOUR_MS // 2,
    )  # fmt: skip
    assert (draft.note, draft.override, draft.override_reason) == ("seen by two", ("near-duplicate",), "another bridge")
    assert draft.warnings == ()


def test_the_whole_body_has_every_field_but_the_pasted_text() -> None:
    assert set(WHOLE) == FIELDS - {"text"}


def test_a_headline_is_enough() -> None:
    draft = check(body())
    assert (draft.level, draft.certainty, draft.push) == ("brief", "Observed", True)
    assert (draft.attribution, draft.text) == (NO_ATTRIBUTION, draft.headline)
    assert (draft.sections, draft.regions, draft.places, draft.override) == ((), (), (), ())
    empty = (draft.link, draft.image, draft.story, draft.expires_ms, draft.publish_at_ms, draft.note)
    assert empty == (None,) * 6


def test_a_pasted_line_stays_whole_and_gives_its_attribution() -> None:
    draft = check({"edition": "en", "text": " Example News news agency:  The bridge\nopens"})
    assert draft.attribution == NO_ATTRIBUTION, "two spaces are no certain form"
    draft = check({"edition": "en", "text": " Example News news agency: The bridge\nopens"})
    words = "Example News news agency"
    assert draft.attribution == Attribution(kind="agency", outlet="Example News", text=words)
    assert (draft.headline, draft.text) == ("The bridge opens", f"{words}: The bridge opens")


def test_a_pasted_line_without_a_certain_attribution_is_the_headline() -> None:
    draft = check({"edition": "en", "text": "Weather: rain in the north"})
    assert (draft.attribution, draft.headline, draft.text) == (NO_ATTRIBUTION, draft.text, "Weather: rain in the north")


@pytest.mark.parametrize(
    ("edition", "place", "words"),
    [
        ("en", "Cairo", "Example News correspondent in Cairo"),
        ("ar", "القاهرة", "مراسل أخبار المثال في القاهرة"),
        ("es", "El Cairo", "Corresponsal de Noticias Ejemplo en El Cairo"),
    ],
)
def test_an_edition_names_the_outlet_in_its_own_words(edition: str, place: str, words: str) -> None:
    attribution = {"kind": "correspondent", "place": place}
    draft = check(body(edition=edition, attribution=attribution))
    assert draft.attribution.text == words
    pasted = check({"edition": edition, "text": f"{words}: {draft.headline}"})
    assert (pasted.attribution.kind, pasted.attribution.text, pasted.headline) == (
        "correspondent",
        words,
        draft.headline,
    )


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"link": "https://example.org/n/1"}, "must be an object with url"),
        ({"image": "https://example.org/n/1.jpg"}, "must be an object with url and alt"),
        ({"places": ["Rotterdam"]}, "must be an object with name"),
        ({"attribution": "Example Wire"}, "must be an object with kind"),
    ],
)
def test_a_value_in_place_of_an_object_is_told_what_the_object_needs(body: dict[str, Any], detail: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check({"edition": "en", "headline": "First ferry sails", **body})
    assert [finding.detail for finding in refusal.value.findings] == [detail]


@pytest.mark.parametrize("name", ["link", "image", "attribution", "story", "expires", "publishAt", "note", "text"])
def test_null_is_as_good_as_leaving_it_out(name: str) -> None:
    assert check(body(**{name: None})) == check(body())


@pytest.mark.parametrize("value", [None, [], "x", 1, True, [{"edition": "en"}]])
def test_a_body_that_is_no_object_is_wrong_as_a_whole(value: object) -> None:
    assert findings(value) == [("", "must be a JSON object")]


WRONG_TYPES: tuple[Any, ...] = (7, 1.5, True, [], {}, "", ["x"], {"x": 1}, "\x00")


@pytest.mark.parametrize("name", sorted(FIELDS))
@pytest.mark.parametrize("value", WRONG_TYPES, ids=repr)
def test_a_value_of_the_wrong_type_is_found_in_its_place(name: str, value: Any) -> None:
    right = {"push": (True,), "sections": ([],), "regions": ([],), "places": ([],), "override": ([],)}
    if any(value is one or value == [] == one for one in right.get(name, ())):
        assert findings(body(**{name: value})) == []
        return
    sent = WHOLE | {name: value}
    if name == "text":
        del sent["headline"]
    found = pointers(sent)
    assert found
    assert all(pointer == f"/{name}" or pointer.startswith(f"/{name}/") for pointer in found), found


LONG = "x" * 281
NAME_TOO_LONG = "x" * 121


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"headline": None}, ["/headline"]),
        ({"text": "and a pasted line"}, ["/headline"]),
        ({"edition": "fr"}, ["/edition"]),
        ({"edition": None}, ["/edition"]),
        ({"edition": ["en"]}, ["/edition"]),
        ({"headline": LONG}, ["/headline"]),
        ({"headline": " \u200b\n"}, ["/headline"]),
        ({"headline": "\u2800\u200d"}, ["/headline"]),
        ({"headline": f"ab{OVERRIDE}c"}, ["/headline"]),
        ({"headline": f"{OVERRIDE}ab{OVERRIDE}"}, ["/headline", "/headline"]),
        ({"headline": "half \ud83d"}, ["/headline"]),
        ({"headline": "open \u2067 isolate"}, ["/headline"]),
        ({"headline": "private \ue000"}, ["/headline"]),
        ({"level": "loud"}, ["/level"]),
        ({"level": "Flash"}, ["/level"]),
        ({"level": None}, ["/level"]),
        ({"certainty": "observed"}, ["/certainty"]),
        ({"push": None}, ["/push"]),
        ({"push": 1}, ["/push"]),
        ({"sections": ["politics", "gossip", 7]}, ["/sections/1", "/sections/2"]),
        ({"sections": "politics"}, ["/sections"]),
        ({"sections": ["politics"] * 9}, ["/sections"]),
        ({"sections": ["mena"]}, ["/sections/0"]),
        ({"regions": [["mena"]]}, ["/regions/0"]),
        ({"regions": [None]}, ["/regions/0"]),
        ({"places": [{"name": "A"}] * 9}, ["/places"]),
        ({"places": {"name": "A"}}, ["/places"]),
        ({"places": ["A"]}, ["/places/0"]),
        ({"places": [{"name": "A"}, {}]}, ["/places/1/name"]),
        ({"places": [{"name": NAME_TOO_LONG}]}, ["/places/0/name"]),
        ({"places": [{"name": OVERRIDE + "A"}]}, ["/places/0/name"]),
        ({"places": [{"name": "A", "country": "nl"}]}, ["/places/0/country"]),
        ({"places": [{"name": "A", "country": "NLD"}]}, ["/places/0/country"]),
        ({"places": [{"name": "A", "country": "ÄÖ"}]}, ["/places/0/country"]),
        ({"places": [{"name": "A", "country": "N\n"}]}, ["/places/0/country"]),
        ({"places": [{"name": "A", "country": 31}]}, ["/places/0/country"]),
        ({"places": [{"name": "A", "lat": 1, "lon": 2}]}, ["/places/0/lat", "/places/0/lon"]),
        ({"link": {}}, ["/link/url"]),
        ({"link": {"url": None}}, ["/link/url"]),
        ({"attribution": {"kind": None}}, ["/attribution/kind"]),
        ({"link": "https://example.org"}, ["/link"]),
        ({"link": {"url": 7}}, ["/link/url"]),
        ({"link": {"url": "https://example.org", "title": "x"}}, ["/link/title"]),
        ({"image": {"url": "https://example.org/i.jpg"}}, ["/image/alt"]),
        ({"image": {"alt": "A bridge"}}, ["/image/url"]),
        ({"image": {"url": "https://example.org/i.jpg", "alt": ""}}, ["/image/alt"]),
        ({"image": {"url": "https://example.org/i.jpg", "alt": LONG}}, ["/image/alt"]),
        ({"image": {"url": "http://example.org/i.jpg", "alt": OVERRIDE}}, ["/image/alt", "/image/url"]),
        ({"attribution": {}}, ["/attribution/kind"]),
        ({"attribution": {"kind": "rumour"}}, ["/attribution/kind"]),
        ({"attribution": {"kind": ["agency"]}}, ["/attribution/kind"]),
        ({"attribution": {"kind": "none", "outlet": "Reuters"}}, ["/attribution"]),
        ({"attribution": {"kind": "agency"}}, ["/attribution"]),
        ({"attribution": {"kind": "official"}}, ["/attribution"]),
        ({"attribution": {"kind": "agency", "outlet": "Reuters", "mood": 1}}, ["/attribution/mood"]),
        ({"attribution": {"kind": "agency", "outlet": NAME_TOO_LONG}}, ["/attribution/outlet"]),
        ({"attribution": {"kind": "agency", "text": f"R{OVERRIDE}"}}, ["/attribution/text"]),
        ({"story": "abc"}, ["/story"]),
        ({"story": alert_id(1).replace("0", "I")}, ["/story"]),
        ({"story": alert_id(1) + "\n"}, ["/story"]),
        ({"expires": "tomorrow"}, ["/expires"]),
        ({"expires": "2026-11-19T14:02:11"}, ["/expires"]),
        ({"expires": moment.to_text(NOW_MS)}, ["/expires"]),
        ({"expires": NOW_MS}, ["/expires"]),
        ({"expires": "9999-12-31T23:59:59-23:59"}, ["/expires"]),
        ({"expires": "9999-12-31T23:59:59Z"}, ["/expires"]),
        ({"expires": moment.to_text(NOW_MS + 366 * 24 * HOUR_MS + 1)}, ["/expires"]),
        ({"publishAt": "0001-01-01T00:00:00+23:59"}, ["/publishAt"]),
        ({"note": "x" * 1001}, ["/note"]),
        ({"note": OVERRIDE}, ["/note"]),
        ({"override": ["near-duplicate"]}, ["/overrideReason"]),
        ({"override": ["fuse"], "overrideReason": "why"}, ["/override/0"]),
        ({"override": "near-duplicate"}, ["/override"]),
        ({"overrideReason": ""}, ["/overrideReason"]),
        ({"headLine": "x"}, ["/headLine"]),
        ({"": 1}, ["/"]),
        ({"a/b~c": 1}, ["/a~1b~0c"]),
        ({"version": 1, "pubStatus": "usable"}, ["/pubStatus", "/version"]),
        ({OVERRIDE: 1}, ["/\\u202e"]),
        ({"x" * 500: 1}, ["/" + "x" * 64]),
    ],
)
def test_what_is_wrong_is_found_in_its_place(fields: dict[str, Any], wanted: list[str]) -> None:
    assert pointers(body(**fields)) == wanted


@pytest.mark.parametrize(("attribution", "lacks"), [
    ({"kind": "official"}, "of kind official lacks speaker or role; or give its text"),
    ({"kind": "official", "outlet": "Reuters"}, "of kind official lacks speaker or role; or give its text"),
    ({"kind": "agency", "place": "Oslo"}, "of kind agency lacks outlet; or give its text"),
    ({"kind": "media"}, "of kind media lacks outlet; or give its text"),
    ({"kind": "document"}, "of kind document lacks speaker; or give its text"),
])  # fmt: skip
@pytest.mark.parametrize("edition", ["en", "ar", "es"])
def test_an_attribution_that_says_nobody_is_told_which_field_it_lacks(
    edition: str, attribution: dict[str, str], lacks: str
) -> None:
    assert findings(body(edition=edition, attribution=attribution)) == [("/attribution", lacks)]


def test_all_findings_come_at_once() -> None:
    wrong = {
        "edition": "fr", "headline": OVERRIDE + "x", "level": 1, "attribution": 2, "sections": 3, "regions": ["x"],
        "places": [4], "link": {"url": "ftp://x"}, "image": {}, "certainty": 5, "story": 6, "expires": 7,
        "publishAt": 8, "push": 9, "note": 10, "override": 11, "overrideReason": 12, "mood": 13,
    }  # fmt: skip
    assert {pointer.split("/")[1] for pointer in pointers(wrong)} == wrong.keys()


def test_a_refused_character_is_named_with_its_place() -> None:
    ((pointer, detail),) = findings(body(headline=f"ab{OVERRIDE}c"))
    assert pointer == "/headline"
    assert "U+202E" in detail
    assert "2" in detail


def test_a_body_of_many_faults_is_answered_in_bounds() -> None:
    """The answer to 16 KiB must not be many times as long."""
    many = findings(body(**{f"{number:x}": 0 for number in range(2_000)}))
    assert sum(len(pointer) + len(detail) for pointer, detail in many) < 16_384
    assert all(pointer != "/headline" for pointer, _ in many)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org", "https://example.org/", "HTTPS://example.org/n", "https://example.org:8443/n",
        "https://example.org/n?q=1&r=2#part", "https://example.org/%D8%AE", "https://xn--mgbh0fb.example/n",
        "https://192.0.2.1/n", "https://[2001:db8::1]/n", "https://example.org/@someone",
        "https://example.org/" + "x" * 2028,
    ],
)  # fmt: skip
def test_a_link_to_an_article_is_taken(url: str) -> None:
    assert check(body(link={"url": url})).link == Link(url)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.org", "//example.org/n", "/n/1", "http://example.org", "ftp://example.org", "javascript:alert(1)",
        "data:text/html,x", "https:", "https://", "https:///n", "https:example.org", "https://:443/", "https://?q",
        "https://user@example.org/", "https://user:secret@example.org/", "https://@example.org/", "https://example.org@evil.example/",
        "https://example.org /n", " https://example.org", "https://example.org\n", "https://example.org/\tn",
        "https://example.org/ü", "https://مثال.example/", "https://example.org/\u202e", "https://example.org/<b>",
        'https://example.org/"', "https://example.org\\@evil.example", "https://example.org/{x}", "https://example.org/`",
        "https://example.org:port/", "https://example.org:99999/", "https://[::1", "https://[]/",
        "https://example.org/" + "x" * 2029,
    ],
)  # fmt: skip
def test_a_link_that_may_mislead_is_refused(url: str) -> None:
    assert pointers(body(link={"url": url})) == ["/link/url"]
    assert pointers(body(image={"url": url, "alt": "x"})) == ["/image/url"]


def test_http_is_for_links_of_development_only_and_never_for_images() -> None:
    plain = body(link={"url": "http://example.org/n"}, image={"url": "http://example.org/i.jpg", "alt": "x"})
    assert [pointer for pointer, _ in findings(plain)] == ["/link/url", "/image/url"]
    assert [pointer for pointer, _ in findings(plain, allow_http=True)] == ["/image/url"]


def test_a_term_given_twice_counts_once() -> None:
    draft = check(body(sections=["sports", "health", "sports"], regions=["mena", "mena"]))
    assert (draft.sections, draft.regions) == (("sports", "health"), ("mena",))


def test_what_was_mended_is_told_with_its_place() -> None:
    draft = check(body(headline="a \ufeffbridge\nopens", note="seen\u200b", places=[{"name": "Rot\u00adterdam"}]))
    assert (draft.headline, draft.note, draft.places) == ("a bridge opens", "seen", (Place(name="Rotterdam"),))
    mended = [notice for notice in draft.warnings if notice.code == "character-dropped"]
    told = sorted(notice.detail.split(":")[0] for notice in mended)
    assert told == ["/headline", "/note", "/places/0/name"]
    assert {notice.code for notice in draft.warnings} == {"character-dropped", "no-source"}


@pytest.mark.parametrize(
    "headline", ["x" * 280, "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 280, "👍🏽" * 280, "e\u0301" * 280]
)
def test_280_characters_are_counted_as_a_reader_counts_them(headline: str) -> None:
    assert findings(body(headline=headline)) == []
    assert pointers(body(headline=headline + "y")) == ["/headline"]


def test_an_attribution_that_is_refused_is_told_once() -> None:
    assert pointers(body(attribution={"kind": "agency", "outlet": 7})) == ["/attribution/outlet"]
    assert pointers(body(attribution={"kind": "official", "speaker": ""})) == ["/attribution/speaker"]


@pytest.mark.parametrize(
    ("sent", "reason"),
    [(None, None), ({}, None), ({"reason": None}, None), ({"reason": " it was\nwrong "}, "it was wrong")],
)
def test_a_reason_is_optional_and_cleaned(sent: object, reason: str | None) -> None:
    assert check_reason(sent) == reason


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        ([], [""]), ("x", [""]), (7, [""]), ({"reason": 7}, ["/reason"]), ({"reason": ""}, ["/reason"]),
        ({"reason": "x" * 1001}, ["/reason"]), ({"reason": OVERRIDE}, ["/reason"]),
        ({"why": "x", "reason": []}, ["/reason", "/why"]),
    ],
)  # fmt: skip
def test_a_reason_that_is_none_is_found_in_its_place(sent: object, wanted: list[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        check_reason(sent)
    assert sorted(finding.pointer for finding in refusal.value.findings) == wanted


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
urls = st.text(st.sampled_from("htps:/.@[]?#%x1\\ "), max_size=24).map("https://".__add__)
INNER_NAMES = [
    "kind", "outlet", "place", "speaker", "role", "addressee", "via", "text", "url", "alt", "name", "country",
]  # fmt: skip
inner_values = scalars | urls | st.sampled_from(["agency", "official", "correspondent", "sources", "none", "NL"])
objects = st.dictionaries(st.sampled_from(INNER_NAMES), inner_values, max_size=5)
likely_values = (
    anything
    | objects
    | urls
    | st.lists(objects, max_size=3)
    | st.sampled_from(["en", "ar", "flash", LATER, alert_id(1)])
)
likely = st.dictionaries(st.sampled_from(sorted(FIELDS)), likely_values, max_size=8)


def test_an_alert_may_stand_for_a_leap_year() -> None:
    latest_ms = NOW_MS + 366 * 24 * HOUR_MS
    assert (
        check({"edition": "en", "headline": "Snow falls", "expires": moment.to_text(latest_ms)}).expires_ms == latest_ms
    )


@given(anything | likely | likely.map(lambda fields: WHOLE | fields))
def test_whatever_is_sent_is_a_draft_or_invalid(sent: object) -> None:
    assert all(pointer == "" or pointer.startswith("/") for pointer in pointers(sent))
    try:
        draft = check(sent)
    except Invalid:
        return
    assert 1 <= text.graphemes(draft.headline) <= text.HEADLINE_GRAPHEMES_MAX
    assert draft.expires_ms is None or draft.expires_ms > NOW_MS
    for when in (draft.expires_ms, draft.publish_at_ms):
        assert when is None or moment.from_text(moment.to_text(when)) == when


@given(anything)
def test_whatever_is_sent_as_a_reason_is_one_or_invalid(sent: object) -> None:
    try:
        reason = check_reason(sent)
    except Invalid:
        return
    assert reason is None or not text.is_blank(reason)


names = st.text("abcéßعربي '-\u200f\u0301", min_size=1, max_size=30)


@given(
    st.sampled_from(["en", "ar", "es"]),
    st.sampled_from(["correspondent", "official", "agency", "sources", "media", "document"]),
    st.dictionaries(st.sampled_from(["outlet", "place", "speaker", "role", "addressee", "via", "text"]), names),
    names,
)
def test_the_line_is_the_attribution_and_the_headline_and_is_clean(
    edition: str, kind: str, fields: dict[str, str], headline: str
) -> None:
    try:
        draft = check(body(edition=edition, headline=headline, attribution={"kind": kind, **fields}))
    except Invalid:
        return
    assert draft.text == ticker_text(draft.attribution.text or "", draft.headline)
    assert unicodedata.is_normalized("NFC", draft.text)
    assert text.clean(draft.text) == text.Cleaned(draft.text, (), ())
