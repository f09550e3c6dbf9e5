"""Editors' posts over kept connections: one after the other, or so many a second whatever the answers do.

The rule to remember: at a rate, a post is late from the moment at which it was due. A generator that waits for slow
answers hides them.
"""

import asyncio
import json
import time
from dataclasses import dataclass

from benchmarks.system import API_PORT

CONNECTIONS = 32
"""Posts under way at most; one that finds none free waits, and its waiting counts."""


def request(key: str, headline: str, level: str = "line") -> bytes:
    """A whole request."""
    body = json.dumps({"edition": "en", "level": level, "headline": headline}).encode()
    head = (
        f"POST /v1/alerts HTTP/1.1\r\nHost: 127.0.0.1:{API_PORT}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass(frozen=True)
class Connection:
    """One kept connection to the API."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", API_PORT))

    async def ask(self, sent: bytes) -> bytes:
        """The body of a 201. Raises RuntimeError for another answer."""
        self.writer.write(sent)
        head = await self.reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        body = await self.reader.readexactly(int(fields[b"content-length"]))
        if not head.startswith(b"HTTP/1.1 201 "):
            raise RuntimeError(f"a post was not taken: {head.splitlines()[0].decode()}: {body[:300].decode()}")
        return body

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def at_rate(key: str, per_s: int, count: int) -> list[float]:
    """Milliseconds from the due moment of each post to its 201."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    connections = [await Connection.open() for _ in range(CONNECTIONS)]
    for connection in connections:
        free.put_nowait(connection)

    async def post(number: int) -> float:
        due_s = began_s + number / per_s
        await asyncio.sleep(due_s - time.perf_counter())
        connection = await free.get()
        await connection.ask(request(key, f"Tide {number} of the year reaches the old harbour"))
        free.put_nowait(connection)
        return (time.perf_counter() - due_s) * 1000

    began_s = time.perf_counter() + 0.1
    try:
        return list(await asyncio.gather(*(post(number) for number in range(count))))
    finally:
        for connection in connections:
            await connection.close()
