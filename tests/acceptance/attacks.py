"""What hostile readers do, on bare sockets; each attack says how many connections it made.

The rule to remember: an attacker may do anything but break the machine. It goes on until it is ended or has done its
worst, and leaves nothing open of its own.
"""

import asyncio
import contextlib
import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

from tests.gateway.house import request
from tests.gateway.reader import BINARY, PING, TEXT, frame

Attack = Callable[[int, int], Coroutine[Any, Any, int]]
FLOOD_BYTES = 1 << 20
ENDED_WITHIN_S = 5.0
HALF_OPEN_S = 3.0
TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(189))
LYING_LENGTHS = (
    bytes([0x81, 0xFE]) + struct.pack("!H", 65_535) + b"\0" * 4,
    bytes([0x81, 0xFF]) + struct.pack("!Q", 2**63 - 1) + b"\0" * 4,
    bytes([0x81, 0xFF]) + struct.pack("!Q", 2**64 - 1) + b"\0" * 4,
    bytes([0x89, 0xFE]) + struct.pack("!H", 4000) + b"\0" * 4,
)
"""Frames that announce what we must never wait or make room for."""
GARBAGE = (
    b"\r\n\r\n", b"\0" * 100, b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", TLS_HELLO,
    b"GET /v1/live HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", b"\xff\xfe" * 500,
    request("edition=en") + request("edition=en") * 20, b"GET /v1/live?edition=" + b"e" * 7000 + b" HTTP/1.1\r\n\r\n",
)  # fmt: skip


async def pings_without_reading(port: int, count: int) -> int:
    """A flood of pings from somebody who never reads the pongs."""
    return await _each(port, count, request(), frame(PING, b"x" * 100) * (FLOOD_BYTES // 106))


async def messages(port: int, count: int) -> int:
    """A flood of messages that nobody asked for."""
    return await _each(port, count, request(), frame(TEXT, b"x" * 900) * (FLOOD_BYTES // 906))


async def empty_fragments(port: int, count: int) -> int:
    """A message of fragments with nothing in them, without an end."""
    flood = frame(TEXT, fin=False) + frame(0, fin=False) * (FLOOD_BYTES // 6)
    return await _each(port, count, request(), flood)


async def lying_lengths(port: int, count: int) -> int:
    """Frames that announce more than ever comes."""
    return sum([await _each(port, count, request(), begun) for begun in LYING_LENGTHS])


async def broken_frames(port: int, count: int) -> int:
    """Reserved bits, opcodes that do not exist, no mask, text that is none."""
    broken = [
        frame(TEXT, b"x", reserved=7), frame(3, b"x"), frame(0xF, b"x"), frame(TEXT, b"x", masked=False),
        frame(TEXT, b"\xff\xfe\xfd"), frame(PING, b"x" * 126), frame(0, b"x"), frame(BINARY, os.urandom(2000)),
        frame(8, b"\x03"), frame(8, b"\x03\xe8" + b"\xff" * 20),
    ]  # fmt: skip
    return sum([await _each(port, max(1, count // 4), request(), data) for data in broken])


async def talking_events(port: int, count: int) -> int:
    """Readers of SSE who talk."""
    return await _each(port, count, request(upgrade=False), b"x" * FLOOD_BYTES)


async def garbage(port: int, count: int) -> int:
    """Requests that are none."""
    return sum([await _each(port, max(1, count // 2), data, b"") for data in GARBAGE])


async def giant_heads(port: int, count: int) -> int:
    """A head that never ends."""
    return await _each(port, count, b"GET /v1/live HTTP/1.1\r\n" + b"X-Filler: x\r\n" * 10_000, b"")


async def half_handshakes(port: int, count: int) -> int:
    """Three hundred who say one byte now and then."""
    connections = [c for c in [await _connect(port, number) for number in range(count * 10)] if c is not None]
    whole = request()
    loop = asyncio.get_running_loop()
    for place in range(int(HALF_OPEN_S / 0.1)):
        for connection in connections:
            with contextlib.suppress(OSError):
                await loop.sock_sendall(connection, whole[place : place + 1])
        await asyncio.sleep(0.1)
    for connection in connections:
        connection.close()
    return len(connections)


async def connect_and_drop(port: int, count: int) -> int:
    """Connections that are dropped at once, some with a reset, some after a handshake."""
    for number in range(count):
        connection = await _connect(port, number)
        if connection is None:
            continue
        if number % 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if number % 3 == 0:
            with contextlib.suppress(OSError):
                await asyncio.get_running_loop().sock_sendall(connection, request())
        connection.close()
    return count


ATTACKS: dict[str, Attack] = {
    "pings": pings_without_reading, "messages": messages, "empty fragments": empty_fragments,
    "lying lengths": lying_lengths, "broken frames": broken_frames, "talking events": talking_events,
    "garbage": garbage, "giant heads": giant_heads, "half handshakes": half_handshakes, "drops": connect_and_drop,
}  # fmt: skip


async def _each(port: int, count: int, opening: bytes, flood: bytes) -> int:
    """So many connections that say the opening and then the flood, one after the other; none may stay."""
    for number in range(count):
        connection = await _connect(port, number)
        if connection is None:
            continue
        try:
            await _say(connection, opening, flood)
        finally:
            connection.close()
    return count


async def _say(connection: socket.socket, opening: bytes, flood: bytes) -> None:
    """Say it all, reading nothing, until we are ended or nobody takes any more."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(ENDED_WITHIN_S):
            await loop.sock_sendall(connection, opening)
            if flood:
                await loop.sock_recv(connection, 65_536)
                await loop.sock_sendall(connection, flood)


async def _connect(port: int, number: int) -> socket.socket | None:
    connection = socket.socket()
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.bind((f"127.0.1.{1 + number % 8}", 0))
    try:
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    except OSError:
        connection.close()
        return None
    return connection


async def _for(span_s: float, attack: Attack, port: int, count: int) -> int:
    """Attack again and again for so long; how many connections that were."""
    connections, ends_s = 0, time.monotonic() + span_s
    while not connections or time.monotonic() < ends_s:
        connections += await attack(port, count)
    return connections


if __name__ == "__main__":
    chosen, port, count, span_s = sys.argv[1:]
    print(asyncio.run(_for(float(span_s), ATTACKS[chosen], int(port), int(count))))
