"""A TCP proxy that does what bad networks do: delay, rate, black hole, half open, refuse, reset, cut after N bytes.

The rule to remember: a fault is said before the connection is made and counted in bytes, never in time, so that the
same run breaks at the same place. Whatever the fault, no socket and no task outlives `close`.
"""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import Literal

CHUNK_BYTES = 16_384
"""Also the most that the proxy holds of a connection and direction."""
RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Fault:
    """What happens to a connection. The cuts count bytes of their direction; None: never."""

    delay_s: float = 0.0
    """Each piece is held back for so long."""
    bytes_per_s: float | None = None
    cut_up_at: int | None = None
    """The connection ends when so many of the client's bytes have gone to the server."""
    cut_down_at: int | None = None
    """The connection ends when so many of the server's bytes have gone to the client."""
    ends: Literal["rst", "fin"] = "rst"
    hole: Literal["", "up", "down", "both"] = ""
    """The direction whose bytes are swallowed: "both" is a black hole, one of them is half open."""
    refuses: bool = False
    """The client is reset before a byte is read, and the server never hears of it."""


WHOLE = Fault()


class ChaosProxy:
    """Listens on a port of its own in front of `port`. `fault` is for the connections that come from now on."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self.fault = WHOLE
        self._running: set[asyncio.Task[None]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    async def __aenter__(self) -> "ChaosProxy":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every connection and the listening."""
        ending = [self._accepting, *self._running]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        self._listener.close()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._running)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(self._listener)
            task = loop.create_task(self._serve(client, self.fault))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _serve(self, client: socket.socket, fault: Fault) -> None:
        loop = asyncio.get_running_loop()
        server = socket.socket()
        server.setblocking(False)
        cut = True
        try:
            if fault.refuses:
                return
            await loop.sock_connect(server, ("127.0.0.1", self._server_port))
            ways = {
                loop.create_task(_pass_on(client, server, fault, fault.cut_up_at, fault.hole in ("up", "both"))),
                loop.create_task(_pass_on(server, client, fault, fault.cut_down_at, fault.hole in ("down", "both"))),
            }
            try:
                # who has said all may still be answered; a cut ends both ways at once
                while ways:
                    done, ways = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                    if any(way.result() for way in done):
                        return
                cut = False
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            return
        finally:
            for end in (client, server):
                if cut and (fault.refuses or fault.ends == "rst"):
                    with contextlib.suppress(OSError):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                elif cut:
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)
                end.close()


async def _pass_on(source: socket.socket, target: socket.socket, fault: Fault, cut_at: int | None, hole: bool) -> bool:
    """Carry one direction; whether the connection is to be cut now."""
    loop = asyncio.get_running_loop()
    passed = 0
    while cut_at is None or passed < cut_at:
        left = CHUNK_BYTES if cut_at is None else min(CHUNK_BYTES, cut_at - passed)
        try:
            data = await loop.sock_recv(source, left)
            if data and fault.delay_s:
                await asyncio.sleep(fault.delay_s)
            if data and not hole:
                await loop.sock_sendall(target, data)
        except OSError:
            return True
        if not data:
            with contextlib.suppress(OSError):
                target.shutdown(socket.SHUT_WR)
            return False
        passed += len(data)
        if fault.bytes_per_s:
            await asyncio.sleep(len(data) / fault.bytes_per_s)
    return True
