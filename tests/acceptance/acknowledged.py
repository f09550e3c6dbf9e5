"""Test 2, acknowledged survives: whatever is killed, each 201 stands on the wire, once, at its place.

The rule to remember: the checker is a pure function over recorded facts, and each fault planted in them must be found.
"""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.acceptance.editors import KEEPS_ALL, Editor, Told, new_key, read_all
from tests.acceptance.form import Figures, nothing_of, over
from tests.processes import System

PLANTS = ("drop", "lose-ack", "dup", "hole", "reorder", "twice", "unmarked", "fork")
ASKED_AGAIN = 0.05
"""The share of accepted posts that is repeated all the same, as by a client that did not hear the answer."""
FULL = {"kills": 10, "alerts": 20_000, "publishers": 8}
SHORT = {"kills": 3, "alerts": 600, "publishers": 8}


@dataclass(frozen=True)
class Entry:
    """What stands on the wire in the end."""

    epoch: str
    offset: int
    id: str
    token: str


@dataclass(frozen=True)
class Facts:
    """All answers in the order in which each publisher had them, and the wire from its first entry to its last."""

    told: tuple[Told, ...]
    wire: tuple[Entry, ...]


def check(facts: Facts) -> list[str]:
    """What is broken; empty if every acknowledged alert is on the wire exactly once and offsets have no hole."""
    wrong = []
    if [entry.offset for entry in facts.wire] != list(range(1, len(facts.wire) + 1)):
        wrong.append("the wire's offsets are not 1, 2, 3 …")
    if len({entry.epoch for entry in facts.wire}) > 1:
        wrong.append("the wire has more than one life")
    at = {(entry.epoch, entry.offset): entry for entry in facts.wire}
    times = Counter(entry.token for entry in facts.wire)
    wrong += [f"{token} stands {count} times on the wire" for token, count in times.items() if count > 1]
    wrong += [f"id {id_} stands for {count} alerts" for id_, count in _doubles(facts.wire) if count > 1]
    first: dict[str, Told] = {}
    for told in facts.told:
        before = first.setdefault(told.token, told)
        found = at.get((told.epoch, told.offset))
        if told.token not in times:
            wrong.append(f"{told.token} was acknowledged and is lost")
        elif found is None or (found.id, found.token) != (told.id, told.token):
            wrong.append(f"{told.token} was acknowledged at {told.offset} and is not there")
        if before is not told and (before.id, before.offset) != (told.id, told.offset):
            wrong.append(f"{told.token} was answered differently when asked again")
        if before is not told and not told.replayed:
            wrong.append(f"{told.token} was done again when asked again")
    return wrong + [f"nobody was told of {token}" for token in times if token not in first]


def _doubles(wire: Sequence[Entry]) -> list[tuple[str, int]]:
    return list(Counter(entry.id for entry in wire).items())


def plant(facts: Facts, fault: str) -> Facts:
    """The same facts with a fault in the middle."""
    wire, told = list(facts.wire), list(facts.told)
    middle = len(wire) // 2
    again = next(place for place, answer in enumerate(told) if answer.token in {one.token for one in told[:place]})
    match fault:
        case "drop":
            del wire[middle]
        case "lose-ack":  # as if it had never been: later ones moved up, and their publishers were told so
            lost = wire.pop(middle)
            wire[middle:] = [replace(entry, offset=entry.offset - 1) for entry in wire[middle:]]
            told = [replace(one, offset=one.offset - (one.offset > lost.offset)) for one in told]
        case "dup":
            wire.append(replace(wire[middle], offset=len(wire) + 1))
        case "hole":  # nothing is lost, an offset is left out
            lift = wire[middle].offset
            wire[middle:] = [replace(entry, offset=entry.offset + 1) for entry in wire[middle:]]
            told = [replace(one, offset=one.offset + (one.offset >= lift)) for one in told]
        case "reorder":
            one, two = wire[middle], wire[middle + 1]
            wire[middle], wire[middle + 1] = replace(two, offset=one.offset), replace(one, offset=two.offset)
        case "twice":  # a repetition made a second alert
            made = replace(wire[-1], offset=len(wire) + 1, id="0" * 26, token=told[again].token)
            wire.append(made)
            told[again] = replace(told[again], id=made.id, offset=made.offset)
        case "unmarked":
            told[again] = replace(told[again], replayed=False)
        case "fork":
            wire[middle:] = [replace(entry, epoch="another") for entry in wire[middle:]]
            told = [replace(one, epoch="another" if one.offset > middle else one.epoch) for one in told]
    return replace(facts, told=tuple(told), wire=tuple(wire))


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Kills, alerts and repetitions that were to be."""
    wrong = nothing_of(figures, ("kills of the api", "kills of the store", "repetitions answered the same"))
    if figures["kills of the api"] + figures["kills of the store"] < asked["kills"]:
        wrong.append("fewer kills than asked for")
    return wrong + (["fewer alerts than asked for"] if figures["acknowledged"] < asked["alerts"] else [])


def late(figures: Figures) -> list[str]:
    """It is to end in time."""
    return over(figures, {"s in all": 120})


async def observe(seed: int, kills: int, alerts: int, publishers: int) -> tuple[Facts, dict[str, float]]:
    """Publish under kill -9 of API and store, spread over the whole run; the facts, and figures for a person."""
    chance = random.Random(seed)
    victims = [("api", "store")[number % 2] for number in range(kills)]
    chance.shuffle(victims)
    due = sorted(chance.randint(alerts // (4 * kills), alerts) for _ in victims)
    told: list[Told] = []
    answered_s: list[float] = []
    accepted = 0
    killed: list[str] = []

    async def publish(system: System, number: int) -> None:
        nonlocal accepted
        editor = Editor(system)
        serial = 0
        while accepted < alerts or len(killed) < kills:
            token, key = f"Harbour report {number}-{serial}", new_key()
            told.append(await editor.post(token, key))
            answered_s.append(time.monotonic())
            accepted += 1
            serial += 1
            if chance.random() < ASKED_AGAIN:
                told.append(await editor.post(token, key))
        await editor.close()

    async def sabotage(system: System) -> None:
        for after, victim in zip(due, victims, strict=True):
            while accepted < after or not await asyncio.to_thread(system.end, victim):
                await asyncio.sleep(0.005)
            killed.append(victim)

    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder, System(Path(folder), **KEEPS_ALL) as up:
        await asyncio.gather(sabotage(up), *(publish(up, number) for number in range(publishers)))
        entries = await read_all(up)
    wire = tuple(Entry(epoch, one.offset, one.alert.id, one.alert.headline or "") for epoch, one in entries)
    pauses_s = [later - earlier for earlier, later in pairwise(answered_s)]
    figures = {
        "acknowledged": accepted,
        "repetitions answered the same": len(told) - accepted,
        "kills of the api": killed.count("api"),
        "kills of the store": killed.count("store"),
        "on the wire": len(wire),
        "s longest pause": round(max(pauses_s), 2),
        "s in all": round(time.monotonic() - started_s, 1),
    }
    return Facts(tuple(told), wire), figures
