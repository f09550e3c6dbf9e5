"""Who does what to whom, and from where to where: what the order of words tells.

The rule to remember: only verbs of which the doer is the news are looked at ("beats", "buys", "arrests"); of all others
the order is how a line was put.
"""

from collections.abc import Sequence

import msgspec

from service.domain.meanings import AXES, DIRECTED, SOFT
from service.domain.wording import Item


class Act(msgspec.Struct, frozen=True, gc=False):
    """Somebody does something to somebody: the words of one side and of the other."""

    what: str
    who: frozenset[str]
    whom: frozenset[str]


def turned(items: Sequence[Item]) -> Sequence[Item]:
    """With "beaten by" as beating from the other side, and "loses to" as well."""
    for at, item in enumerate(items):
        following = [after.text for after in items[at + 1 : at + 4] if after.kind != "score"]
        if item.text == "lose-to" or (item.text == "lose" and following[:1] in (["to"], ["against"])):
            item.text, item.turned = "win", True
        elif item.text in DIRECTED and "by" in _clause(items[at + 1 :]):
            item.turned = True
    return items


def _clause(items: Sequence[Item]) -> list[str]:
    """What stands before the next break."""
    end = next((at for at, item in enumerate(items) if item.kind == "break"), len(items))
    return [item.text for item in items[:end]]


def acts(items: Sequence[Item]) -> tuple[Act, ...]:
    """Who does what to whom, each in its sentence; "is beaten by" and "loses to" the other way round."""
    found = []
    for at, item in enumerate(items):
        if item.kind != "word" or item.text not in DIRECTED:
            continue
        who, whom = _side(items[:at][::-1]), _side(items[at + 1 :])
        if item.turned:
            who, whom = _side(items[at + 1 :], after="by") or whom, who
        if who and whom:
            found.append(Act(item.text, who, whom))
    return tuple(found)


def _side(items: Sequence[Item], after: str = "") -> frozenset[str]:
    """The words on one side of a verb, to the next break; only those behind the word `after`, if one is given."""
    found = []
    taken = not after
    for item in items:
        if item.kind == "break":
            break
        if not taken:
            taken = item.text == after
            continue
        if item.kind == "word" and item.text not in SOFT and item.text not in AXES:
            found.append(item.text)
    return frozenset(found)


def behind(items: Sequence[Item]) -> dict[str, str]:
    """The word that each word stands behind; "" for the first of a sentence."""
    before = ""
    found: dict[str, str] = {}
    for item in items:
        if item.kind == "word":
            found.setdefault(item.text, before)
        if item.text not in ("and", "between"):  # of two that are named together, either may come first
            before = "" if item.kind == "break" else item.raw or item.text
    return found


def route(items: Sequence[Item]) -> tuple[str, str] | None:
    """From where to where something goes, where both are said."""
    ends: dict[str, str] = {}
    for at, item in enumerate(items[:-1]):
        if item.text in ("from", "to") and items[at + 1].kind == "word":
            ends.setdefault(item.text, items[at + 1].text)
    return (ends["from"], ends["to"]) if len(ends) == 2 else None
