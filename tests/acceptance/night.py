"""Two stores behind one path, an `up` that knows only the path, and what a bad night does to the store.

The rule to remember: API and gateways are never told. They find out by themselves that another store answers.
"""

import asyncio
import shutil
import time
from pathlib import Path
from urllib.error import HTTPError

from config.settings import VALKEY_CONF
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder
from tests.gateway.house import House, settings_for
from tests.ports import free_ports
from tests.processes import System
from tests.stores import OPEN_USERS

EVENTS = ("stale replica", "longer fork", "emptied store", "empty disk", "old disk")
LOST, LONGER = 3, 5
"""Alerts that an event loses, and how many more a longer fork has in their place."""
HISTORY = 100
TOLD_WITHIN_S = 60.0


class Night:
    """Two stores behind one path, an `up` that knows only the path, and its readers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._door = folder / "door.sock"
        self._made = 0
        self.store = self._new_store()
        self._open(self.store)
        self.system = System(folder, redis_url=f"unix://{self._door}", processes=2, wire_max_revisions=50)
        self._key = self.system.key

    def close(self) -> None:
        self.system.close()
        self.store.kill()

    def _new_store(self) -> EmbeddedStore:
        self._made += 1
        store = EmbeddedStore(
            DataFolder.hold(self._folder / f"store{self._made}", "an acceptance test"), VALKEY_CONF, OPEN_USERS
        )
        store.start()
        return store

    def _open(self, store: EmbeddedStore) -> None:
        new = self._door.with_suffix(".new")
        new.symlink_to(store.url.removeprefix("unix://"))
        new.replace(self._door)

    async def post(self, count: int) -> None:
        """So many alerts, by a key that the store of the moment knows."""
        for number in range(count):
            deadline_s = time.monotonic() + TOLD_WITHIN_S
            while (refused := await asyncio.to_thread(self._post, f"Tide table {self._made}-{number}")) is not None:
                assert time.monotonic() < deadline_s, refused
                await asyncio.sleep(0.05)

    def _post(self, headline: str) -> OSError | None:
        body = {"edition": "en", "headline": headline, "level": "line"}
        try:
            self.system.ask("/v1/alerts", body, key=self._key)
        except HTTPError as refused:
            refused.close()
            if refused.code == 401:  # the store that knew the key is gone
                self._key = self.system.done("keys", "create", "--role", "duty", "--name", "desk")["key"]
            return refused
        except OSError as broken:
            return broken
        return None

    async def replica(self) -> EmbeddedStore:
        """Another store that has what ours has, and then no more of it."""
        (port,) = free_ports(1)
        ours, other = self.store, self._new_store()
        primary, replica = for_commands(ours.url, 5.0), for_commands(other.url, 5.0)
        await _say(primary, "CONFIG", "SET", "port", port)
        await _say(replica, "REPLICAOF", "127.0.0.1", port)
        deadline_s = time.monotonic() + TOLD_WITHIN_S
        while (await replica.info("replication")).get("master_link_status") != "up":
            assert time.monotonic() < deadline_s, "the replica does not follow"
            await asyncio.sleep(0.02)
        await primary.wait(1, 5000)
        await _say(replica, "REPLICAOF", "NO", "ONE")
        await primary.aclose()
        await replica.aclose()
        return other

    async def happen(self, event: str) -> float:
        """Lose what was published last; when the other store can be reached (monotonic)."""
        kept = self._folder / f"kept{self._made}-{time.monotonic_ns()}"
        match event:
            case "stale replica" | "longer fork":
                other = await self.replica()
                await self.post(LOST)
                if event == "longer fork":
                    await self._publish_elsewhere(other, LOST + LONGER)
                return await asyncio.to_thread(self._exchange, other)
            case "emptied store":
                store = for_commands(self.store.url, 5.0)
                await _say(store, "FLUSHALL")
                await store.aclose()
            case _:
                if event == "old disk":
                    await asyncio.to_thread(self._copy, kept)
                    await self.post(LOST)
                await asyncio.to_thread(self._put, kept)
        return time.monotonic()

    def _exchange(self, other: EmbeddedStore) -> float:
        """The primary is stopped, the replica takes over, and the primary is fenced."""
        old, self.store = self.store, other
        self._open(other)
        old.kill()
        return time.monotonic()

    async def _publish_elsewhere(self, other: EmbeddedStore, count: int) -> None:
        """What another API, which had not seen what was lost, has published on the replica since."""
        store = for_commands(other.url, 5.0)
        house = House(other, store, settings_for(other, wire_max_revisions=50))
        for number in range(count):
            await house.post(f"Ferry times {number}")
        await store.aclose()

    def _copy(self, place: Path) -> None:
        self.store.kill()
        shutil.copytree(self.store.data_dir / "store", place)
        self.store.start()

    def _put(self, place: Path) -> None:
        """The disk as it was kept, or an empty one."""
        self.store.kill()
        shutil.rmtree(self.store.data_dir / "store")
        if place.exists():
            shutil.copytree(place, self.store.data_dir / "store")
        self.store.start()

    async def history(self) -> tuple[str, tuple[tuple[str, int], ...]]:
        """Cursor, and ids with versions."""
        page = await asyncio.to_thread(self.system.ask, f"/v1/editions/en/ticker?limit={HISTORY}")
        return page["cursor"], tuple((alert["id"], alert["version"]) for alert in page["alerts"])


async def _say(store: Store, *words: object) -> None:
    async with store.pipeline(transaction=False) as pipe:
        pipe.execute_command(*words)
        await pipe.execute()
