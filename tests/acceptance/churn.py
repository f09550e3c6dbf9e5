"""The soak: minutes of connects, cuts, stalls, posts, corrections, kills and restarts, and nothing grows.

The rule to remember: processes are measured when the readers have gone, and each life of a process is judged by itself.
Descriptors and tasks must be back where they were. Memory breathes, so its trend over the second half of a life counts:
1 MiB in five minutes is found. Alerts are kept for a month on purpose, so what they take is not the store's growth.
"""

import asyncio
import contextlib
import os
import random
import signal
import statistics
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import redis

from service.ending import end
from tests.acceptance.form import Figures, nothing_of, over
from tests.acceptance.gateway_figures import connections
from tests.gateway.house import request
from tests.gateway.reader import Ended, Reader
from tests.processes import System, until

PLANTS = ("leak-fd", "leak-task", "leak-memory")
FULL = {"minutes": 10.0, "round_s": 14.0, "readers": 200, "push": "auto"}
SHORT = {"minutes": 0.1, "round_s": 1.0, "readers": 40, "push": "off"}
KEPT = {
    "wire_max_revisions": 200, "history_max_alerts": 200, "idempotency_max_per_key": 200, "audit_max_entries": 1000,
}  # fmt: skip
"""Full soon, so that what is kept on purpose does not look like a leak."""
POST_EVERY_S = 0.1
RESTARTS = ("store", "gateway 1", "api")
RESTARTS_UNTIL = 0.5
"""After this share of the run nothing is restarted: every process then lives long enough to be judged."""
SAMPLES_MIN = 4
MEMORY_MAX_BYTES = 1_048_576
"""What one process may gain in the second half of a life that is long enough to have settled."""
MEMORY_MAX_UNSETTLED_BYTES = 33_554_432
SETTLED_S = 240.0
"""Allocators and caches take minutes to fill; of a shorter life only a flood is said to be a leak."""
KEPT_FOR_A_MONTH = (b"alert:*", b"versions:*")
STEADY_S = 0.3


@dataclass(frozen=True)
class Sample:
    """One process while nobody reads; `tasks` is 0 where it has no event loop that tells."""

    at_s: float
    name: str
    pid: int
    memory_bytes: int
    descriptors: int
    tasks: int


Facts = tuple[Sample, ...]


def check(facts: Facts) -> list[str]:
    """Whatever has grown."""
    wrong = []
    for name, life in _lives(facts):
        if len(life) < SAMPLES_MIN:
            continue
        warm = life[1:]  # what is opened at first need has been opened by then
        fds, tasks = (_growth([getattr(one, what) for one in warm]) for what in ("descriptors", "tasks"))
        memory, most = _gained_bytes(life), _memory_max_bytes(life)
        wrong += [f"{name} has {fds} descriptors more than it began with"] if fds > 0 else []
        wrong += [f"{name} has {tasks} tasks more than it began with"] if tasks > 0 else []
        wrong += [f"{name} gained {memory:,} bytes, more than {most:,}"] if memory > most else []
    return wrong


def _lives(facts: Facts) -> list[tuple[str, list[Sample]]]:
    """The samples of each process in their order, by name and process id."""
    lives: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    for sample in facts:
        lives[sample.name, sample.pid].append(sample)
    return [(name, life) for (name, _), life in lives.items()]


def _growth(counts: Sequence[int]) -> int:
    """By how much the least of the last third is above the most of the first."""
    third = max(1, len(counts) // 3)
    return min(counts[-third:]) - max(counts[:third])


def _gained_bytes(life: Sequence[Sample]) -> int:
    """The trend over the second half, by the median of all slopes, which no single peak can move."""
    half = life[len(life) // 2 :]
    slopes = [
        (two.memory_bytes - one.memory_bytes) / (two.at_s - one.at_s) for one, two in combinations(half, 2)
    ]  # fmt: skip
    return round(statistics.median(slopes) * (half[-1].at_s - half[0].at_s)) if slopes else 0


def _memory_max_bytes(life: Sequence[Sample]) -> int:
    return MEMORY_MAX_BYTES if life[-1].at_s - life[0].at_s >= SETTLED_S else MEMORY_MAX_UNSETTLED_BYTES


def plant(facts: Facts, fault: str) -> Facts:
    """The same with one process that keeps something of every round."""
    number = 0
    found = []
    for sample in facts:
        if sample.name == "gateway 2":
            number += 1
            match fault:
                case "leak-fd":
                    sample = replace(sample, descriptors=sample.descriptors + number)
                case "leak-task":
                    sample = replace(sample, tasks=sample.tasks + number)
                case "leak-memory":
                    sample = replace(sample, memory_bytes=sample.memory_bytes + number * MEMORY_MAX_UNSETTLED_BYTES)
        found.append(sample)
    return tuple(found)


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Everything that was to happen, and a process of each kind that lived long enough."""
    done = ("connects", "cuts", "stalls", "posts", "changes", *(f"restarts of {name}" for name in RESTARTS))
    missing = nothing_of(figures, (*done, "judged lives of the store", "judged lives of gateways"))
    return missing + (["fewer readers than asked for"] if figures["connects"] < asked["readers"] else [])


def late(figures: Figures) -> list[str]:
    """Rounds take what they take; only one that never settles is late."""
    return over(figures, {"s longest wait for quiet": 30})


def table(facts: Facts) -> str:
    """What became of each life that is judged: first → last."""
    lines = [f"{'process':<16}{'samples':>8}{'descriptors':>14}{'tasks':>12}{'memory KiB':>18}{'trend KiB':>12}"]
    for name, life in _lives(facts):
        if len(life) >= SAMPLES_MIN:
            one, two = life[0], life[-1]
            lines.append(
                f"{name:<16}{len(life):>8}{f'{one.descriptors} → {two.descriptors}':>14}"
                f"{f'{one.tasks} → {two.tasks}':>12}{f'{one.memory_bytes >> 10:,} → {two.memory_bytes >> 10:,}':>18}"
                f"{_gained_bytes(life) / 1024:>12,.0f}"
            )
    return "\n".join(lines)


class Churn:
    """A whole `up`, and everybody who comes, goes, posts and breaks."""

    def __init__(self, system: System, chance: random.Random) -> None:
        self._system = system
        self._chance = chance
        self._started_s = time.monotonic()
        self.done = Counter[str]()

    async def round(self, readers: int, for_s: float, victim: str | None) -> None:
        """So many readers and an editor for a while, and one restart in their midst."""
        doing = [asyncio.create_task(self._visit()) for _ in range(readers)]
        doing.append(asyncio.create_task(self._edit()))
        try:
            await asyncio.sleep(for_s / 2)
            if victim is not None:
                how = signal.SIGKILL if victim == "store" else signal.SIGTERM
                while not await asyncio.to_thread(self._system.signal, victim, how):
                    await asyncio.sleep(0.02)
                self.done[f"restarts of {victim}"] += 1
            await asyncio.sleep(for_s / 2)
        finally:
            await end(doing)

    async def _visit(self) -> None:
        """One who comes again and again, each time to leave in another way."""
        while True:
            with contextlib.suppress(OSError, Ended, TimeoutError):
                await self._stay(self._chance.choice(("read", "read", "cut", "stall", "knock")))
            await asyncio.sleep(self._chance.uniform(0.05, 0.5))

    async def _stay(self, how: str) -> None:
        stalls = how == "stall"
        reader = await Reader.connect(self._system.gateway_port, receive_buffer=2048 if stalls else None)
        try:
            upgrade = self._chance.random() < 0.5
            asked = request("edition=en", upgrade)
            self.done["connects"] += 1
            if how == "knock":  # gone in the middle of its request
                await reader.send(asked[: self._chance.randrange(len(asked))])
                return
            await reader.send(asked)
            await reader.read_head()
            if stalls:
                self.done["stalls"] += 1
                await asyncio.sleep(self._chance.uniform(0.5, 6))
                return
            for _ in range(self._chance.randint(1, 40)):
                await reader.next(within_s=5)
            self.done["cuts"] += how == "cut"
            if how == "cut" and upgrade:
                await reader.send(b"\x88\xff")  # half a frame
        finally:
            reader.close()

    async def _edit(self) -> None:
        serial = 0
        while True:
            serial += 1
            with contextlib.suppress(OSError):  # it is being restarted
                made = await asyncio.to_thread(self._system.post, f"Tram times {serial}", level="line")
                self.done["posts"] += 1
                if serial % 5 == 0:
                    await asyncio.to_thread(self._system.kill_alert, made["alert"]["id"])
                    self.done["changes"] += 1
            await asyncio.sleep(POST_EVERY_S)

    def measure(self) -> list[Sample]:
        """Wait until everybody is there and nothing moves any more, then look at each process."""
        found: list[list[Sample]] = [[]]

        def is_quiet() -> bool:
            with contextlib.suppress(OSError, KeyError):
                time.sleep(STEADY_S)
                found.append(self._look())
                nobody = not connections(self._system.gateway_port, self._system.api_port)
                return nobody and _counts(found[-1]) == _counts(found[-2])
            return False

        until(is_quiet, "everybody is there and quiet")
        return found[-1]

    def _look(self) -> list[Sample]:
        """Raises OSError or KeyError where a process is not there, or not ready, just now."""
        running = self._system.running() | {"up": self._system.ready["pid"]}
        if len(running) < len(self._system.ready["children"]) + 2:
            raise KeyError("somebody is missing")
        return [self._sample(name, pid) for name, pid in sorted(running.items())]

    def _sample(self, name: str, pid: int) -> Sample:
        descriptors = _descriptors(pid)  # before we ask it something, which takes one for a moment
        tasks = 0 if name in ("store", "up") else _tasks(pid)
        memory_bytes = _store_bytes(self._system.store_url) if name == "store" else _anonymous_bytes(pid)
        return Sample(time.monotonic() - self._started_s, name, pid, memory_bytes, descriptors, tasks)


def _counts(samples: Sequence[Sample]) -> list[tuple[str, int, int, int]]:
    return [(one.name, one.pid, one.descriptors, one.tasks) for one in samples]


def _descriptors(pid: int) -> int:
    """Without connections to the store, which are opened as requests coincide, kept, and bounded by their pool."""
    pooled = {f"socket:[{line.split()[6]}]" for line in Path("/proc/net/unix").read_text().splitlines()[1:]}
    return sum(os.readlink(f"/proc/{pid}/fd/{number}") not in pooled for number in os.listdir(f"/proc/{pid}/fd"))


def _store_bytes(url: str) -> int:
    """What it uses, without the alerts that it keeps for a month."""
    with redis.Redis.from_url(url) as store:
        used = int(store.info("memory")["used_memory"])
        names = [name for what in KEPT_FOR_A_MONTH for name in store.scan_iter(what, count=1000)]
        pipe = store.pipeline(transaction=False)
        for name in names:
            pipe.memory_usage(name)
        return used - sum(size or 0 for size in pipe.execute())


def _anonymous_bytes(pid: int) -> int:
    """Heap and stacks: what the libraries share with others changes with those."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Anonymous:"))


def _tasks(pid: int) -> int:
    """What a child's admin port says of its event loop; it must be ready."""
    environ = dict(line.partition(b"=")[::2] for line in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    port = int(environ[b"FLASHWIRE_ADMIN_PORT"])
    urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return next(int(float(line.split()[1])) for line in lines if line.startswith("flashwire_asyncio_tasks "))


async def observe(seed: int, minutes: float, round_s: float, readers: int, push: str) -> tuple[Facts, dict[str, float]]:
    """Rounds until the time is over, with a measurement after each; prints a table; the facts, and figures."""
    chance = random.Random(seed)
    samples: list[Sample] = []
    waits_s = [0.0]
    with (
        tempfile.TemporaryDirectory(prefix="flashwire-churn-") as folder,
        System(Path(folder), processes=2, push=push, **KEPT) as system,
    ):
        churn = Churn(system, chance)
        await churn.round(readers, min(round_s, 2.0), None)  # whoever opens something at first need has done so
        started_s = time.monotonic()
        number = 0
        while (share := (time.monotonic() - started_s) / (minutes * 60)) < 1 or number < len(RESTARTS) + SAMPLES_MIN:
            due = number < len(RESTARTS) or (number % 2 == 0 and share < RESTARTS_UNTIL)
            await churn.round(readers, round_s, RESTARTS[number % len(RESTARTS)] if due else None)
            since_s = time.monotonic()
            samples += await asyncio.to_thread(churn.measure)
            waits_s.append(time.monotonic() - since_s)
            number += 1
    facts = tuple(samples)
    print(table(facts))
    judged = Counter(name for name, life in _lives(facts) if len(life) >= SAMPLES_MIN)
    return facts, {
        **{what: churn.done[what] for what in ("connects", "cuts", "stalls", "posts", "changes")},
        **{f"restarts of {name}": churn.done[f"restarts of {name}"] for name in RESTARTS},
        "rounds": number,
        "judged lives of the store": judged["store"],
        "judged lives of gateways": judged["gateway 1"] + judged["gateway 2"],
        "s longest wait for quiet": round(max(waits_s), 1),
        "s in all": round(time.monotonic() - started_s, 1),
    }  # fmt: skip
