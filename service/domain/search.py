"""What an editor looks for among alerts, and where a list of them goes on.

The rule to remember: the record decides. What readers see only says which records are worth a look: of an alert that is
withheld or withdrawn they see no headline, and editors find it by the one that it has.
"""

import re
from typing import Annotated

import msgspec

from service.domain import cursor as cursors
from service.domain import pending
from service.domain.alert import Alert, Record, State
from service.domain.checks import ID_FORM
from service.domain.folding import words

WORDS_MAX = 20
"""A headline has rarely more; each is looked for in thousands of headlines."""

_BLANK = re.compile(r"\s*")
_Ms = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a list goes on: on each edition's wire before that cursor, among what is pending before that submission.

    A cursor is kept with its epoch, since in another life of the wire it is another place.
    """

    wires: dict[str, str]
    pending: tuple[_Ms, str]


class Wanted(msgspec.Struct, frozen=True):
    """What is looked for; empty `states` and `words` mean all."""

    editions: tuple[str, ...]
    states: frozenset[State]
    words: tuple[str, ...]

    @property
    def pending(self) -> frozenset[State]:
        """Which of the states of what was never public are wanted."""
        return pending.STATES & self.states if self.states else pending.STATES

    @property
    def is_public(self) -> bool:
        """Whether anything is wanted that is, or was, public."""
        return not self.states or not self.states <= pending.STATES

    def admits(self, record: Record, now: str) -> bool:
        """Whether this is one of them, at the moment `now` (RFC 3339)."""
        return self.admits_state(state_of(record, now)) and self.admits_phrase(phrase(record.alert.headline or ""))

    def admits_state(self, state: State) -> bool:
        return not self.states or state in self.states

    def admits_phrase(self, phrase: str) -> bool:
        """Whether all words stand in a folded headline, the last one perhaps only begun."""
        if not self.words:
            return True
        *whole, begun = self.words
        return f" {begun}" in phrase and all(f" {word} " in phrase for word in whole)


def state_of(record: Record, now: str) -> State:
    """The state of an alert. One whose time is over has expired, whether or not the scheduler has come to it."""
    is_over = record.state in ("published", "withheld") and record.alert.expires <= now
    return "expired" if is_over else record.state


def state_shown(alert: Alert, now: str) -> State:
    """The state that the public form of an alert shows: what `state_of` says of its record, as far as readers know."""
    if alert.pub_status == "canceled":
        return "undone" if "undone" in alert.signals else "canceled"
    if alert.expires <= now:
        return "expired"
    return "withheld" if alert.pub_status == "withheld" else "published"


def phrase(headline: str) -> str:
    """A headline as it is searched: its folded words, each between spaces."""
    return f" {' '.join(words(headline))} "


def asked_words(text: str) -> tuple[str, ...]:
    """The words of a question; none where it is blank. Raises ValueError where it has none, or too many."""
    if _BLANK.fullmatch(text):
        return ()
    found = words(text)
    if not found:
        raise ValueError("has no word")
    if len(found) > WORDS_MAX:
        raise ValueError(f"has {len(found)} words, at most {WORDS_MAX} are looked for")
    return found


def write_place(place: Place) -> bytes:
    return msgspec.json.encode(place)


def read_place(encoded: bytes) -> Place:
    """Raises ValueError for what `write_place` has not written."""
    try:
        place = msgspec.json.decode(encoded, type=Place)
    except msgspec.MsgspecError as error:
        raise ValueError("is no place in a list") from error
    if not all(map(cursors.parse, place.wires.values())) or not ID_FORM.fullmatch(place.pending[1]):
        raise ValueError("is no place in a list")
    return place


def offset_in(place: Place, edition: str, epoch: str) -> int:
    """Before which offset the list goes on in this life of an edition's wire.

    Raises ValueError where the place is not of this edition or of another life of its wire.
    """
    at = cursors.parse(place.wires.get(edition, ""))
    if at is None:
        raise ValueError("is of another question")
    if at.epoch != epoch:
        raise ValueError("is from another life of the wire; start from the first page")
    return at.offset
