"""The chaos proxy breaks what it was told to break, at the byte it was told, and leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.chaos_proxy import WHOLE, ChaosProxy, Fault
from tests.stores import until

SAID = bytes(range(100))


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[ChaosProxy, list[bytes]]]:
    """A proxy before a server that says everything back, and what that server has heard."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1000):
                heard.append(data)
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, ChaosProxy(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy, heard


async def ask(proxy: ChaosProxy, fault: Fault, answer_s: float = 5.0) -> tuple[bytes, str]:
    """What came back of SAID, and how it ended."""
    proxy.fault = fault
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    came = b""
    try:
        async with asyncio.timeout(answer_s):
            writer.write(SAID)
            writer.write_eof()
            while data := await reader.read(1000):
                came += data
        return came, "fin"
    except ConnectionResetError:
        return came, "rst"
    except TimeoutError:
        return came, "silence"
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("fault", [WHOLE, Fault(delay_s=0.05), Fault(bytes_per_s=1000.0)])
async def test_what_is_only_slow_arrives_whole(fault: Fault) -> None:
    async with echo() as (proxy, heard):
        assert await ask(proxy, fault) == (SAID, "fin")
        assert b"".join(heard) == SAID
        await until(lambda: proxy.connections == 0)


@pytest.mark.parametrize("at", [0, 1, 50])
async def test_a_cut_comes_after_exactly_so_many_bytes(at: int) -> None:
    async with echo() as (proxy, heard):
        assert await ask(proxy, Fault(cut_down_at=at, ends="fin")) == (SAID[:at], "fin")
        heard.clear()
        came, _ = await ask(proxy, Fault(cut_up_at=at, ends="fin"))
        await until(lambda: proxy.connections == 0)
        assert SAID[:at].startswith(b"".join(heard))
        assert SAID[:at].startswith(came)


async def test_a_reset_is_a_reset_and_a_refusal_reaches_no_server() -> None:
    async with echo() as (proxy, heard):
        assert (await ask(proxy, Fault(cut_down_at=50)))[1] == "rst"
        heard.clear()
        assert (await ask(proxy, Fault(refuses=True)))[1] == "rst"
        assert heard == []


@pytest.mark.parametrize(
    ("fault", "hears"), [(Fault(hole="up"), False), (Fault(hole="both"), False), (Fault(hole="down"), True)]
)
async def test_a_hole_swallows_and_says_nothing(fault: Fault, hears: bool) -> None:
    async with echo() as (proxy, heard):
        came, _ = await ask(proxy, fault, 1.0)
        assert (came, bool(heard)) == (b"", hears)
