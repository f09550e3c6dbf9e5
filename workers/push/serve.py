"""Wiring of one push process: the dispatcher, or the lane of one provider.

The rule to remember: each is a process of its own, so that one can die, hang or be ill without the others. A part that
ends ends its process, and the supervisor starts another.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Coroutine, Sequence
from typing import Any, Literal

import structlog
import uvloop
from arq.connections import ArqRedis
from arq.worker import Worker
from redis.exceptions import RedisError

from config.settings import Settings
from service.addresses import public_url
from service.admin import CannotListen, Readiness
from service.clock import now_ms, steady_ms
from service.domain import newsroom as newsrooms
from service.domain.device import Platform
from service.domain.errors import StoreUnavailable
from service.domain.shards import TIERS
from service.ending import end, stopped_by_signal, unless_told
from service.store import connection, pauses, refusals
from service.store.keys import wires
from service.store.ledger import Ledger
from workers import arq_ground, parts
from workers.push import metrics, providers, queue
from workers.push.dispatcher import Dispatcher
from workers.push.lane import Lane
from workers.push.providers import Off
from workers.push.tokens import CredentialsError

log = structlog.get_logger("push")

Part = Literal["dispatcher", "apns", "fcm", "webpush"]
UNHEARD_S = 5.0
LOOK_S = 0.2
"""How often pauses are looked at; a process that was killed takes longer to come back."""
STOP_EXTRA_S = 1.0


class CannotPush(Exception):
    """The part cannot start; the message says why and what mends it."""


class DispatcherProcess:
    """The dispatcher with its connections."""

    def __init__(self, settings: Settings, store_url: str, pool: ArqRedis, platforms: Sequence[Platform]) -> None:
        newsroom = newsrooms.from_config(settings.newsroom)
        self._store = connection.for_commands(store_url, settings.store_timeout_s)
        self._tail = connection.for_tail(store_url, settings.tail_block_ms)
        self._platforms = platforms
        names = wires(newsroom.edition_names)
        self._dispatcher = Dispatcher(self._store, self._tail, pool, names, newsroom, settings, platforms)

    def parts(self) -> list[Coroutine[Any, Any, None]]:
        return [self._dispatcher.follow(), self._dispatcher.sweep(), self._dispatcher.prune()]

    def readiness(self) -> Readiness:
        ready = time.monotonic() - self._dispatcher.heard_at < UNHEARD_S
        why = () if ready else ("the store is not heard: what is published now is pushed when it is back",)
        return Readiness(ready, why, {"platforms": self._platforms})

    def reload(self) -> None:
        """It holds no credentials that it sends with."""

    async def drain(self) -> None:
        """Nothing to wait for: what is planned half way is planned again."""

    async def close(self) -> None:
        await self._store.aclose()
        await self._tail.aclose()


class LaneProcess:
    """One provider's lane with the workers of its tiers."""

    def __init__(
        self, settings: Settings, store_url: str, pool: ArqRedis, platform: Platform, provider: providers.Provider
    ) -> None:
        newsroom = newsrooms.from_config(settings.newsroom)
        self._store = connection.for_commands(store_url, settings.store_timeout_s)
        ledger = Ledger(self._store, sends_max=settings.push_sends_max, kept_days=settings.push_ledger_days)
        self._lane = Lane(platform, provider, self._store, ledger, newsroom, settings, public_url(settings))
        self._settings = settings
        self._workers: list[Worker] = [
            queue.worker(pool, platform, tier, {"lane": self._lane}, blocks_at_once=settings.push_blocks_at_once)
            for tier in TIERS
        ]

    def parts(self) -> list[Coroutine[Any, Any, None]]:
        return [self._share_pauses(), *(worker.main() for worker in self._workers)]

    async def _share_pauses(self) -> None:
        """Tell the other processes of this provider, and our successors, when it wants to be left alone; hear of it."""
        lane, known_ms = self._lane, 0
        while True:
            left_ms, now = lane.breaker.left_ms(steady_ms()), now_ms()
            metrics.PAUSED_SECONDS.labels(lane.platform).set(left_ms / 1000)
            try:
                if left_ms and now + left_ms > known_ms + LOOK_S * 1000:
                    known_ms = now + left_ms
                    await pauses.write(self._store, lane.platform, known_ms, now)
                elif (
                    not left_ms
                    and (until_ms := await pauses.read(self._store, lane.platform)) > now
                    and until_ms != known_ms  # else we have kept it, and a clock was set back meanwhile
                ):
                    known_ms = until_ms
                    lane.breaker.pause_until(steady_ms() + until_ms - now)
            except StoreUnavailable as problem:
                log.warning("pauses cannot be shared", why=str(problem))
            await asyncio.sleep(LOOK_S)

    def readiness(self) -> Readiness:
        if self._lane.guard.tripped:
            return Readiness(False, ("most tokens seem to be gone: nobody is removed until that changes; look at it",))
        return Readiness(True, (), {"provider": self._lane.platform, "circuitClosed": self._lane.breaker.is_closed()})

    def reload(self) -> None:
        """Read the provider's credentials again; the old ones go on where the new ones cannot be used."""
        try:
            self._lane.provider.reload()
            log.info("the credentials were read again")
        except CredentialsError as problem:
            log.error("the credentials cannot be read again; the old ones go on", why=str(problem))

    async def drain(self) -> None:
        """Begin nothing more, let what is in flight land, and put the jobs back into the queue."""
        self._lane.stopping = True
        for worker in self._workers:
            worker.allow_pick_jobs = False
        tasks = [task for worker in self._workers for task in worker.tasks.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._settings.push_timeout_s + STOP_EXTRA_S)
            await end(late)

    async def close(self) -> None:
        await self._lane.provider.close()
        await self._store.aclose()


def run(settings: Settings, part: Part) -> None:
    """Run one part until SIGTERM or SIGINT. Raises CannotPush; exits with 1 where it cannot go on."""
    logging.getLogger("arq").setLevel(logging.WARNING)  # it has a line for each start and end of a job
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_serve(settings, part))
    if code:
        raise SystemExit(code)


async def _serve(settings: Settings, part: Part) -> int:
    told = stopped_by_signal()
    assert settings.redis_url is not None, "the caller checks that there is a store"
    pool = await unless_told(told, _queues(settings.queue_url or settings.redis_url))
    if pool is None:
        return 0
    process = _process(settings, settings.redis_url, part, pool)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, process.reload)
    try:
        return await parts.run(process, settings, told, part=part)
    except CannotListen as problem:
        raise CannotPush(str(problem)) from None


def _process(settings: Settings, store_url: str, part: Part, pool: ArqRedis) -> DispatcherProcess | LaneProcess:
    if part == "dispatcher":
        on = [platform for platform, off in providers.configured(settings).items() if off is None]
        return DispatcherProcess(settings, store_url, pool, on)
    provider = providers.connect(settings, (part,))[part]
    if isinstance(provider, Off):
        raise CannotPush(f"{part} is off: {provider.why}")
    return LaneProcess(settings, store_url, pool, part, provider)


async def _queues(url: str) -> ArqRedis:
    if url.startswith("redis+sentinel:"):
        raise CannotPush("the queues need a store of one address: name it with FLASHWIRE_QUEUE_URL (redis://host)")
    try:
        return await arq_ground.connect(url)
    except (RedisError, OSError) as problem:
        raise CannotPush(f"the queues' store cannot be reached: {refusals.why(problem)}") from None
