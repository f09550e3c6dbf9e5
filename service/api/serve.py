"""Run the API process: everything wired together, followed, watched, and ended in order.

The rule to remember: the tail is the process. Should following the wires ever end, the process ends with it, since a
server that shows yesterday's news in silence is worse than none.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import structlog
import uvloop
from starlette.types import ASGIApp

from config.settings import Settings
from service import bounds
from service.admin import CannotListen, Readiness, serve_admin
from service.api.app import create_app
from service.api.at_once import AtOnceHttp
from service.api.auth import Keys
from service.api.disk import DiskWatch
from service.api.epochs import Epochs
from service.api.high_water import HighWater
from service.api.wires import Wires
from service.clock import now_ms
from service.desk import Desk
from service.domain import checks
from service.domain import newsroom as newsrooms
from service.durability_watch import DurabilityWatch
from service.ending import end, stopped_by_signal
from service.garbage import keep_what_is_here
from service.ids import new_epoch
from service.listening import Listener, configure, listen
from service.loading import Extent
from service.newswire import Newswire
from service.store import connection, embedded, lineage, users
from service.store.keys import wires
from service.tray import Tray

log = structlog.get_logger("api")

GRACEFUL_S = 8
"""How long requests in flight may take once we were told to stop; the whole end takes at most 10 s."""


class Process:
    """The API's parts, wired from settings: `app` to serve, `background` to keep running beside it."""

    def __init__(self, settings: Settings, now_ms: Callable[[], int] = now_ms, **options: float) -> None:
        """Raises ValueError for a newsroom that is not complete. Touches neither network nor store."""
        store_url = settings.redis_url or users.named(embedded.url(settings.data_dir), "api")
        self.newsroom = newsroom = newsrooms.from_config(settings.newsroom)
        checks.prepare(newsroom)
        self.store = connection.for_commands(store_url, settings.store_timeout_s)
        self.tail_store = connection.for_tail(settings.tail_url or store_url, settings.tail_block_ms)
        self.wires = Wires()
        self.names = wires(newsroom.edition_names)
        self.newswire = Newswire(
            self.tail_store, self.names,
            extent=Extent(settings.wire_max_revisions, settings.history_max_alerts, settings.tombstone_s),
            block_ms=settings.tail_block_ms, stale_after_s=settings.stale_after_s, on_loaded=self.wires.on_loaded,
            on_revisions=self.wires.on_revisions, dispute=partial(lineage.dispute, self.store),
        )  # fmt: skip
        self.epochs = Epochs(
            self.store, self.names, HighWater(settings.data_dir), places=lambda: self.newswire.places,
            new_epoch=new_epoch,
        )  # fmt: skip
        self.watch = DurabilityWatch(
            self.store, settings.durability, settings.replicas_min, settings.durability_check_s
        )
        self.disk = DiskWatch(settings.data_dir, settings.disk_free_min_bytes)
        desk = Desk(
            self.store, newsroom, bounds.of(settings), expires_default_s=settings.expires_default_s, now_ms=now_ms,
            durability=lambda: self.watch.current, seen=self.epochs.seen,
        )  # fmt: skip
        tray = Tray(
            self.store, newsroom, bounds.of(settings), desk, expires_default_s=settings.expires_default_s, now_ms=now_ms
        )
        self.keys = Keys(self.store, settings, now_ms)
        self.stopping = False
        self.app: ASGIApp = create_app(
            settings=settings, newsroom=newsroom, desk=desk, tray=tray, keys=self.keys, store=self.store,
            wires=self.wires, ready=self.readiness, stopping=lambda: self.stopping, now_ms=now_ms, **options,
        )  # fmt: skip

    def background(self) -> list[Coroutine[Any, Any, None]]:
        """What must run as long as the process; none of it ever ends by itself."""
        return [self.epochs.follow(), self._follow(), self.watch.follow(), self.disk.follow(), self.keys.used.follow()]

    async def _follow(self) -> None:
        await self.epochs.checked.wait()  # what a store that was put back says is not served
        await self.newswire.follow()

    def readiness(self) -> Readiness:
        """What /readyz says."""
        durability, newswire = self.watch.current, self.newswire
        reasons = []
        if self.stopping:
            reasons.append("the process is stopping")
        if not self.epochs.checked.is_set():
            reasons.append("the store has not been compared with what was seen of it")
        elif not newswire.loaded.is_set():
            reasons.append("the wires have not been read yet")
        elif not newswire.hearing:
            reasons.append("the store is not heard: what is shown may be old")
        if durability is None:
            reasons.append("the store has not said how durable it is")
        elif not durability.enough:
            reasons.append(durability.remedy or "the store is not durable enough")
        details = {
            "durability": durability,
            "disk": {"low": self.disk.low},
            "tail": {
                "hearing": newswire.hearing,
                "lagS": round(newswire.lag_s, 3) if newswire.loaded.is_set() else None,
            },
            "cursors": {
                f"{wire.name.edition}:exercise" if wire.name.exercise else wire.name.edition: str(wire.cursor)
                for wire in self.wires
            },
        }
        return Readiness(not reasons, tuple(reasons), details)

    async def close(self) -> None:
        """Give the connections back."""
        await self.store.aclose()
        await self.tail_store.aclose()


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, and return after an orderly end. Exits with 1 where it cannot start or go on."""
    keep_what_is_here()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_serve(settings))
    if code:
        sys.exit(code)


async def _serve(settings: Settings) -> int:
    told = stopped_by_signal()
    try:
        process = Process(settings)
        sockets = listen(settings.host, settings.api_port, "FLASHWIRE_API_PORT")
        admin = await serve_admin(settings.host, settings.admin_port, process.readiness)
    except (CannotListen, ValueError) as problem:
        log.error(str(problem))
        return 1
    config = configure(process.app, graceful_s=GRACEFUL_S, trusted_proxies=settings.trusted_proxies, http=AtOnceHttp)
    listener = await Listener.start(config, sockets)
    log.info("serving", host=settings.host, port=listener.port, admin_port=admin.port)
    background = [asyncio.create_task(part) for part in process.background()]
    code = await _until_the_end(background, listener.wait, told)
    process.stopping = True
    log.info("stopping", code=code)
    await listener.close()
    await end(background)
    await process.close()
    await admin.close()
    return code


async def _until_the_end(
    background: list[asyncio.Task[None]], serving: Callable[[], Awaitable[None]], told: asyncio.Event
) -> int:
    """Wait until we are told to end (0), or until something ends that must not (1)."""
    ending = asyncio.create_task(told.wait())
    served = asyncio.ensure_future(serving())
    done, _ = await asyncio.wait({*background, ending, served}, return_when=asyncio.FIRST_COMPLETED)
    is_told = ending in done
    for task in {*background, served} & done:
        log.error("a part of the process has ended", exc_info=task.exception())
    ending.cancel()
    served.cancel()
    return 0 if is_told else 1
