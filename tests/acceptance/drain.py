"""Test 7, drain: a gateway is asked to leave; its readers are told when to come back, one after the other (P10).

The rule to remember: two gateways share the port, and one of them is ours to end. Whoever it sends away comes back to
the other with his cursor, and has missed nothing.
"""

import asyncio
import contextlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from service.store import embedded, users
from tests.acceptance import lists
from tests.acceptance.crowd import Given, Page, Parting, all_at, all_gone, all_reading, jittered, until
from tests.acceptance.editors import KEEPS_ALL, Editor, new_key, read_all
from tests.acceptance.form import Figures, nothing_of, over
from tests.acceptance.lists import Read
from tests.ports import free_ports
from tests.processes import ROOT, System

PLANTS = ("untold", "herd", "same-delay", "wrong-code", "missed", "exit", "ready")
STALLED = 5
FULL = {"readers": 1000, "drain_s": 10.0, "abort_s": 15.0}
SHORT = {"readers": 240, "drain_s": 3.0, "abort_s": 5.0}
EDITORS, ALERTS = 8, 320
"""So many fill the sockets of who does not read."""
DURING = 10
STEPS = 10
HERD = 1 / 3
"""No tenth of the time may see a larger share of the closes."""
RESTART = 1012
AGAIN = (signal.SIGTERM, signal.SIGINT)
"""Whoever loses patience and asks again hastens nothing and breaks nothing."""
EXIT_WITHIN_S = 60.0
FIRST_S, LAST_S = 0.5, 5.0


@dataclass(frozen=True)
class Left:
    """One reader of the gateway that ended: what it was told, and when after the signal."""

    is_websocket: bool
    reason: str
    retry_after_s: float
    code: int | None
    after_s: float


@dataclass(frozen=True)
class Facts:
    """How the gateway ended, whom it told what, and what everybody who reads has read."""

    exit_code: int
    ready_status: int
    drain_s: float
    wire: tuple[Given, ...]
    pages: tuple[Read, ...]
    left: tuple[Left, ...]


def check(facts: Facts) -> list[str]:
    """What is broken; empty if it left in order and nobody missed anything."""
    wrong = [] if facts.exit_code == 0 else [f"it ended with {facts.exit_code}"]
    wrong += [] if facts.ready_status == 503 else [f"/readyz said {facts.ready_status} while it left"]
    for left in facts.left:
        if (left.reason, left.code) != ("deploy", RESTART if left.is_websocket else None):
            wrong.append(f"a reader was told {left.reason!r} and closed with {left.code}")
        if not FIRST_S <= left.retry_after_s <= LAST_S:
            wrong.append(f"a reader was told to come back after {left.retry_after_s} s")
    told = [left.retry_after_s for left in facts.left]
    if max(Counter(told).values(), default=0) > max(2, len(told) // 20):
        wrong.append("many were told to come back at the same time")
    wrong += _herds(facts)
    return wrong + [f"page {n}: {why}" for n, page in enumerate(facts.pages) for why in page.differs(facts.wire)]


def _herds(facts: Facts) -> list[str]:
    first_s = min((left.after_s for left in facts.left), default=0.0)  # a busy machine may need a while to begin
    took_s = max((left.after_s for left in facts.left), default=0.0) - first_s
    spread_s = max(took_s, min(facts.drain_s, 0.02 * len(facts.left)))
    steps = Counter(min(STEPS - 1, int((left.after_s - first_s) / spread_s * STEPS)) for left in facts.left)
    share = max(steps.values(), default=0) / max(1, len(facts.left))
    return [f"{share:.0%} were closed within a tenth of the time"] if share > HERD else []


def plant(facts: Facts, fault: str) -> Facts:
    """The same facts with a fault in them."""
    left, pages = list(facts.left), list(facts.pages)
    middle = len(left) // 2
    match fault:
        case "untold":
            left[middle] = replace(left[middle], reason="")
        case "herd":
            left = [replace(one, after_s=0.0) for one in left]
        case "same-delay":
            left = [replace(one, retry_after_s=1.0) for one in left]
        case "wrong-code":
            left[middle] = replace(left[middle], code=1001)
        case "missed":
            pages[0] = pages[0].without_one()
        case "exit":
            return replace(facts, exit_code=-9)
        case "ready":
            return replace(facts, ready_status=200)
    return replace(facts, left=tuple(left), pages=tuple(pages))


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """A fair share of the readers was on it, some of them stalled, and some alerts came while it left."""
    missing = nothing_of(figures, ("sent away", "stalled", "alerts while it left"))
    return missing + (["hardly anybody was on it"] if figures["sent away"] < asked["readers"] / 5 else [])


def late(figures: Figures) -> list[str]:
    """It is gone in time, those who do not read included."""
    return over(figures, {"s until it was gone": 20, "s in all": 120})


class Gateway:
    """A second gateway of the system, that only the test looks after."""

    def __init__(self, system: System, log: Path) -> None:
        (admin,) = free_ports(1)
        self._admin = admin
        store_url = users.named(embedded.url(system.data_dir), "gateway")
        own = {"FLASHWIRE_REDIS_URL": store_url, "FLASHWIRE_ADMIN_PORT": str(admin), "FLASHWIRE_STALL_S": "60"}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service.cli", "gateway", "--processes", "1"], cwd=ROOT,
                env=system.environ | own, stdout=output, stderr=output,
            )  # fmt: skip

    def ready(self) -> tuple[int, int]:
        """The status of /readyz and how many readers it says there are; 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._admin}/readyz", timeout=10) as answer:
                return 200, json.load(answer)["readers"]
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)["readers"]
        except OSError:
            return 0, 0


async def observe(seed: int, readers: int, drain_s: float, abort_s: float) -> tuple[Facts, dict[str, float]]:
    """Readers on two gateways, some of them stalled; one gateway is told to end while editors post."""
    chance = random.Random(seed)
    started_s = time.monotonic()
    waits = {**KEEPS_ALL, "drain_s": drain_s, "drain_abort_s": abort_s}
    with (
        tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder,
        System(Path(folder), **waits) as system,
    ):
        gateway = Gateway(system, Path(folder) / "gateway.log")
        try:
            await until(lambda: gateway.ready()[0] == 200, "the second gateway is ready", 90)
            pages = [Page(system.gateway_port, number, jittered(chance)) for number in range(readers)]
            for page in pages:
                page.begin()
            await all_reading(pages)
            stalled = await _stalled_on(gateway, system.gateway_port)
            await _post(system, ALERTS)
            told_s = time.monotonic()
            gateway.process.send_signal(signal.SIGTERM)
            said: list[int] = []

            def says_that_it_leaves() -> bool:
                said.append(gateway.ready()[0])
                return said[-1] not in (0, 200)

            with contextlib.suppress(AssertionError):  # what it said is the checker's to judge
                await until(says_that_it_leaves, "it says that it leaves", 5)
            ready_status = said[-1]
            for again in AGAIN:
                gateway.process.send_signal(again)
            await _post(system, DURING)
            exit_code = await asyncio.to_thread(gateway.process.wait, EXIT_WITHIN_S)
            gone_s = time.monotonic() - told_s
        finally:
            gateway.process.kill()
            gateway.process.wait()
        entries = await read_all(system)
        await all_at(pages, f"{entries[-1][0]}:{entries[-1][1].offset}")
        left = tuple(_left(page.is_websocket, page.partings[0], told_s) for page in pages if page.partings)
        await all_gone([*pages, *stalled])
    facts = Facts(exit_code, ready_status, drain_s, lists.wire(entries), tuple(map(lists.read, pages)), left)
    return facts, {
        "readers": readers,
        "sent away": len(left),
        "stalled": len(stalled),
        "alerts while it left": DURING,
        "s between the first close and the last": round(max(one.after_s for one in left), 1) if left else 0,
        "s until it was gone": round(gone_s, 1),
        "s in all": round(time.monotonic() - started_s, 1),
    }


def _left(is_websocket: bool, parting: Parting, told_s: float) -> Left:
    return Left(is_websocket, parting.reason, parting.retry_after_s, parting.code, parting.at_s - told_s)


async def _stalled_on(gateway: Gateway, port: int) -> list[Page]:
    """Readers of that gateway who read no more, with small buffers so that this is soon noticed."""
    found: list[Page] = []
    while len(found) < STALLED:
        _, before = gateway.ready()
        page = Page(port, len(found), lambda page: None, receive_buffer=4096)
        page.begin()
        await all_reading([page])
        if gateway.ready()[1] > before:
            page.stall()
            found.append(page)
        else:
            page.end()
    return found


async def _post(system: System, count: int) -> None:
    async def some(number: int) -> None:
        editor = Editor(system)
        for serial in range(count // EDITORS + (number < count % EDITORS)):
            await editor.post(f"Ferry times {number}-{serial}", new_key())
        await editor.close()

    await asyncio.gather(*(some(number) for number in range(EDITORS)))
