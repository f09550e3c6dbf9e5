"""A real store for each test: our own embedded server on a folder of the test's own, and how to wait for facts."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.settings import VALKEY_CONF
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder

LOOK_AGAIN_S = 0.005
ANSWERS_WITHIN_S = 10.0
"""Of a store that is there: a disk may stall for seconds under it, and that is no fault of what is tested."""
BUSY_S = 2.0
"""What a busy machine may add to a time that we promise."""
OPEN_USERS = Path(__file__).with_name("open-store.acl")
"""A test may do anything; those of who may do what in production start their stores on config/store-users.acl."""


@contextmanager
def running_in(place: Path, *, conf: Path = VALKEY_CONF, users: Path = OPEN_USERS) -> Iterator[EmbeddedStore]:
    """A running store server on a data folder of its own, gone afterwards; a test may kill it and start it again."""
    folder = DataFolder.hold(place, "a test")
    server = EmbeddedStore(folder, conf, users)
    server.start()
    try:
        yield server
    finally:
        server.kill()
        folder.release()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """A running store server of the test's own."""
    with running_in(tmp_path / "data") as server:
        yield server


@pytest.fixture
async def store(server: EmbeddedStore) -> AsyncIterator[Store]:
    """Commands to it."""
    store = for_commands(server.url, ANSWERS_WITHIN_S)
    yield store
    await store.aclose()


async def until(fact: Callable[[], Awaitable[bool] | bool], within_s: float = 30.0) -> float:
    """Wait until `fact` holds and return after how many seconds; fails the test where it does not hold in time."""
    started_at = time.monotonic()
    while True:
        found = fact()
        if found if isinstance(found, bool) else await found:
            return time.monotonic() - started_at
        if time.monotonic() - started_at > within_s:
            pytest.fail(f"not true within {within_s:g} s")
        await asyncio.sleep(LOOK_AGAIN_S)
