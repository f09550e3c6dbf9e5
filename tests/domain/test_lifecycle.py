"""The life of an alert: every pair of a state and a verb is either in the table or refused by name."""

import re
from itertools import product
from typing import get_args

import pytest

from service.domain.alert import State
from service.domain.lifecycle import TABLE, Transition, Verb, WrongState, decide

STATES: tuple[State | None, ...] = (None, *get_args(State))
VERBS: tuple[Verb, ...] = get_args(Verb)
WAITING = ("draft", "scheduled", "awaiting-approval")
SHOWN = ("published", "withheld", "expired")
OVER = ("canceled", "undone", "discarded")

# One line a state: verb>state it leads to; "=" is "changes nothing". What is not here must be refused.
LAW = {
    None: "publish>published submit>draft schedule>scheduled propose>awaiting-approval",
    "draft": "submit>draft schedule>scheduled approve>published kill>discarded",
    "scheduled": "submit>draft schedule>scheduled propose>awaiting-approval publish>published release>published "
    "kill>discarded",
    "awaiting-approval": "schedule>scheduled propose>awaiting-approval approve>published kill>discarded",
    "published": "update>published correct>published hold>withheld undo>undone kill>canceled expire>expired",
    "withheld": "release>published correct>published undo>undone kill>canceled expire>expired",
    "expired": "kill>canceled",
    "canceled": "kill=",
    "undone": "undo= kill=",
    "discarded": "kill=",
}


def lawful(state: State | None, verb: Verb) -> str | None:
    """The state after the verb, "=" for no change, None for refused."""
    found = re.search(rf"\b{verb}(=|>(\S+))", LAW[state])
    return None if found is None else found[2] or found[1]


@pytest.mark.parametrize(("state", "verb"), list(product(STATES, VERBS)))
def test_every_pair_of_state_and_verb_is_decided_or_refused_by_name(state: State | None, verb: Verb) -> None:
    wanted = lawful(state, verb)
    if wanted is None:
        with pytest.raises(WrongState, match=f"^{verb} does not fit an alert that is {state or 'new'}[:;]") as refusal:
            decide(state, verb)
        assert (refusal.value.state, refusal.value.verb) == (state, verb)
        return
    transition = decide(state, verb)
    assert ("=" if transition is None else transition.state) == wanted


CHANGES = [(state, verb, transition) for (state, verb), transition in TABLE.items() if transition is not None]


@pytest.mark.parametrize(("state", "verb", "transition"), CHANGES)
def test_readers_are_told_exactly_of_what_is_or_was_public(
    state: State | None, verb: Verb, transition: Transition
) -> None:
    public = state in SHOWN or transition.state == "published"
    assert (transition.type is not None) == public


@pytest.mark.parametrize(("state", "verb", "transition"), CHANGES)
def test_the_revision_says_what_became_of_the_alert(state: State | None, verb: Verb, transition: Transition) -> None:
    types = {
        "publish": "published", "approve": "published", "update": "updated", "correct": "corrected",
        "hold": "withheld", "release": "released", "undo": "canceled", "kill": "canceled", "expire": "expired",
    }  # fmt: skip
    signals = {"update": ("update",), "correct": ("correction",), "undo": ("undone",)}
    if transition.type is None:
        assert (transition.msg_type, transition.pub_status, transition.signals) == ("Alert", "usable", ())
        return
    assert transition.type == ("published" if state in (None, *WAITING) else types[verb])
    assert transition.signals == signals.get(verb, ())
    first = transition.type == "published"
    canceled = transition.type == "canceled"
    assert transition.msg_type == ("Cancel" if canceled else "Alert" if first else "Update")
    held = transition.state == "withheld" or (state, transition.state) == ("withheld", "expired")
    assert transition.pub_status == ("canceled" if canceled else "withheld" if held else "usable")


@pytest.mark.parametrize("state", [state for state in STATES if state is not None])
def test_a_kill_is_never_refused(state: State) -> None:
    decide(state, "kill")


@pytest.mark.parametrize("state", OVER)
def test_nothing_brings_back_what_is_over(state: State) -> None:
    assert [verb for verb in VERBS if TABLE.get((state, verb)) is not None] == []


@pytest.mark.parametrize("state", WAITING)
def test_what_was_never_public_goes_without_a_word_to_readers(state: State) -> None:
    transition = decide(state, "kill")
    assert transition == Transition("discarded")


def test_a_held_sentence_does_not_come_out_by_expiring() -> None:
    transition = decide("withheld", "expire")
    assert transition is not None
    assert transition.pub_status == "withheld"


@pytest.mark.parametrize(
    ("state", "verb", "instead"),
    [
        ("draft", "hold", ": update, approve or kill"), ("scheduled", "approve", ": update, release or kill"),
        ("awaiting-approval", "release", ": update, approve or kill"),
        ("withheld", "update", ": correct, release or kill"),
        ("published", "approve", ": update, correct, hold or kill"), ("expired", "correct", ": kill"),
        ("canceled", "release", "; it is over, so post a new one"),
        ("discarded", "update", "; it is over, so post a new one"),
    ],
)  # fmt: skip
def test_who_is_refused_is_told_which_verbs_fit(state: State, verb: Verb, instead: str) -> None:
    assert str(WrongState(state, verb)) == f"{verb} does not fit an alert that is {state}{instead}"
