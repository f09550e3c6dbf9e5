"""A primary, two replicas and three Sentinels, as real processes: who is primary is their business, as in production.

The rule to remember: Sentinel writes into the configuration of the stores that it turns round: each has its own copy.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from redis.exceptions import ConnectionError

from config.settings import VALKEY_CONF
from service.store.connection import for_commands
from service.store.embedded import EmbeddedStore
from tests.ports import free_ports
from tests.stores import running_in, until

HOUSE = "house"
DOWN_AFTER_MS = 1000
STORE = {
    "repl-diskless-sync-delay": 0,
    # a primary that nobody follows takes nothing: what it took would be forgotten when it learns that there is another
    "min-replicas-to-write": 1,
    "min-replicas-max-lag": 2,
}


async def say(url: str, *words: object) -> Any:
    """The answer to one command."""
    store = for_commands(url, 2.0)
    try:
        return await cast(Any, store).execute_command(*words)
    finally:
        await store.aclose()


class Sentinels:
    """`stores[0]` begins as the primary; `url` is what our settings take."""

    def __init__(self, stores: list[EmbeddedStore], ports: list[int], sentinels: list[int]) -> None:
        self.stores = stores
        self.url = f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in sentinels)}/{HOUSE}"
        self._ports = ports
        self._sentinels = sentinels

    async def primary(self) -> EmbeddedStore:
        """Whom the Sentinels call primary; fails while one of them does not say the same."""
        said = {await self._ask(port) for port in self._sentinels}
        assert len(said) == 1, said
        return self.stores[self._ports.index(said.pop())]

    async def has_moved_from(self, store: EmbeddedStore) -> bool:
        """Whether all Sentinels name another one, and that one takes what it is given."""
        with contextlib.suppress(AssertionError):
            now = await self.primary()
            return now is not store and await replicas_of(now) >= 1
        return False

    async def are_in_step(self) -> bool:
        """Whether Sentinels and stores know of each other: only then can one be missed."""
        others = len(self.stores) - 1, len(self._sentinels) - 1
        for port in self._sentinels:
            try:
                said = await say(f"redis://127.0.0.1:{port}", "SENTINEL", "MASTER", HOUSE)
            except ConnectionError:  # it is just starting
                return False
            knows = dict(zip(said[::2], said[1::2], strict=True))
            if (int(knows[b"num-slaves"]), int(knows[b"num-other-sentinels"])) != others:
                return False
        return True

    async def _ask(self, port: int) -> int:
        _, place = await say(f"redis://127.0.0.1:{port}", "SENTINEL", "GET-MASTER-ADDR-BY-NAME", HOUSE)
        return int(place)


def pause(store: EmbeddedStore) -> None:
    assert store.pid is not None
    os.kill(store.pid, signal.SIGSTOP)


def go_on(store: EmbeddedStore) -> None:
    assert store.pid is not None
    os.kill(store.pid, signal.SIGCONT)


async def replicas_of(store: EmbeddedStore) -> int:
    """How many follow it, by its own word; -1 where it is no primary."""
    info = await say(store.url, "INFO", "replication")
    return int(info["connected_slaves"]) if info["role"] == "master" else -1


@asynccontextmanager
async def sentinels(folder: Path) -> AsyncIterator[Sentinels]:
    """All of them, in step."""
    *ports, first, second, third = free_ports(6)
    with contextlib.ExitStack() as stack:
        stores = [stack.enter_context(_store(folder / f"store-{port}")) for port in ports]
        for store, port in zip(stores, ports, strict=True):
            for name, value in {**STORE, "port": port}.items():
                await say(store.url, "CONFIG", "SET", name, value)
        for store in stores[1:]:
            await say(store.url, "REPLICAOF", "127.0.0.1", ports[0])
        house = Sentinels(stores, ports, [first, second, third])

        async def is_followed() -> bool:
            return await replicas_of(stores[0]) == len(stores) - 1

        await until(is_followed, within_s=30)
        for port in house._sentinels:
            stack.enter_context(_sentinel(folder / f"sentinel-{port}", port, ports[0], stores[0]))
        await until(house.are_in_step, within_s=30)
        yield house


@contextlib.contextmanager
def _store(place: Path) -> Any:
    place.mkdir()
    conf = place / "own.conf"
    shutil.copy(VALKEY_CONF, conf)
    with running_in(place, conf=conf) as server:
        yield server


@contextlib.contextmanager
def _sentinel(place: Path, port: int, primary_port: int, store: EmbeddedStore) -> Any:
    place.mkdir()
    conf = place / "sentinel.conf"
    conf.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {place}\nsentinel monitor {HOUSE} 127.0.0.1 {primary_port} 2\n"
        f"sentinel down-after-milliseconds {HOUSE} {DOWN_AFTER_MS}\nsentinel failover-timeout {HOUSE} 5000\n"
    )
    assert store.server is not None
    with (place / "log").open("wb") as log:
        process = subprocess.Popen([store.server.path, conf, "--sentinel"], stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
