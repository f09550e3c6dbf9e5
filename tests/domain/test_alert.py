"""The public form of an alert: complete for readers while it is usable, without a trace of its sentence when not."""

import json

import msgspec
import pytest

from service.domain import revision
from service.domain.alert import (
    NO_ATTRIBUTION,
    Alert,
    Author,
    Correction,
    PubStatus,
    Record,
    public_form,
    redacted,
    ticker_text,
)
from tests.domain.making import CANARY, make_alert, make_telling_alert

KEPT_BY_REDACTION = {
    "id", "story", "edition", "language", "dir", "version", "msgType", "status", "pubStatus", "level", "urgency",
    "signals", "firstCreated", "versionCreated", "expires",
}  # fmt: skip


def test_every_field_of_the_contract_is_in_the_json_even_where_it_is_empty() -> None:
    bare = make_alert(sections=(), regions=(), places=(), link=None)
    assert list(json.loads(revision.encode(bare))) == [
        "id", "story", "edition", "language", "dir", "version", "msgType", "status", "pubStatus", "level", "urgency",
        "certainty", "headline", "text", "attribution", "sections", "regions", "places", "link", "image", "signals",
        "references", "correction", "notice", "firstCreated", "versionCreated", "expires",
    ]  # fmt: skip


def test_internal_fields_stand_beside_the_alert_never_in_it() -> None:
    internal = {"state", "author", "push", "note", "reason"}
    assert internal.isdisjoint(Alert.__struct_fields__)
    assert internal <= set(Record.__struct_fields__)


def test_a_record_keeps_the_sentence_and_survives_its_encoding() -> None:
    record = Record(
        alert=make_telling_alert(pub_status="withheld"), state="withheld", author=Author("k1", "Desk"), push=True
    )
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
    assert CANARY in str(record.alert.headline)


@pytest.mark.parametrize("pub_status", ["withheld", "canceled"])
def test_readers_get_no_trace_of_a_sentence_that_may_not_be_shown(pub_status: PubStatus) -> None:
    alert = make_telling_alert(version=3, pub_status=pub_status, signals=("undone",))
    encoded = revision.encode(public_form(alert, "This alert is being verified."))
    assert CANARY.encode() in revision.encode(alert)
    assert CANARY.encode() not in encoded
    told, full = json.loads(encoded), json.loads(revision.encode(alert))
    assert {name: told[name] for name in KEPT_BY_REDACTION} == {name: full[name] for name in KEPT_BY_REDACTION}
    assert told["notice"] == "This alert is being verified."
    assert told["attribution"] == {"kind": "none"}
    rest = told.keys() - KEPT_BY_REDACTION - {"notice", "attribution"}
    assert [told[name] for name in rest if told[name] not in (None, [])] == []


def test_readers_get_a_usable_alert_as_it_is() -> None:
    alert = make_telling_alert(notice=None)
    assert public_form(alert, "not shown") is alert


def test_redacting_twice_changes_nothing() -> None:
    once = redacted(make_telling_alert(), "notice")
    assert redacted(once, "notice") == once


@pytest.mark.parametrize(
    ("attribution", "headline", "shown"),
    [
        ("", "Rain in the north", "Rain in the north"),
        ("Weather office", "Rain in the north", "Weather office: Rain in the north"),
        ("مراسلنا", "أمطار", "مراسلنا: أمطار"),
    ],
)
def test_a_ticker_shows_who_and_what(attribution: str, headline: str, shown: str) -> None:
    assert ticker_text(attribution, headline) == shown


def test_values_that_are_missing_are_left_out_of_the_small_objects() -> None:
    assert msgspec.json.encode(NO_ATTRIBUTION) == b'{"kind":"none"}'
    assert json.loads(msgspec.json.encode(make_alert().places[0])) == {"name": "Rotterdam", "country": "NL"}


def test_an_alert_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        make_alert().headline = "another"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Correction("a", "b", "minor").was = "c"  # type: ignore[misc]
