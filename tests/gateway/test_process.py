"""A gateway as a process of its own: short of descriptors, or asleep for a while."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from config.settings import to_environ
from service.store.embedded import EmbeddedStore
from tests.gateway.house import House
from tests.gateway.house import house as open_house
from tests.gateway.reader import Reader, epoch, place
from tests.stores import until

ROOT = Path(__file__).resolve().parents[2]
ALONE = """
import asyncio, os, resource, signal, sys
descriptors_max = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors_max, descriptors_max))
import uvloop
from config.settings import load
from workers.gateway.serve import Gateway
settings = load(os.environ)
async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Gateway(settings, settings.redis_url, settings.redis_url).run(stop)
uvloop.run(main())
"""


@asynccontextmanager
async def gateway_process(house: House, descriptors_max: int = 1024) -> AsyncIterator[Process]:
    """A gateway on the house's settings that is serving; it must drain and end well."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
    environ |= to_environ(house.settings)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ALONE, str(descriptors_max), cwd=ROOT, env=environ, stdout=DEVNULL, stderr=PIPE
    )
    try:
        await until(lambda: _answers(house), within_s=60)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            _, said = await process.communicate()
    assert (process.returncode, said) == (0, b"")


async def _answers(house: House) -> bool:
    try:
        (await Reader.connect(house.settings.gateway_port)).close()
    except OSError:
        return False
    return True


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_without_descriptors_the_door_waits_and_does_not_spin(server: EmbeddedStore) -> None:
    async with (
        open_house(server, gateway=False, handshake_timeout_s=60.0) as house,
        gateway_process(house, 96) as process,
    ):
        reading = await house.websocket()
        await reading.next()
        crowd = [await house.knock(b"GET") for _ in range(150)]
        before_s = cpu_s(process.pid)
        await asyncio.sleep(1.0)  # the span over which its work is measured
        assert cpu_s(process.pid) - before_s < 0.3
        await house.post("Still on air")
        assert (await reading.next())["alert"]["headline"] == "Still on air"
        for reader in crowd:
            reader.close()
        await (await house.websocket()).next()


async def test_a_crowd_that_never_says_what_it_wants_does_not_hold_the_door_shut(server: EmbeddedStore) -> None:
    async with (
        open_house(server, gateway=False, handshake_timeout_s=60.0) as house,
        gateway_process(house, 96),
    ):
        reading = await house.websocket()
        await reading.next()
        for _ in range(150):
            await house.knock(b"GET")
        assert (await (await house.websocket()).next())["type"] == "snapshot"
        await house.post("Still on air")
        assert (await reading.next())["alert"]["headline"] == "Still on air"


async def test_without_descriptors_who_lags_makes_room_and_who_reads_stays(server: EmbeddedStore) -> None:
    rules = {"send_buffer_bytes": 4096, "stall_s": 600.0, "handshake_timeout_s": 60.0}
    async with (
        open_house(server, gateway=False, **rules) as house,
        gateway_process(house, 96),
    ):
        reading = await house.websocket()
        standing = await house.websocket("edition=en&limit=1", receive_buffer=2048, segment=536)
        for number in range(150):
            await house.post(f"{number} The river stands high and the lower bridges are closed until further notice")
        for _ in range(150):
            await house.knock(b"GET")
        _, ended = await standing.end()
        assert ended.code in (None, 4409)
        await house.post("Still on air")
        while (await reading.next()).get("alert", {}).get("headline") != "Still on air":
            pass


@pytest.mark.parametrize(("posts", "told"), [(9, "published"), (15, "trimmed")])
async def test_a_gateway_that_was_asleep_catches_up_or_says_what_is_missing(
    server: EmbeddedStore, posts: int, told: str
) -> None:
    async with open_house(server, gateway=False, wire_max_revisions=10) as house, gateway_process(house) as process:
        reader = await house.websocket("edition=en&limit=100")
        life = epoch(await reader.next())
        process.send_signal(signal.SIGSTOP)
        for number in range(1, posts + 1):
            await house.post(f"Stage {number} begins")
        process.send_signal(signal.SIGCONT)
        if told == "published":
            assert [place(message) for message in await reader.until(posts)] == list(range(1, posts + 1))
        else:
            # what had reached its socket before it slept is still in order
            *came, message = await reader.until(posts)
            assert [place(earlier) for earlier in came] == list(range(1, len(came) + 1))
            assert (message["type"], message["reason"], message["cursor"]) == ("snapshot", told, f"{life}:{posts}")
        await house.post("All stages are over")
        assert place((await reader.until(posts + 1))[-1]) == posts + 1


async def headlines(house: House) -> list[str]:
    return [alert["headline"] for alert in (await (await house.websocket()).next())["alerts"]]


async def poison_the_wire(house: House) -> None:
    """Between two alerts that readers get stands what no desk has made, and they get the first again."""
    reader = await house.websocket()
    await reader.next()
    await house.post("Rain falls")
    store = cast(Any, house.store)
    (_, good), *_ = await store.xrange("wire:{en}", "-")
    poison = {"expires": "tomorrow", "version": -7, "id": "none", "edition": "ar"}
    for offset, (name, value) in enumerate(poison.items(), 2):
        body = msgspec.json.encode(msgspec.json.decode(good[b"alert"]) | {name: value})
        await store.xadd("wire:{en}", {**good, b"alert": body}, id=f"{offset}-0")
        await store.hset("head:{en}", "offset", offset)
    await house.post("Snow falls")
    told = [message["alert"]["headline"] for message in await reader.until(6)]
    assert told == ["Rain falls"] * 5 + ["Snow falls"]
    assert await headlines(house) == ["Snow falls", "Rain falls"]


async def test_poison_on_the_wire_ends_no_gateway(server: EmbeddedStore) -> None:
    async with open_house(server, gateway=False) as house:
        async with gateway_process(house) as process:
            await poison_the_wire(house)
            assert process.returncode is None
        async with gateway_process(house):  # nor one that reads it all from the beginning
            assert await headlines(house) == ["Snow falls", "Rain falls"]
