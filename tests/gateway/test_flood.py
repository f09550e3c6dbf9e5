"""A flood of connections that come to nothing waits at the door, and no reader is turned away for it."""

import pytest

from tests.gateway.house import House
from tests.stores import until
from workers.gateway import door
from workers.gateway.metrics import REFUSED

GARBAGE = b"\x00" * 100


async def test_who_throws_garbage_waits_and_readers_come_in_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "WASTED_MAX", 5)
    monkeypatch.setattr(door, "WASTED_WITHIN_S", 1.0)  # long enough that a busy machine throws five in it
    rests = REFUSED.labels("flood")
    before = rests._value.get()
    inside = await house.websocket()
    await inside.next()
    flood = [await house.knock(GARBAGE) for _ in range(20)]
    await until(lambda: rests._value.get() > before)
    coming = await house.websocket()
    assert (await coming.next())["type"] == "snapshot"
    await house.post("Still on air")
    for reader in (inside, coming):
        assert (await reader.next())["alert"]["headline"] == "Still on air"
    for reader in flood:
        await reader.read_head()
        assert reader.head.startswith(b"HTTP/1.1 400"), "it waited, and was answered"


async def test_readers_who_come_back_all_at_once_are_no_waste(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "WASTED_MAX", 5)
    monkeypatch.setattr(door, "WASTED_WITHIN_S", 60.0)
    for reader in [await house.websocket() for _ in range(40)]:
        assert (await reader.next())["type"] == "snapshot"
