"""What a refusal says in a terminal: why, and what to type instead."""

from typing import Any

import pytest

from service.client import Refused
from service.commands.refusals import TYPED, refusal
from service.domain.lifecycle import CHANGE_VERBS

ID = "7Q0F8R2K5M9TB4W6YE3XCZ01JV"


@pytest.fixture(autouse=True)
def called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHWIRE_PROGRAM", "./run")


def said(status: int, verb: str, **problem: Any) -> str:
    path = f"/v1/alerts/{ID}/{verb}" if verb else "/v1/alerts"
    return refusal(Refused(status, problem), path).format_message()


def test_too_late_to_undo_is_told_what_to_do_instead() -> None:
    assert said(409, "undo", type="/problems/fuse-over", detail="the fuse has burnt down").splitlines() == [
        "refused (409): it is too late to undo, phones may ring by now; correct or kill it instead:",
        f"  ./run kill {ID} --reason …",
        f"  ./run correct {ID} --headline … --wrong … --severity major",
    ]


def test_who_has_no_good_key_is_told_where_one_comes_from() -> None:
    assert said(401, "", type="/problems/unauthorized", detail="this key has been revoked").splitlines() == [
        "refused (401): this key has been revoked",
        "  ./run keys create --role duty --name …",
        "makes another for FLASHWIRE_KEY; `up` makes itself one when it starts again",
    ]


def test_whoever_approves_too_late_is_told_how_it_asks_again() -> None:
    text = said(409, "approve", type="/problems/approval-needed", detail="it has waited too long")
    assert text.startswith("refused (409): it has waited too long:\n")
    assert f"update {ID} --headline …" in text


def test_who_says_the_same_again_is_told_of_what_was_said_and_of_both_ways_on() -> None:
    duplicates = [{"id": ID, "headline": "Snow closes the \x1bpass"}]
    assert said(409, "", type="/problems/near-duplicate", detail="no", duplicates=duplicates).splitlines() == [
        f"refused (409): {ID} says the same: Snow closes the \\u001bpass",
        f"  ./run update {ID} --headline …",
        "if it is different news: --override near-duplicate --reason …",
    ]
    assert said(409, "", type="/problems/near-duplicate", detail="it was said") == "refused (409): it was said"


@pytest.mark.parametrize(
    ("verb", "state", "words", "fitting"),
    [
        ("update", "withheld", "on hold", ["correct", "release", "kill"]),
        ("release", "published", "published", ["update", "correct", "hold", "kill"]),
        ("update", "expired", "expired", ["kill"]),
        ("release", "awaiting-approval", "awaiting-approval", ["update", "approve", "kill"]),
        ("hold", "scheduled", "scheduled", ["update", "release", "kill"]),
        ("correct", "canceled", "withdrawn", []),
        ("hold", "undone", "undone", []),
        ("hold", "a\x1b[2J", "a\\u001b[2J", []),
    ],
)
def test_a_state_is_told_in_plain_words_with_what_fits_it(
    verb: str, state: str, words: str, fitting: list[str]
) -> None:
    first, *rest = said(409, verb, type="/problems/wrong-state", state=state, detail="no").splitlines()
    ending = "what does:" if fitting else "it is over, so post a new one"
    assert first == f"refused (409): {verb} does not fit an alert that is {words}; {ending}"
    assert [line.split()[:3] for line in rest] == [["./run", verb, ID] for verb in fitting]


def test_every_verb_but_undo_can_be_offered() -> None:
    assert TYPED.keys() == {*CHANGE_VERBS, "approve"} - {"undo"}


def test_each_finding_is_a_line_of_its_own() -> None:
    errors = [{"pointer": "/headline", "detail": "must not be empty"}, {"pointer": "/level", "detail": "is unknown"}]
    text = said(422, "", type="/problems/invalid", detail="2 found; see errors", errors=errors)
    assert text.splitlines() == ["refused (422):", "headline: must not be empty", "level: is unknown"]


def test_any_other_refusal_keeps_the_words_of_the_api() -> None:
    assert said(404, "kill", type="/problems/not-found", detail="no alert") == "refused (404): no alert"
