"""Test 4, forked history: the store is exchanged under everybody, and nobody takes one history for the other.

The rule to remember: API and gateways reach the store through one path, behind which we put whatever a bad night may:
a stale replica, an emptied store, an empty disk, an old one. Each reader gets a snapshot and ends equal to the history;
whoever was away with a cursor of the old life is never resumed.
"""

import asyncio
import contextlib
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.acceptance.form import Figures, nothing_of, over
from tests.acceptance.night import EVENTS, HISTORY, TOLD_WITHIN_S, Night
from tests.gateway.house import request
from tests.gateway.reader import Ended, Reader

PLANTS = ("no-snapshot", "wrong-reason", "resumed", "old-epoch", "gap", "differs")
FULL = {"readers": 300, "rounds": 2}
SHORT = {"readers": 30, "rounds": 1}
AWAY = 6
"""Readers who are away while it happens, and come back with their cursors."""
SEEN, AFTER = 4, 3
"""Alerts before an event, and after it."""
SNAPSHOT = 10
"""Alerts that a reader gets who did not ask for a snapshot."""
TOLD_MAX_S = 3.0


@dataclass(frozen=True)
class Came:
    """A message without its content: what, where, and how long after the event."""

    what: str
    epoch: str
    offset: int
    after_s: float


@dataclass(frozen=True)
class Case:
    """What one reader got since an event, and what is shown to it in the end: ids and versions, and the history's,
    newest first.
    """

    event: str
    was_away: bool
    before: str
    came: tuple[Came, ...]
    shown: tuple[tuple[str, int], ...]
    history: tuple[tuple[str, int], ...]


def check(cases: Sequence[Case]) -> list[str]:
    """What is wrong; empty if everybody was told, nobody was resumed, and all see the same."""
    return [f"{case.event}, {'away' if case.was_away else 'live'}: {why}" for case in cases for why in _wrong(case)]


def _wrong(case: Case) -> list[str]:
    first = next((number for number, came in enumerate(case.came) if came.what.startswith("snapshot")), None)
    if first is None:
        return ["no snapshot came"]
    wrong = []
    head, *rest = case.came[first:]
    if head.what != "snapshot epoch":
        wrong.append(f"{head.what} came")
    # a gateway that has not heard of it yet may still go on with the old life
    wrong += [f"{came.what} came first" for came in case.came[:first] if came.epoch != case.before]
    if head.epoch == case.before:
        wrong.append("the epoch is the old one")
    for came in rest:
        if came.what == "snapshot epoch":  # yet another life
            head = came
        elif (came.epoch, came.offset) != (head.epoch, head.offset + 1):
            wrong.append(f"after {head.epoch}:{head.offset} came {came.epoch}:{came.offset}")
        head = came
    newest, everything, shown = set(case.history[:SNAPSHOT]), set(case.history), set(case.shown)
    if not newest <= shown <= everything:
        wrong.append(f"is shown and should not be: {shown - everything}; should be and is not: {newest - shown}")
    return wrong


def plant(cases: Sequence[Case], fault: str) -> list[Case]:
    """The same with a fault in one that can have it."""
    away = fault == "resumed"
    number = next(n for n, case in enumerate(cases) if case.was_away == away and len(case.came) > (0 if away else 2))
    case = cases[number]
    at = next(n for n, came in enumerate(case.came) if came.what == "snapshot epoch")
    came = list(case.came)
    match fault:
        case "no-snapshot":
            del came[at]
        case "wrong-reason":
            came[at] = replace(came[at], what="snapshot cold")
        case "resumed":
            came[at] = replace(came[at], what="resumed")
        case "old-epoch":
            came = [replace(one, epoch=case.before) for one in came]
        case "gap":
            del came[-2]
        case "differs":
            return [*cases[:number], replace(case, shown=case.shown[:-1]), *cases[number + 1 :]]
    return [*cases[:number], replace(case, came=tuple(came)), *cases[number + 1 :]]


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Each event, for every reader."""
    missing = nothing_of(figures, EVENTS)
    wanted = asked["rounds"] * len(EVENTS) * (asked["readers"] + AWAY)
    return missing + (["fewer cases than asked for"] if figures["cases"] != wanted else [])


def late(figures: Figures) -> list[str]:
    """Everybody is told soon after the other store answers."""
    return over(figures, {"s until the last was told": TOLD_MAX_S, "s in all": 120})


class Follower:
    """A reader who shows what comes, and comes back with its cursor."""

    def __init__(self, port: int, encoding: str) -> None:
        self._port, self._encoding = port, encoding
        self.cursor: str | None = None
        self.came: list[tuple[float, dict[str, Any]]] = []
        self._shown: dict[str, tuple[int, bool]] = {}
        self._reading: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._reading = asyncio.create_task(self._follow())

    async def leave(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading

    def shown(self) -> tuple[tuple[str, int], ...]:
        """Ids and versions."""
        return tuple((id_, version) for id_, (version, visible) in self._shown.items() if visible)

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(OSError, Ended, TimeoutError):
                await self._read()
            await asyncio.sleep(0.05)

    async def _read(self) -> None:
        reader = await Reader.connect(self._port)
        try:
            query = f"edition=en&limit={HISTORY}" + (f"&after={self.cursor}" if self.cursor else "")
            await reader.send(request(query, upgrade=self._encoding == "websocket"))
            await reader.read_head()
            while True:
                self._take(await reader.next(within_s=TOLD_WITHIN_S))
        finally:
            reader.close()

    def _take(self, message: dict[str, Any]) -> None:
        if "cursor" not in message:
            return
        if message["type"] == "heartbeat":
            return
        self.came.append((time.monotonic(), message))
        self.cursor = message["cursor"]
        if message["type"] == "snapshot":
            self._shown = {}
        for alert in message["alerts"] if message["type"] == "snapshot" else [message.get("alert")]:
            if alert is not None and alert["version"] > self._shown.get(alert["id"], (0, True))[0]:
                self._shown[alert["id"]] = (alert["version"], "undone" not in alert["signals"])


async def observe(seed: int, readers: int, rounds: int) -> tuple[list[Case], dict[str, float]]:
    """Every event in any order, each between alerts; the cases, and figures for a person."""
    chance = random.Random(seed)
    started_s = time.monotonic()
    cases: list[Case] = []
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder:
        night = Night(Path(folder))
        try:
            for _ in range(rounds):
                for event in chance.sample(EVENTS, len(EVENTS)):
                    cases += await _observe_one(night, event, readers)
        finally:
            night.close()
    told = [came.after_s for case in cases if not case.was_away for came in case.came if came.what == "snapshot epoch"]
    return cases, {
        "cases": len(cases),
        **{event: sum(case.event == event for case in cases) for event in EVENTS},
        "s until the last was told": round(max(told, default=0.0), 2),
        "s in all": round(time.monotonic() - started_s, 1),
    }


async def _observe_one(night: Night, event: str, readers: int) -> list[Case]:
    followers = [Follower(night.system.gateway_port, ("websocket", "sse")[n % 2]) for n in range(readers + AWAY)]
    for follower in followers:
        follower.begin()
    try:
        await night.post(SEEN)
        before = (await night.history())[0]
        await _until_all(followers, before)
        away = followers[readers:]
        for follower in away:
            await follower.leave()
        counts = [len(follower.came) for follower in followers]
        happened_s = await night.happen(event)
        await night.post(AFTER)
        await _until_epoch_is_not(night, before.split(":")[0])
        for follower in away:
            follower.begin()
        cursor, history = await night.history()
        with contextlib.suppress(AssertionError):  # who is missing is the checker's to say
            await _until_all(followers, cursor)
        return [
            Case(
                event, follower in away, before.split(":")[0], _since(follower, count, happened_s, before, away),
                follower.shown(), history,
            )
            for follower, count in zip(followers, counts, strict=True)
        ]  # fmt: skip
    finally:
        for follower in followers:
            await follower.leave()


def _since(
    follower: Follower, count: int, happened_s: float, before: str, away: Sequence[Follower]
) -> tuple[Came, ...]:
    """What came since the event; the last alerts of the old life may have come just before it was noticed."""
    found = []
    for at_s, message in follower.came[count:]:
        epoch, offset = message["cursor"].split(":")
        what = f"snapshot {message['reason']}" if message["type"] == "snapshot" else message["type"]
        if follower in away or epoch != before.split(":")[0] or at_s > happened_s:
            found.append(Came(what, epoch, int(offset), round(at_s - happened_s, 2)))
    return tuple(found)


async def _until_epoch_is_not(night: Night, epoch: str) -> None:
    deadline_s = time.monotonic() + TOLD_WITHIN_S
    while (await night.history())[0].split(":")[0] == epoch:
        assert time.monotonic() < deadline_s, "the epoch is not changed"
        await asyncio.sleep(0.05)


async def _until_all(followers: Sequence[Follower], cursor: str) -> None:
    deadline_s = time.monotonic() + TOLD_WITHIN_S
    while any(follower.cursor != cursor for follower in followers):
        assert time.monotonic() < deadline_s, f"not everybody stands at {cursor}"
        await asyncio.sleep(0.02)
