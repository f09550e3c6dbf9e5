"""Gists on a shelf, found by what they could have in common with a new one.

The rule to remember: the shelf gives every gist that `likeness.compare` could call the same, and leaves out those that
it tells apart at its first looks. A post asks it while an editor waits, so it costs what two lines share and not how
many there are.
"""

from collections.abc import Iterable
from typing import Any

from service.domain.gist import Gist

Shelves = dict[str, set[int]]
_NONE: frozenset[int] = frozenset()


class Shelf:
    """Gists by a number of their own; a later one has the higher number."""

    def __init__(self) -> None:
        self._gists: dict[int, Gist] = {}
        self._lines: dict[tuple[str, ...], set[int]] = {}
        self._words: Shelves = {}
        self._numbers: Shelves = {}
        self._near: Shelves = {}
        self._codes: Shelves = {}
        self._places: Shelves = {}
        self._numbered: set[int] = set()
        self._coded: set[int] = set()
        self._placed: set[int] = set()

    def put(self, number: int, gist: Gist) -> None:
        """Keep `gist` as `number`, in place of what stood there."""
        self.drop(number)
        self._gists[number] = gist
        self._lines.setdefault(gist.line, set()).add(number)
        for shelves, values, having in self._by(gist):
            if values:
                having.add(number)
            for value in values:
                shelves.setdefault(value, set()).add(number)

    def drop(self, number: int) -> None:
        """Forget `number`, if it stands here."""
        gist = self._gists.pop(number, None)
        if gist is None:
            return
        _take(self._lines, gist.line, number)
        for shelves, values, having in self._by(gist):
            having.discard(number)
            for value in values:
                _take(shelves, value, number)

    def like(self, gist: Gist) -> list[tuple[int, Gist]]:
        """Those that may say the same as `gist`, with their numbers, the newest first."""
        found = set(self._lines.get(gist.line, _NONE))
        found |= _any(self._words, gist.words)
        found |= _any(self._numbers, gist.numbers)
        if found and gist.numbers:
            found -= self._numbered - _any(self._near, gist.near_numbers)
        if found and gist.codes:
            found -= self._coded - _any(self._codes, gist.codes)
        if found and gist.places:
            found -= self._placed - _any(self._places, gist.places)
        return [(number, self._gists[number]) for number in sorted(found, reverse=True)]

    def _by(self, gist: Gist) -> tuple[tuple[Shelves, frozenset[str], set[int]], ...]:
        """Where it stands: shelves, its values on them, and who has any value there."""
        return (
            (self._words, gist.words, set()), (self._numbers, gist.numbers, self._numbered),
            (self._near, gist.near_numbers, set()), (self._codes, gist.codes, self._coded),
            (self._places, gist.places, self._placed),
        )  # fmt: skip


def _any(shelves: Shelves, values: Iterable[str]) -> set[int]:
    """Who has one of the values."""
    return set[int]().union(*(shelves[value] for value in values if value in shelves))


def _take(shelves: dict[Any, set[int]], value: str | tuple[str, ...], number: int) -> None:
    """Take `number` off; an empty place is none."""
    there = shelves[value]
    there.discard(number)
    if not there:
        del shelves[value]
