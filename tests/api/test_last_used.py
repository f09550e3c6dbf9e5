"""When a key was last used: written beside the requests, not too often, and nobody waits for it or fails by it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from service.api.last_used import LastUsed
from service.domain import moment
from service.ending import end
from service.store import access
from service.store.connection import Store
from service.store.embedded import EmbeddedStore
from tests.stores import server, store, until

__all__ = ["server", "store"]
NOW_MS = 1_800_000_000_000
EVERY_S = 0.5


@pytest.fixture
async def used(store: Store) -> AsyncIterator[LastUsed]:
    used = LastUsed(store, EVERY_S)
    following = asyncio.create_task(used.follow())
    yield used
    assert not following.done()
    await end([following])


async def last_used(store: Store) -> str | None:
    [key] = await access.list_keys(store)
    return key.last_used


async def is_written(store: Store, at_ms: int) -> None:
    async def written() -> bool:
        return await last_used(store) == moment.to_text(at_ms)

    await until(written)


async def test_the_first_use_is_written_at_once_and_the_next_only_after_a_while(store: Store, used: LastUsed) -> None:
    issued = await access.create(store, "desk", "editor", False, NOW_MS)
    used.note(issued.id, NOW_MS + 1)
    await is_written(store, NOW_MS + 1)
    for later in range(2, 50):
        used.note(issued.id, NOW_MS + later)
    assert await last_used(store) == moment.to_text(NOW_MS + 1)
    await asyncio.sleep(EVERY_S)
    used.note(issued.id, NOW_MS + 1000)
    await is_written(store, NOW_MS + 1000)


async def test_a_store_that_is_away_fails_nobody_and_is_told_later(
    store: Store, server: EmbeddedStore, used: LastUsed
) -> None:
    issued = await access.create(store, "desk", "editor", False, NOW_MS)
    server.kill()
    used.note(issued.id, NOW_MS + 1)
    await asyncio.sleep(EVERY_S)
    used.note(issued.id, NOW_MS + 2)
    await until(lambda: not used._pending)
    server.start()
    await asyncio.sleep(EVERY_S)
    used.note(issued.id, NOW_MS + 3)
    await is_written(store, NOW_MS + 3)


async def test_what_is_remembered_of_keys_goes_with_time(store: Store, used: LastUsed) -> None:
    issued = await access.create(store, "desk", "editor", False, NOW_MS)
    for number in range(50):
        used.note(f"{number:010}", NOW_MS)
    await asyncio.sleep(EVERY_S)
    used.note(issued.id, NOW_MS)
    await is_written(store, NOW_MS)
    await until(lambda: len(used._noted_s) == 1)
