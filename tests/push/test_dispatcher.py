"""The dispatcher against a real store: what is on the wire is planned and queued once, whoever dies in between."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from arq.connections import ArqRedis

from config.settings import load
from service.domain import newsroom
from service.domain.device import Preferences
from service.domain.registration import Registration
from service.ending import end
from service.store import devices, keys
from service.store.connection import Store, for_tail
from service.store.embedded import EmbeddedStore
from tests.entries import EN, NOW_MS, alert, append
from tests.stores import server, store, until
from workers import arq_ground
from workers.push.dispatcher import CONSUMER, GROUP, Dispatcher

__all__ = ["server", "store"]

SETTINGS = load({})


@pytest.fixture
async def dispatcher(server: EmbeddedStore, store: Store) -> AsyncIterator[Dispatcher]:
    phone = Registration(platform="apns", token="ab" * 32, subscription=None, preferences=Preferences(("en",)))
    await devices.register(store, phone, NOW_MS)
    tail, pool = for_tail(server.url, 100), await arq_ground.connect(server.url)
    rooms = newsroom.from_config(SETTINGS.newsroom)
    yield Dispatcher(store, tail, pool, [EN], rooms, SETTINGS, ["apns"])
    await tail.aclose()
    await pool.aclose()


async def queued(server: EmbeddedStore) -> set[str]:
    pool: ArqRedis = await arq_ground.connect(server.url)
    found = {job.decode() for job in await pool.zrange("push:apns:standard", 0, -1)}
    await pool.aclose()
    return found


async def test_what_is_on_the_wire_is_planned_and_acknowledged(
    server: EmbeddedStore, store: Store, dispatcher: Dispatcher
) -> None:
    made = alert()
    await append(store, made)
    following = asyncio.create_task(dispatcher.follow())
    job = f"{made.id}:1:apns:0"
    await until(lambda: _is_queued(server, job))
    await until(lambda: _nothing_pending(server))
    await end((following,))
    assert await store.smembers(keys.open_blocks(made.id, 1)) == {b"apns:0"}


async def test_what_another_took_and_did_not_acknowledge_is_planned(
    server: EmbeddedStore, store: Store, dispatcher: Dispatcher
) -> None:
    made = alert()
    await append(store, made)
    await store.xgroup_create(keys.wire(EN), GROUP, "0", mkstream=False)
    taken = await store.xreadgroup(GROUP, CONSUMER, {keys.wire(EN): ">"}, 10, 100)
    assert taken, "a dispatcher that died here"
    following = asyncio.create_task(dispatcher.follow())
    await until(lambda: _is_queued(server, f"{made.id}:1:apns:0"), 10.0)
    await end((following,))


async def test_a_line_rings_nobody(server: EmbeddedStore, store: Store, dispatcher: Dispatcher) -> None:
    await append(store, alert(level="line", urgency=6))
    following = asyncio.create_task(dispatcher.follow())
    await until(lambda: _nothing_pending(server))
    await end((following,))
    assert await queued(server) == set()


async def _is_queued(server: EmbeddedStore, job: str) -> bool:
    return job in await queued(server)


async def _nothing_pending(server: EmbeddedStore) -> bool:
    """Everything on the wire was read and acknowledged."""
    pool: ArqRedis = await arq_ground.connect(server.url)
    groups = await pool.xinfo_groups(keys.wire(EN))
    await pool.aclose()
    return bool(groups) and groups[0]["pending"] == 0 and groups[0]["last-delivered-id"] == b"1-0"
