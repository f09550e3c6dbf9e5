"""Test 6, hostile readers: floods, lies, garbage and drops; those who read are not to notice (P7).

The rule to remember: the same readers are measured among themselves first, then during each attack. An attacker costs
at most a line of log for each connection, leaves nothing behind, and never gets a traceback.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import quantiles
from typing import Any

from service.ending import end
from tests.acceptance import lists
from tests.acceptance.attacks import ATTACKS
from tests.acceptance.crowd import Given, Page, all_at, all_gone, all_reading, soon, until
from tests.acceptance.editors import KEEPS_ALL, Editor, new_key, read_all
from tests.acceptance.form import Figures, nothing_of, over
from tests.acceptance.gateway_figures import connections, metric, resident_bytes
from tests.acceptance.lists import Read
from tests.processes import ROOT, System

PLANTS = ("drop", "parted", "left-open", "traceback", "chatty", "memory")
FULL = {"readers": 200, "each": 30, "drops": 10_000, "per_s": 40.0, "span_s": 5.0}
SHORT = {"readers": 40, "each": 4, "drops": 200, "per_s": 10.0, "span_s": 0.3}
"""`each`: connections of an attack, which is repeated for `span_s`; of half handshakes there are ten times as many.

Alerts are kept, so few come in the short form, however long a busy machine takes: no attacker has caused their memory.
"""
GROWTH_MAX_BYTES = 20 << 20
ALERT_WENT_OUT = "sent to readers"
"""A line that no attacker costs: the slower the machine, the more alerts meanwhile."""
LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Facts:
    """The wire, what readers have read, and what the attacks have left in the gateway and its log."""

    wire: tuple[Given, ...]
    pages: tuple[Read, ...]
    partings: int
    left_open: int
    growth_bytes: int
    tracebacks: int
    log_lines: int
    connections: int


def check(facts: Facts) -> list[str]:
    """What is broken; empty if nobody who reads has noticed, and nothing is left."""
    wrong = [f"page {n}: {why}" for n, page in enumerate(facts.pages) for why in page.differs(facts.wire)]
    if facts.partings:
        wrong.append(f"{facts.partings} connections of readers who read were ended")
    if facts.left_open > 0:
        wrong.append(f"{facts.left_open} connections are left")
    if facts.growth_bytes > GROWTH_MAX_BYTES:
        wrong.append(f"memory grew by {facts.growth_bytes >> 20} MB")
    if facts.tracebacks:
        wrong.append(f"{facts.tracebacks} tracebacks")
    if facts.log_lines > facts.connections:
        wrong.append(f"{facts.log_lines} lines of log for {facts.connections} connections")
    return wrong


def plant(facts: Facts, fault: str) -> Facts:
    """The same facts with a fault in them."""
    match fault:
        case "drop":
            return replace(facts, pages=(facts.pages[0].without_one(), *facts.pages[1:]))
        case "parted":
            return replace(facts, partings=1)
        case "left-open":
            return replace(facts, left_open=1)
        case "traceback":
            return replace(facts, tracebacks=1)
        case "chatty":
            return replace(facts, log_lines=facts.connections + 1)
    return replace(facts, growth_bytes=GROWTH_MAX_BYTES + 1)


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Every attack, and alerts during each."""
    missing = nothing_of(figures, [f"connections of {name}" for name in ATTACKS])
    missing += [f"no alert came during {name}" for name in ATTACKS if not figures[f"alerts during {name}"]]
    return missing + (["hardly any drops"] if figures["connections of drops"] < asked["drops"] else [])


def late(figures: Figures) -> list[str]:
    """The loop is never held up, and the others' p99 stays below twice what it was."""
    bounds = {"ms longest stall of the loop": 100, "p99 during the worst ÷ p99 before": 2.0, "s in all": 120}
    return over(figures, bounds)


async def observe(
    seed: int, readers: int, each: int, drops: int, per_s: float, span_s: float
) -> tuple[Facts, dict[str, float]]:
    """Readers and alerts all the while; first alone, then beside one attack after the other."""
    chance = random.Random(seed)
    started_s = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder,
        System(Path(folder), handshake_timeout_s=2, **KEEPS_ALL) as system,
    ):
        pid = system.pid("gateway 1")
        assert pid is not None
        pages = [Page(system.gateway_port, number, soon(chance)) for number in range(readers)]
        for page in pages:
            page.begin()
        await all_reading(pages)
        posting = asyncio.create_task(_post(system, per_s))
        await asyncio.sleep(max(2.0, span_s))
        before, before_bytes, quiet_log = connections(system.gateway_port), resident_bytes(pid), system.log()
        spans, made, stall_s, most_bytes = {"nobody": (0.0, time.time())}, {}, 0.0, before_bytes
        for name in ATTACKS:
            from_at = time.time()
            count = drops if name == "drops" else each
            attacking = asyncio.create_task(_attack(name, system.gateway_port, count, span_s))
            while not attacking.done():
                most_bytes = max(most_bytes, resident_bytes(pid))
                await asyncio.sleep(LOOK_EVERY_S)
            made[name] = await attacking
            await asyncio.sleep(LOOK_EVERY_S)
            spans[name] = (from_at, time.time())
            stall_s = max(
                stall_s, await asyncio.to_thread(metric, system.admin_port + 1, "flashwire_loop_stall_seconds")
            )
        await _until_as_before(system.gateway_port, before)
        left = connections(system.gateway_port) - before
        await end([posting])
        said = system.log()[len(quiet_log) :].splitlines()
        entries = await read_all(system)
        await all_at(pages, f"{entries[-1][0]}:{entries[-1][1].offset}")
        facts = Facts(
            lists.wire(entries), tuple(map(lists.read, pages)), sum(len(page.partings) for page in pages), left,
            most_bytes - before_bytes, sum("Traceback" in line for line in said),
            sum(ALERT_WENT_OUT not in line and '"process":"gateway' in line.replace(" ", "") for line in said),
            sum(made.values()),
        )  # fmt: skip
        await all_gone(pages)
    made_s = lists.made_s(entries)
    took = {name: lists.took_s(pages, made_s, *span) for name, span in spans.items()}
    p99 = {name: quantiles(times, n=100)[-1] * 1000 for name, times in took.items() if len(times) > 1}
    worst = max((name for name in p99 if name != "nobody"), key=p99.__getitem__)
    return facts, {
        "readers": readers,
        **{f"connections of {name}": count for name, count in made.items()},
        **{f"alerts during {name}": len(times) // readers for name, times in took.items() if name != "nobody"},
        "ms p99 before": round(p99["nobody"], 1),
        f"ms p99 during the worst ({worst})": round(p99[worst], 1),
        "p99 during the worst ÷ p99 before": round(p99[worst] / p99["nobody"], 2),
        "ms longest stall of the loop": round(stall_s * 1000, 1),
        "MB more": round(facts.growth_bytes / (1 << 20), 1),
        "lines of log": facts.log_lines,
        "s in all": round(time.monotonic() - started_s, 1),
    }


async def _attack(name: str, port: int, count: int, span_s: float) -> int:
    """Attack from a process of its own, which yields to everybody: an attacker is elsewhere, and its work is not ours
    to measure. How many connections that were.
    """
    command = ("nice", "-n", "19", sys.executable, "-m", "tests.acceptance.attacks", name, port, count, span_s)
    attacker = await asyncio.create_subprocess_exec(*map(str, command), cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    said, _ = await attacker.communicate()
    assert attacker.returncode == 0
    return int(said)


async def _post(system: System, per_s: float) -> None:
    editor, serial = Editor(system), 0
    try:
        while True:
            began_s = time.monotonic()
            await editor.post(f"Ferry times {serial}", new_key())
            serial += 1
            await asyncio.sleep(max(0.0, began_s + 1 / per_s - time.monotonic()))
    finally:
        await editor.close()


async def _until_as_before(port: int, before: int) -> None:
    """Until who was half way in has been ended; what stays is for the checker."""
    try:
        await until(lambda: connections(port) <= before, "nothing is left", 15)
    except AssertionError:
        return
