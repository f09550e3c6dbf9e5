"""Test 1, chaos: everything is killed while readers come and go; each reader's list equals the wire (P2, P3, P4).

The rule to remember: a page counts what it was given over all its connections, each resumed by cursor. Between where it
began and the end, that is the wire itself: nothing missing, nothing twice, nothing in another order.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import quantiles
from typing import Any

from service.ending import end
from tests.acceptance import lists
from tests.acceptance.crowd import Given, Page, all_at, all_gone, all_reading, soon
from tests.acceptance.editors import KEEPS_ALL, Editor, Told, new_key, read_all
from tests.acceptance.form import Figures, nothing_of, over
from tests.acceptance.lists import Read
from tests.processes import System

PLANTS = ("drop", "dup", "reorder", "other", "lose-ack", "twice", "began-late", "restarted")
VICTIMS = ("gateway 1", "gateway 2", "api", "store")
FULL = {"readers": 300, "alerts": 1900, "per_s": 40.0, "kills": 12, "deliveries": 500_000}
SHORT = {"readers": 60, "alerts": 240, "per_s": 40.0, "kills": 6, "deliveries": 10_000}
EDITORS = 4
CUT_EVERY_S = 4.0
"""How long a page keeps a connection, on average."""


@dataclass(frozen=True)
class Facts:
    """The wire from its first entry to its last, what editors were told, and what pages have read."""

    wire: tuple[Given, ...]
    told: tuple[Told, ...]
    pages: tuple[Read, ...]


def check(facts: Facts) -> list[str]:
    """What is broken; empty if every list is the wire's own."""
    wrong = []
    places = {given.cursor: place for place, given in enumerate(facts.wire)}
    if [cursor.split(":")[1] for cursor in places] != [str(offset) for offset in range(1, len(facts.wire) + 1)]:
        wrong.append("the wire's offsets are not 1, 2, 3 …")
    if len({cursor.split(":")[0] for cursor in places}) > 1:
        wrong.append("the wire has had more than one life")
    for told in facts.told:
        place = places.get(f"{told.epoch}:{told.offset}")
        if place is None or facts.wire[place].id != told.id:
            wrong.append(f"{told.token} was acknowledged and is not there")
    if len(facts.told) != len(facts.wire):
        wrong.append(f"{len(facts.told)} alerts were acknowledged, {len(facts.wire)} stand on the wire")
    for number, page in enumerate(facts.pages):
        wrong += [f"page {number}: {why}" for why in page.differs(facts.wire)]
    return wrong


def plant(facts: Facts, fault: str) -> Facts:
    """The same facts with a fault in the middle of a page, or of the wire."""
    pages, told, wire = list(facts.pages), list(facts.told), list(facts.wire)
    page = pages[len(pages) // 2]
    got = list(page.got)
    middle = len(got) // 2
    match fault:
        case "drop":
            del got[middle]
        case "dup":
            got.insert(middle, got[middle])
        case "reorder":
            got[middle], got[middle + 1] = got[middle + 1], got[middle]
        case "other":
            got[middle] = got[middle]._replace(id="0" * 26)
        case "lose-ack":
            told.append(replace(told[-1], offset=len(wire) + 1))
        case "twice":
            del told[middle]
        case "began-late":
            page = replace(page, begins_after=got[middle].cursor)
        case "restarted":
            page = replace(page, firsts=(*page.firsts, "snapshot trimmed"))
    pages[len(pages) // 2] = replace(page, got=tuple(got))
    return Facts(tuple(wire), tuple(told), tuple(pages))


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Each victim, enough cuts, enough deliveries."""
    missing = nothing_of(figures, [f"kills of {victim}" for victim in VICTIMS])
    missing += ["hardly a page came back"] if figures["connections"] < 2 * figures["pages"] else []
    return missing + (["fewer deliveries than asked for"] if figures["deliveries"] < asked["deliveries"] else [])


def late(figures: Figures) -> list[str]:
    """P99 from the alert's own time to the page, outages included."""
    return over(figures, {"s p99 from the desk to a page": 1.0, "s in all": 120})


async def observe(
    seed: int, readers: int, alerts: int, per_s: float, kills: int, deliveries: int
) -> tuple[Facts, dict[str, float]]:
    """Readers come and go and editors post while one process after the other is killed; then all catch up."""
    del deliveries
    chance = random.Random(seed)
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(kills)]
    chance.shuffle(victims)
    started_s = time.monotonic()
    told: list[Told] = []
    killed: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder,
        System(Path(folder), processes=2, **KEEPS_ALL) as system,
    ):
        pages = [Page(system.gateway_port, number, soon(chance)) for number in range(readers)]
        for page in pages:
            page.begin()
        await all_reading(pages)
        cutting = asyncio.create_task(_cut(pages, chance))
        posting = [_post(system, told, number, alerts, per_s) for number in range(EDITORS)]
        await asyncio.gather(_sabotage(system, victims, killed, told, alerts), *posting)
        await end([cutting])
        entries = await read_all(system)
        await all_at(pages, f"{entries[-1][0]}:{entries[-1][1].offset}")
        await all_gone(pages)
    wire = lists.wire(entries)
    took = lists.took_s(pages, lists.made_s(entries))
    reads = tuple(map(lists.read, pages))
    return Facts(wire, tuple(told), reads), {
        "pages": readers,
        "connections": sum(len(page.firsts) for page in pages),
        "alerts": len(wire),
        "deliveries": len(took),
        **{f"kills of {victim}": killed.count(victim) for victim in VICTIMS},
        "s p99 from the desk to a page": round(quantiles(took, n=100)[-1], 3),
        "s in all": round(time.monotonic() - started_s, 1),
    }


async def _cut(pages: list[Page], chance: random.Random) -> None:
    while True:
        await asyncio.sleep(CUT_EVERY_S / len(pages))
        chance.choice(pages).cut()


async def _post(system: System, told: list[Told], number: int, alerts: int, per_s: float) -> None:
    editor, serial = Editor(system), 0
    began_s = time.monotonic()
    while len(told) < alerts:
        told.append(await editor.post(f"Ferry times {number}-{serial}", new_key()))
        serial += 1
        await asyncio.sleep(max(0.0, began_s + serial * EDITORS / per_s - time.monotonic()))
    await editor.close()


async def _sabotage(system: System, victims: list[str], killed: list[str], told: list[Told], alerts: int) -> None:
    for number, victim in enumerate(victims, 1):
        while len(told) < number * alerts // (len(victims) + 1):
            await asyncio.sleep(0.01)
        while not await asyncio.to_thread(system.end, victim):
            await asyncio.sleep(0.02)  # it is being replaced just now
        killed.append(victim)
