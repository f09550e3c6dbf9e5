"""The server waits for nobody (P6, P7): who does not read is gone soon, who reads slowly gets everything."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY

from service.domain.lifecycle import ChangeVerb
from service.ending import end
from service.store.embedded import EmbeddedStore
from tests.gateway.house import House, begin_another_life, request
from tests.gateway.house import house as open_house
from tests.gateway.reader import Reader, epoch, headlines, place
from tests.stores import until

SMALL: dict[str, Any] = {"send_buffer_bytes": 4096, "broadcast_chunk_sockets": 4}
TINY: dict[str, Any] = {"receive_buffer": 2048, "segment": 536}
LONG = "The river stands high and the lower bridges are closed until further notice " * 3


def evictions_shown() -> float:
    """What /metrics says of all gateways of this process."""
    return REGISTRY.get_sample_value("flashwire_evicted_slow_total") or 0.0


@asynccontextmanager
async def posting(house: House) -> AsyncIterator[None]:
    """News without end while the block runs."""

    async def post() -> None:
        number = 0
        while True:
            number += 1
            await house.post(f"{number} {LONG}")
            await asyncio.sleep(0.002)

    task = asyncio.create_task(post())
    try:
        yield
    finally:
        await end([task])


def laggards(house: House) -> int:
    return sum(len(audience.laggards) for audience in house.gateway.hub.audiences)


async def lagging(house: House, readers: int = 1) -> None:
    """Post until so many readers lag."""

    async def lag() -> bool:
        await house.post(LONG)
        return laggards(house) >= readers

    await until(lag)


async def in_pairs(house: House, count: int) -> list[Reader]:
    """Readers of both kinds who will not read."""
    readers = []
    for number in range(count):
        opened = house.websocket if number % 2 else house.sse
        readers.append(await opened("edition=en&limit=1", **TINY))
    return readers


async def keep_reading(reader: Reader, seen: list[int]) -> None:
    """Read for ever, noting the place of every message."""
    while True:
        message = await reader.next()
        if message["type"] != "heartbeat":
            seen.append(place(message))


async def test_who_never_reads_is_ended_and_nobody_else_notices(server: EmbeddedStore) -> None:
    async with open_house(server, stall_s=0.5, **SMALL) as house:
        reading = [await house.websocket(), await house.sse()]
        for reader in reading:
            await reader.next()
        stalled = await in_pairs(house, 12)
        seen: list[list[int]] = [[] for _ in reading]
        # whoever is to count as reading has to read meanwhile: a fast machine fills any buffer
        tasks = [asyncio.create_task(keep_reading(*pair)) for pair in zip(reading, seen, strict=True)]
        async with posting(house):
            await until(lambda: laggards(house) > 0)
            await until(lambda: house.gateway.hub.evicted_slow == len(stalled))
        assert house.readers_inside == len(reading)
        last, _ = (await house.wire())[-1]
        await until(lambda: all(places[-1:] == [last] for places in seen))
        await end(tasks)
        assert seen == [list(range(1, last + 1))] * len(reading)


async def test_laggards_cost_no_more_than_the_rest_of_one_frame_each(server: EmbeddedStore) -> None:
    async with open_house(server, stall_s=30.0, **SMALL) as house:
        await in_pairs(house, 10)
        await lagging(house, 10)
        for _ in range(150):
            await house.post(LONG)
        largest = max(len(encoded) for _, encoded in await house.wire()) + 200
        for audience in house.gateway.hub.audiences:
            for laggard in audience.laggards.values():
                assert len(laggard.rest) < largest
                assert laggard.replies == b""


async def test_who_reads_slowly_but_reads_gets_everything(server: EmbeddedStore) -> None:
    async with open_house(server, stall_s=0.5, **SMALL) as house:
        slow = [await house.websocket("edition=en&limit=1", **TINY), await house.sse("edition=en&limit=1", **TINY)]
        await lagging(house, 2)

        async def sip(reader: Reader) -> None:
            # some three times longer than a stalled reader is borne; each sip is half a packet, so that a busy machine
            # sees it move ten times in that time
            for _ in range(50):
                reader.data += await reader.read(256)
                await asyncio.sleep(0.03)

        started_s = time.monotonic()
        more = [house.post(LONG) for _ in range(30)]  # than is drunk while it is slow
        await asyncio.gather(*map(sip, slow), *more)
        assert time.monotonic() - started_s > 1.2
        last, _ = (await house.wire())[-1]
        for came in await asyncio.gather(*(reader.until(last) for reader in slow)):
            assert [place(message) for message in came] == list(range(place(came[0]), last + 1))
        assert house.gateway.hub.evicted_slow == 0
        await until(lambda: laggards(house) == 0)
        await house.post("All clear")
        for reader in slow:
            assert headlines([await reader.next()]) == ["All clear"]


async def test_who_falls_off_the_ring_is_told_so_and_resumes_without_loss(server: EmbeddedStore) -> None:
    async with open_house(server, wire_max_revisions=10, stall_s=30.0, **SMALL) as house:
        readers = [await house.websocket("edition=en&limit=1", **TINY), await house.sse("edition=en&limit=1", **TINY)]
        firsts = [await reader.next() for reader in readers]
        await lagging(house, 2)
        for _ in range(30):
            await house.post(LONG)
        for reader, first in zip(readers, firsts, strict=True):
            messages, ended = await reader.end()
            assert messages[-1] == {"type": "bye", "reason": "slow", "retryAfter": 1.0}
            assert ended.code == (4409 if reader.encoding == "websocket" else None)
            places = [place(message) for message in messages[:-1]]
            assert places == list(range(1, len(places) + 1)), "no gap before the end"
            again = await house.websocket(f"edition=en&after={epoch(first)}:{places[-1]}")
            assert (await again.next())["reason"] == "trimmed"
        assert house.gateway.hub.evicted_slow == 2


@pytest.mark.parametrize(("verb", "told"), [("kill", "canceled"), ("hold", "withheld"), ("undo", "canceled")])
async def test_what_is_taken_back_is_taken_out_of_what_has_not_begun_to_leave(
    server: EmbeddedStore, verb: ChangeVerb, told: str
) -> None:
    async with open_house(server, stall_s=30.0, **SMALL) as house:
        readers = [await house.websocket("edition=en&limit=1", **TINY), await house.sse("edition=en&limit=1", **TINY)]
        await lagging(house, 2)
        for _ in range(10):
            await house.post(LONG)
        wrong = await house.post(f"Canary {LONG}")
        await house.post(LONG)
        taken_back = await house.change(verb, wrong)
        last = int(taken_back.cursor.split(":")[1])
        live = await house.websocket(f"edition=en&after={wrong.cursor}")
        if place(await live.next()) < last:
            await live.until(last)
        for reader in readers:
            came = await reader.until(last)
            assert [place(message) for message in came] == list(range(place(came[0]), last + 1))
            replayed = next(message for message in came if message["cursor"] == wrong.cursor)
            assert (replayed["type"], replayed["alert"]["pubStatus"]) == ("published", told)
            assert came[-1]["type"] == told
            assert "Canary" not in json.dumps(came)


async def test_another_life_of_the_wire_reaches_laggards_as_a_fresh_snapshot(server: EmbeddedStore) -> None:
    async with open_house(server, stall_s=30.0, **SMALL) as house:
        readers = [await house.websocket("edition=en&limit=1", **TINY), await house.sse("edition=en&limit=1", **TINY)]
        await lagging(house, 2)
        life = await begin_another_life(house)
        live = await house.websocket()
        while epoch(await live.next()) != life:
            continue
        await house.post("A new beginning")
        await live.until(1)
        beginnings = []
        for reader in readers:
            message = await reader.next()
            while message.get("reason") != "epoch":
                assert epoch(message) != life
                message = await reader.next()
            assert epoch(message) == life
            assert len(message["alerts"]) == place(message), "the state of that moment, not of an earlier one"
            beginnings.append(place(message))
        await house.post("And on it goes")
        for reader, beginning in zip(readers, beginnings, strict=True):
            assert [place(message) for message in await reader.until(2)] == list(range(beginning + 1, 3))


@pytest.mark.parametrize("upgrade", [True, False])
async def test_many_who_knock_and_do_not_read_a_long_replay_are_bounded(server: EmbeddedStore, upgrade: bool) -> None:
    before = evictions_shown()
    async with open_house(server, stall_s=0.5, **SMALL) as house:
        for _ in range(100):
            await house.post(LONG)
        first = await (await house.websocket()).next()
        for _ in range(20):
            await house.knock(request(f"edition=en&after={epoch(first)}:0", upgrade), **TINY)
        await until(lambda: laggards(house) >= 20)
        await until(lambda: house.gateway.hub.evicted_slow == 20)
        await until(lambda: evictions_shown() == before + 20)
        await house.settled(1)
