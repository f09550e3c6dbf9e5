"""A way to a server that is cut after so many bytes, in one direction or the other, with a reset or a plain end.

The rule to remember: each connection takes the next cut from a list; when the list is empty, nothing is cut.
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from dataclasses import dataclass
from typing import Literal

CHUNK_BYTES = 65_536


@dataclass(frozen=True)
class Cut:
    """After so many bytes to the server, or from it."""

    direction: Literal["to", "from"]
    after: int
    reset: bool


class CuttingWay:
    """Listens on `port`, leads to `target`. `cuts` are taken from the left."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.cuts: deque[Cut] = deque()
        self.port = 0
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "CuttingWay":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in tuple(self._open):
            writer.close()
        await asyncio.sleep(0.02)  # for those who are serving to see it

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cut = self.cuts.popleft() if self.cuts else None
        try:
            onward, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        self._open |= {writer, back}
        to_server = asyncio.ensure_future(_lead(reader, back, cut if cut and cut.direction == "to" else None))
        from_server = asyncio.ensure_future(_lead(onward, writer, cut if cut and cut.direction == "from" else None))
        try:
            await asyncio.wait((to_server, from_server), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (to_server, from_server):
                task.cancel()
            await asyncio.gather(to_server, from_server, return_exceptions=True)
            for one in (writer, back):
                _end(one, reset=cut is not None and cut.reset)
                self._open.discard(one)


async def _lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: Cut | None) -> None:
    """Until the end, or the cut."""
    led = 0
    with contextlib.suppress(OSError):
        while cut is None or led < cut.after:
            data = await reader.read(CHUNK_BYTES if cut is None else min(CHUNK_BYTES, cut.after - led))
            if not data:
                return
            writer.write(data)
            await writer.drain()
            led += len(data)


def _end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    connection = writer.get_extra_info("socket")
    if reset and connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()
