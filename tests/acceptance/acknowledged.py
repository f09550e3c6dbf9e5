"""Test 2, acknowledged survives: whatever is killed, each 201 stands on the wire, once, at its place.

The rule to remember: the checker is a pure function over recorded facts, and each fault planted in them must be found.
"""

import asyncio
import random
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from tests.acceptance.system import System

PLANTS = ("lose-ack", "dup", "hole", "reorder")


@dataclass(frozen=True)
class Acknowledged:
    """What a publisher was told: its token, the alert's id, and the place on the wire."""

    token: str
    id: str
    offset: int


@dataclass(frozen=True)
class Entry:
    """What stands on the wire in the end."""

    offset: int
    id: str
    token: str


@dataclass(frozen=True)
class Facts:
    acknowledged: tuple[Acknowledged, ...]
    wire: tuple[Entry, ...]


def check(facts: Facts) -> list[str]:
    """What is broken; empty if every acknowledged alert is on the wire exactly once and offsets have no hole."""
    wrong = []
    offsets = [entry.offset for entry in facts.wire]
    if offsets != list(range(1, len(offsets) + 1)):
        wrong.append("the wire's offsets are not 1, 2, 3 …")
    at = {entry.offset: entry for entry in facts.wire}
    tokens: dict[str, int] = {}
    for entry in facts.wire:
        tokens[entry.token] = tokens.get(entry.token, 0) + 1
    wrong += [f"{token} stands {times} times on the wire" for token, times in tokens.items() if times > 1]
    for told in facts.acknowledged:
        there = at.get(told.offset)
        if told.token not in tokens:
            wrong.append(f"{told.token} was acknowledged and is lost")
        elif there is None or (there.id, there.token) != (told.id, told.token):
            wrong.append(f"{told.token} was acknowledged at {told.offset} and is not there")
    return wrong


def plant(facts: Facts, fault: str) -> Facts:
    """The same facts with a fault in the middle."""
    wire = list(facts.wire)
    middle = len(wire) // 2
    match fault:
        case "lose-ack":  # as if it had never been: later ones moved up
            wire = wire[:middle] + [replace(entry, offset=entry.offset - 1) for entry in wire[middle + 1 :]]
        case "dup":
            wire.append(replace(wire[middle], offset=len(wire) + 1))
        case "hole":
            del wire[middle]
        case "reorder":
            one, two = wire[middle], wire[middle + 1]
            wire[middle], wire[middle + 1] = replace(two, offset=one.offset), replace(one, offset=two.offset)
        case _:
            raise ValueError(f"no such fault: {fault}; there are {', '.join(PLANTS)}")
    return replace(facts, wire=tuple(wire))


async def observe(seed: int, kills: int, alerts: int, publishers: int = 8) -> tuple[Facts, dict[str, float]]:
    """Publish under kill -9 of API and store; the facts, and figures for a person."""
    chance = random.Random(seed)
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder:
        system = System(Path(folder))
        await system.start()
        told: list[Acknowledged] = []
        killed = 0

        async def publish(number: int) -> None:
            serial = 0
            while len(told) < alerts or killed < kills:
                token = f"Harbour report {number}-{serial}"
                answer = await system.post(token)
                told.append(Acknowledged(token, answer["alert"]["id"], int(answer["cursor"].split(":")[1])))
                serial += 1

        async def sabotage() -> None:
            nonlocal killed
            while killed < kills:
                await asyncio.sleep(0.4 + chance.random())
                killed += system.kill(chance.choice(("api", "store")))

        await asyncio.gather(sabotage(), *(publish(number) for number in range(publishers)))
        wire = tuple(Entry(e["offset"], e["id"], e["headline"]) for e in await system.wire())
        await system.stop()
    figures = {"acknowledged": len(told), "kills": killed, "seconds": round(time.monotonic() - started_s, 1)}
    return Facts(tuple(told), wire), figures
