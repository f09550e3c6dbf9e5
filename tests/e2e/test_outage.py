"""A store outage is a pause for the whole system (P11): everybody stays, is told, and goes on without a hand."""

import asyncio
import signal
import time
import urllib.error
from pathlib import Path

import pytest

from tests.gateway.house import request
from tests.gateway.reader import Reader
from tests.processes import System
from tests.stores import BUSY_S, until

AS_DELIVERED = {"tail_block_ms": 1000, "stale_after_s": 3}
PROCESSES = ("api", "gateway 1", "gateway 2")
BACK_WITHIN_S = 2.0
READERS = 6


async def reading(system: System, upgrade: bool) -> Reader:
    reader = await Reader.connect(system.gateway_port)
    await reader.send(request("edition=en", upgrade))
    await reader.read_head()
    assert (await reader.next())["type"] == "snapshot"
    return reader


async def told(reader: Reader, kind: str) -> dict[str, object]:
    """The next message of this kind; heartbeats of the other kind may come before it."""
    while True:
        message = await reader.next()
        if kind == (message["type"] if message["type"] != "heartbeat" else "stale" if message["stale"] else ""):
            return message


async def is_taken(system: System) -> bool:
    """Whether an alert is taken now."""
    try:
        await asyncio.to_thread(system.post, "Ferries sail again")
    except urllib.error.HTTPError as refused:
        with refused:
            return False
    return True


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
async def test_everybody_stays_while_the_store_is_away_and_the_first_alert_is_soon_there(
    tmp_path: Path, how: signal.Signals
) -> None:
    with System(tmp_path, processes=2, **AS_DELIVERED) as system:
        readers = [await reading(system, number % 2 == 0) for number in range(READERS)]
        before = {name: system.pid(name) for name in PROCESSES}
        assert system.signal("store", how)
        began_s = time.monotonic()
        if how is signal.SIGSTOP:
            with pytest.raises(urllib.error.HTTPError) as refused:
                await asyncio.to_thread(system.post, "Ferries wait")
            assert time.monotonic() - began_s < 1.5 + BUSY_S
            with refused.value as answer:
                assert answer.code == 503
                assert int(answer.headers["Retry-After"]) >= 1
            await asyncio.gather(*(told(reader, "stale") for reader in readers))
            assert time.monotonic() - began_s < 5 + BUSY_S
            system.signal("store", signal.SIGCONT)
            began_s = time.monotonic()
        else:
            await until(lambda: system.pid("store") is not None)
        await until(lambda: is_taken(system))
        for reader in readers:
            await told(reader, "published")
        assert time.monotonic() - began_s < BACK_WITHIN_S + (0 if how is signal.SIGSTOP else 1) + BUSY_S
        assert {name: system.pid(name) for name in PROCESSES} == before, "nobody was replaced"
        for reader in readers:
            reader.close()
