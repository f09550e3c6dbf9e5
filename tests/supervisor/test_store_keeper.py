"""The embedded store is kept running: replaced when it ends or hangs, and left alone while it only pauses."""

import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from config.settings import VALKEY_CONF
from service.store import embedded
from service.store.ballast import Ballast
from service.store.connection import for_commands
from service.store.embedded import EmbeddedError, EmbeddedStore
from service.store.folder import DataFolder
from service.store_keeper import StoreKeeper
from tests.stores import ANSWERS_WITHIN_S, OPEN_USERS, until

LONG_S = 60.0


@pytest.fixture
async def keeper(tmp_path: Path) -> AsyncIterator[StoreKeeper]:
    """Keeps a store on a folder of the test's own."""
    folder = DataFolder.hold(tmp_path / "data", "a test")
    keeper = StoreKeeper(EmbeddedStore(folder, VALKEY_CONF, OPEN_USERS), LONG_S, Ballast(folder.path, 0, 0))
    await keeper.start()
    yield keeper
    await keeper.stop()
    folder.release()


async def test_a_store_that_pauses_for_less_than_the_mute_time_stays_the_same(keeper: StoreKeeper) -> None:
    pid = keeper.store.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    assert not embedded.is_running(keeper.store.data_dir)
    os.kill(pid, signal.SIGCONT)
    await until(lambda: embedded.is_running(keeper.store.data_dir))
    assert keeper.store.pid == pid


async def test_a_data_folder_that_was_moved_is_not_begun_anew_and_goes_on_once_it_is_back(keeper: StoreKeeper) -> None:
    place = keeper.store.data_dir
    store = for_commands(keeper.store.url, ANSWERS_WITHIN_S)
    await store.hset("a key", "field", "kept")
    await store.aclose()
    moved = place.rename(place.with_name("moved"))
    await until(lambda: keeper.store.pid is None)
    place.mkdir()  # as an empty mount point would be
    with pytest.raises(EmbeddedError, match="is not the data folder that was opened"):
        keeper.store.start()
    assert list(place.iterdir()) == []
    place.rmdir()
    moved.rename(place)
    store = for_commands(keeper.store.url, ANSWERS_WITHIN_S)

    async def has_it() -> bool:
        with contextlib.suppress(RedisError):  # not started yet, or loading its log
            return await store.hget("a key", "field") == b"kept"
        return False

    try:
        await until(has_it)
    finally:
        await store.aclose()


async def test_nothing_is_left_running_when_it_is_told_to_stop(keeper: StoreKeeper) -> None:
    await keeper.stop()
    assert keeper.store.pid is None
    assert not embedded.is_running(keeper.store.data_dir)
