"""Test 3, power cut: what was answered 201 was on the disk before, or it was not answered.

The rule to remember: the same run with `everysec` must lose something, or the cut is none. A power cut is a kill -9
that also takes back every byte of the log that no finished sync had reached (tests/tracing.py).
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from config.settings import VALKEY_CONF
from service.domain.revision import Revision
from service.ending import end
from service.store import embedded
from service.store.connection import for_commands
from service.store.keys import WireName
from service.store.stream import read_wire
from tests.acceptance import acknowledged
from tests.acceptance.acknowledged import Entry
from tests.acceptance.editors import KEEPS_ALL, Editor, Told, new_key
from tests.acceptance.form import Figures, nothing_of, over
from tests.processes import System
from tests.tracing import TracedStore

PLANTS = ("drop", "lose-ack", "dup", "hole", "answered-early", "tame-cut")
FULL = {"rounds": 5, "control_rounds": 2, "alerts": 1200}
SHORT = {"rounds": 2, "control_rounds": 2, "alerts": 150}
PUBLISHERS = 8
ASKED_AGAIN = 0.05
DEADLINE_S = 60.0


@dataclass(frozen=True)
class Facts:
    """What was acknowledged and what stands in the end; answers that the store gave before it had synced; and how many
    acknowledged alerts the control lost.
    """

    kept: acknowledged.Facts
    answers_before_sync: int
    lost_by_control: int


def check(facts: Facts) -> list[str]:
    """What is broken: an acknowledged alert that is gone, an answer before its sync, or a cut that cuts nothing."""
    wrong = acknowledged.check(facts.kept)
    if facts.answers_before_sync:
        wrong.append(f"{facts.answers_before_sync} answers were sent before what they tell of was synced")
    if not facts.lost_by_control:
        wrong.append("with everysec nothing was lost either: this cut proves nothing")
    return wrong


def plant(facts: Facts, fault: str) -> Facts:
    """The same with a fault."""
    match fault:
        case "answered-early":
            return replace(facts, answers_before_sync=1)
        case "tame-cut":
            return replace(facts, lost_by_control=0)
        case _:
            return replace(facts, kept=acknowledged.plant(facts.kept, fault))


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Every cut, and enough that could have been lost."""
    wrong = nothing_of(figures, ("syncs", "answers of the store", "bytes cut in the control"))
    if figures["cuts"] != asked["rounds"] + asked["control_rounds"]:
        wrong.append("fewer cuts than asked for")
    return wrong + (["fewer alerts than asked for"] if figures["acknowledged"] < asked["alerts"] else [])


def late(figures: Figures) -> list[str]:
    """It is to end in time."""
    return over(figures, {"s in all": 120})


class Site:
    """A store under a trace, an `up` that uses it, and publishers who go on whatever happens."""

    def __init__(self, folder: Path, chance: random.Random, *options: str, **settings: object) -> None:
        self._folder, self._chance, self._options = folder / "traced", chance, options
        self._folder.mkdir(parents=True)
        (self._server, *_) = embedded.find_servers(os.environ)
        self.store = self._start()
        url = embedded.url(self._folder)
        self.system = System(folder, redis_url=url, **KEEPS_ALL, **settings)
        self.told: list[Told] = []
        self.ending = False
        self.cuts = self.bytes_cut = self.syncs = self.answers = self.answers_before_sync = 0

    def _start(self) -> TracedStore:
        return TracedStore(self._server, self._folder, VALKEY_CONF, *self._options)

    def close(self) -> None:
        self.system.close()
        self.store.end()

    async def publish(self, number: int) -> None:
        """Until `ending` is set; the last one is asked for until it is answered."""
        editor, serial = Editor(self.system), 0
        try:
            while not self.ending:
                token, key = f"Harbour report {number}-{self.cuts}-{serial}", new_key()
                self.told.append(await editor.post(token, key))
                if self._chance.random() < ASKED_AGAIN:
                    self.told.append(await editor.post(token, key))
                serial += 1
        finally:
            await editor.close()

    async def until_told(self, count: int) -> None:
        deadline_s = time.monotonic() + DEADLINE_S
        while len(self.told) < count:
            assert time.monotonic() < deadline_s, f"{len(self.told)} of {count} were accepted"
            await asyncio.sleep(0.005)

    async def cut(self) -> None:
        """The power fails, comes back, and the store starts on what is left."""
        self.bytes_cut += await asyncio.to_thread(self.store.cut)
        trace = self.store.trace
        self.cuts += 1
        self.syncs += trace.syncs
        self.answers += trace.answers
        self.answers_before_sync += trace.answers_before_sync
        self.store = await asyncio.to_thread(self._start)

    async def wire(self) -> tuple[Entry, ...]:
        store = for_commands(embedded.url(self._folder), 5.0)
        try:
            entries = await read_wire(store, WireName("en"), 0)
        finally:
            await store.aclose()
        found = [(epoch, entry) for epoch, entry in entries if isinstance(entry, Revision)]
        return tuple(Entry(epoch, one.offset, one.alert.id, one.alert.headline or "") for epoch, one in found)


async def observe(seed: int, rounds: int, control_rounds: int, alerts: int) -> tuple[Facts, dict[str, float]]:
    """Publish and cut the power, with `always` and then with `everysec`; the facts, and figures."""
    chance = random.Random(seed)
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as name:
        site = Site(Path(name) / "always", chance)
        try:
            publishing = [asyncio.create_task(site.publish(number)) for number in range(PUBLISHERS)]
            for _ in range(rounds):
                await site.until_told(len(site.told) + alerts // rounds)
                await asyncio.sleep(chance.uniform(0, 0.05))
                await site.cut()
            await site.until_told(len(site.told) + 2 * PUBLISHERS)  # those in flight are asked again
            site.ending = True
            await asyncio.gather(*publishing)
            wire = await site.wire()
        finally:
            await asyncio.to_thread(site.close)
        control = Site(Path(name) / "control", chance, "--appendfsync", "everysec", durability="relaxed")
        try:
            lost = [await _control(control, alerts // rounds) for _ in range(control_rounds)]
        finally:
            await asyncio.to_thread(control.close)
    facts = Facts(acknowledged.Facts(tuple(site.told), wire), site.answers_before_sync, sum(lost))
    return facts, {
        "cuts": site.cuts + control.cuts,
        "acknowledged": len(site.told),
        "on the wire": len(wire),
        "bytes cut": site.bytes_cut,
        "syncs": site.syncs,
        "answers of the store": site.answers,
        "acknowledged in the control": len(control.told),
        "lost by the control": sum(lost),
        "bytes cut in the control": control.bytes_cut,
        "answers before their sync in the control": control.answers_before_sync,
        "s in all": round(time.monotonic() - started_s, 1),
    }


async def _control(site: Site, alerts: int) -> int:
    """One round with `everysec`: how many acknowledged alerts are gone."""
    site.told.clear()
    publishing = [asyncio.create_task(site.publish(number)) for number in range(PUBLISHERS)]
    await site.until_told(alerts)
    await end(publishing)  # nobody asks again: what was acknowledged is compared with what is left
    await site.cut()
    stand = {entry.token for entry in await site.wire()}
    return sum(told.token not in stand for told in site.told)
