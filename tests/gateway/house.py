"""A desk and a gateway in one event loop, on a real store: what a test posts, its readers get over real sockets.

When a house closes it checks what holds after every test: nobody is left in the hub, nothing has raised where nobody
looked, and every descriptor has been given back.
"""

import asyncio
import contextlib
import dataclasses
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

from config.settings import Settings, load
from service.acting import Actor, Outcome
from service.clock import now_ms
from service.desk import Desk
from service.domain.alert import Author
from service.domain.amendments import AMENDMENTS
from service.domain.checks import check_alert
from service.domain.durability import Durability
from service.domain.lifecycle import ChangeVerb
from service.domain.newsroom import from_config
from service.ids import new_epoch
from service.store import access, lineage
from service.store.calls import Bounds
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedStore
from service.store.keys import wires
from tests.gateway.reader import Reader
from tests.ports import free_ports
from tests.stores import ANSWERS_WITHIN_S, until
from workers.gateway.serve import Gateway

QUICK: dict[str, Any] = {"tail_block_ms": 100, "drain_s": 0.3, "drain_abort_s": 1.5}
"""Settings under which a test need not wait. A test of what readers are told in an outage sets STALE_SOON as well: a
disk that stalls for a moment would have every other reader told so.
"""
STALE_SOON: dict[str, Any] = {"stale_after_s": 0.6}


def descriptors() -> Counter[str]:
    """How many sockets, epolls and the like this process has open."""
    found = Counter[str]()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the one that listed them
            found[os.readlink(f"/proc/self/fd/{fd}").partition("[")[0]] += 1
    return Counter({kind: count for kind, count in found.items() if kind.startswith(("socket:", "anon_inode:"))})


class House:
    """A desk and at most one gateway. Readers opened here are closed with it."""

    def __init__(self, server: EmbeddedStore, store: Store, settings: Settings) -> None:
        self.server = server
        self.store = store
        self.settings = settings
        self.newsroom = from_config(settings.newsroom)
        self.readers: list[Reader] = []
        bounds = Bounds(settings.wire_max_revisions, 1000, 30, 3600, 100, 1000, 14, 1000, 2000)
        self.desk = Desk(
            store, self.newsroom, bounds, expires_default_s=86_400, now_ms=now_ms,
            durability=lambda: Durability("fsync", True), seen=lambda _: None,
        )  # fmt: skip
        self._running: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    # --- the desk

    async def give_birth(self) -> None:
        """What the API does at its start: every wire has a life."""
        for name in wires(self.newsroom.edition_names):
            await lineage.change_epoch(self.store, name, None, new_epoch())

    async def post(self, headline: str, edition: str = "en", drill: bool = False) -> Outcome:
        draft = check_alert({"edition": edition, "headline": headline}, self.newsroom, now_ms(), allow_http=True)
        return await self.desk.publish(draft, _actor(drill), None)

    async def kill(self, outcome: Outcome) -> Outcome:
        return await self.change("kill", outcome)

    async def change(self, verb: ChangeVerb, outcome: Outcome, body: dict[str, Any] | None = None) -> Outcome:
        """Do a verb; `body` is that of an update or a correction."""
        amend = None
        if check := AMENDMENTS.get(verb):
            amend = partial(check, body, newsroom=self.newsroom, now_ms=now_ms(), allow_http=True)
        return await self.desk.change(verb, outcome.alert_id, _actor(outcome.wire.exercise), amend=amend)

    async def key(self, test: bool) -> str:
        return (await access.create(self.store, "a reader", "editor", test, now_ms())).key

    async def wire(self, edition: str = "en") -> list[tuple[int, bytes]]:
        """Every revision as it stands on the wire: offset and public JSON."""
        entries = await self.store.xrange(f"wire:{{{edition}}}", "-")
        return [(int(entry_id.split(b"-")[0]), fields[b"alert"]) for entry_id, fields in entries]

    # --- the gateway

    @property
    def gateway(self) -> Gateway:
        assert self._gateway is not None
        return self._gateway

    def open_gateway(self) -> None:
        self._stop.clear()
        self._gateway = Gateway(self.settings, self._url, self._url)
        self._running = asyncio.create_task(self._gateway.run(self._stop))

    _gateway: Gateway | None = None

    @property
    def _url(self) -> str:
        assert self.settings.redis_url is not None
        return self.settings.redis_url

    async def serving(self) -> None:
        """Until readers can knock."""
        await until(self.answers)

    async def answers(self) -> bool:
        assert self._running is not None
        if self._running.done():
            await self._running
        try:
            _, writer = await asyncio.open_connection(self.settings.host, self.settings.gateway_port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    async def close_gateway(self) -> float:
        """Drain; how many seconds it took."""
        assert self._running is not None
        started_s = time.monotonic()
        self._stop.set()
        await self._running
        return time.monotonic() - started_s

    @property
    def readers_inside(self) -> int:
        return sum(map(len, self.gateway.hub.audiences))

    async def settled(self, readers: int) -> None:
        """Until the hub knows exactly so many readers, and nobody who is neither coming nor going."""
        await until(lambda: self.readers_inside == readers and not self.gateway.hub.waiting)

    # --- readers

    async def websocket(self, query: str = "edition=en", **options: Any) -> Reader:
        """A reader whose WebSocket is open."""
        reader = await self._reader(query, upgrade=True, **options)
        assert reader.status == 101, reader.head
        return reader

    async def sse(self, query: str = "edition=en", **options: Any) -> Reader:
        """A reader whose event stream is open."""
        reader = await self._reader(query, upgrade=False, **options)
        assert reader.status == 200, reader.head
        return reader

    async def refused(self, query: str, upgrade: bool = True, **options: Any) -> Reader:
        """A reader who was answered, whatever the answer was."""
        return await self._reader(query, upgrade=upgrade, **options)

    async def knock(self, request: bytes = b"", **options: Any) -> Reader:
        """A bare connection that has sent `request`."""
        reader = await Reader.connect(self.settings.gateway_port, **options)
        self.readers.append(reader)
        await reader.send(request)
        return reader

    async def _reader(self, query: str, upgrade: bool, headers: str = "", **options: Any) -> Reader:
        reader = await self.knock(request(query, upgrade, headers), **options)
        await reader.read_head()
        return reader


UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def request(query: str = "edition=en", upgrade: bool = True, headers: str = "") -> bytes:
    """The request that opens a stream."""
    more = UPGRADE if upgrade else ""
    return f"GET /v1/live?{query} HTTP/1.1\r\nHost: news.example\r\n{more}{headers}\r\n".encode()


def _actor(drill: bool) -> Actor:
    return Actor(Author("K", "a desk"), "duty", drill, "127.0.0.1", "r")


async def begin_another_life(house: House, edition: str = "en") -> str:
    """What the API does to a wire that was lost: nothing is left, and it has a new name."""
    life = new_epoch()
    store = cast(Any, house.store)
    async with store.pipeline(transaction=True) as pipe:
        pipe.delete(f"wire:{{{edition}}}", f"history:{{{edition}}}")
        pipe.hset(f"head:{{{edition}}}", mapping={"epoch": life, "offset": 0})
        await pipe.execute()
    return life


def settings_for(server: EmbeddedStore, **changes: Any) -> Settings:
    (port,) = free_ports(1)
    return dataclasses.replace(load({}), **{**QUICK, "redis_url": server.url, "gateway_port": port, **changes})


@asynccontextmanager
async def house(server: EmbeddedStore, *, gateway: bool = True, **changes: Any) -> AsyncIterator[House]:
    """A house with its gateway open, and everything checked when it closes."""
    before = descriptors()
    raised: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: raised.append(context))
    store = for_commands(server.url, ANSWERS_WITHIN_S)
    made = House(server, store, settings_for(server, **changes))
    await made.give_birth()
    if gateway:
        made.open_gateway()
        await made.serving()
    try:
        yield made
    finally:
        for reader in made.readers:
            reader.close()
        if made._running is not None:
            await made.close_gateway()
            hub = made.gateway.hub
            assert (made.readers_inside, hub.waiting, hub.inbound, hub.epoll.closed) == (0, {}, {}, True)
        await store.aclose()
        loop.set_exception_handler(None)
    assert raised == []
    left = descriptors()
    assert left <= before, f"before {before}, after {left}"
