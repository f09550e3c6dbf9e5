"""The whole system under kill -9: nothing accepted is lost, and no reader has a gap or a double."""

import asyncio
import contextlib
import random
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.system import System
from tests.gateway.reader import Ended, Reader, epoch, place

pytestmark = pytest.mark.anyio

READERS, POSTERS, KILLS = 24, 3, 9
PATIENCE_S = 60.0
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


class Page:
    """An open page: keeps its cursor, comes back with it, and remembers every revision that it was given."""

    def __init__(self, port: int, sse: bool, chance: random.Random) -> None:
        self._port = port
        self._sse = sse
        self._chance = chance
        self.cursor = ""
        self.begins_after = -1
        self.got: list[tuple[int, str, int]] = []
        self.snapshots: list[str] = []

    async def follow(self) -> None:
        """For ever: read until the connection is lost (or we cut it), come back."""
        while True:
            with contextlib.suppress(OSError, TimeoutError, Ended, IndexError):
                await self._once()
            await asyncio.sleep(self._chance.uniform(0.01, 0.2))

    async def _once(self) -> None:
        reader = await Reader.connect(self._port)
        try:
            query = "edition=en&limit=1" + (f"&after={self.cursor}" if self.cursor else "")
            head = f"GET /v1/live?{query} HTTP/1.1\r\nHost: localhost\r\n{'' if self._sse else UPGRADE}\r\n"
            await reader.send(head.encode())
            await reader.read_head()
            cut_after = self._chance.randint(20, 200)
            for _ in range(cut_after):
                self._take(await reader.next(within_s=30))
        finally:
            reader.close()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "snapshot":
            self.snapshots.append(message["reason"])
            if self.begins_after < 0:
                self.begins_after = place(message)
        elif message["type"] in ("published", "canceled"):
            self.got.append((place(message), message["alert"]["id"], message["alert"]["version"]))
        if "cursor" in message and message["type"] != "heartbeat":
            self.cursor = f"{epoch(message)}:{place(message)}"


async def test_readers_and_editors_survive_kill_nine_of_gateway_api_and_store_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(11)
    system = System(tmp_path)
    await system.start()
    pages = [Page(system.gateway_port, number % 3 == 0, random.Random(number)) for number in range(READERS)]
    following = [asyncio.create_task(page.follow()) for page in pages]
    accepted: list[tuple[int, str]] = []
    killed: list[str] = []

    async def post(number: int) -> None:
        serial = 0
        while len(killed) < KILLS:
            answer = await system.post(f"Ferry times {number}-{serial}")
            accepted.append((int(answer["cursor"].split(":")[1]), answer["alert"]["id"]))
            serial += 1
            await asyncio.sleep(chance.uniform(0, 0.05))

    async def sabotage() -> None:
        targets = ["gateway", "api", "store"] * (KILLS // 3)
        chance.shuffle(targets)
        for target in targets:
            await asyncio.sleep(chance.uniform(0.3, 1.2))
            while not system.kill(target):
                await asyncio.sleep(0.05)  # it is being replaced just now
            killed.append(target)

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(sabotage(), *(post(number) for number in range(POSTERS)))
        wire = [(entry["offset"], entry["id"], entry["version"]) for entry in await system.wire()]
        last = wire[-1][0]
        while not all(page.got and page.got[-1][0] >= last for page in pages):
            await asyncio.sleep(0.02)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    await system.stop()

    assert [offset for offset, _, _ in wire] == list(range(1, last + 1))
    stands = {offset: alert_id for offset, alert_id, _ in wire}
    assert [stands.get(offset) for offset, _ in accepted] == [alert_id for _, alert_id in accepted]
    assert len({alert_id for _, alert_id, _ in wire}) == len(wire) == len(accepted)
    for page in pages:
        assert page.snapshots == ["cold"]
        assert page.got == wire[page.begins_after :]
