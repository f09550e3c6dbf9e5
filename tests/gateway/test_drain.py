"""Leaving without a herd (P10): everybody is told when to come back, one after the other, and nobody holds us up."""

import asyncio
import time

import pytest

from service.store.embedded import EmbeddedStore
from tests.gateway.house import House
from tests.gateway.house import house as open_house
from tests.gateway.reader import Ended, Reader
from tests.gateway.test_slow import SMALL, TINY, lagging
from tests.stores import BUSY_S

REFUSED = r"refused|Connect call failed"


async def leave(reader: Reader) -> tuple[dict[str, object], Ended, float]:
    """The last message, how it ended, and when."""
    messages, ended = await reader.end()
    at_s = time.monotonic()
    reader.close()
    return messages[-1], ended, at_s


async def test_everybody_is_told_when_to_come_back_one_after_the_other(server: EmbeddedStore) -> None:
    async with open_house(server, drain_abort_s=10.0) as house:
        readers = [await opened() for opened in (house.websocket, house.sse) for _ in range(6)]
        for reader in readers:
            await reader.next()
        leaving = [asyncio.create_task(leave(reader)) for reader in readers]
        assert await house.close_gateway() < house.settings.drain_abort_s, "nobody had to be cut off"
        left = [await task for task in leaving]
    delays = []
    for reader, (bye, ended, _) in zip(readers, left, strict=True):
        assert (bye["type"], bye["reason"]) == ("bye", "deploy")
        assert isinstance(bye["retryAfter"], float)
        assert 0.5 <= bye["retryAfter"] <= 5
        delays.append(bye["retryAfter"])
        if reader.encoding == "websocket":
            assert ended.code == 1012
        else:
            assert abs(reader.retry_ms[-1] - bye["retryAfter"] * 1000) < 2
    assert len(set(delays)) > len(delays) / 2, "a delay for each, if two are alike by chance"
    times = sorted(at_s for _, _, at_s in left)
    assert times[-1] - times[0] > 0.1, "spread, not all at once"
    with pytest.raises(OSError, match=REFUSED):
        await Reader.connect(house.settings.gateway_port)


async def test_who_has_gone_already_is_not_waited_for(server: EmbeddedStore) -> None:
    async with open_house(server, drain_s=8.0, drain_abort_s=10.0) as house:
        readers = [await house.websocket() for _ in range(150)]  # at 20 ms each, three seconds of good-byes
        for reader in readers:
            await reader.next()
        for reader in readers:
            reader.close()
        assert await house.close_gateway() < 2.9, "it did not wait for them"


async def test_nobody_is_let_in_while_we_leave(house: House) -> None:
    reader = await house.websocket()
    await reader.next()
    closing = asyncio.create_task(house.close_gateway())
    await leave(reader)
    assert not house.gateway.readiness().ready
    with pytest.raises(OSError, match=REFUSED):
        await Reader.connect(house.settings.gateway_port)
    await closing


async def test_who_is_stalled_or_has_half_a_handshake_does_not_hold_us_up(server: EmbeddedStore) -> None:
    async with open_house(server, stall_s=30.0, handshake_timeout_s=30.0, **SMALL) as house:
        stalled = [await house.websocket("edition=en&limit=1", **TINY), await house.sse("edition=en&limit=1", **TINY)]
        await lagging(house, len(stalled))
        await house.knock(b"GET /v1/live")
        assert await house.close_gateway() < house.settings.drain_abort_s + 1 + BUSY_S
        for reader in stalled:
            messages, ended = await reader.end()
            assert ended.code is None
            assert "bye" not in [message["type"] for message in messages]


async def test_half_a_handshake_has_one_more_second(server: EmbeddedStore) -> None:
    async with open_house(server, handshake_timeout_s=30.0, drain_abort_s=20.0) as house:
        half = await house.knock(b"GET /v1/live")
        assert await house.close_gateway() < house.settings.drain_abort_s
        assert await half.rest() == b""


async def test_an_idle_gateway_leaves_at_once(server: EmbeddedStore) -> None:
    async with open_house(server, drain_s=8.0, drain_abort_s=10.0) as house:
        assert await house.close_gateway() < house.settings.drain_s


async def test_a_laggard_who_catches_up_while_we_leave_is_told_too(server: EmbeddedStore) -> None:
    async with open_house(server, stall_s=30.0, drain_abort_s=20.0, **SMALL) as house:
        reader = await house.websocket("edition=en&limit=1", **TINY)
        await lagging(house)
        closing = asyncio.create_task(house.close_gateway())
        bye, ended, _ = await leave(reader)
        assert (bye["type"], ended.code) == ("bye", 1012)
        await closing
