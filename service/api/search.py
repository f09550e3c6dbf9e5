"""Find alerts for editors, newest first, in this process's memory; the store is asked for the records of a page.

The rule to remember: every search is bounded. It looks at so many alerts and asks for so many records, then says where
it goes on, with what it has found so far, be it nothing. Readers' answers have their turn in between.
"""

import asyncio
import heapq
from collections.abc import Iterator
from operator import itemgetter
from typing import Literal

import msgspec

from service.api.store_time import StoreTime
from service.api.wires import Wires
from service.domain import search
from service.domain.alert import State
from service.domain.cursor import Cursor
from service.domain.search import Place, Wanted
from service.domain.ticker import Entry
from service.store import history
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
PHRASES_MAX = 100_000
"""Folded headlines at hand, some 300 bytes each with their keys: folding takes longer than all the rest."""

Spot = tuple[str, str, Entry]
"""An alert in memory: when it was first published, on the wire of which edition, and itself."""


class NotLoaded(Exception):
    """This process has not read the wires yet."""


class Found(msgspec.Struct, frozen=True):
    """An alert that was looked for, with its state of this moment, and where the list goes on after it."""

    stored: Stored
    state: State
    next: Place


class Page(msgspec.Struct, frozen=True):
    """Newest first; `next` is where the list goes on, None at its end."""

    found: tuple[Found, ...]
    next: Place | None


class Search:
    """Finds alerts in `wires`, the wires as this process shows them."""

    def __init__(self, wires: Wires, store: Store) -> None:
        self._wires = wires
        self._store = store
        self._phrases: dict[str, tuple[int, str]] = {}
        """Version and folded headline by alert; the oldest go first."""

    async def page(
        self, wanted: Wanted, limit: int, before: Place | None, *, drills: bool, now: str, store_time: StoreTime
    ) -> Page:
        """At most `limit` of what is wanted, from the place `before` on, as it stands at `now`.

        Raises NotLoaded, StoreUnavailable, and ValueError for a place of another question or another life of a wire.
        """
        way = _Way(self._wires, wanted.editions, before, drills=drills)
        found: list[Found] = []
        worth: list[tuple[str, Place]] = []
        goes_on: Place | None = None
        sure = asked = 0
        for looked, (_, edition, entry) in enumerate(way.newest_first(), 1):
            way.passes(edition, entry)
            hit = self._judge(entry, wanted, now)
            if hit != "no":
                worth.append((entry.alert.id, way.place()))
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

    async def _read(self, worth: list[tuple[str, Place]], wanted: Wanted, now: str) -> list[Found]:
        """Those of them whose record says that they are wanted. Raises StoreUnavailable."""
        if not worth:
            return []
        stored = await history.read_many(self._store, [alert_id for alert_id, _ in worth])
        return [
            Found(one, search.state_of(one.record, now), place)
            for one, (_, place) in zip(stored, worth, strict=True)
            if one is not None and wanted.admits(one.record, now)
        ]


class _Way:
    """The way through the wires of some editions, newest first, and how far one has come on it."""

    def __init__(self, wires: Wires, editions: tuple[str, ...], before: Place | None, *, drills: bool) -> None:
        self._wires: dict[str, Wire] = {}
        self._offsets: dict[str, int | None] = {}
        for edition in editions:
            wire = wires.get(WireName(edition, drills))
            if wire is None:
                raise NotLoaded
            self._wires[edition] = wire
            self._offsets[edition] = None if before is None else search.offset_in(before, edition, wire.cursor.epoch)

    def newest_first(self) -> Iterator[Spot]:
        """Every alert from here on, by first publication. A wire may move meanwhile: nothing is told twice."""
        return heapq.merge(*(self._on(edition) for edition in self._wires), key=itemgetter(0), reverse=True)

    def passes(self, edition: str, entry: Entry) -> None:
        self._offsets[edition] = entry.first_offset

    def place(self) -> Place:
        """Where one stands."""
        return Place({
            edition: None if offset is None else str(Cursor(self._wires[edition].cursor.epoch, offset))
            for edition, offset in self._offsets.items()
        })  # fmt: skip

    def _on(self, edition: str) -> Iterator[Spot]:
        ticker, before = self._wires[edition].ticker, self._offsets[edition]
        while entries := ticker.older(before, STEP):
            for entry in entries:
                yield entry.alert.first_created, edition, entry
            before = entries[-1].first_offset
