"""The audit's lines: what an act changed, and no more than tells what it was."""

from typing import Any, get_args

import msgspec
import pytest

from service.domain import audit, lifecycle
from service.domain.alert import Attribution, Correction, Link, Place
from service.domain.audit import Act, By
from tests.domain.making import NOW_MS, make_alert

DESK = By(name="night desk", key_id="K", role="duty", address="127.0.0.1", request_id="r")


@pytest.mark.parametrize(
    ("field", "told", "was", "now"),
    [
        ("headline", "headline", "Rain", "Snow"),
        ("level", "level", "brief", "urgent"),
        ("story", "story", "A" * 26, "B" * 26),
        ("sections", "sections", (), ("sport",)),
        ("places", "places", (Place(name="Rotterdam"),), (Place(name="Delft", country="NL"),)),
        ("link", "link", None, Link("https://example.org/n/1")),
        ("certainty", "certainty", "Likely", None),
        ("attribution", "attribution", Attribution(kind="none"), Attribution(kind="media", outlet="A paper")),
        ("correction", "correction", None, Correction("It is the other pass", "Rain", "minor")),
        ("expires", "expires", "2026-11-18T14:02:11.204Z", "2026-11-19T14:02:11.204Z"),
    ],
)
def test_what_differs_stands_with_what_it_was_and_what_it_is(field: str, told: str, was: Any, now: Any) -> None:
    found = audit.diff(make_alert(**{field: was}), make_alert(**{field: now}))
    assert found == {told: (msgspec.to_builtins(was), msgspec.to_builtins(now))}


def test_what_follows_from_the_verb_is_no_change() -> None:
    before = make_alert()
    after = make_alert(version=2, msg_type="Update", pub_status="withheld", signals=("update",), version_created="now")
    assert audit.diff(before, after) == {}


def test_a_new_alert_has_changed_nothing_because_its_version_is_the_change() -> None:
    assert audit.diff(None, make_alert(), {"push": (True, False)}) == {}


def test_what_stands_beside_an_alert_is_told_where_it_differs() -> None:
    found = audit.diff(make_alert(), make_alert(), {"push": (True, False), "note": (None, None)})
    assert found == {"push": (True, False)}


def test_of_a_long_value_the_beginning_is_enough() -> None:
    places = tuple(Place(name=f"place number {number}") for number in range(1000))
    found = audit.diff(make_alert(places=()), make_alert(places=places))
    was, now = found["places"]
    assert was == ()
    assert len(now) == audit.VALUE_CHARS_MAX + 1
    assert now.startswith('[{"name":"place number 0"},')


@pytest.mark.parametrize("grapheme", ["ش", "\U0001f1f3\U0001f1f1"])
def test_the_longest_headline_of_letters_or_flags_stands_whole(grapheme: str) -> None:
    headline = grapheme * 280
    assert audit.diff(make_alert(), make_alert(headline=headline))["headline"][1] == headline


def test_a_line_has_what_applies_and_leaves_the_rest_out() -> None:
    act = Act(
        at="2026-11-18T14:02:11.204Z", verb="hold", by=DESK, alert="A" * 26, version=2, state_before="published",
        state_after="withheld", reason="is being verified",
    )  # fmt: skip
    assert msgspec.json.decode(audit.encode(act)) == {
        "at": "2026-11-18T14:02:11.204Z", "verb": "hold",
        "by": {"name": "night desk", "keyId": "K", "role": "duty", "address": "127.0.0.1", "requestId": "r"},
        "alert": "A" * 26, "version": 2, "stateBefore": "published", "stateAfter": "withheld",
        "reason": "is being verified",
    }  # fmt: skip


def test_a_line_that_is_read_again_is_the_same_act() -> None:
    act = Act(
        at="2026-11-18T14:02:11.204Z", verb="update", by=DESK, alert="A" * 26, version=2,
        changed=audit.diff(make_alert(), make_alert(headline="Snow")), override=("near-duplicate",), cursor="k3f9:118",
    )  # fmt: skip
    assert msgspec.json.decode(audit.encode(act), type=Act) == act


def test_a_refusal_says_why_and_not_at_any_length() -> None:
    act = audit.refusal(Act(at=str(NOW_MS), verb="approve", by=DESK), "x" * 10_000)
    assert act.refused == "x" * audit.REFUSED_CHARS_MAX


def test_every_verb_of_the_table_may_stand_in_a_line() -> None:
    for verb in get_args(lifecycle.Verb):
        line = audit.encode(Act(at="", verb=verb, by=By(name="scheduler")))
        assert msgspec.json.decode(line, type=Act).verb == verb
