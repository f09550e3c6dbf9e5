"""A store outage is a pause (P11): readers stay, are told, and get everything that comes after it."""

import asyncio
import os
import signal
import socket
import time

import pytest

from service.domain.errors import StoreUnavailable
from service.store.embedded import EmbeddedStore
from tests.gateway.house import STALE_SOON, House
from tests.gateway.house import house as open_house
from tests.gateway.reader import PATIENCE_S, Reader, place
from tests.stores import BUSY_S


async def heartbeat(reader: Reader, stale: bool) -> None:
    """Until a heartbeat says so."""
    async with asyncio.timeout(PATIENCE_S):
        message = await reader.next()
        while message["type"] != "heartbeat" or message["stale"] != stale:
            message = await reader.next()


async def posted(house: House, headline: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await house.post(headline)
                return
            except StoreUnavailable:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_readers_are_told_that_news_may_be_old_and_that_it_is_not_any_more(
    server: EmbeddedStore, how: str
) -> None:
    # one of them hears at once because it changed, the other because it is said again and again
    async with open_house(server, heartbeat_s=20.0 if how == "stopped" else 0.3, **STALE_SOON) as house:
        await house.post("Before")
        readers = [await house.websocket(), await house.sse()]
        for reader in readers:
            if place(await reader.next()) < 1:
                await reader.until(1)
        assert server.pid is not None
        if how == "stopped":
            os.kill(server.pid, signal.SIGSTOP)
        else:
            server.kill()
        started_s = time.monotonic()
        for reader in readers:
            await heartbeat(reader, stale=True)
        assert time.monotonic() - started_s < 5 + BUSY_S
        assert not house.gateway.readiness().ready
        if how == "killed":
            late = await house.websocket()
            assert (await late.next())["alerts"][0]["headline"] == "Before"
            await heartbeat(late, stale=True)
            readers.append(late)
        if how == "stopped":
            os.kill(server.pid, signal.SIGCONT)
        else:
            server.start()
        for reader in readers:
            await heartbeat(reader, stale=False)
        await posted(house, "After")
        for reader in readers:
            (message,) = await reader.until(2)
            assert message["alert"]["headline"] == "After"


async def test_a_gateway_without_a_store_does_not_open_its_door_and_waits(server: EmbeddedStore) -> None:
    async with open_house(server, gateway=False) as house:
        await house.post("Before")
        server.kill()
        house.open_gateway()
        await asyncio.sleep(0.2)  # long enough for a door that opens too soon to be caught
        assert not await house.answers()
        assert not house.gateway.readiness().ready
        server.start()
        await house.serving()
        assert place(await (await house.websocket()).next()) == 1


async def test_a_gateway_is_not_ready_before_readers_can_knock(server: EmbeddedStore) -> None:
    async with open_house(server, gateway=False) as house:
        house.open_gateway()
        await house.gateway.newswire.loaded.wait()
        while not house.gateway.readiness().ready:
            await asyncio.sleep(0)  # every step of the loop is looked at
        # without a step in between, in which the door could open after all
        socket.create_connection(("127.0.0.1", house.settings.gateway_port)).close()
