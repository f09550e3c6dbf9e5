"""The near-duplicate guard: what an edition has just said is not said again by accident.

The rule to remember: nothing is awaited between the look at what was published and the note of what is about to be.
So of two posts at the very same time, in one process, one waits for what becomes of the other.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from service.api.problems import Problem
from service.api.recent import Recent
from service.domain.alert import Alert
from service.domain.checks import Draft
from service.domain.fields import Notice
from service.domain.gist import Gist
from service.domain.likeness import Likeness, compare
from service.domain.newsroom import Newsroom
from service.domain.pending import Pending
from service.store.keys import WireName

SHOWN_MAX = 5
"""Of an alert that says the same as many, these are enough to see it."""


class Duplicate(msgspec.Struct, frozen=True, rename="camel"):
    """A recent alert that says the same: how long ago it was first published, how alike (1 is word for word), why."""

    id: str
    version: int
    headline: str
    age_s: int
    score: float
    reasons: tuple[str, ...]


class Duplicates:
    """Compares drafts with what their edition has published lately, drills with drills."""

    def __init__(self, newsroom: Newsroom, recent: Recent) -> None:
        self._guards = newsroom.guards
        self._recent = recent
        self._underway: dict[WireName, list[tuple[Gist, asyncio.Future[None]]]] = {}
        """What is being published now; as many as there are requests at it."""

    def of(self, draft: Draft, test: bool, now_ms: int) -> tuple[Duplicate, ...]:
        """Recent alerts that say the same as `draft`, the most alike first; none where the guard is off."""
        if self._guards.near_duplicate == "off":
            return ()
        return self._like(self._recent.gist_of(draft), _wire(draft, test), now_ms)

    @asynccontextmanager
    async def guard(self, draft: Draft, test: bool, now_ms: int, *, goes_out: bool) -> AsyncIterator[Draft]:
        """Around the publishing of `draft`, until this process shows it. Gives the draft, with a warning where it says
        the same as another and may nevertheless be posted; what does not go out now (`goes_out`) always may. Raises
        Problem (409).
        """
        if self._guards.near_duplicate == "off":
            yield draft
            return
        name, gist = _wire(draft, test), self._recent.gist_of(draft)
        blocks = goes_out and self.blocks(draft)
        while blocks and (twin := self._twin(gist, name)) is not None:
            await asyncio.wait((twin,))  # whatever becomes of it, we look again
        found = self._like(gist, name, now_ms)
        if found and blocks:
            raise _refusal(found)
        if found and "near-duplicate" not in draft.override:
            draft = msgspec.structs.replace(draft, warnings=(*draft.warnings, _warning(found)))
        if not goes_out:
            yield draft
            return
        async with self._noted(gist, name):
            yield draft

    def remark(self, pending: Pending, now_ms: int) -> tuple[Notice, ...]:
        """A warning where what somebody lets out now has been said meanwhile: it may still be undone. None where its
        author has passed over the guard.
        """
        alert = pending.alert
        if self._guards.near_duplicate == "off" or "near-duplicate" in pending.overrides:
            return ()
        name = WireName(alert.edition, alert.status == "Exercise")
        found = self._like(self._recent.gist_of_alert(alert), name, now_ms)
        return (_warning(found),) if found else ()

    def blocks(self, draft: Draft) -> bool:
        """Whether a duplicate of `draft` is refused, rather than remarked."""
        pushable = draft.level != "line"
        return self._guards.near_duplicate == "block" and pushable and "near-duplicate" not in draft.override

    @asynccontextmanager
    async def _noted(self, gist: Gist, name: WireName) -> AsyncIterator[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        underway = self._underway.setdefault(name, [])
        underway.append((gist, done))
        try:
            yield
        finally:
            underway.remove((gist, done))
            done.set_result(None)

    def _twin(self, gist: Gist, name: WireName) -> asyncio.Future[None] | None:
        return next((done for other, done in self._underway.get(name, ()) if compare(gist, other).same), None)

    def _like(self, gist: Gist, name: WireName, now_ms: int) -> tuple[Duplicate, ...]:
        found = [
            (likeness, alert, age_ms)
            for alert, other, age_ms in self._recent.like(
                gist, name, now_ms, self._guards.near_duplicate_window_s * 1000
            )
            if (likeness := compare(gist, other)).same
        ]
        found.sort(key=lambda each: -each[0].score)  # stable: of two the newer one first
        return tuple(_duplicate(*each) for each in found[:SHOWN_MAX])


def _wire(draft: Draft, test: bool) -> WireName:
    return WireName(draft.edition.edition, test)


def _duplicate(likeness: Likeness, alert: Alert, age_ms: int) -> Duplicate:
    assert alert.headline is not None, "what says nothing says nothing again"
    return Duplicate(alert.id, alert.version, alert.headline, age_ms // 1000, likeness.score, likeness.reasons)


def _said(found: tuple[Duplicate, ...]) -> str:
    first = found[0]
    ago = f"{first.age_s} s" if first.age_s < 60 else f"{first.age_s // 60} min"
    return f"says the same as {first.id}, {ago} ago: {first.headline}"


def _warning(found: tuple[Duplicate, ...]) -> Notice:
    return Notice("near-duplicate", _said(found))


def _refusal(found: tuple[Duplicate, ...]) -> Problem:
    remedy = "update that one, or override near-duplicate and say why"
    return Problem("near-duplicate", f"{_said(found)} ({remedy})", duplicates=found)
