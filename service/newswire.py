"""Follow the wires into memory: the one reader of the store that every serving process has.

The rule to remember: readers cost the store nothing. This tail reads each revision once; everybody else is answered
from the `Wire` it keeps. A tail that cannot hear the store says so (`hearing`) and goes on trying; a tail that dies
must end its process, so whoever runs `follow` treats its end as fatal.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from prometheus_client import Gauge
from redis.exceptions import RedisError

from service import loading
from service.domain.errors import StoreUnavailable
from service.domain.lineage import Mark, judge
from service.domain.revision import Revision
from service.loading import Extent
from service.store import keys, lineage, refusals, stream
from service.store.connection import Store
from service.store.keys import WireName
from service.store.stream import Unreadable
from service.wire import Wire

log = structlog.get_logger("newswire")

TAIL_LAG_SECONDS = Gauge("flashwire_tail_lag_seconds", "Time since the store was last heard.")
TAIL_HEARING = Gauge("flashwire_tail_hearing", "1 while the store is heard, 0 while what we show may be old.")

RETRY_FIRST_S = 0.05
RETRY_MAX_S = 1.0
# every entry names its epoch; this finds a life that ended without a new entry, and a history that was exchanged
CHECK_S = 1.0
BEHIND_MAX_S = 2.0
"""A replica may lag; a store that lies behind what we have seen for so long has lost it."""


OnRevisions = Callable[[WireName, Sequence[Revision | Unreadable]], None]
OnLoaded = Callable[[Wire], None]
Dispute = Callable[[WireName, str], Awaitable[None]]


class Newswire:
    """Tails `names`. Calls `on_loaded(wire)` whenever a wire was read afresh (at the start, and when its epoch changed)
    and `on_revisions(name, revisions)` for what comes after, in order and without holes. Both are synchronous and must
    be quick; whoever receives a revision applies it (`Wire.take`) at the moment of its own choosing.

    Where the store has another history than the one that was read, nothing more is read until the epoch is another;
    `dispute(name, epoch)` asks for that.
    """

    def __init__(
        self, store: Store, names: Sequence[WireName], *, extent: Extent, block_ms: int, stale_after_s: float,
        on_loaded: OnLoaded, on_revisions: OnRevisions, dispute: Dispute,
    ) -> None:  # fmt: skip
        self._store = store
        self._names = tuple(names)
        self._extent = extent
        self._block_ms = block_ms
        self._stale_after_s = stale_after_s
        self._on_loaded = on_loaded
        self._on_revisions = on_revisions
        self._dispute = dispute
        self.places: dict[WireName, Mark] = {}
        """How far each wire has been read."""
        self._chains: dict[WireName, str | None] = {}
        """What the next entry vouches for (see append.lua); None where that is not known."""
        self._lost_at: dict[WireName, float] = {}
        """Since when the store has not had what we have read (monotonic)."""
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
                log.warning("the store cannot be heard", why=refusals.why(error), retry_s=delay_s)
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, RETRY_MAX_S)

    async def _read_once(self) -> None:
        """Load what is not loaded, check that every wire is still in the life we know, then wait for news once."""
        if time.monotonic() - self._checked_at > CHECK_S or self._lost_at or len(self.places) < len(self._names):
            await self._check()
            self._checked_at = time.monotonic()
        if self._lost_at or len(self.places) < len(self._names):
            # without an epoch, or with one that is not ours: the API will see to it, so look again shortly
            await asyncio.sleep(RETRY_FIRST_S)
            return
        self._heard()
        streams = {keys.wire(name): f"{self.places[name].offset}-0" for name in self._names}
        by_key = {keys.wire(name).encode(): name for name in self._names}
        for key, entries in await self._store.xread(streams, block=self._block_ms):
            self._hand_on(by_key[key], entries)
        self._heard()

    def _heard(self) -> None:
        self._heard_at = time.monotonic()
        self.loaded.set()

    async def _check(self) -> None:
        """Whether each wire still is the one that we have read; read afresh what is another."""
        for name, now in (
            await lineage.read(self._store, {name: self.places.get(name) for name in self._names})
        ).items():
            place = self.places.get(name)
            verdict = judge(place, now)
            if verdict in ("another", "trimmed"):
                await self._load(name)
            elif verdict == "continues":
                self._lost_at.pop(name, None)
            elif place is not None:
                await self._lose(name, place, verdict)

    async def _lose(self, name: WireName, place: Mark, verdict: str) -> None:
        if name not in self._lost_at:
            log.error(
                "the store does not have what was read of a wire", wire=name.suffix, place=str(place), why=verdict
            )
        lost_at = self._lost_at.setdefault(name, time.monotonic())
        if verdict == "forked" or (verdict == "behind" and time.monotonic() - lost_at > BEHIND_MAX_S):
            try:
                await self._dispute(name, place.epoch)
            except StoreUnavailable as error:
                log.warning("a wire's epoch cannot be disputed", wire=name.suffix, error=str(error))

    async def _load(self, name: WireName) -> None:
        loaded = await loading.load(self._store, name, self._extent)
        if loaded is None:
            return
        wire, self.places[name], self._chains[name] = loaded
        self._lost_at.pop(name, None)
        log.info("wire loaded", wire=name.suffix, cursor=str(wire.cursor), alerts=len(wire.ticker))
        self._on_loaded(wire)

    def _hand_on(self, name: WireName, entries: Sequence[tuple[bytes, Mapping[bytes, bytes]]]) -> None:
        """Pass on the entries that continue what we have; anything else makes us look again before we go on."""
        place, chain = self.places[name], self._chains[name]
        fitting: list[Revision | Unreadable] = []
        for entry_id, fields in entries:
            epoch, entry = stream.read_entry(entry_id, fields, name)
            # an unreadable entry may have lost its epoch too; its offset is all that counts
            other_life = epoch != place.epoch and not isinstance(entry, Unreadable)
            if other_life or entry.offset != place.offset + 1:
                log.error("the wire does not continue; reading it afresh", wire=name.suffix, offset=entry.offset)
                del self.places[name]
                break
            if not stream.follows(chain, fields):
                log.error("what was read of a wire was exchanged", wire=name.suffix, offset=entry.offset)
                self._checked_at, chain = float("-inf"), None  # should the look find nothing, it is taken as it stands
                break
            fitting.append(entry)
            place = Mark(place.epoch, entry.offset, stream.digest(fields))
            chain = stream.chain_of(fields) or chain
        if name in self.places:
            self.places[name], self._chains[name] = place, chain
        if fitting:
            self._on_revisions(name, fitting)
