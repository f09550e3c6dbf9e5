"""Run the scheduler: embargoes and expiry, each at its moment.

The rule to remember: several may run. The store decides which of them publishes, so a second one is a spare and no
danger.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
import uvloop
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.exceptions import RedisError

from config.settings import Settings
from service import bounds
from service.admin import CannotListen, Readiness
from service.clock import now_ms
from service.desk import Desk
from service.domain import newsroom as newsrooms
from service.domain.cursor import Cursor
from service.durability_watch import DurabilityWatch
from service.ending import stopped_by_signal, unless_told
from service.store import connection, refusals, stream
from service.store.keys import WireName, wires
from service.tray import Tray
from workers import arq_ground, parts
from workers.scheduler.rounds import QUEUE, Rounds

log = structlog.get_logger("scheduler")

POLL_S = 0.05
TIMEOUT_S = 10
TRIES_MAX = 3
"""A job that fails is nothing lost: the next round finds what it was for."""
HEADS_EVERY_S = 1.0
JOBS_AGAIN_S = 1.0


class CannotSchedule(Exception):
    """It cannot start; the message says why and what mends it."""


class Heads:
    """How far each wire is known to have come, so that nothing is put on top of a store that has lost history."""

    def __init__(self, store: connection.Store, names: tuple[WireName, ...]) -> None:
        self._store = store
        self._names = names
        self._seen: dict[WireName, Cursor] = {}
        self.known = asyncio.Event()
        """Set once all have been looked at."""

    def seen(self, name: WireName) -> Cursor | None:
        return self._seen.get(name)

    async def follow(self) -> None:
        """Look every second, for ever."""
        while True:
            try:
                for name in self._names:
                    head = await stream.read_head(self._store, name)
                    known = self._seen.get(name)
                    if head and (known is None or known.epoch != head.epoch or known.offset < head.offset):
                        self._seen[name] = Cursor(head.epoch, head.offset)
                self.known.set()
            except (RedisError, OSError, TimeoutError) as problem:
                log.warning("the wires cannot be looked at", why=refusals.why(problem))
            await asyncio.sleep(HEADS_EVERY_S)


class Process:
    """The scheduler's parts, wired from settings."""

    def __init__(self, settings: Settings, store_url: str, pool: ArqRedis) -> None:
        newsroom = newsrooms.from_config(settings.newsroom)
        self._store = connection.for_commands(store_url, settings.store_timeout_s)
        self._heads = Heads(self._store, wires(newsroom.edition_names))
        self._watch = DurabilityWatch(
            self._store, settings.durability, settings.replicas_min, settings.durability_check_s
        )
        kept = bounds.of(settings)
        desk = Desk(
            self._store, newsroom, kept, expires_default_s=settings.expires_default_s, now_ms=now_ms,
            durability=lambda: self._watch.current, seen=self._heads.seen,
        )  # fmt: skip
        tray = Tray(self._store, newsroom, kept, desk, expires_default_s=settings.expires_default_s, now_ms=now_ms)
        self._rounds = Rounds(self._store, desk, tray, pool, now_ms)
        self._pool = pool

    def parts(self) -> list[Coroutine[Any, Any, None]]:
        acting = (self._rounds.follow, self._jobs)
        return [self._watch.follow(), self._heads.follow(), *map(self._once_known, acting)]

    async def _once_known(self, part: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Nothing is released before the store has said how durable it is and how far its wires have come."""
        await self._watch.known.wait()
        await self._heads.known.wait()
        await part()

    async def _jobs(self) -> None:
        """Run the jobs, for ever: arq's worker ends with the store's connection, and an outage is a pause."""
        while True:
            try:
                await _worker(self._pool, self._rounds).main()
            except (RedisError, OSError, TimeoutError) as problem:
                log.warning("no jobs come; the rounds go on", why=refusals.why(problem))
            await asyncio.sleep(JOBS_AGAIN_S)

    def readiness(self) -> Readiness:
        reasons = () if self._rounds.hearing else ("the store is not heard, or takes nothing",)
        return Readiness(not reasons, reasons, {"durability": self._watch.current})

    async def drain(self) -> None:
        """Nothing to wait for: what is half way is found by the next round, ours or another's."""

    async def close(self) -> None:
        await self._store.aclose()
        await self._pool.aclose()


def _worker(pool: ArqRedis, rounds: Rounds) -> Worker:
    release = func(_release, name="release", timeout=TIMEOUT_S, keep_result=0, max_tries=TRIES_MAX)
    return arq_ground.worker(pool, QUEUE, release, {"rounds": rounds}, poll_s=POLL_S)


async def _release(ctx: dict[str, Any], alert_id: str) -> None:
    """The job: what its moment has come for."""
    await ctx["rounds"].release(alert_id)


def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises CannotSchedule; exits with 1 where it cannot go on."""
    logging.getLogger("arq").setLevel(logging.WARNING)  # it has a line for each start and end of a job
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_serve(settings))
    if code:
        raise SystemExit(code)


async def _serve(settings: Settings) -> int:
    told = stopped_by_signal()
    assert settings.redis_url is not None, "the caller checks that there is a store"
    try:
        pool = await unless_told(told, arq_ground.connect(settings.queue_url or settings.redis_url))
    except (RedisError, OSError) as problem:
        raise CannotSchedule(f"the queues' store cannot be reached: {refusals.why(problem)}") from None
    if pool is None:
        return 0
    try:
        return await parts.run(Process(settings, settings.redis_url, pool), settings, told)
    except CannotListen as problem:
        raise CannotSchedule(str(problem)) from None
