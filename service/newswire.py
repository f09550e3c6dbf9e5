"""Follow the wires into memory: the one reader of the store that every serving process has.

The rule to remember: readers cost the store nothing. This tail reads each revision once; everybody else is answered
from the `Wire` it keeps. A tail that cannot hear the store says so (`hearing`) and goes on trying; a tail that dies
must end its process, so whoever runs `follow` treats its end as fatal.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec
import structlog
from prometheus_client import Gauge
from redis.exceptions import RedisError

from service.domain.backlog import Backlog, GapError
from service.domain.cursor import Cursor
from service.domain.revision import Revision
from service.domain.ticker import Ticker
from service.store import history, keys, stream
from service.store.connection import Store
from service.store.keys import WireName
from service.store.stream import Unreadable

log = structlog.get_logger("newswire")

ENCODED_MAX_BYTES = 65_536
"""No alert from a body of 16 KiB comes near this; what is larger was not put there by us, and is not read out."""
LOADED_PER_STEP = 256
TAIL_LAG_SECONDS = Gauge("flashwire_tail_lag_seconds", "Time since the store was last heard.")
TAIL_HEARING = Gauge("flashwire_tail_hearing", "1 while the store is heard, 0 while what we show may be old.")

RETRY_FIRST_S = 0.05
RETRY_MAX_S = 1.0
# every entry names its epoch; this finds a life that ended without a new entry
EPOCH_CHECK_S = 1.0


class Taken(msgspec.Struct, frozen=True):
    """What came of an entry: the revision that readers are told (None: nothing can be said, only a snapshot is true)
    and the offsets of earlier revisions that it redacted.
    """

    revision: Revision | None
    redacted: tuple[int, ...] = ()


class Wire:
    """One wire in memory: the newest revisions and every alert's current version, both at the same place."""

    def __init__(self, name: WireName, backlog: Backlog, ticker: Ticker) -> None:
        self.name = name
        self.backlog = backlog
        self.ticker = ticker

    @property
    def cursor(self) -> Cursor:
        return self.backlog.cursor

    def take(self, entry: Revision | Unreadable) -> Taken:
        """Apply the next entry of the wire. Raises GapError if it is not the next.

        An entry that cannot be read or applied keeps its offset: readers are told the newest alert once more in its
        place, which changes nothing for them, so that one bad entry is neither a gap nor the end of a process.
        """
        if isinstance(entry, Revision):
            try:
                return self._apply(entry)
            except GapError:
                raise
            except Exception as error:
                entry = Unreadable(entry.offset, f"{type(error).__name__}: {error}"[:200])
        log.error("an entry of the wire cannot be read", wire=self.name.suffix, offset=entry.offset, why=entry.why)
        # where it fell over with its offset taken, nobody knows what half of it has done
        stand_in = self._say_again(entry.offset) if entry.offset > self.backlog.last else None
        if stand_in is None:
            self.backlog.skip(entry.offset)
            return Taken(None)
        return self._apply(stand_in)

    def _apply(self, revision: Revision) -> Taken:
        if len(revision.encoded) > ENCODED_MAX_BYTES:
            raise ValueError(f"an alert of {len(revision.encoded)} bytes")
        # the ticker first: what it refuses has changed nothing yet
        self.ticker.apply(revision.first_offset, revision.alert, revision.encoded)
        return Taken(revision, self.backlog.append(revision))

    def _say_again(self, offset: int) -> Revision | None:
        newest = self.ticker.newest()
        if newest is None:
            return None
        return Revision(
            offset=offset, type="updated", alert=newest.alert, encoded=newest.encoded,
            first_offset=newest.first_offset, push=False,
        )  # fmt: skip


OnRevisions = Callable[[WireName, Sequence[Revision | Unreadable]], None]
OnLoaded = Callable[[Wire], None]


class Newswire:
    """Tails `names`. Calls `on_loaded(wire)` whenever a wire was read afresh (at the start, and when its epoch changed)
    and `on_revisions(name, revisions)` for what comes after, in order and without holes. Both are synchronous and must
    be quick; whoever receives a revision applies it (`Wire.take`) at the moment of its own choosing.
    """

    def __init__(
        self, store: Store, names: Sequence[WireName], *, wire_max_revisions: int, history_max_alerts: int,
        tombstone_s: int, block_ms: int, stale_after_s: float, on_loaded: OnLoaded, on_revisions: OnRevisions,
    ) -> None:  # fmt: skip
        self._store = store
        self._names = tuple(names)
        self._wire_max = wire_max_revisions
        self._history_max = history_max_alerts
        self._tombstone_s = tombstone_s
        self._block_ms = block_ms
        self._stale_after_s = stale_after_s
        self._on_loaded = on_loaded
        self._on_revisions = on_revisions
        self._places: dict[WireName, Cursor] = {}
        self._heard_at = 0.0
        self._checked_at = float("-inf")
        TAIL_LAG_SECONDS.set_function(lambda: self.lag_s)
        TAIL_HEARING.set_function(lambda: float(self.hearing))
        self.loaded = asyncio.Event()
        """Set once every wire stands in memory."""

    @property
    def hearing(self) -> bool:
        """Whether the store has answered lately; False means that what we show may be old."""
        return self.loaded.is_set() and time.monotonic() - self._heard_at < self._stale_after_s

    @property
    def lag_s(self) -> float:
        """Seconds since the store last answered."""
        return time.monotonic() - self._heard_at

    async def follow(self) -> None:
        """For ever: read, hand on, read again. Survives any outage of the store; raises only on our own mistakes."""
        delay_s = RETRY_FIRST_S
        while True:
            try:
                await self._read_once()
                delay_s = RETRY_FIRST_S
            except (RedisError, OSError, TimeoutError) as error:
                self._checked_at = float("-inf")
                log.warning("the store cannot be heard", error=str(error) or type(error).__name__, retry_s=delay_s)
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, RETRY_MAX_S)

    async def _read_once(self) -> None:
        """Load what is not loaded, check that every wire is still in the life we know, then wait for news once."""
        if time.monotonic() - self._checked_at > EPOCH_CHECK_S or len(self._places) < len(self._names):
            for name in self._names:
                await self._check_epoch(name)
            self._checked_at = time.monotonic()
        if not all(name in self._places for name in self._names):
            # a wire without an epoch was never opened by the API: look again shortly
            await asyncio.sleep(RETRY_FIRST_S)
            return
        self._heard()
        streams = {keys.wire(name): f"{self._places[name].offset}-0" for name in self._names}
        by_key = {keys.wire(name).encode(): name for name in self._names}
        for key, entries in await self._store.xread(streams, block=self._block_ms):
            name = by_key[key]
            self._hand_on(name, [stream.read_entry(entry_id, fields, name) for entry_id, fields in entries])
        self._heard()

    def _heard(self) -> None:
        self._heard_at = time.monotonic()
        self.loaded.set()

    async def _check_epoch(self, name: WireName) -> None:
        """A wire of another epoch, or one that lies behind what we have seen, is another life: read it afresh."""
        head = await stream.read_head(self._store, name)
        place = self._places.get(name)
        if head is None:
            if place is not None:
                log.error("the wire is gone; waiting for the API to open a new one", wire=name.suffix)
            return
        if place is None or place.epoch != head.epoch or head.offset < place.offset:
            await self._load(name)

    async def _load(self, name: WireName) -> None:
        """Read a wire and its history. The wire is read first: what the history adds can only be newer, and the ticker
        takes the highest version of each alert whatever the order.
        """
        head = await stream.read_head(self._store, name)
        entries = await stream.read_wire(self._store, name, 0)
        after = await stream.read_head(self._store, name)
        if head is None or after is None or after.epoch != head.epoch:
            return
        last = entries[-1][1].offset if entries else head.offset
        wire = Wire(
            name,
            Backlog(head.epoch, entries[0][1].offset - 1 if entries else last, self._wire_max),
            Ticker(self._history_max, self._tombstone_s),
        )
        placed = await history.load(self._store, name, self._history_max)
        for item in reversed(placed):
            try:
                wire.ticker.apply(item.first_offset, item.alert, item.encoded)
            except ValueError as error:
                log.error("an alert of the history cannot be read", wire=name.suffix, id=item.alert.id, why=str(error))
        for number, (epoch, read) in enumerate(entries, 1):
            # the head says which life it is, so an entry that says otherwise was put there by somebody else
            foreign = epoch != head.epoch and isinstance(read, Revision)
            entry = Unreadable(read.offset, "of another life") if foreign else read
            if number % LOADED_PER_STEP == 0:
                await asyncio.sleep(0)  # other wires' readers are being served meanwhile
            if entry.offset != wire.backlog.last + 1:
                log.error("the wire has a hole", wire=name.suffix, before=entry.offset)
                wire.backlog.skip(entry.offset - 1)
            wire.take(entry)
        self._places[name] = wire.cursor
        log.info("wire loaded", wire=name.suffix, cursor=str(wire.cursor), alerts=len(wire.ticker))
        self._on_loaded(wire)

    def _hand_on(self, name: WireName, entries: "Sequence[tuple[str, Revision | Unreadable]]") -> None:
        """Pass on the entries that continue what we have; anything else makes us read the wire afresh."""
        place = self._places[name]
        fitting: list[Revision | Unreadable] = []
        for epoch, entry in entries:
            # an unreadable entry may have lost its epoch too; its offset is all that counts
            other_life = epoch != place.epoch and not isinstance(entry, Unreadable)
            if other_life or entry.offset != place.offset + len(fitting) + 1:
                log.error("the wire does not continue; reading it afresh", wire=name.suffix, offset=entry.offset)
                del self._places[name]
                break
            fitting.append(entry)
        else:
            self._places[name] = Cursor(place.epoch, place.offset + len(fitting))
        if fitting:
            self._on_revisions(name, fitting)
