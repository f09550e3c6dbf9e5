"""The road between a process and its store, which a test may break as networks break: bytes late, held, or gone.

The rule to remember: nobody is told. A broken road closes nothing and refuses nothing, so only time-outs find it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.ending import end
from service.store.embedded import EmbeddedStore
from tests.ports import free_ports

PIECE_BYTES = 65_536


class Road:
    """Connections to `url` lead to the store."""

    def __init__(self, server: EmbeddedStore) -> None:
        (self._port,) = free_ports(1)
        self.url = f"redis://127.0.0.1:{self._port}"
        self.slow_by_s = 0.0
        """How late each answer of the store is."""
        self._socket = server.url.removeprefix("unix://").partition("?")[0]
        self._open = asyncio.Event()
        self._open.set()
        self._lives: set[asyncio.Event] = set()
        self._ways: set[asyncio.Task[None]] = set()
        self._carried = 0

    async def build(self) -> None:
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", self._port)

    def hold(self) -> None:
        """A black hole: all is taken and nothing arrives, as while a cable is out."""
        self._open.clear()

    def go_on(self) -> None:
        """What was held arrives now, as TCP sends again what was lost."""
        self._open.set()

    def cut_in_silence(self) -> None:
        """Half open: what is connected now never hears of its other end again; new connections are whole."""
        for life in self._lives:
            life.clear()

    async def close(self) -> None:
        """End what is still open."""
        self._listener.close()
        while self._carried:
            await end(self._ways)
            await asyncio.sleep(0)
        await self._listener.wait_closed()

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        self._carried += 1
        alive = asyncio.Event()
        alive.set()
        self._lives.add(alive)
        far, forth = await asyncio.open_unix_connection(self._socket)
        ways = {
            asyncio.create_task(self._one_way(near, forth, alive, late=False)),
            asyncio.create_task(self._one_way(far, back, alive, late=True)),
        }
        self._ways |= ways
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for writer in (forth, back):
            writer.transport.abort()
        await end(ways)
        self._ways -= ways
        self._lives.discard(alive)
        self._carried -= 1

    async def _one_way(
        self, came: asyncio.StreamReader, goes: asyncio.StreamWriter, alive: asyncio.Event, late: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await came.read(PIECE_BYTES):
                if late and self.slow_by_s:
                    await asyncio.sleep(self.slow_by_s)
                await self._open.wait()
                if alive.is_set():
                    goes.write(piece)
                    await goes.drain()


@asynccontextmanager
async def road_to(server: EmbeddedStore) -> AsyncIterator[Road]:
    """A road that is whole."""
    road = Road(server)
    await road.build()
    try:
        yield road
    finally:
        await road.close()
