"""kill -9 of the API 0 to 30 ms after a POST, again and again: who repeats it with the same key has one alert.

The rule to remember: a process is killed that nobody will miss. The next one is ready beforehand, a fork of one that
has read the program already, so that 200 rounds take two minutes; what is forked is what `flashwire api` runs.
"""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from service.clock import now_ms
from service.domain.revision import Revision
from service.store import access
from service.store.connection import for_commands
from service.store.embedded import EmbeddedStore
from service.store.stream import read_wire
from tests.acceptance.acknowledged import PLANTS, Entry, Facts, check, plant
from tests.acceptance.editors import ANSWER_WITHIN_S, KEEPS_ALL, Editor, Told, new_key
from tests.acceptance.form import Figures, nothing_of, over
from tests.entries import EN
from tests.ports import free_ports
from tests.processes import ROOT, environ_for
from tests.stores import running_in, until

__all__ = ["FULL", "PLANTS", "SHORT", "Facts", "check", "late", "observe", "plant", "uncovered"]

FULL = {"rounds": 200}
SHORT = {"rounds": 4}
LATEST_S = 0.03
READY_S = 60.0
AHEAD = 3
"""Processes that are getting ready while another is asked."""
KINDS = ("answered before the kill", "done and not answered", "not yet done")
FORKS = """
import os, signal, sys
from config.settings import load
from service import logs
from service.api import serve
from service.domain import checks, newsroom
checks.prepare(newsroom.from_config(load(os.environ).newsroom))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os.environ["FLASHWIRE_API_PORT"], os.environ["FLASHWIRE_ADMIN_PORT"] = line.split()
        settings = load(os.environ)
        logs.configure(settings.log_format, settings.log_level, "api")
        serve.run(settings)
        os._exit(0)
    print(pid, flush=True)
"""


class Apis:
    """API processes on one store, one of which is asked: `pid` at `api_port`. As a system that an Editor posts to."""

    def __init__(self, folder: Path, server: EmbeddedStore, key: str, starts: int) -> None:
        self.key = key
        self.pid = self.api_port = 0
        self._spares: deque[tuple[int, int]] = deque()
        self._starts_left = starts
        environ = environ_for(folder / "data", redis_url=server.url, log_format="json", **KEEPS_ALL)
        with (folder / "api.log").open("wb") as log:
            self._forks = subprocess.Popen(
                [sys.executable, "-c", FORKS], cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, text=True,
            )  # fmt: skip

    def _start_spare(self) -> None:
        port, admin_port = free_ports(2)
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        self._forks.stdin.write(f"{port} {admin_port}\n")
        self._forks.stdin.flush()
        self._spares.append((int(self._forks.stdout.readline()), port))

    async def take_spare(self) -> None:
        """From now on another one is asked."""
        while len(self._spares) <= AHEAD and self._starts_left:
            self._starts_left -= 1
            self._start_spare()
        spare = self._spares[0]
        await until(lambda: _is_ready(spare[1]), within_s=READY_S)
        self.pid, self.api_port = self._spares.popleft()

    def close(self) -> None:
        for pid in {self.pid, *(pid for pid, _ in self._spares)} - {0}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._forks.kill()
        self._forks.communicate()


async def _is_ready(port: int) -> bool:
    def ask() -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return True
        return False

    return await asyncio.to_thread(ask)


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> Sequence[str]:
    """Rounds that were to be; and of many, each kind at least once."""
    wrong = ["fewer rounds than asked for"] if figures["kills"] < asked["rounds"] else []
    return wrong + (nothing_of(figures, KINDS) if asked is FULL else [])


def late(figures: Figures) -> list[str]:
    """It is to end in time."""
    return over(figures, {"s in all": 120})


async def observe(seed: int, rounds: int) -> tuple[Facts, dict[str, float]]:
    """Post, kill, repeat with the same key at another process, and once more; the facts are those of `acknowledged`."""
    chance = random.Random(seed)
    told: list[Told] = []
    figures: dict[str, float] = {"kills": 0, **dict.fromkeys(KINDS, 0)}
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder, running_in(Path(folder, "s")) as server:
        store = for_commands(server.url, ANSWER_WITHIN_S)
        apis = Apis(
            Path(folder), server, (await access.create(store, "a desk", "duty", False, now_ms())).key, rounds + 1
        )
        try:
            await apis.take_spare()
            for number in range(rounds):
                editor, key = Editor(apis), new_key()  # type: ignore[arg-type]  # it has all of a system that is asked
                post = asyncio.create_task(editor.post(f"Harbour report {number}", key))
                await asyncio.sleep(chance.uniform(0, LATEST_S))
                was_answered = post.done()
                os.kill(apis.pid, signal.SIGKILL)
                await apis.take_spare()
                told.append(await post)
                figures["kills"] += 1
                figures[KINDS[0 if was_answered else 1 if told[-1].replayed else 2]] += 1
                told.append(await editor.post(f"Harbour report {number}", key))
                await editor.close()
            entries = await read_wire(store, EN, 0)
        finally:
            apis.close()
            await store.aclose()
    wire = tuple(
        Entry(epoch, one.offset, one.alert.id, one.alert.headline or "")
        for epoch, one in entries
        if isinstance(one, Revision)
    )
    return Facts(tuple(told), wire), figures | {"s in all": round(time.monotonic() - started_s, 1)}
