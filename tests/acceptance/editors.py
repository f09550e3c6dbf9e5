"""Editors and saboteurs of the acceptance tests, on the real system of tests/processes.py.

The rule to remember: an editor's client repeats with the same Idempotency-Key until it is answered, and writes down
every answer; what it was told is what must be true.
"""

import asyncio
import contextlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from service.domain.revision import Revision
from service.store.connection import for_commands
from service.store.keys import WireName
from service.store.stream import read_wire
from tests.processes import System

ACCEPTED_WITHIN_S = 60.0
ANSWER_WITHIN_S = 5.0
RETRY_S = 0.02
KEEPS_ALL = {
    "wire_max_revisions": 1_000_000, "history_max_alerts": 1_000_000, "idempotency_max_per_key": 1_000_000,
    "writes_per_key_per_min": 1_000_000,
}  # fmt: skip
"""The wire must hold all that a test posts, or it could not be compared with what was acknowledged; and a test may post
more than any desk."""


@dataclass(frozen=True)
class Told:
    """A 201 as it was answered to the post of `token`, its headline; `replayed` as its header said."""

    token: str
    id: str
    epoch: str
    offset: int
    replayed: bool


class Editor:
    """One publisher with one connection, made anew whenever it breaks."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, token: str, key: str, edition: str = "en") -> Told:
        """Publish `token` under this Idempotency-Key, again and again until it is accepted."""
        body = json.dumps({"edition": edition, "headline": token, "level": "line"}).encode()
        head = (
            f"POST /v1/alerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._system.key}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        deadline_s = time.monotonic() + ACCEPTED_WITHIN_S
        while time.monotonic() < deadline_s:
            status, headers, answer = await self._ask(head.encode() + body)
            if status == 201:
                said: dict[str, Any] = json.loads(answer)
                epoch, offset = said["cursor"].split(":")
                return Told(token, said["alert"]["id"], epoch, int(offset), "idempotency-replayed" in headers)
            assert status in (0, 503), (status, answer)
            await asyncio.sleep(RETRY_S)
        raise AssertionError(f"{token} was not accepted within {ACCEPTED_WITHIN_S:g} s")

    async def _ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and the whole body; status 0 where the connection broke before the last byte of it."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                if self._streams is None:
                    self._streams = await asyncio.open_connection("127.0.0.1", self._system.api_port)
                reader, writer = self._streams
                writer.write(request)
                status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
        except (OSError, EOFError, TimeoutError):
            await self.close()
            return 0, {}, b""
        return int(status.split(" ")[1]), headers, body

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            with contextlib.suppress(OSError):
                await self._streams[1].wait_closed()
            self._streams = None


def new_key() -> str:
    """An Idempotency-Key."""
    return secrets.token_hex(16)


async def read_all(system: System, edition: str = "en") -> list[tuple[str, Revision]]:
    """Everything on an edition's wire, with the epoch of each."""
    store = for_commands(system.store_url, ANSWER_WITHIN_S)
    try:
        entries = await read_wire(store, WireName(edition), 0)
    finally:
        await store.aclose()
    return [(epoch, entry) for epoch, entry in entries if isinstance(entry, Revision)]
