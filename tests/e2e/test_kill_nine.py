"""The whole system under kill -9: nothing accepted is lost, and no reader has a gap or a double."""

import asyncio
import contextlib
import random
from pathlib import Path
from typing import Any

import pytest

from service.ending import end
from tests.acceptance.editors import KEEPS_ALL, Editor, Told, new_key, read_all
from tests.gateway.house import request
from tests.gateway.reader import Ended, Reader
from tests.processes import System

READERS, EDITORS = 32, 3
VICTIMS = ("gateway 1", "gateway 2", "api", "store") * 3
TOGETHER_S = 60.0


class Page:
    """An open page: keeps its cursor, comes back with it, and remembers every revision that it was given."""

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self._upgrade = number % 2 == 0
        self._chance = random.Random(number)
        self.cursor = ""
        self.begins_after = ""
        self.got: list[tuple[str, str, int]] = []
        self.firsts: list[str] = []
        """What each connection began with."""

    async def follow(self) -> None:
        """For ever: read until the connection is lost or we leave by ourselves, and come back."""
        while True:
            with contextlib.suppress(OSError, TimeoutError, Ended):
                await self._visit()
            await asyncio.sleep(self._chance.uniform(0.01, 0.2))

    async def _visit(self) -> None:
        reader = await Reader.connect(self._port)
        try:
            await reader.send(request("edition=en" + (f"&after={self.cursor}" if self.cursor else ""), self._upgrade))
            await reader.read_head()
            for _ in range(self._chance.randint(20, 200)):
                self._take(await reader.next(within_s=30))
        finally:
            reader.close()

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "snapshot":
                self.firsts.append(f"snapshot {message['reason']}")
                self.begins_after = self.begins_after or message["cursor"]
            case "resumed":
                self.firsts.append("resumed" if message["cursor"] == self.cursor else "resumed elsewhere")
            case "heartbeat" | "bye":
                return
            case _:
                self.got.append((message["cursor"], message["alert"]["id"], message["alert"]["version"]))
        self.cursor = message["cursor"]


async def besiege(system: System, seed: int) -> tuple[list[Page], list[Told]]:
    """Readers come and go and editors post while one process after the other is killed; then all readers catch up."""
    chance = random.Random(seed)
    victims = list(VICTIMS)
    chance.shuffle(victims)
    pages = [Page(system.gateway_port, number) for number in range(READERS)]
    told: list[Told] = []

    async def post(number: int) -> None:
        editor, serial = Editor(system), 0
        while victims:
            told.append(await editor.post(f"Ferry times {number}-{serial}", new_key()))
            serial += 1
            await asyncio.sleep(chance.uniform(0, 0.03))
        await editor.close()

    async def sabotage() -> None:
        while victims:
            await asyncio.sleep(chance.uniform(0.1, 0.6))
            while not await asyncio.to_thread(system.end, victims[-1]):
                await asyncio.sleep(0.02)  # it is being replaced just now
            victims.pop()

    following = [asyncio.create_task(page.follow()) for page in pages]
    async with asyncio.timeout(TOGETHER_S):
        while not all(page.cursor for page in pages):
            await asyncio.sleep(0.01)
        await asyncio.gather(sabotage(), *(post(number) for number in range(EDITORS)))
        entries = await read_all(system)
        last = f"{entries[-1][0]}:{entries[-1][1].offset}"
        while not all(page.cursor == last for page in pages):
            await asyncio.sleep(0.01)
    await end(following)
    return pages, told


@pytest.mark.parametrize("seed", [11])
async def test_readers_and_editors_survive_kill_nine_of_gateways_api_and_store(tmp_path: Path, seed: int) -> None:
    with System(tmp_path, processes=2, **KEEPS_ALL) as system:
        pages, told = await besiege(system, seed)
        wire = await read_all(system)

    assert [revision.offset for _, revision in wire] == list(range(1, len(wire) + 1))
    assert len({epoch for epoch, _ in wire}) == 1, "the wire has had one life"
    stands = {f"{epoch}:{revision.offset}": revision.alert for epoch, revision in wire}
    for answer in told:
        alert = stands[f"{answer.epoch}:{answer.offset}"]
        assert (alert.id, alert.headline) == (answer.id, answer.token)
    assert len(told) == len(wire), "what was repeated was done once"
    everything = [(f"{epoch}:{one.offset}", one.alert.id, one.alert.version) for epoch, one in wire]
    for page in pages:
        first, *others = page.firsts
        assert first == "snapshot cold"
        assert others
        assert set(others) == {"resumed"}
        assert page.got == everything[int(page.begins_after.split(":")[1]) :]
