"""Test 5, stalled readers: some do not read, some read a kilobyte a second; nobody else is to notice (P6, P7).

The rule to remember: the same readers are measured twice in one run, first among themselves, then beside those who
stall. Who stands still is ended; who moves, however slowly, is not.
"""

import asyncio
import contextlib
import random
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import quantiles
from typing import Any

from service.ending import end
from tests.acceptance import lists
from tests.acceptance.crowd import Given, Page, all_at, all_gone, all_reading, soon, until
from tests.acceptance.editors import KEEPS_ALL, Editor, new_key, read_all
from tests.acceptance.form import Figures, nothing_of, over
from tests.acceptance.gateway_figures import resident_bytes
from tests.acceptance.lists import Read
from tests.gateway.house import request
from tests.processes import System

PLANTS = ("drop", "parted", "stayed", "slow-ended", "memory")
FULL = {"readers": 450, "stopped": 25, "slow": 25, "per_s": 20.0, "phase_s": 20.0, "quick": False}
SHORT = {"readers": 60, "stopped": 6, "slow": 6, "per_s": 30.0, "phase_s": 7.0, "quick": True}
QUICK = {"stall_s": 3.5, "send_buffer_bytes": 8192}
"""So that the short form need not wait for 64 KiB to fill, and then for five seconds."""
SLOW_BYTES_PER_S = 1024
SEGMENT = 536
"""Loopback's packets as small as a real network's, so that a slow reader is seen to move."""
BUFFER = 2048
"""With a larger one the kernel tells the sender of room only every few kilobytes, so every few seconds."""
GROWTH_MAX_BYTES = 30 << 20
ESTABLISHED = 1
LOOK_EVERY_S = 0.1
GONE_WITHIN_S = 30.0


@dataclass(frozen=True)
class Facts:
    """The wire, what those who read have read, how often they were parted, and what became of the others."""

    wire: tuple[Given, ...]
    pages: tuple[Read, ...]
    partings: int
    stopped_left: int
    slow_ended: int
    slow_bytes: tuple[int, ...]
    growth_bytes: int


def check(facts: Facts) -> list[str]:
    """What is broken; empty if who stands still is gone, who moves is not, and nobody else noticed."""
    wrong = [f"page {n}: {why}" for n, page in enumerate(facts.pages) for why in page.differs(facts.wire)]
    if facts.partings:
        wrong.append(f"{facts.partings} connections of readers who read were ended")
    if facts.stopped_left:
        wrong.append(f"{facts.stopped_left} readers who do not read are still there")
    if facts.slow_ended:
        wrong.append(f"{facts.slow_ended} readers who read slowly were ended")
    if facts.growth_bytes > GROWTH_MAX_BYTES:
        wrong.append(f"memory grew by {facts.growth_bytes >> 20} MB")
    return wrong


def plant(facts: Facts, fault: str) -> Facts:
    """The same facts with a fault in them."""
    match fault:
        case "drop":
            return replace(facts, pages=(facts.pages[0].without_one(), *facts.pages[1:]))
        case "parted":
            return replace(facts, partings=1)
        case "stayed":
            return replace(facts, stopped_left=1)
        case "slow-ended":
            return replace(facts, slow_ended=1)
    return replace(facts, growth_bytes=GROWTH_MAX_BYTES + 1)


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Some stopped, some were slow, and all the while alerts came."""
    missing = nothing_of(figures, ("stopped", "slow", "deliveries", "KB read by each slow one"))
    enough = asked["readers"] * asked["per_s"] * asked["phase_s"]  # half of what two phases should bring
    return missing + (["hardly any alerts came"] if figures["deliveries"] < enough else [])


def late(figures: Figures) -> list[str]:
    """Stalled ones go in time, and the others' p99 stays what it was."""
    bounds = {"s until the last stopped one was gone": 15, "p99 beside them ÷ p99 before": 1.2, "s in all": 120}
    return over(figures, bounds)


class Idler:
    """A reader on a bare socket that reads nothing, or a kilobyte a second."""

    def __init__(self, port: int, number: int, bytes_per_s: int) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.socket.send(request("edition=en&limit=1", upgrade=number % 2 == 0))
        self._bytes_per_s = bytes_per_s
        self.read_bytes = 0

    @property
    def is_there(self) -> bool:
        """Whether the other end has not closed."""
        return self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED

    def read(self, passed_s: float) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionResetError):
            self.read_bytes += len(self.socket.recv(max(1, int(self._bytes_per_s * passed_s))))


async def observe(
    seed: int, readers: int, stopped: int, slow: int, per_s: float, phase_s: float, quick: bool
) -> tuple[Facts, dict[str, float]]:
    """One phase in which all read, one in which some do not."""
    chance = random.Random(seed)
    started_s = time.monotonic()
    settings = {**KEEPS_ALL, **(QUICK if quick else {})}
    with (
        tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder,
        System(Path(folder), **settings) as system,
    ):
        pages = [Page(system.gateway_port, number, soon(chance)) for number in range(readers)]
        for page in pages:
            page.begin()
        await all_reading(pages)
        await _post(system, per_s, phase_s)
        pid = system.pid("gateway 1")
        assert pid is not None
        before_bytes, split_at = resident_bytes(pid), time.time()
        idlers = [Idler(system.gateway_port, number, 0) for number in range(stopped)]
        snails = [Idler(system.gateway_port, number, SLOW_BYTES_PER_S) for number in range(slow)]
        watch = Watch(idlers, snails)
        watching = asyncio.create_task(watch.run())
        most_bytes = before_bytes
        posting = asyncio.create_task(_post(system, per_s, phase_s))
        while not posting.done():
            most_bytes = max(most_bytes, resident_bytes(pid))
            await asyncio.sleep(LOOK_EVERY_S)
        await posting
        entries = await read_all(system)
        await all_at(pages, f"{entries[-1][0]}:{entries[-1][1].offset}")
        with contextlib.suppress(AssertionError):  # who is still there is the checker's to say
            await until(lambda: not any(one.is_there for one in idlers), "who does not read is gone", GONE_WITHIN_S)
        await end([watching])
        facts = Facts(
            lists.wire(entries), tuple(map(lists.read, pages)), sum(len(page.partings) for page in pages),
            sum(one.is_there for one in idlers), sum(not one.is_there for one in snails),
            tuple(one.read_bytes for one in snails), most_bytes - before_bytes,
        )  # fmt: skip
        await all_gone(pages)
        for one in (*idlers, *snails):
            one.socket.close()
    made_s = lists.made_s(entries)
    first, second = (
        quantiles(took, n=100)[-1] * 1000
        for took in (lists.took_s(pages, made_s, until=split_at), lists.took_s(pages, made_s, since=split_at))
    )
    return facts, {
        "readers": readers,
        "stopped": stopped,
        "slow": slow,
        "deliveries": sum(len(page.got) for page in pages),
        "ms p99 before": round(first, 1),
        "ms p99 beside them": round(second, 1),
        "p99 beside them ÷ p99 before": round(second / first, 2),
        "s until the last stopped one was gone": round(watch.gone_s, 1),
        "KB read by each slow one": round(sum(facts.slow_bytes) / max(1, slow) / 1024, 1),
        "MB more": round(facts.growth_bytes / (1 << 20), 1),
        "s in all": round(time.monotonic() - started_s, 1),
    }


class Watch:
    """Reads slowly, and notes when the last of those who do not read was gone."""

    def __init__(self, idlers: Sequence[Idler], snails: Sequence[Idler]) -> None:
        self._idlers, self._snails = idlers, snails
        self.gone_s = float("inf")

    async def run(self) -> None:
        began_s = last_s = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            now_s = time.monotonic()
            for one in self._snails:
                one.read(now_s - last_s)
            last_s = now_s
            if not any(one.is_there for one in self._idlers):
                self.gone_s = min(self.gone_s, now_s - began_s)


async def _post(system: System, per_s: float, phase_s: float) -> None:
    editor = Editor(system)
    began_s = time.monotonic()
    for serial in range(int(per_s * phase_s)):
        await editor.post(f"Ferry times {began_s}-{serial}", new_key())
        await asyncio.sleep(max(0.0, began_s + (serial + 1) / per_s - time.monotonic()))
    await editor.close()
