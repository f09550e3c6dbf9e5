"""The dispatcher: the wires' only push reader. Every revision that phones may have to hear of becomes jobs.

The rule to remember: a revision is acknowledged after all its jobs stand in `plans` and in the queues. Dying at any
line before that makes the next dispatcher plan it again, which the jobs' ids and the ledger make harmless.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog
from arq.connections import ArqRedis
from redis.exceptions import RedisError, ResponseError

from config.settings import Settings
from service.clock import now_ms
from service.domain import shards
from service.domain.device import Platform
from service.domain.errors import StoreUnavailable
from service.domain.newsroom import Newsroom
from service.domain.revision import Revision
from service.domain.shards import Job
from service.store import devices, history, keys, plans, refusals, stream
from service.store.connection import Store
from service.store.keys import WireName
from service.store.stream import Unreadable
from workers.push import metrics, queue

log = structlog.get_logger("dispatcher")

GROUP = "push"
CONSUMER = "dispatcher"
"""All dispatchers read under one name: what one has taken and not acknowledged is any other's after IDLE_MS."""
IDLE_MS = 2000
READ_MAX = 64
RETRY_FIRST_S = 0.05
RETRY_MAX_S = 1.0
SWEEP_S = 10.0
"""How often open blocks are looked for that the queue has lost."""
SWEEP_AFTER_S = 30.0
PRUNE_S = 3600.0
PRUNE_BREATH_S = 0.1


class Dispatcher:
    """Reads `names` through a consumer group. `heard_at` is monotonic: when the store was heard last."""

    def __init__(
        self, store: Store, tail: Store, pool: ArqRedis, names: Sequence[WireName], newsroom: Newsroom,
        settings: Settings, platforms: Sequence[Platform],
    ) -> None:  # fmt: skip
        self._store = store
        self._tail = tail
        self._pool = pool
        self._names = {keys.wire(name): name for name in names}
        self._newsroom = newsroom
        self._settings = settings
        self._platforms = tuple(platforms)
        self._grouped = False
        self._claimed_at = float("-inf")
        self.heard_at = float("-inf")

    async def follow(self) -> None:
        """Plan what comes, for ever; an outage of the store is a pause."""
        delay_s = RETRY_FIRST_S
        while True:
            try:
                await self._turn()
                delay_s = RETRY_FIRST_S
            except (RedisError, OSError, TimeoutError, StoreUnavailable) as error:
                self._grouped = False
                log.warning("the store cannot be heard", why=refusals.why(error), retry_s=delay_s)
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, RETRY_MAX_S)

    async def sweep(self) -> None:
        """Queue again, from time to time and for ever, what is open and was lost by the queue."""
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                await self._sweep_once()
            except (RedisError, OSError, TimeoutError, StoreUnavailable) as error:
                log.warning("open blocks cannot be looked at", why=refusals.why(error))

    async def prune(self) -> None:
        """Forget, from time to time and for ever, devices that were gone for long enough to be certain."""
        while True:
            try:
                while await devices.prune(self._store, now_ms()):
                    await asyncio.sleep(PRUNE_BREATH_S)
            except StoreUnavailable as error:
                log.warning("devices that are gone cannot be forgotten", error=str(error))
            await asyncio.sleep(PRUNE_S)

    async def _turn(self) -> None:
        if not self._grouped:
            await self._ensure_groups()
        if time.monotonic() - self._claimed_at > IDLE_MS / 1000:
            self._claimed_at = time.monotonic()
            for wire in self._names:
                _, entries, *_ = await self._tail.xautoclaim(wire, GROUP, CONSUMER, IDLE_MS, "0-0", READ_MAX)
                await self._take(wire, entries)
        streams = dict.fromkeys(self._names, ">")
        block = self._settings.tail_block_ms
        for name, entries in await self._tail.xreadgroup(GROUP, CONSUMER, streams, READ_MAX, block):
            await self._take(name.decode(), entries)
        self.heard_at = time.monotonic()

    async def _ensure_groups(self) -> None:
        for wire in self._names:
            try:
                await self._store.xgroup_create(wire, GROUP, "0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
        self._grouped = True

    async def _take(self, wire: str, entries: Sequence[Any]) -> None:
        """Plan entries of one wire, flash first, and acknowledge each."""
        read = [
            (entry_id, stream.read_entry(entry_id, fields or {}, self._names[wire])[1]) for entry_id, fields in entries
        ]
        for entry_id, entry in sorted(read, key=_loudest_first):
            if isinstance(entry, Unreadable):
                log.error("an entry of the wire cannot be pushed", wire=wire, offset=entry.offset, why=entry.why)
            elif not await self._planned(entry):
                continue
            await self._store.xack(wire, GROUP, entry_id)

    async def _planned(self, revision: Revision) -> bool:
        """Plan a revision if phones may have to hear of it; False where that failed, so that it is taken again.

        What fails for a reason that nobody has thought of must not hold up what comes after it.
        """
        try:
            if shards.is_pushed(revision, now_ms(), self._settings.push_late_max_s):
                await self.plan(revision)
        except (RedisError, OSError, TimeoutError, StoreUnavailable):
            raise
        except Exception:
            log.exception("a revision cannot be planned and is taken again", alert=revision.alert.id)
            return False
        return True

    async def plan(self, revision: Revision) -> None:
        """Write down the revision's open blocks, and queue a job for each."""
        alert = revision.alert
        if not revision.push and not await plans.is_planned(self._store, alert.id):
            return  # nobody was given anything
        there = {platform: await devices.count(self._store, platform) for platform in self._platforms}
        meant = await plans.plan(self._store, alert.id, there, self._settings.push_ledger_days)
        jobs = list(shards.jobs(revision, meant))
        tier, due_ms = shards.tier(alert), shards.due_ms(revision, self._newsroom)
        await plans.open_jobs(self._store, jobs, now_ms(), self._settings.push_ledger_days)
        await queue.enqueue(self._pool, jobs, tier, due_ms)
        metrics.PLANNED.labels(tier).inc(len(jobs))
        log.info("planned", alert=alert.id, version=alert.version, type=revision.type, tier=tier, jobs=len(jobs))

    async def _sweep_once(self) -> None:
        """A job that is still queued stays where it is; one that was lost is queued anew."""
        lost: dict[tuple[str, int], list[Job]] = {}
        async for job in plans.still_open(self._store, now_ms() - round(SWEEP_AFTER_S * 1000)):
            lost.setdefault((job.alert_id, job.version), []).append(job)
        for (alert_id, version), jobs in lost.items():
            stored = await history.read(self._store, alert_id)
            if stored is None or stored.record.alert.version != version:
                for job in jobs:
                    await plans.finish(self._store, job, done=False)
                continue
            await queue.enqueue(self._pool, jobs, shards.tier(stored.record.alert), now_ms())


def _loudest_first(read: tuple[bytes, Revision | Unreadable]) -> tuple[int, int]:
    entry = read[1]
    return (9 if isinstance(entry, Unreadable) else entry.alert.urgency, entry.offset)
