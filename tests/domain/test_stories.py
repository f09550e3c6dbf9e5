"""A story tells who lags and who is to be looked at again; a line of the tables is a story of two or three alerts."""

from typing import Any

import msgspec
import pytest

from service.domain import moment, stories
from service.domain.alert import Author, Correction, Record, State
from tests.entries import NOW_MS, alert

EDITIONS = ("en", "ar", "es")
STORY = "P4S0R8B1D6D9N2E0A01JCZX3V7"
A, B, C = "A" * 26, "B" * 26, "C" * 26
WRONG = Correction("It is the other pass", "Snow closes the northern pass", "major")

# what a version makes of the one before it
VERSIONS: dict[str, tuple[State, dict[str, Any]]] = {
    "publish": ("published", {}),
    "update": ("published", {"msg_type": "Update", "signals": ("update",), "correction": None}),
    "correct": ("published", {"msg_type": "Update", "signals": ("correction",), "correction": WRONG,
                              "pub_status": "usable"}),
    "hold": ("withheld", {"msg_type": "Update", "pub_status": "withheld", "correction": None}),
    "release": ("published", {"msg_type": "Update", "pub_status": "usable", "correction": None}),
    "kill": ("canceled", {"msg_type": "Cancel", "pub_status": "canceled", "correction": None}),
    "undo": ("undone", {"msg_type": "Cancel", "pub_status": "canceled", "signals": ("undone",), "correction": None}),
    "expire": ("expired", {"msg_type": "Update", "correction": None}),
}  # fmt: skip


def lived(alert_id: str, edition: str, life: str) -> tuple[Record, ...]:
    """An alert's versions of a life such as `publish@0 hold@5`: verbs and the seconds at which they were done."""
    records: list[Record] = []
    for number, act in enumerate(life.split(), 1):
        verb, _, at_s = act.partition("@")
        at = moment.to_text(NOW_MS + round(float(at_s) * 1000))
        state, changes = VERSIONS[verb]
        before = records[-1].alert if records else alert(f"{edition} {verb}", alert_id, story=STORY, edition=edition)
        told = {"version": number, "version_created": at, **changes}
        if not records:
            told["first_created"] = at
        made = msgspec.structs.replace(before, **told)
        records.append(Record(alert=made, state=state, author=Author("KEY", "a desk"), push=True))
    return tuple(records)


# the lives of A (en), B (ar) and, where there is one, C (en): whose flag says what
FLAGS: list[tuple[str, str, str, dict[str, str | None]]] = [
    ("publish@0", "publish@9", "", {A: None, B: None}),
    ("publish@0 update@20", "publish@9", "", {A: None, B: None}),
    ("publish@0 correct@20", "publish@9", "", {A: None, B: f"{A} correct 20"}),
    ("publish@0 correct@20 update@25", "publish@9", "", {A: None, B: f"{A} correct 20"}),
    ("publish@0 correct@5", "publish@9", "", {A: None, B: None}),
    ("publish@0 correct@20", "publish@9 update@30", "", {A: None, B: None}),
    ("publish@0 correct@20", "publish@9 correct@30", "", {A: f"{B} correct 30", B: None}),
    ("publish@0 correct@20 update@40", "publish@9 correct@30", "", {A: None, B: None}),
    ("publish@0 kill@20", "publish@9", "", {A: None, B: f"{A} kill 20"}),
    ("publish@0 correct@20 kill@40", "publish@9 update@30", "", {A: None, B: f"{A} kill 40"}),
    ("publish@0 kill@20", "publish@9 kill@30", "", {A: None, B: None}),
    ("publish@0 hold@20", "publish@9", "", {A: None, B: f"{A} hold 20"}),
    ("publish@0 hold@20 release@30", "publish@9", "", {A: None, B: None}),
    ("publish@0 hold@20 correct@30", "publish@9", "", {A: None, B: f"{A} correct 30"}),
    ("publish@0 hold@20 hold@40", "publish@9 update@30", "", {A: None, B: None}),
    ("publish@0 hold@20", "publish@9 hold@30", "", {A: f"{B} hold 30", B: None}),
    ("publish@0 undo@20", "publish@9", "", {A: None, B: None}),
    ("publish@0 correct@3 undo@20", "publish@2", "", {A: None, B: None}),
    ("publish@0 expire@60", "publish@9 correct@90", "", {A: None, B: None}),
    ("publish@0 correct@20", "publish@9 expire@15", "", {A: None, B: None}),
    ("publish@0 correct@20", "publish@9", "publish@30", {A: None, B: f"{A} correct 20", C: None}),
    ("publish@0 correct@20", "publish@9 hold@40", "publish@30",
     {A: f"{B} hold 40", B: None, C: f"{B} hold 40"}),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "third", "expected"), FLAGS)
def test_an_alert_is_flagged_until_it_is_newer_than_its_siblings_doubts(
    first: str, second: str, third: str, expected: dict[str, str | None]
) -> None:
    lives = [lived(A, "en", first), lived(B, "ar", second), *([lived(C, "en", third)] if third else [])]
    told = stories.tell(STORY, lives, EDITIONS)
    found = {member.id: member.flagged for member in told.alerts}
    said = {
        alert_id: None if flag is None else
        f"{flag.by} {flag.verb} {(moment.from_text(flag.at) - NOW_MS) // 1000}" for alert_id, flag in found.items()
    }  # fmt: skip
    assert said == expected
    flagged = {member.edition for member in told.alerts if member.flagged}
    assert {edition.edition for edition in told.editions if edition.flagged} == flagged


def test_a_flag_says_how_grave_the_correction_was() -> None:
    told = stories.tell(STORY, [lived(A, "en", "publish@0 correct@9"), lived(B, "ar", "publish@1")], EDITIONS)
    flag = told.alerts[1].flagged
    assert flag is not None
    assert (flag.edition, flag.severity) == ("en", "major")


@pytest.mark.parametrize(
    ("first", "second", "behind"),
    [
        ("publish@0 update@20", "publish@9", True),
        ("publish@0 update@5", "publish@9", False),
        ("publish@0 hold@20 release@30", "publish@9", True),
        ("publish@0 kill@20", "publish@9", True),
        ("publish@0", "publish@9", False),
        ("publish@0 expire@20", "publish@9", False),
        ("publish@0 undo@20", "publish@9", False),
        ("publish@0 update@20", "publish@9 kill@10", False),
    ],
)
def test_an_alert_is_behind_while_a_sibling_says_something_newer(first: str, second: str, behind: bool) -> None:
    told = stories.tell(STORY, [lived(A, "en", first), lived(B, "ar", second)], EDITIONS)
    assert told.alerts[1].behind is behind


def test_editions_lag_behind_the_first_and_those_without_an_alert_are_missing() -> None:
    told = stories.tell(
        STORY, [lived(A, "ar", "publish@0"), lived(B, "en", "publish@4.25"), lived(C, "ar", "publish@60")], EDITIONS
    )
    assert told.first_created == moment.to_text(NOW_MS)
    assert [(each.edition, each.lag_s, each.alerts) for each in told.editions] == [
        ("en", 4.25, (B,)), ("ar", 0.0, (A, C)), ("es", None, ()),
    ]  # fmt: skip
    assert [member.lag_s for member in told.alerts] == [0.0, 4.25, 60.0]
    assert told.missing == ("es",)


def test_what_was_undone_was_never_first() -> None:
    told = stories.tell(STORY, [lived(A, "en", "publish@0 undo@2"), lived(B, "ar", "publish@5")], EDITIONS)
    assert [(each.edition, each.lag_s) for each in told.editions] == [("en", None), ("ar", 0.0), ("es", None)]
    assert told.missing == ("en", "es")
    alone = stories.tell(STORY, [lived(A, "en", "publish@0 undo@2")], EDITIONS)
    assert (alone.first_created, alone.missing) == (None, EDITIONS)


def pending(alert_id: str, edition: str, at_s: int, state: State = "scheduled") -> tuple[Record, ...]:
    """What is not public yet, as it was changed last after `at_s` seconds."""
    (record,) = lived(alert_id, edition, f"publish@{at_s}")
    return (msgspec.structs.replace(record, state=state),)


def test_what_waits_belongs_to_the_story_and_is_flagged_and_has_told_nobody_yet() -> None:
    told = stories.tell(
        STORY, [lived(A, "en", "publish@10 kill@40"), pending(B, "ar", 5), pending(C, "ar", 50, "draft")], EDITIONS
    )
    assert told.first_created == moment.to_text(NOW_MS + 10_000)
    assert told.missing == ("ar", "es")
    assert [(each.edition, each.lag_s, each.flagged, each.alerts) for each in told.editions] == [
        ("en", 0.0, False, (A,)), ("ar", None, True, (B, C)), ("es", None, False, ()),
    ]  # fmt: skip
    _, second, third = told.alerts
    assert (second.first_created, second.lag_s, second.state) == (None, None, "scheduled")
    assert second.flagged is not None
    assert (second.flagged.by, second.flagged.verb, third.flagged) == (A, "kill", None)
    only = stories.tell(STORY, [pending(B, "ar", 5)], EDITIONS)
    assert (only.first_created, only.missing) == (None, EDITIONS)
    assert (
        stories.tell(STORY, [pending(B, "ar", 5, "discarded"), lived(A, "en", "publish@0 kill@40")], EDITIONS)
        .alerts[0]
        .flagged
        is None
    )


def test_who_kills_one_is_told_of_what_is_about_to_go_out() -> None:
    (warning,) = stories.warnings(STORY, [pending(B, "ar", 5)[-1], pending(C, "es", 5, "discarded")[-1]])
    assert f"stands in ar {B} (scheduled);" in warning.detail


def test_a_version_says_what_it_said_even_while_readers_see_a_notice() -> None:
    told = stories.tell(STORY, [lived(A, "en", "publish@0 correct@5 kill@9")], EDITIONS)
    (member,) = told.alerts
    assert (member.state, member.version, member.headline) == ("canceled", 3, "en publish")
    assert [(version.version, version.state, version.correction) for version in member.versions] == [
        (1, "published", None), (2, "published", WRONG), (3, "canceled", None),
    ]  # fmt: skip


def test_who_acts_on_one_is_told_of_the_siblings_that_still_stand() -> None:
    newest = [
        lived(A, "en", "publish@0 kill@1")[-1],
        lived(B, "ar", "publish@2")[-1],
        lived(C, "es", "publish@3 hold@4")[-1],
    ]
    (warning,) = stories.warnings(STORY, newest)
    assert warning.code == "siblings"
    assert f"ar {B}, es {C};" in warning.detail
    assert A not in warning.detail
    assert f"/v1/stories/{STORY}" in warning.detail
    assert stories.warnings(STORY, newest[:1]) == ()
    many = [lived(letter * 26, "ar", "publish@2")[-1] for letter in "0123456789ABC"]
    (warning,) = stories.warnings(STORY, many)
    assert f"ar {C} and 3 more;" in warning.detail
