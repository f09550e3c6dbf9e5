"""What pages were given, compared with the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from service.domain import moment
from service.domain.revision import Revision
from tests.acceptance.crowd import Given, Page


@dataclass(frozen=True)
class Read:
    """One page: where its first snapshot stood, what its connections began with, and what it was given."""

    begins_after: str
    firsts: tuple[str, ...]
    got: tuple[Given, ...]

    def differs(self, wire: Sequence[Given]) -> list[str]:
        """Where this is not what the wire has after the place where the page began, in order and once."""
        first, *others = self.firsts
        wrong = [f"began with {first}"] if first != "snapshot cold" else []
        wrong += [f"{other} came where a cursor was still on the wire" for other in set(others) - {"resumed"}]
        due = tuple(wire[int(self.begins_after.split(":")[1]) :])
        if self.got != due:
            pairs = zip(self.got, due, strict=False)
            place = next((n for n, (came, wanted) in enumerate(pairs) if came != wanted), min(len(self.got), len(due)))
            part = self.got[place : place + 1]
            wrong.append(f"{len(self.got)} came where {len(due)} are due; they part at {place} with {part}")
        return wrong

    def without_one(self) -> "Read":
        """The same with the last but one left out: what a checker must find."""
        return replace(self, got=self.got[:-2] + self.got[-1:])


def read(page: Page) -> Read:
    """What a page has come to."""
    return Read(page.begins_after, tuple(page.firsts), tuple(page.got))


def wire(entries: Sequence[tuple[str, Revision]]) -> tuple[Given, ...]:
    """What a page that missed nothing was given."""
    return tuple(
        Given(f"{epoch}:{one.offset}", one.alert.id, one.alert.version, one.alert.headline is None)
        for epoch, one in entries
    )


def made_s(entries: Sequence[tuple[str, Revision]]) -> dict[str, float]:
    """When each revision was made at the desk (seconds since the epoch), by its cursor."""
    return {f"{epoch}:{one.offset}": moment.from_text(one.alert.version_created) / 1000 for epoch, one in entries}


def took_s(
    pages: Sequence[Page], made: Mapping[str, float], since: float = 0.0, until: float = float("inf")
) -> list[float]:
    """From the desk to the page: every delivery of what was made in that span. What never stood on the wire is left
    to the checker.
    """
    return [
        at - made[given.cursor]
        for page in pages
        for given, at in zip(page.got, page.at, strict=True)
        if since <= made.get(given.cursor, -1.0) < until
    ]
