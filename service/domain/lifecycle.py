"""The life of an alert: which verb fits which state, and what it makes of it.

The rule to remember: the table is the law. A pair (state, verb) that is not in it is refused by name. A pair that maps
to `None` changes nothing and answers with the state as it is: a second kill in a panic is not an error.
"""

from typing import Literal, get_args

import msgspec

from service.domain.alert import MsgType, PubStatus, State
from service.domain.revision import RevisionType

Verb = Literal["publish", "submit", "schedule", "propose", "approve", "update", "correct", "hold", "release", "undo",
               "kill", "expire"]  # fmt: skip


ChangeVerb = Literal["update", "correct", "hold", "release", "undo", "kill"]
"""The verbs that editors may do to an alert that is out."""
CHANGE_VERBS: tuple[ChangeVerb, ...] = get_args(ChangeVerb)
OFFERED: tuple[Verb, ...] = ("update", "correct", "hold", "approve", "release", "kill")
"""The verbs that are named to whoever tried one that does not fit. `undo` is none: its seconds are over by then."""
OVER = "it is over, so post a new one"
PENDING: tuple[State, ...] = ("draft", "scheduled", "awaiting-approval")
"""The states before publication: nothing of them is public."""
EXPIRING: tuple[State, ...] = ("published", "withheld")
"""The states that end by themselves, at the moment of `expires`."""


class Transition(msgspec.Struct, frozen=True):
    """The state after a verb. `type` None: nothing is put on the wire, the alert has not been public."""

    state: State
    type: RevisionType | None = None
    msg_type: MsgType = "Alert"
    pub_status: PubStatus = "usable"
    signals: tuple[str, ...] = ()


class WrongState(Exception):
    """The verb does not fit the alert's state. Carries both, for the editor, and says which verbs do."""

    def __init__(self, state: State | None, verb: Verb) -> None:
        *others, last = fitting(state) or ("",)
        instead = f": {', '.join(others)}{' or ' if others else ''}{last}" if last else f"; {OVER}"
        super().__init__(f"{verb} does not fit an alert that is {state or 'new'}{instead}")
        self.state = state
        self.verb = verb


_PUBLISH = Transition("published", "published")
_KILL = Transition("canceled", "canceled", "Cancel", "canceled")
_UNDO = Transition("undone", "canceled", "Cancel", "canceled", ("undone",))
_CORRECT = Transition("published", "corrected", "Update", signals=("correction",))
_SUBMIT = Transition("draft")
_SCHEDULE = Transition("scheduled")
_PROPOSE = Transition("awaiting-approval")
_DISCARD = Transition("discarded")

TABLE: dict[tuple[State | None, Verb], Transition | None] = {
    (None, "publish"): _PUBLISH,
    (None, "submit"): _SUBMIT,
    (None, "schedule"): _SCHEDULE,
    (None, "propose"): _PROPOSE,
    # to change what is pending is to hand it in again; `schedule` is also what approval comes to before an embargo ends
    ("draft", "submit"): _SUBMIT,
    ("draft", "schedule"): _SCHEDULE,
    ("draft", "approve"): _PUBLISH,
    ("draft", "kill"): _DISCARD,
    ("scheduled", "submit"): _SUBMIT,
    ("scheduled", "schedule"): _SCHEDULE,
    ("scheduled", "propose"): _PROPOSE,
    ("scheduled", "publish"): _PUBLISH,
    ("scheduled", "release"): _PUBLISH,
    ("scheduled", "kill"): _DISCARD,
    ("awaiting-approval", "schedule"): _SCHEDULE,
    ("awaiting-approval", "propose"): _PROPOSE,
    ("awaiting-approval", "approve"): _PUBLISH,
    ("awaiting-approval", "kill"): _DISCARD,
    ("published", "update"): Transition("published", "updated", "Update", signals=("update",)),
    ("published", "correct"): _CORRECT,
    ("published", "hold"): Transition("withheld", "withheld", "Update", "withheld"),
    ("published", "undo"): _UNDO,
    ("published", "kill"): _KILL,
    ("published", "expire"): Transition("expired", "expired", "Update"),
    ("withheld", "release"): Transition("published", "released", "Update"),
    ("withheld", "correct"): _CORRECT,
    ("withheld", "undo"): _UNDO,
    ("withheld", "kill"): _KILL,
    ("withheld", "expire"): Transition("expired", "expired", "Update", "withheld"),
    ("expired", "kill"): _KILL,
    ("canceled", "kill"): None,
    ("undone", "undo"): None,
    ("undone", "kill"): None,
    ("discarded", "kill"): None,
}


def decide(state: State | None, verb: Verb) -> Transition | None:
    """What `verb` makes of an alert in `state` (None: it does not exist yet); None where it changes nothing.

    Raises WrongState for a pair the table does not name.
    """
    if (state, verb) not in TABLE:
        raise WrongState(state, verb)
    return TABLE[state, verb]


def fitting(state: State | None) -> tuple[Verb, ...]:
    """The verbs that an editor can do instead. What waits is updated, too; the table has what the update comes to."""
    pending = state in PENDING
    return tuple(verb for verb in OFFERED if TABLE.get((state, verb)) is not None or (pending and verb == "update"))


def change(state: State | None, verb: Verb) -> Transition:
    """What `verb` makes of an alert in `state`, for verbs that always make something of it. Raises WrongState."""
    transition = decide(state, verb)
    assert transition is not None, f"{verb} changes something"
    return transition
