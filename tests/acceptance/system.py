"""The whole system as a saboteur meets it: `flashwire up`, and which of its processes to kill now.

The rule to remember: processes are found anew each time, because the supervisor replaces what we kill.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from service.domain.revision import Revision
from service.store.connection import Store, for_commands
from service.store.embedded import url
from service.store.keys import WireName
from service.store.stream import read_wire
from tests.ports import free_ports

READY_S = 40.0
RETRY_S = 0.05
KEEPS_ALL = 1_000_000
"""The wire must hold all that a test posts, or it could not be compared with what was acknowledged."""


class System:
    """A running `flashwire up`. `start` it, `stop` it; a test leaves nothing behind."""

    def __init__(self, folder: Path, gateways: int = 2) -> None:
        self.api_port, self.gateway_port, sandbox, admin, *_ = free_ports(4 + 1 + gateways)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
        self._environ = kept | {
            "FLASHWIRE_DATA_DIR": str(folder / "data"),
            "FLASHWIRE_API_PORT": str(self.api_port),
            "FLASHWIRE_GATEWAY_PORT": str(self.gateway_port),
            "FLASHWIRE_SANDBOX_PORT": str(sandbox),
            "FLASHWIRE_ADMIN_PORT": str(admin),
            "FLASHWIRE_PROCESSES": str(gateways),
            "FLASHWIRE_DRAIN_S": "0.5",
            "FLASHWIRE_LOG_FORMAT": "json",
            "FLASHWIRE_WIRE_MAX_REVISIONS": str(KEEPS_ALL),
        }
        self._told, self._log = folder / "ready.json", folder / "log.json"
        self.key = ""
        self._store_url = ""

    async def start(self) -> None:
        """Returns once everything serves."""
        self._launch()
        deadline_s = time.monotonic() + READY_S
        while not (line := self._told.read_text()).endswith("\n"):
            assert self._up.poll() is None, self._log.read_text()[-2000:]
            assert time.monotonic() < deadline_s, "the system is not ready in time"
            await asyncio.sleep(RETRY_S)
        ready: dict[str, Any] = json.loads(line)
        self.key = ready["key"]

    def _launch(self) -> None:
        with self._told.open("wb") as told, self._log.open("wb") as log:
            command = [sys.executable, "-m", "service.cli", "up", "--json"]
            self._up = subprocess.Popen(command, env=self._environ, stdout=told, stderr=log)

    async def stop(self) -> None:
        """Ctrl-C; asserts an orderly end."""
        self._up.send_signal(signal.SIGINT)
        code = await asyncio.to_thread(self._up.wait, READY_S)
        assert code == 0, self._log.read_text()[-2000:]

    def kill(self, what: str) -> bool:
        """kill -9 one `api`, `gateway` or `store` process; False where none runs just now."""
        word = {"store": "valkey-server"}.get(what, what)
        for pid in _descendants(self._up.pid):
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if word in b" ".join(command[:1]).decode() or (word.encode() in command[3:4]):
                    os.kill(pid, signal.SIGKILL)
                    return True
        return False

    @contextlib.asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """Commands to the system's own store."""
        store = for_commands(url(Path(self._environ["FLASHWIRE_DATA_DIR"]).resolve()), 5.0)
        try:
            yield store
        finally:
            await store.aclose()

    async def wire(self, edition: str = "en") -> list[dict[str, Any]]:
        """Everything on an edition's wire: offset, type, alert id, version, headline."""
        async with self.store() as store:
            entries = await read_wire(store, WireName(edition), 0)
        return [
            {"offset": entry.offset, "type": entry.type, "id": entry.alert.id, "version": entry.alert.version,
             "headline": entry.alert.headline}
            for _, entry in entries
            if isinstance(entry, Revision)
        ]  # fmt: skip

    async def post(self, headline: str, edition: str = "en") -> dict[str, Any]:
        """Publish as our own clients do: the same Idempotency-Key again and again until it is accepted."""
        body = json.dumps({"edition": edition, "headline": headline, "level": "line"}).encode()
        head = (
            f"POST /v1/alerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: {uuid.uuid4()}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        deadline_s = time.monotonic() + READY_S
        while time.monotonic() < deadline_s:
            status, answer = await self._ask(head.encode() + body)
            if status == 201:
                accepted: dict[str, Any] = json.loads(answer)
                return accepted
            assert status in (0, 503), answer
            await asyncio.sleep(RETRY_S)
        raise AssertionError("not accepted in time")

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body; status 0 where the connection failed."""
        try:
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.api_port)
                try:
                    writer.write(request)
                    head, _, answer = (await reader.read()).partition(b"\r\n\r\n")
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return 0, b""
        return (int(head.split(b" ")[1]), answer) if head else (0, b"")


def _descendants(pid: int) -> list[int]:
    """All processes below `pid`, the store's own session included, newest last."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found
