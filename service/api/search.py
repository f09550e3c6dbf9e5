"""Find alerts for editors, newest first, in this process's memory; the store is asked for the records of a page.

The rule to remember: every search is bounded. It looks at so many alerts and asks for so many records, then says where
it goes on, with what it has found so far, be it nothing. Readers' answers have their turn in between.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Literal

import msgspec

from service.api.store_time import StoreTime
from service.api.wires import Wires
from service.domain import moment, search
from service.domain.alert import State
from service.domain.cursor import Cursor
from service.domain.pending import Pending, Submitted
from service.domain.search import Place, Wanted
from service.domain.ticker import Entry
from service.store import history
from service.store import pending as store_pending
from service.store.connection import Store
from service.store.history import Stored
from service.store.keys import WireName
from service.wire import Wire

LOOKED_MAX = 25_000
"""Alerts that are looked at for one page: more than the whole history of an edition."""
ASKED_MAX = 1000
"""Records that are read for one page. Only of what readers see no headline of are any read in vain."""
BATCH = 100
"""Records in one round trip."""
STEP = 256
"""Alerts that are looked at before others have their turn: a millisecond or two."""
AT_ONCE = 4
"""Searches that take turns; a script that asks without end waits for itself, and pages are loaded meanwhile."""
PHRASES_MAX = 100_000
"""Folded headlines at hand, some 300 bytes each with their keys: folding takes longer than all the rest."""

LAST_ID = "Z" * 26
"""No id comes after it."""


class NotLoaded(Exception):
    """This process has not read the wires yet."""


class Waiting(msgspec.Struct, frozen=True):
    """Something pending, and its place among all that is."""

    place: Submitted
    pending: Pending


class Found(msgspec.Struct, frozen=True):
    """An alert that was looked for, with its state of this moment, and where the list goes on after it."""

    alert: Stored | Pending
    state: State
    next: Place


Spot = tuple[str, str, Entry | Waiting]
"""Something on the way: since when it stands there, on the wire of which edition ("" for what is pending), and itself.
"""


class Page(msgspec.Struct, frozen=True):
    """Newest first; `next` is where the list goes on, None at its end."""

    found: tuple[Found, ...]
    next: Place | None


class Search:
    """Finds alerts in `wires`, the wires as this process shows them."""

    def __init__(self, wires: Wires, store: Store) -> None:
        self._wires = wires
        self._store = store
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._phrases: dict[str, tuple[int, str]] = {}
        """Version and folded headline by alert; the oldest go first."""

    async def page(
        self, wanted: Wanted, limit: int, before: Place | None, *, drills: bool, sees: Callable[[Pending], bool],
        now: str, store_time: StoreTime,
    ) -> Page:  # fmt: skip
        """At most `limit` of what is wanted, from the place `before` on, as it stands at `now`; of what is pending,
        only what is in sight (`sees`).

        Raises NotLoaded, StoreUnavailable, and ValueError for a place of another question or another life of a wire.
        """
        async with self._turns:
            way = _Way(self._wires, wanted, before, drills=drills, now=now)
            way.waiting = await store_time.spend(self._waiting(wanted, limit, before, drills, sees, now))
            return await self._follow(way, wanted, limit, now, store_time)

    async def _follow(self, way: "_Way", wanted: Wanted, limit: int, now: str, store_time: StoreTime) -> Page:
        found: list[Found] = []
        worth: list[tuple[Entry | Waiting, Place]] = []
        goes_on: Place | None = None
        sure = asked = 0
        for looked, (_, edition, item) in enumerate(way.newest_first(), 1):
            way.passes(edition, item)
            hit = "yes" if isinstance(item, Waiting) else self._judge(item, wanted, now)
            if hit != "no":
                worth.append((item, way.place()))
                sure += hit == "yes"
            if len(worth) == BATCH or len(found) + sure > limit:
                asked += len(worth)
                found += await store_time.spend(self._read(worth, wanted, now))
                worth, sure = [], 0
            if len(found) > limit or looked == LOOKED_MAX or asked >= ASKED_MAX:
                goes_on = way.place()
                break
            if looked % STEP == 0:
                await asyncio.sleep(0)
        found += await store_time.spend(self._read(worth, wanted, now))
        if len(found) > limit:
            return Page(tuple(found[:limit]), found[limit - 1].next)
        return Page(tuple(found), goes_on)

    async def _waiting(
        self, wanted: Wanted, limit: int, before: Place | None, drills: bool, sees: Callable[[Pending], bool], now: str
    ) -> list[Waiting]:  # fmt: skip
        """What is wanted of all that is pending, newest first; as much as a page can hold. Raises StoreUnavailable."""
        found: list[Waiting] = []
        if not wanted.pending:
            return found
        after = None if before is None else before.pending
        async for place, pending in store_pending.newest(self._store, wanted.pending, after):
            is_ours = pending.alert.edition in wanted.editions and (pending.alert.status == "Exercise") == drills
            if is_ours and wanted.admits(pending.record, now) and sees(pending):
                found.append(Waiting(place, pending))
                if len(found) > limit:
                    break
        return found

    def _judge(self, entry: Entry, wanted: Wanted, now: str) -> Literal["yes", "maybe", "no"]:
        """Whether an alert is wanted, as far as readers can see."""
        if not wanted.admits_state(search.state_shown(entry.alert, now)):
            return "no"
        if not wanted.words:
            return "yes"
        if entry.alert.headline is None:
            return "maybe"
        return "yes" if wanted.admits_phrase(self._phrase(entry)) else "no"

    def _phrase(self, entry: Entry) -> str:
        alert = entry.alert
        version, phrase = self._phrases.get(alert.id, (0, ""))
        if version != alert.version:
            phrase = search.phrase(alert.headline or "")
            if alert.id not in self._phrases and len(self._phrases) >= PHRASES_MAX:
                del self._phrases[next(iter(self._phrases))]
            self._phrases[alert.id] = alert.version, phrase
        return phrase

    async def _read(self, worth: list[tuple[Entry | Waiting, Place]], wanted: Wanted, now: str) -> list[Found]:
        """Those of them that are wanted by their record, in their order. Raises StoreUnavailable."""
        ids = [item.alert.id for item, _ in worth if isinstance(item, Entry)]
        stored = iter(await history.read_many(self._store, ids) if ids else ())
        found = []
        for item, place in worth:
            alert = item.pending if isinstance(item, Waiting) else next(stored)
            if alert is not None and wanted.admits(alert.record, now):
                found.append(Found(alert, search.state_of(alert.record, now), place))
        return found


class _Way:
    """The way through the wires of some editions and through what is pending, newest first, and how far one has come.

    It begins at this moment, so that nothing that comes later stands on a later page.
    """

    def __init__(self, wires: Wires, wanted: Wanted, before: Place | None, *, drills: bool, now: str) -> None:
        self.waiting: list[Waiting] = []
        self._wires: dict[str, Wire] = {}
        self._offsets: dict[str, int] = {}
        self._pending: Submitted = (moment.from_text(now), LAST_ID) if before is None else before.pending
        self._is_public = wanted.is_public
        for edition in wanted.editions:
            wire = wires.get(WireName(edition, drills))
            if wire is None:
                raise NotLoaded
            epoch, last = wire.cursor.epoch, wire.cursor.offset
            self._wires[edition] = wire
            self._offsets[edition] = last + 1 if before is None else search.offset_in(before, edition, epoch)

    def newest_first(self) -> Iterator[Spot]:
        """All from here on, by first publication or submission; nothing twice, even if a wire moves meanwhile."""
        published = (self._on(edition) for edition in self._wires if self._is_public)
        waiting: Iterator[Spot] = ((moment.to_text(one.place[0]), "", one) for one in self.waiting)
        return heapq.merge(waiting, *published, key=itemgetter(0), reverse=True)

    def passes(self, edition: str, item: Entry | Waiting) -> None:
        if isinstance(item, Waiting):
            self._pending = item.place
        else:
            self._offsets[edition] = item.first_offset

    def place(self) -> Place:
        """Where one stands."""
        return Place({
            edition: str(Cursor(self._wires[edition].cursor.epoch, offset)) for edition, offset in self._offsets.items()
        }, self._pending)  # fmt: skip

    def _on(self, edition: str) -> Iterator[Spot]:
        ticker, before = self._wires[edition].ticker, self._offsets[edition]
        while entries := ticker.older(before, STEP):
            for entry in entries:
                yield entry.alert.first_created, edition, entry
            before = entries[-1].first_offset
