"""What a real store says of its own durability, and what we make of it."""

import asyncio
import time
from pathlib import Path

import pytest
import redis

from config.settings import VALKEY_CONF
from service.domain.durability import Durability
from service.domain.errors import StoreUnavailable
from service.store import durability
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder
from tests.stores import OPEN_USERS


def operator(server: EmbeddedStore, *commands: tuple[str, ...]) -> None:
    with redis.Redis.from_url(server.url, single_connection_client=True) as connection:
        for command in commands:
            connection.execute_command(*command)


async def test_the_embedded_store_gives_fsync(store: Store) -> None:
    assert await durability.read(store, "fsync", 1) == Durability("fsync", True)


@pytest.mark.parametrize(
    ("name", "value", "gives"),
    [
        ("appendfsync", "everysec", "<= 1 s"), ("appendfsync", "no", "none"), ("appendonly", "no", "none"),
    ],
)  # fmt: skip
async def test_what_is_set_wrong_is_named(
    store: Store, server: EmbeddedStore, name: str, value: str, gives: str
) -> None:
    operator(server, ("CONFIG", "SET", name, value))
    found = await durability.read(store, "fsync", 1)
    assert (found.gives, found.enough) == (gives, False)
    assert found.remedy is not None
    assert name in found.remedy
    assert (await durability.read(store, "relaxed", 1)).enough


async def test_a_store_that_does_not_sync_while_it_rewrites_is_not_enough(store: Store, server: EmbeddedStore) -> None:
    operator(server, ("CONFIG", "SET", "no-appendfsync-on-rewrite", "yes"))
    found = await durability.read(store, "fsync", 1)
    assert found.gives != "fsync"
    assert not found.enough
    assert "no-appendfsync-on-rewrite no" in (found.remedy or "")


async def test_a_store_that_may_evict_is_not_enough(store: Store, server: EmbeddedStore) -> None:
    operator(server, ("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"))
    found = await durability.read(store, "fsync", 1)
    assert not found.enough
    assert "noeviction" in (found.remedy or "")


async def test_replicas_are_counted(store: Store) -> None:
    found = await durability.read(store, "replica", 1)
    assert (found.enough, found.remedy) == (False, "0 of 1 replicas are connected")


async def test_where_config_may_not_be_read_it_is_unknown(store: Store, server: EmbeddedStore) -> None:
    operator(server, ("ACL", "SETUSER", "default", "-config"))
    found = await durability.read(store, "fsync", 1)
    assert (found.gives, found.enough) == ("unknown", False)
    assert (await durability.read(store, "relaxed", 1)) == Durability("unknown", True)


async def test_a_store_that_is_gone_says_nothing(store: Store, server: EmbeddedStore) -> None:
    server.kill()
    with pytest.raises(StoreUnavailable):
        await durability.read(store, "fsync", 1)


async def test_a_store_that_is_loading_its_log_is_not_judged_by_what_it_is_not_yet(tmp_path: Path) -> None:
    """It says then that it writes no log; who believed it would refuse editors for seconds after it is back."""
    slow = tmp_path / "slow.conf"
    slow.write_text(f"{VALKEY_CONF.read_text()}\nkey-load-delay 500\n")
    folder = DataFolder.hold(tmp_path / "data", "a test")
    server = EmbeddedStore(folder, slow, OPEN_USERS)
    server.start()
    try:
        with redis.Redis.from_url(server.url) as connection, connection.pipeline(transaction=False) as pipe:
            for number in range(4000):
                pipe.set(f"key {number}", number)
            pipe.execute()
        server.kill()
        starting = asyncio.create_task(asyncio.to_thread(server.start))
        store = for_commands(server.url, 5.0)
        try:
            found = await judged_until(starting, store)
        finally:
            await store.aclose()
        assert found[-1] == Durability("fsync", True)
        assert "loading" in found, "or nothing was tried"
        assert set(found) <= {"loading", "not there", Durability("fsync", True)}
    finally:
        server.kill()
        folder.release()


async def judged_until(started: "asyncio.Task[None]", store: Store) -> list[object]:
    """What is found again and again until the store has started, and once after that."""
    found: list[object] = []
    deadline = time.monotonic() + 30
    while True:
        is_over = started.done()
        try:
            found.append(await durability.read(store, "fsync", 1))
        except StoreUnavailable as problem:
            found.append("loading" if "loading" in str(problem) else "not there")
        if is_over:
            await started
            return found
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
