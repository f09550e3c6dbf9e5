"""A newsroom for the tests in a browser: `flashwire up` with real processes on a data folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from tests.ports import free_ports

DEADLINE_S = 30.0


class Newsroom:
    """Store, API and one gateway, and what an editor and a saboteur can do to them."""

    def __init__(self, folder: Path) -> None:
        api, gateway, sandbox, admin, *_ = free_ports(6)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
        environ = kept | {
            "FLASHWIRE_DATA_DIR": str(folder / "data"),
            "FLASHWIRE_API_PORT": str(api),
            "FLASHWIRE_GATEWAY_PORT": str(gateway),
            "FLASHWIRE_SANDBOX_PORT": str(sandbox),
            "FLASHWIRE_ADMIN_PORT": str(admin),
            "FLASHWIRE_PROCESSES": "1",
            "FLASHWIRE_DRAIN_S": "1",
            "FLASHWIRE_TAIL_BLOCK_MS": "200",
            "FLASHWIRE_STALE_AFTER_S": "1",
            "FLASHWIRE_LOG_FORMAT": "json",
        }
        self._told, self._log = folder / "ready.json", folder / "log"
        with self._told.open("wb") as told, self._log.open("wb") as log:
            command = [sys.executable, "-m", "service.cli", "up", "--json"]
            self._up = subprocess.Popen(command, env=environ, stdout=told, stderr=log)
        ready = self._ready()
        self.url: str = ready["url"]
        self.demo: str = ready["demo"]
        self.live: str = ready["live"]
        self.store_pid: int = ready["store"]
        self.gateway_pid: int = ready["children"]["gateway 1"]
        self._key: str = ready["key"]

    def _ready(self) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE_S
        while not (line := self._told.read_text()).endswith("\n"):
            assert self._up.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, f"not ready in time: {self._log.read_text()}"
            time.sleep(0.02)
        ready: dict[str, Any] = json.loads(line)
        return ready

    def post(self, headline: str, edition: str = "en", level: str = "urgent", **more: Any) -> str:
        """Publish; the alert's id."""
        body = {"edition": edition, "headline": headline, "level": level, **more}
        alert_id: str = self._ask("/v1/alerts", body)["alert"]["id"]
        return alert_id

    def kill(self, alert_id: str) -> None:
        self._ask(f"/v1/alerts/{alert_id}/kill", {"reason": "a test"})

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid.uuid4()),
        }
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            said: dict[str, Any] = json.load(answer)
            return said

    def close(self) -> None:
        self._up.send_signal(signal.SIGINT)
        assert self._up.wait(DEADLINE_S) == 0, self._log.read_text()
