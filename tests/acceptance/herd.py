"""Test 8, the cold herd: both gateways die with all their readers, who come back at once to empty processes (P3, P10).

The rule to remember: a gateway answers from memory, so those who come back cost the store nothing; what its own start
costs is measured by the same death without readers.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from service.store.connection import for_commands
from tests.acceptance import lists
from tests.acceptance.crowd import Given, Page, all_at, all_gone, all_reading, jittered
from tests.acceptance.editors import Editor, new_key, read_all
from tests.acceptance.form import Figures, over
from tests.acceptance.lists import Read
from tests.processes import System

PLANTS = ("drop", "dup", "restarted", "asked-the-store")
FULL = {"readers": 1000, "behind": 2000}
SHORT = {"readers": 150, "behind": 300}
EDITORS = 8
COMMANDS_MAX = 50
GATEWAYS = ("gateway 1", "gateway 2")
CALM_S = 1.0


@dataclass(frozen=True)
class Facts:
    """The wire, what everybody read over both connections, and the store's commands with readers and without."""

    wire: tuple[Given, ...]
    pages: tuple[Read, ...]
    commands: int
    commands_without: int


def check(facts: Facts) -> list[str]:
    """What is broken; empty if everybody has the exact suffix, and the store noticed nobody."""
    more = facts.commands - facts.commands_without
    wrong = [f"{more} commands of the store were for readers"] if more > COMMANDS_MAX else []
    return wrong + [f"page {n}: {why}" for n, page in enumerate(facts.pages) for why in page.differs(facts.wire)]


def plant(facts: Facts, fault: str) -> Facts:
    """The same facts with a fault in them."""
    if fault == "asked-the-store":
        return replace(facts, commands=facts.commands_without + len(facts.pages))
    pages = list(facts.pages)
    number = max(range(len(pages)), key=lambda n: len(pages[n].got))
    got = list(pages[number].got)
    match fault:
        case "drop":
            del got[len(got) // 2]
        case "dup":
            got.insert(len(got) // 2, got[len(got) // 2])
        case "restarted":
            pages[number] = replace(pages[number], firsts=("snapshot cold", "snapshot trimmed"))
    pages[number] = replace(pages[number], got=tuple(got))
    return replace(facts, pages=tuple(pages))


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Everybody came back, some from far behind."""
    far = figures["furthest behind"] >= asked["behind"] * 0.9
    return [
        *(["not all came back"] if figures["came back"] != asked["readers"] else []),
        *([] if far else ["nobody was far behind"]),
    ]


def late(figures: Figures) -> list[str]:
    """All are back soon after both died."""
    return over(figures, {"s until all had everything": 15, "s in all": 120})


async def observe(seed: int, readers: int, behind: int) -> tuple[Facts, dict[str, float]]:
    """Readers leave one by one while editors post; then both gateways die, and all come back."""
    chance = random.Random(seed)
    started_s = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder,
        System(Path(folder), processes=2, history_max_alerts=1_000_000) as system,
    ):
        pages = [Page(system.gateway_port, number, _away) for number in range(readers)]
        for page in pages:
            page.begin()
        await all_reading(pages)
        await _leave_while_posting(system, pages, behind)
        entries = await read_all(system)
        newest = f"{entries[-1][0]}:{entries[-1][1].offset}"
        furthest = max(len(entries) - int(page.cursor.split(":")[1]) for page in pages)
        before, died_s = await _commands(system), time.monotonic()
        await _kill_both(system)
        for page in pages:
            page.come_back(jittered(chance))
        took_s = await all_at(pages, newest)
        await asyncio.sleep(CALM_S)
        commands, lasted_s = await _commands(system) - before, time.monotonic() - died_s
        back = sum(len(page.firsts) > 1 for page in pages)
        await all_gone(pages)
        before = await _commands(system)
        await _kill_both(system)
        await asyncio.sleep(lasted_s)
        commands_without = await _commands(system) - before
    facts = Facts(lists.wire(entries), tuple(map(lists.read, pages)), commands, commands_without)
    return facts, {
        "readers": readers,
        "came back": back,
        "furthest behind": furthest,
        "commands of the store": commands,
        "commands without readers": commands_without,
        "s until all had everything": round(took_s, 1),
        "s in all": round(time.monotonic() - started_s, 1),
    }


def _away(_: Page) -> None:
    """Whoever has left comes back when told to."""


async def _leave_while_posting(system: System, pages: Sequence[Page], count: int) -> None:
    posted = 0

    async def post(number: int) -> None:
        nonlocal posted
        editor = Editor(system)
        while posted < count:
            posted += 1
            for page in pages[(posted - 1) * len(pages) // count : posted * len(pages) // count]:
                page.cut()
            await editor.post(f"Ferry times {number}-{posted}", new_key())
        await editor.close()

    await asyncio.gather(*(post(number) for number in range(EDITORS)))


async def _kill_both(system: System) -> None:
    for gateway in GATEWAYS:
        while not await asyncio.to_thread(system.end, gateway):
            await asyncio.sleep(0.02)


async def _commands(system: System) -> int:
    """How many commands the store has carried out, our own question left out."""
    store = for_commands(system.store_url, 5.0)
    try:
        stats = await store.info("commandstats")
    finally:
        await store.aclose()
    return sum(
        int(found["calls"]) for name, found in stats.items() if not str(name).endswith(("_info", "_client|setinfo"))
    )
