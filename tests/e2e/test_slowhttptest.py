"""slowhttptest, as others attack servers with it: whoever is slow is sent away, and everybody else is served.

The rule to remember: it must be able to find something. A server that waits for ever is found by the same call.
"""

import asyncio
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from service.api.at_once import AtOnceHttp
from service.http_bounds import BoundedHttp
from service.listening import Listener, configure, listen
from service.store.embedded import EmbeddedStore
from tests.api.conftest import running, settings_for
from tests.gateway.house import house as open_house
from tests.stores import server

__all__ = ["server"]

CONNECTIONS = 100
ENOUGH_S = 60
"""Whoever has not been sent away by then never will be."""
SLOW_HEADERS = ("-H", "-i", "1", "-t", "GET")
SLOW_BODY = ("-B", "-i", "1", "-s", "8192")
RANGES = ("-R",)
SLOW_READING = ("-X", "-w", "8", "-y", "16", "-n", "1", "-z", "4", "-k", "3")


class Hurried(AtOnceHttp):
    """The real thing, with less patience than it has for real clients."""

    head_within_s = 1.0
    unmoved_max_s = 1.5
    look_every_s = 0.2


class Patient(BoundedHttp):
    """One that waits as long as a client likes."""

    head_within_s = 3600.0


async def said(folder: Path, url: str, mode: tuple[str, ...], length_s: int) -> tuple[str, str]:
    """How it ended, and whether a probe of its own was served: what slowhttptest says of both."""
    program = shutil.which("slowhttptest")
    assert program is not None, "this test needs slowhttptest: sudo apt-get install slowhttptest"
    words = (*mode, "-c", str(CONNECTIONS), "-r", str(CONNECTIONS), "-l", str(length_s), "-p", "20", "-u", url)
    process = await asyncio.create_subprocess_exec(program, *words, stdout=PIPE, stderr=DEVNULL, cwd=folder)
    output, _ = await process.communicate()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output.decode())
    (ended,) = re.findall(r"Exit status:\s*(.+)", plain)
    return ended.strip(), re.findall(r"service available:\s*(\S+)", plain)[-1]


@asynccontextmanager
async def api(server: EmbeddedStore, http: type[BoundedHttp]) -> AsyncIterator[str]:
    """The address of an API."""
    async with running(settings_for(server), body_within_s=1.0) as process:
        config = configure(process.app, graceful_s=1, trusted_proxies=(), http=http)
        listener = await Listener.start(config, listen("127.0.0.1", 0))
        try:
            yield f"http://127.0.0.1:{listener.port}"
        finally:
            await listener.close()


async def test_whoever_is_slow_is_sent_away_by_the_api(server: EmbeddedStore, tmp_path: Path) -> None:
    async with api(server, Hurried) as url:
        ends = await asyncio.gather(
            said(tmp_path, f"{url}/v1/editions/en/ticker", SLOW_HEADERS, ENOUGH_S),
            said(tmp_path, f"{url}/v1/devices", SLOW_BODY, ENOUGH_S),
            said(tmp_path, f"{url}/ticker.js", RANGES, ENOUGH_S),
        )
    assert set(ends) == {("No open connections left", "YES")}


async def test_whoever_reads_slowly_takes_nothing_from_others(server: EmbeddedStore, tmp_path: Path) -> None:
    async with api(server, Hurried) as url:
        _, available = await said(tmp_path, f"{url}/openapi.json", SLOW_READING, 3)
    assert available == "YES"


async def test_whoever_is_slow_is_sent_away_by_the_gateway(server: EmbeddedStore, tmp_path: Path) -> None:
    async with open_house(server, handshake_timeout_s=0.5) as house:
        url = f"http://127.0.0.1:{house.settings.gateway_port}/v1/no-stream"
        reader = await house.websocket()
        await reader.next()
        # its own probe waits for the end of an answer, which a stream has not
        ends = await asyncio.gather(*(said(tmp_path, url, mode, ENOUGH_S) for mode in (SLOW_HEADERS, SLOW_BODY)))
        assert set(ends) == {("No open connections left", "YES")}
        await house.post("Fog over the strait")
        assert (await reader.next())["alert"]["headline"] == "Fog over the strait"
        await house.settled(1)


async def test_a_server_that_waits_for_ever_is_found(server: EmbeddedStore, tmp_path: Path) -> None:
    async with api(server, Patient) as url:
        ended, _ = await said(tmp_path, f"{url}/v1/editions/en/ticker", SLOW_HEADERS, 2)
    assert ended == "Hit test time limit"
