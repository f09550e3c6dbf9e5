"""Wiring of one gateway process: tail, channels, door, admin server, and the order in which they start and end.

The rule to remember: the door opens only when every wire stands in memory, and a tail that dies ends the process.
"""

import asyncio
import os
import resource
import socket
import time
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

import structlog

from config.settings import Settings
from service import addresses
from service.admin import Readiness, serve_admin
from service.clock import now_ms
from service.domain.newsroom import from_config
from service.domain.revision import Revision
from service.ending import end, stopped_by_signal
from service.listening import CannotListen
from service.loading import Extent
from service.newswire import Newswire
from service.store import lineage
from service.store.connection import for_commands, for_tail
from service.store.keys import WireName, wires
from service.store.stream import Unreadable
from service.wire import Wire
from workers.gateway import metrics
from workers.gateway.admission import Admission
from workers.gateway.channel import Channel
from workers.gateway.door import Door, DoorRules
from workers.gateway.drain import drain
from workers.gateway.drills import Drills
from workers.gateway.hub import Hub, Limits
from workers.gateway.inbound import Budget
from workers.gateway.report import Reporter

log = structlog.get_logger("gateway")

TICKER_ALERTS = 1000
"""A gateway's ticker answers snapshots of at most 100; the rest is room for killed, undone and expired ones."""
SWEEP_S = 0.25
STALE_AGAIN_S = 4.0
"""While we cannot hear the store, whoever has joined or caught up meanwhile is told so within this time."""
STALL_WINDOW_S = 10.0
LISTEN_BACKLOG = 4096
KEEPALIVE_IDLE_S = 60
USER_TIMEOUT_MS = 30_000
"""A peer that acknowledges nothing for so long is dead (RFC 5482)."""
SPARE_DESCRIPTORS = 64


class Gateway:
    """One process. `run` serves until `stop` is called, drains, and returns."""

    def __init__(self, settings: Settings, store_url: str, tail_url: str) -> None:
        self._settings = settings
        self._store = for_commands(store_url, settings.store_timeout_s)
        self._tail_store = for_tail(tail_url, settings.tail_block_ms)
        self._channels: dict[WireName, Channel] = {}
        self._measured = (0, 0)
        self.hub = Hub(limits(settings), time.monotonic, self._ended)
        admission = Admission(
            _affordable(settings.sockets_max), settings.sockets_per_address_max, settings.joins_per_address_per_s
        )
        self._reporter = Reporter(self._store, settings.push_ledger_days)
        rules = door_rules(settings)
        self._drills = Drills(self._store, self.hub, now_ms)
        self._door = Door(self.hub, self._channels, admission, rules, time.monotonic, self._drills)
        self.newswire = Newswire(
            self._tail_store,
            wires(from_config(settings.newsroom).edition_names),
            extent=Extent(settings.wire_max_revisions, TICKER_ALERTS, settings.tombstone_s),
            block_ms=settings.tail_block_ms,
            stale_after_s=settings.stale_after_s,
            on_loaded=self._loaded,
            on_revisions=self._came,
            dispute=partial(lineage.dispute, self._store),
        )
        self._running: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] | None = None
        self.draining = False

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then drain. Raises whatever ended a part that must not end."""
        loop = asyncio.get_running_loop()
        self._failed = loop.create_future()
        loop.add_reader(self.hub.epoll.fileno(), self.hub.turn)
        self._start(self.newswire.follow())
        self._start(self._beat())
        self._start(self._sweep())
        self._start(self._reporter.run())
        self._start(self._drills.watch())
        stopped: asyncio.Task[Any] = loop.create_task(stop.wait())
        loaded: asyncio.Task[Any] = loop.create_task(self.newswire.loaded.wait())
        try:
            await asyncio.wait((loaded, stopped, self._failed), return_when=asyncio.FIRST_COMPLETED)
            if loaded.done() and not stop.is_set():
                self._door.open(listen(self._settings))
                log.info("listening", host=self._settings.host, port=self._settings.gateway_port, pid=os.getpid())
            await asyncio.wait((stopped, self._failed), return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                await self._failed
            self.draining = True
            self._door.close()
            log.info("draining", readers=sum(map(len, self.hub.audiences)))
            await drain(self.hub, self._settings.drain_s, self._settings.drain_abort_s, time.monotonic)
        finally:
            self._door.close()
            await end((*self._running, stopped, loaded))
            loop.remove_reader(self.hub.epoll.fileno())
            self.hub.close()
            await self._store.aclose()
            await self._tail_store.aclose()

    def _start(self, part: Coroutine[Any, Any, None]) -> None:
        """Run a part that must never end; its end, with or without an error, is the end of the process."""
        task = asyncio.get_running_loop().create_task(part)
        self._running.add(task)
        task.add_done_callback(self._part_ended)

    def _part_ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._failed is None or self._failed.done():
            return
        self._failed.set_exception(task.exception() or RuntimeError(f"{task.get_name()} has ended"))

    # --- what the tail says

    def _loaded(self, wire: Wire) -> None:
        channel = self._channels.get(wire.name)
        if channel is not None:
            channel.replace(wire)
            return
        settings = self._settings
        channel = self._channels[wire.name] = Channel(
            wire,
            self.hub,
            heartbeat_s=settings.heartbeat_s,
            chunk_sockets=settings.broadcast_chunk_sockets,
            burst_max_bytes=settings.burst_max_bytes,
            now_ms=now_ms,
            gone_out=self._reporter.take,
        )
        self._start(channel.run())

    def _came(self, name: WireName, entries: Sequence[Revision | Unreadable]) -> None:
        self._channels[name].offer(entries)

    # --- the clock's work

    async def _beat(self) -> None:
        """Heartbeats at their interval, and at once when we begin or cease to hear the store."""
        last_s, was_stale = time.monotonic(), False
        while True:
            await asyncio.sleep(SWEEP_S)
            stale = self.newswire.loaded.is_set() and not self.newswire.hearing
            every_s = min(self._settings.heartbeat_s, STALE_AGAIN_S) if stale else self._settings.heartbeat_s
            if stale != was_stale or time.monotonic() - last_s >= every_s:
                last_s, was_stale = time.monotonic(), stale
                for channel in self._channels.values():
                    channel.beat(stale)

    async def _sweep(self) -> None:
        """Deadlines, gauges, and how long the loop was not free."""
        longest_s, since_s = 0.0, time.monotonic()
        while True:
            slept_s = time.monotonic()
            await asyncio.sleep(SWEEP_S)
            now_s = time.monotonic()
            longest_s = max(longest_s, now_s - slept_s - SWEEP_S)
            metrics.LOOP_STALL_S.set(longest_s)
            if now_s - since_s > STALL_WINDOW_S:
                longest_s, since_s = 0.0, now_s
            self.hub.sweep()
            self._measure()

    def _measure(self) -> None:
        for name, channel in self._channels.items():
            for encoding, audience in channel.audiences.items():
                edition = f"{name.edition}:exercise" if name.exercise else name.edition
                metrics.SOCKETS.labels(edition, encoding).set(len(audience))
        metrics.LAGGARDS.set(sum(len(audience.laggards) for audience in self.hub.audiences))
        # the hub counts for itself, since a broadcast has no time for labels and locks
        evicted, faults = self.hub.evicted_slow, self.hub.ended_for_faults
        metrics.EVICTED.inc(evicted - self._measured[0])
        metrics.FAULTS.inc(faults - self._measured[1])
        self._measured = (evicted, faults)

    # --- what the door asks

    def _ended(self, fd: int) -> None:
        self._door.ended(fd)

    def readiness(self) -> Readiness:
        """Ready when readers are served with fresh news."""
        if self.draining:
            why = "draining"
        elif not self.newswire.loaded.is_set():
            why = "the wires are not loaded yet: is the API up, and the store?"
        elif not self._door.is_open:
            why = "the door is about to open"
        elif not self.newswire.hearing:
            why = "the store cannot be heard: what is shown may be old"
        else:
            why = ""
        details = {
            "readers": sum(map(len, self.hub.audiences)),
            "cursors": {name.suffix: str(channel.wire.cursor) for name, channel in self._channels.items()},
        }
        return Readiness(not why, (why,) if why else (), details)


def limits(settings: Settings) -> Limits:
    """How patient the hub is, and how much it lets readers say."""
    budget = Budget(
        message_max_bytes=settings.inbound_message_max_bytes,
        fragments_max=settings.inbound_fragments_max,
        controls_max=settings.inbound_controls_max,
        messages_max=settings.inbound_messages_max,
        window_s=settings.inbound_window_s,
    )
    return Limits(settings.stall_s, settings.send_buffer_bytes, budget)


def door_rules(settings: Settings) -> DoorRules:
    """Whom the door lets in, and how long it waits for them."""
    return DoorRules(
        settings.handshake_timeout_s,
        settings.handshake_max_bytes,
        settings.ahead_wait_ms,
        settings.origins,
        settings.trusted_proxies,
        addresses.names(settings),
    )


def listen(settings: Settings) -> socket.socket:
    """A listening socket that several processes may share, with what its connections inherit. Raises CannotListen."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setblocking(False)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    # small on purpose: a reader who does not read is noticed after this many bytes, not after megabytes
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.send_buffer_bytes)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    try:
        listener.bind((settings.host, settings.gateway_port))
        listener.listen(LISTEN_BACKLOG)
    except OSError as problem:
        listener.close()
        raise CannotListen(settings.host, settings.gateway_port, problem, "FLASHWIRE_GATEWAY_PORT") from None
    return listener


def _affordable(sockets_max: int) -> int:
    """As many sockets as the process may have descriptors for, asking for all that the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return sockets_max if hard == resource.RLIM_INFINITY else max(1, min(sockets_max, hard - SPARE_DESCRIPTORS))


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """One gateway with its admin server, until `stop`."""
    url = settings.redis_url
    assert url is not None, "the caller checks that there is a store"
    gateway = Gateway(settings, url, settings.tail_url or url)

    admin = await serve_admin(settings.host, settings.admin_port, gateway.readiness)
    try:
        await gateway.run(stop)
    finally:
        await admin.close()


async def until_signal(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    await serve(settings, stopped_by_signal())
