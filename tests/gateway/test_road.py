"""The road to the store breaks without a word (P11): readers stay, are told in time, and miss nothing.

The rule to remember: the waits are those that operators get, since the promise is made with them.
"""

import time
from typing import Any

from service.store.embedded import EmbeddedStore
from tests.gateway.house import House
from tests.gateway.house import house as open_house
from tests.gateway.reader import Reader
from tests.gateway.test_outage import heartbeat
from tests.road import road_to
from tests.stores import BUSY_S

AS_DELIVERED: dict[str, Any] = {"tail_block_ms": 1000, "stale_after_s": 3.0, "heartbeat_s": 20.0}


async def two_reading(house: House) -> list[Reader]:
    readers = [await house.websocket(), await house.sse()]
    for reader in readers:
        assert (await reader.next())["type"] == "snapshot"
    return readers


async def test_in_a_black_hole_readers_are_told_within_five_seconds_and_get_within_two_what_they_missed(
    server: EmbeddedStore,
) -> None:
    async with road_to(server) as road, open_house(server, redis_url=road.url, **AS_DELIVERED) as house:
        readers = await two_reading(house)
        road.hold()
        began_s = time.monotonic()
        for reader in readers:
            await heartbeat(reader, stale=True)
        assert time.monotonic() - began_s < 5 + BUSY_S
        assert not house.gateway.readiness().ready
        await house.post("Fog over the strait")  # the desk has another road
        road.go_on()
        began_s = time.monotonic()
        for reader in readers:
            (message,) = await reader.until(1)
            assert message["alert"]["headline"] == "Fog over the strait"
        assert time.monotonic() - began_s < 2 + BUSY_S
        assert house.readers_inside == len(readers)
        await road.close()


async def test_a_connection_that_is_half_open_is_given_up_and_readers_miss_nothing(server: EmbeddedStore) -> None:
    async with road_to(server) as road, open_house(server, redis_url=road.url, **AS_DELIVERED) as house:
        readers = await two_reading(house)
        road.cut_in_silence()
        began_s = time.monotonic()
        for headline in ("Fog over the strait", "Ferries wait"):
            await house.post(headline)
        for reader in readers:
            assert [message["alert"]["headline"] for message in await reader.until(2)] == [
                "Fog over the strait", "Ferries wait",
            ]  # fmt: skip
        assert time.monotonic() - began_s < 5 + BUSY_S
        assert house.readers_inside == len(readers)
        await road.close()
