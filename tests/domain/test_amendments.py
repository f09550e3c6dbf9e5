"""Updates and corrections: what is sent changes, what is not stays, and the line is made as for a new alert."""

from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import moment
from service.domain.alert import NO_ATTRIBUTION, Author, Correction, Image, Link, Place, Record
from service.domain.amendments import AMENDMENTS, FIELDS, Amended, check_correction, check_update
from service.domain.checks import check_alert
from service.domain.errors import Invalid
from service.domain.lifecycle import TABLE, ChangeVerb
from service.domain.versions import first, following
from tests.domain.making import HOUR_MS, NEWSROOM, NOW_MS, alert_id

LATER = moment.to_text(NOW_MS + HOUR_MS)
WRONG = {"text": "It was another bridge", "severity": "major"}
CORRESPONDENT = {"kind": "correspondent", "place": "Alder"}
LINE = "Example News correspondent in Alder: first ferry sails"
NEW: dict[str, tuple[Any, str, Any]] = {
    "sections": (["sports"], "sections", ("sports",)),
    "regions": (["europe"], "regions", ("europe",)),
    "places": ([{"name": "Alder"}], "places", (Place(name="Alder"),)),
    "link": ({"url": "https://example.org/n/2"}, "link", Link("https://example.org/n/2")),
    "image": ({"url": "https://example.org/i.jpg", "alt": "A"}, "image", Image("https://example.org/i.jpg", "A")),
    "certainty": ("Likely", "certainty", "Likely"),
    "expires": (LATER, "expires", LATER),
}  # fmt: skip
"""What is sent, the field that changes, what it becomes."""


def published(**fields: Any) -> Record:
    """An alert as it stands after it was posted with these fields."""
    body = {"edition": "en", **({} if "text" in fields else {"headline": "First ferry sails"}), **fields}
    draft = check_alert(body, NEWSROOM, NOW_MS, allow_http=False)
    transition = TABLE[None, "publish"]
    assert transition is not None
    alert = first(
        draft, transition, NEWSROOM, alert_id=alert_id(1), story=alert_id(2), status="Actual", now_ms=NOW_MS,
        expires_ms=NOW_MS + 24 * HOUR_MS,
    )  # fmt: skip
    return Record(alert=alert, state="published", author=Author("K", "a desk"), push=draft.push)


def amended(verb: ChangeVerb, body: object, before: Record) -> Amended:
    return AMENDMENTS[verb](body, before, NEWSROOM, NOW_MS, allow_http=False)


def updated(body: object, before: Record | None = None) -> Amended:
    return check_update(body, before or published(), NEWSROOM, NOW_MS, allow_http=False)


def corrected(body: object, before: Record | None = None) -> Amended:
    return check_correction(body, before or published(), NEWSROOM, NOW_MS, allow_http=False)


def pointers(verb: ChangeVerb, body: object) -> list[str]:
    with pytest.raises(Invalid) as refusal:
        amended(verb, body, published())
    return sorted(finding.pointer for finding in refusal.value.findings)


@pytest.mark.parametrize("name", sorted(NEW))
def test_what_is_sent_changes_and_nothing_else(name: str) -> None:
    before = published()
    sent, field, wanted = NEW[name]
    after = updated({name: sent}, before)
    assert after.alert == msgspec.structs.replace(before.alert, **{field: wanted})
    assert (after.push, after.correction, after.warnings) == (True, None, ())
    assert corrected({name: sent, "correction": WRONG}, before).alert == after.alert


def test_every_field_is_tried_somewhere() -> None:
    assert {*NEW, "headline", "text", "attribution", "push"} == set(FIELDS)


def test_a_new_headline_keeps_the_attribution() -> None:
    before = published(attribution=CORRESPONDENT)
    after = updated({"headline": "All ferries sail"}, before).alert
    assert after.attribution == before.alert.attribution
    assert after.text == "Example News correspondent in Alder: All ferries sail"


def test_a_new_attribution_keeps_the_headline() -> None:
    after = updated({"attribution": CORRESPONDENT}).alert
    assert after.headline == "First ferry sails"
    assert after.text == "Example News correspondent in Alder: First ferry sails"


def test_null_takes_away_what_may_be_missing() -> None:
    before = published(attribution=CORRESPONDENT, link={"url": "https://example.org/n/1"}, image=NEW["image"][0])
    after = updated({"attribution": None, "link": None, "image": None}, before).alert
    assert (after.attribution, after.text) == (NO_ATTRIBUTION, "First ferry sails")
    assert (after.link, after.image) == (None, None)


def test_a_pasted_line_is_taken_apart_as_for_a_new_alert() -> None:
    after = updated({"text": LINE}).alert
    assert (after.text, after.headline, after.attribution.kind) == (LINE, "first ferry sails", "correspondent")
    plain = updated({"text": "No ferry sails"}, published(attribution=CORRESPONDENT)).alert
    assert (plain.text, plain.headline, plain.attribution) == ("No ferry sails", "No ferry sails", NO_ATTRIBUTION)


def test_a_pasted_line_stays_as_it_is_when_other_things_change() -> None:
    stated = published(text="Ferry office: first ferry sails", attribution={"kind": "agency", "outlet": "Ferry office"})
    assert updated({"sections": ["economy"], "text": None}, stated).alert.text == "Ferry office: first ferry sails"


def test_an_attribution_that_was_rendered_long_is_no_obstacle_to_a_new_headline() -> None:
    long = {"kind": "correspondent", "outlet": "o" * 110, "place": "p" * 110}
    after = updated({"headline": "All ferries sail"}, published(attribution=long)).alert
    assert after.text == f"{'o' * 110} correspondent in {'p' * 110}: All ferries sail"


def test_an_update_may_only_stop_what_still_rings() -> None:
    before = published()
    after = updated({"push": False}, before)
    assert (after.alert, after.push) == (before.alert, False)


@pytest.mark.parametrize("verb", sorted(AMENDMENTS))
def test_what_was_not_to_ring_cannot_ring_later(verb: ChangeVerb) -> None:
    silent = published(push=False)
    body = {"headline": "All ferries sail", **({"correction": WRONG} if verb == "correct" else {})}
    assert amended(verb, body, silent).push is False
    assert amended(verb, {**body, "push": False}, silent).push is False
    with pytest.raises(Invalid, match="/push"):
        amended(verb, {**body, "push": True}, silent)


@pytest.mark.parametrize(
    "body", [{}, {"headline": "First ferry sails"}, {"headline": " First ferry\nsails"}, {"push": True},
             {"sections": []}, {"attribution": {"kind": "none"}}, {"headline": None}],
)  # fmt: skip
def test_an_update_that_changes_nothing_is_refused(body: dict[str, Any]) -> None:
    assert pointers("update", body) == [""]
    assert pointers("correct", {**body, "correction": WRONG}) == [""]


def test_after_a_correction_the_same_content_is_still_nothing_new() -> None:
    before = published()
    alert = msgspec.structs.replace(before.alert, correction=Correction("x", "y", "minor"))
    with pytest.raises(Invalid, match="changes nothing"):
        updated({"headline": "First ferry sails"}, msgspec.structs.replace(before, alert=alert))


def test_a_correction_that_does_not_say_what_was_wrong_is_told_what_is_missing() -> None:
    with pytest.raises(Invalid) as refusal:
        corrected({"headline": "No ferry sails"})
    (finding,) = refusal.value.findings
    assert (finding.pointer, finding.detail) == (
        "/correction", "must be an object with text and severity"
    )  # fmt: skip


def test_a_correction_says_what_was_wrong_and_keeps_the_old_headline() -> None:
    after = corrected({"headline": "No ferry sails", "correction": WRONG})
    assert after.correction == Correction("It was another bridge", "First ferry sails", "major")
    minor = corrected({"headline": "No ferry sails", "correction": {**WRONG, "severity": "minor"}})
    assert minor.correction is not None
    assert minor.correction.severity == "minor"


def test_what_was_mended_in_a_correction_is_told() -> None:
    after = corrected({"headline": "No\ufeff ferry sails", "correction": {**WRONG, "text": "It\u200b was another"}})
    assert [warning.detail.split(":")[0] for warning in after.warnings] == ["/headline", "/correction/text"]
    assert after.correction is not None
    assert after.correction.text == "It was another"


def test_whether_it_is_pushed_is_no_correction() -> None:
    assert pointers("correct", {"push": False, "correction": WRONG}) == [""]


@pytest.mark.parametrize("verb", sorted(AMENDMENTS))
@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        ({"level": "flash"}, ["/level"]),
        ({"edition": "ar", "story": alert_id(3)}, ["/edition", "/story"]),
        ({"publishAt": LATER, "note": "x", "override": []}, ["/note", "/override", "/publishAt"]),
        ({"headline": "a", "text": "b"}, ["/headline"]),
        ({"headline": ""}, ["/headline"]),
        ({"headline": "x" * 281}, ["/headline"]),
        ({"headline": "a\u202eb"}, ["/headline"]),
        ({"text": 7}, ["/text"]),
        ({"attribution": {"kind": "agency"}}, ["/attribution"]),
        ({"attribution": 7}, ["/attribution"]),
        ({"sections": ["gossip"]}, ["/sections/0"]),
        ({"sections": None}, ["/sections"]),
        ({"regions": 7}, ["/regions"]),
        ({"places": [{}]}, ["/places/0/name"]),
        ({"link": {"url": "http://example.org"}}, ["/link/url"]),
        ({"image": {"url": "https://example.org/i.jpg"}}, ["/image/alt"]),
        ({"certainty": None}, ["/certainty"]),
        ({"expires": None}, ["/expires"]),
        ({"expires": "2001-01-01T00:00:00Z"}, ["/expires"]),
        ({"expires": "9999-12-31T23:59:59Z"}, ["/expires"]),
        ({"push": None}, ["/push"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_in_its_place(verb: ChangeVerb, sent: dict[str, Any], wanted: list[str]) -> None:
    more = {"correction": WRONG} if verb == "correct" else {}
    assert pointers(verb, {**sent, **more}) == wanted


def test_what_is_fixed_says_so() -> None:
    with pytest.raises(Invalid, match="/level: is fixed with the first version"):
        updated({"level": "line"})


@pytest.mark.parametrize(
    ("correction", "wanted"),
    [
        (None, ["/correction"]), ("x", ["/correction"]),
        ({}, ["/correction/severity", "/correction/text"]),
        ({**WRONG, "severity": "grave"}, ["/correction/severity"]),
        ({**WRONG, "severity": ["major"]}, ["/correction/severity"]),
        ({**WRONG, "severity": None}, ["/correction/severity"]),
        ({**WRONG, "text": None}, ["/correction/text"]),
        ({**WRONG, "text": " "}, ["/correction/text"]),
        ({**WRONG, "text": "x" * 281}, ["/correction/text"]),
        ({**WRONG, "was": "x"}, ["/correction/was"]),
    ],
)  # fmt: skip
def test_a_correction_that_is_none_is_found_in_its_place(correction: Any, wanted: list[str]) -> None:
    assert pointers("correct", {"headline": "No ferry sails", "correction": correction}) == wanted


def test_an_update_has_no_correction() -> None:
    assert pointers("update", {"headline": "No ferry sails", "correction": WRONG}) == ["/correction"]


@pytest.mark.parametrize("verb", sorted(AMENDMENTS))
@pytest.mark.parametrize("body", [None, [], "x", 7])
def test_a_body_that_is_no_object_is_wrong_as_a_whole(verb: ChangeVerb, body: object) -> None:
    assert pointers(verb, body) == [""]


def test_an_edition_that_is_gone_cannot_word_a_line() -> None:
    before = published()
    gone = msgspec.structs.replace(before, alert=msgspec.structs.replace(before.alert, edition="fr"))
    with pytest.raises(Invalid, match="no longer"):
        updated({"headline": "No ferry sails"}, gone)
    assert updated({"link": NEW["link"][0]}, gone).alert.link == NEW["link"][2]


headlines = st.text("ab cß'", min_size=1, max_size=12)
attributions = st.sampled_from([CORRESPONDENT, {"kind": "agency", "outlet": "Ferry office"}, {"kind": "none"}])


@given(headlines, attributions, headlines, st.none() | attributions)
def test_an_update_says_what_a_new_alert_of_the_same_words_would_say(
    headline: str, attribution: dict[str, str], later: str, another: dict[str, str] | None
) -> None:
    def post(words: str, stated: dict[str, str]) -> Record | None:
        try:
            return published(headline=words, attribution=stated)
        except Invalid:
            return None

    before, wanted = post(headline, attribution), post(later, another or attribution)
    if before is None or wanted is None:
        return
    try:
        after = updated({"headline": later} | ({"attribution": another} if another else {}), before).alert
    except Invalid:
        assert wanted.alert == before.alert
    else:
        assert after == wanted.alert


def test_a_correction_belongs_to_the_corrected_version_alone() -> None:
    correct, update = TABLE["published", "correct"], TABLE["published", "update"]
    assert correct is not None
    assert update is not None
    before = published()
    changed = corrected({"headline": "No ferry sails", "correction": WRONG}, before)
    second = following(changed.alert, correct, NOW_MS + 1, changed.correction)
    assert (second.version, second.signals, second.correction) == (2, ("correction",), changed.correction)
    assert [(one.id, one.version) for one in second.references] == [(before.alert.id, 1)]
    assert (second.first_created, second.version_created) == (moment.to_text(NOW_MS), moment.to_text(NOW_MS + 1))
    third = following(second, update, NOW_MS + 2)
    assert (third.version, third.signals, third.correction) == (3, ("update",), None)


def test_the_urgency_is_that_of_the_settings() -> None:
    levels = {**NEWSROOM.levels, "brief": msgspec.structs.replace(NEWSROOM.levels["brief"], urgency=3)}
    newsroom = msgspec.structs.replace(NEWSROOM, levels=levels)
    draft = check_alert({"edition": "en", "headline": "First ferry sails"}, newsroom, NOW_MS, allow_http=False)
    alert = first(
        draft, cast(Any, TABLE[None, "publish"]), newsroom, alert_id=alert_id(1), story=alert_id(2), status="Actual",
        now_ms=NOW_MS, expires_ms=NOW_MS + HOUR_MS,
    )  # fmt: skip
    assert alert.urgency == 3
