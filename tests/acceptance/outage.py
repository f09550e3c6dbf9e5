"""Test 12, the store paused, stopped, slow, full, out of memory, torn and damaged: a pause, and nothing else (P1, P11).

The rule to remember: readers keep their sockets and are told, editors get 503 and are asked to come again, what was
answered 201 stands, and no process but the store is ever started again.
"""

import asyncio
import contextlib
import math
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import redis

from service.ending import end
from service.store import embedded
from tests.acceptance import acknowledged
from tests.acceptance.acknowledged import Entry
from tests.acceptance.editors import KEEPS_ALL, Editor, Told, new_key, read_all
from tests.acceptance.form import Figures, nothing_of, over
from tests.gateway.house import request
from tests.gateway.reader import Ended, Reader, place
from tests.processes import TESTER, System
from tests.small_disk import fill, small_disk

PLANTS = ("drop", "lose-ack", "dup", "hole", "plain-201", "no-retry-after", "unanswered", "cut", "not-stale",
          "missed", "restarted", "silent-supervisor")  # fmt: skip
EVENTS = ("paused", "stopped", "slow", "out of memory", "full", "torn", "damaged")
SILENT = ("paused", "stopped", "damaged")
"""The store cannot be heard at all: readers must be told that news may be old."""
REFUSING = (*SILENT, "out of memory")
"""Nothing at all may be accepted."""
FULL = {"readers": 100, "for_s": 8.0, "stale_after_s": 3.0}
SHORT = {"readers": 12, "for_s": 3.5, "stale_after_s": 1.0}
"""Longer than two posts of an editor take to be refused: the first of them may have begun before the event."""
EDITORS = 4
PACE_S = 0.05
SLOW_S = 0.2
DISK = "24m"
WITHIN_S = 60.0
REMEDY = "The store refuses its log"


@dataclass(frozen=True)
class Answer:
    """To one POST: when it was asked and answered, and how; status 0: not at all."""

    begun_s: float
    ended_s: float
    status: int
    retry_after: bool


@dataclass(frozen=True)
class Event:
    """What happened to the store, and from when till when it certainly was so."""

    what: str
    from_s: float
    to_s: float
    said: bool = True
    """The supervisor has said what mends it, where it must."""


@dataclass(frozen=True)
class Seen:
    """One reader: offsets from the first message on, (when, stale) of each heartbeat, and whether its socket lives."""

    begins_after: int
    offsets: tuple[int, ...]
    stale: tuple[tuple[float, bool], ...]
    lives: bool


@dataclass(frozen=True)
class Facts:
    """All of it; `restarted` names processes that were started again and should not have been."""

    kept: acknowledged.Facts
    events: tuple[Event, ...]
    answers: tuple[Answer, ...]
    readers: tuple[Seen, ...]
    restarted: tuple[str, ...]


def check(facts: Facts) -> list[str]:
    """What is broken, times apart."""
    wrong = acknowledged.check(facts.kept)
    last = len(facts.kept.wire)
    for event in facts.events:
        for answer in _during(facts, event):
            if answer.status == 201 and event.what in REFUSING:
                wrong.append(f"{event.what}: 201 was answered")
            if answer.status not in (201, 503):
                wrong.append(f"{event.what}: a POST was answered {answer.status}")
            if answer.status == 503 and not answer.retry_after:
                wrong.append(f"{event.what}: 503 without Retry-After")
        if event.what in SILENT:
            wrong += [f"{event.what}: a reader was not told" for one in facts.readers if _told_s(one, event) is None]
        if not event.said:
            wrong.append(f"{event.what}: the supervisor does not say what mends it")
    for reader in facts.readers:
        if not reader.lives:
            wrong.append("a reader lost its socket")
        if reader.offsets != tuple(range(reader.begins_after + 1, last + 1)):
            wrong.append("a reader did not get every revision once and in order")
    return wrong + [f"{name} was started again" for name in facts.restarted]


def _during(facts: Facts, event: Event) -> list[Answer]:
    return [one for one in facts.answers if event.from_s < one.begun_s and one.ended_s < event.to_s]


def _told_s(reader: Seen, event: Event) -> float | None:
    """How long after the event's beginning the reader was told that news may be old."""
    return next((at_s - event.from_s for at_s, stale in reader.stale if stale and at_s > event.from_s), None)


def plant(facts: Facts, fault: str) -> Facts:
    """The same with a fault."""
    middle = facts.events[0]
    at_s = (middle.from_s + middle.to_s) / 2
    reader = facts.readers[0]
    match fault:
        case "plain-201":
            return replace(facts, answers=(*facts.answers, Answer(at_s, at_s, 201, False)))
        case "no-retry-after":
            return replace(facts, answers=(*facts.answers, Answer(at_s, at_s, 503, False)))
        case "unanswered":
            return replace(facts, answers=(*facts.answers, Answer(at_s, at_s, 0, False)))
        case "cut":
            reader = replace(reader, lives=False)
        case "not-stale":
            reader = replace(reader, stale=())
        case "missed":
            reader = replace(reader, offsets=reader.offsets[:-2] + reader.offsets[-1:])
        case "restarted":
            return replace(facts, restarted=("api",))
        case "silent-supervisor":
            return replace(facts, events=(*facts.events[1:], replace(middle, said=False)))
        case _:
            return replace(facts, kept=acknowledged.plant(facts.kept, fault))
    return replace(facts, readers=(reader, *facts.readers[1:]))


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Each event, refusals in those that must refuse, and posts in the slow one."""
    missing = nothing_of(figures, (*EVENTS, *(f"503 while {what}" for what in REFUSING), "201 while slow"))
    return missing + (["fewer readers than asked for"] if figures["readers"] != asked["readers"] else [])


def late(figures: Figures) -> list[str]:
    """P11's times."""
    bounds = {"s longest answer": 1.5, "s until the last was told": 5, "s longest until the first 201": 2}
    return over(figures, {**bounds, "s in all": 120})


class Desk(Editor):
    """An editor whose every answer is written down."""

    answers: list[Answer]

    async def _ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        begun_s = time.monotonic()
        status, headers, body = await super()._ask(request)
        self.answers.append(Answer(begun_s, time.monotonic(), status, "retry-after" in headers))
        return status, headers, body


class Page:
    """A reader who never comes back: its one socket must last."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.offsets: list[int] = []
        self.stale: list[tuple[float, bool]] = []
        self.lives = True

    async def follow(self, port: int, upgrade: bool) -> None:
        """For ever."""
        reader = await Reader.connect(port)
        try:
            await reader.send(request("edition=en", upgrade))
            await reader.read_head()
            while True:
                self._take(await reader.next(within_s=3600))
        except (Ended, OSError):
            self.lives = False
        finally:
            reader.close()

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "heartbeat":
                self.stale.append((time.monotonic(), message["stale"]))
            case "snapshot" if self.first is None:
                self.first = place(message)
            case _:
                self.offsets.append(place(message))

    def seen(self) -> Seen:
        return Seen(self.first or 0, tuple(self.offsets), tuple(self.stale), self.lives)


class Site:
    """A whole `up` on a small disk of its own, editors who post all the time, and what befalls the store."""

    def __init__(self, system: System, for_s: float) -> None:
        self._system, self._for_s = system, for_s
        self.told: list[Told] = []
        self.answers: list[Answer] = []
        self.ending = False

    async def publish(self, number: int) -> None:
        """Until `ending` is set; the last one is asked for until it is answered."""
        editor, serial = Desk(self._system), 0
        editor.answers = self.answers
        try:
            while not self.ending:
                token, key = f"Bus times {number}-{serial}", new_key()
                self.told.append(await editor.post(token, key))
                if serial % 20 == 0:
                    self.told.append(await editor.post(token, key))
                serial += 1
                await asyncio.sleep(PACE_S)
        finally:
            await editor.close()

    async def happen(self, what: str) -> tuple[Event, float]:
        """Let it happen, and wait until the next alert is accepted; the event, and after how long that was."""
        said, until_s = True, math.inf
        match what:
            case "paused":
                until_s = time.monotonic() + self._for_s  # it begins after this, and lasts so long
                begun_s = await self._say("CLIENT", "PAUSE", int(self._for_s * 1000), "ALL")
                await asyncio.sleep(self._for_s)
            case "stopped":
                self._system.signal("store", signal.SIGSTOP)
                begun_s = time.monotonic()
                await asyncio.sleep(self._for_s)
                until_s = time.monotonic()
                self._system.signal("store", signal.SIGCONT)
            case "slow":
                async with self._slow():
                    begun_s = time.monotonic()
                    await asyncio.sleep(self._for_s)
                    await self._until(lambda: self._accepted_since(begun_s), "it is slow, and it works")
                    await self._say("CLIENT", "KILL", "TYPE", "normal")
            case "out of memory":
                begun_s = await self._say("CONFIG", "SET", "maxmemory", "1mb")
                await asyncio.sleep(self._for_s)
                until_s = time.monotonic()
                await self._say("CONFIG", "SET", "maxmemory", "0")
            case "full":
                begun_s = time.monotonic()
                filling = self._system.data_dir / "filling"
                await asyncio.to_thread(fill, filling)
                await asyncio.sleep(self._for_s)
                until_s = time.monotonic()
                filling.unlink()
            case "torn":
                begun_s, log = await self._take_down()
                with log.open("ab") as file:  # half of a write that nobody was told of
                    file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nhal")
                until_s = time.monotonic()
                os.kill(self._system.ready["pid"], signal.SIGCONT)
            case _:
                begun_s, log = await self._take_down()
                whole = log.read_bytes()
                at = whole.index(b"\r\n$", len(whole) // 2) + 2
                log.write_bytes(whole[:at] + b"%" + whole[at + 1 :])
                os.kill(self._system.ready["pid"], signal.SIGCONT)
                await asyncio.sleep(self._for_s)
                with contextlib.suppress(AssertionError):  # whether it was said is the checker's to judge
                    await self._until(lambda: REMEDY in self._system.log(), "the damage is noticed")
                said = REMEDY in self._system.log()
                until_s = time.monotonic()
                log.write_bytes(whole)
        await self._until(lambda: embedded.is_running(self._system.data_dir), f"the store is back after {what}")
        back_s = time.monotonic()
        await self._until(
            lambda: any(one.status == 201 and one.begun_s > back_s for one in self.answers), f"it goes on after {what}"
        )
        first_s = min(one.ended_s for one in self.answers if one.status == 201 and one.ended_s > back_s)
        return Event(what, begun_s, min(until_s, back_s), said), first_s - back_s

    def _accepted_since(self, at_s: float) -> bool:
        return any(one.status == 201 and one.begun_s > at_s for one in self.answers)

    async def _take_down(self) -> tuple[float, Path]:
        """The store is killed, and nobody starts it before we are done; its newest log."""
        os.kill(self._system.ready["pid"], signal.SIGSTOP)
        self._system.end("store")
        await self._until(lambda: not embedded.is_running(self._system.data_dir), "the store is gone")
        return time.monotonic(), max((self._system.data_dir / "store" / "appendonlydir").glob("*.incr.aof"))

    async def _say(self, *words: object) -> float:
        """A command to the store; when it was answered."""

        def say() -> None:
            with redis.Redis.from_url(self._system.store_url, single_connection_client=True) as connection:
                connection.execute_command(*words)

        await asyncio.to_thread(say)
        return time.monotonic()

    @asynccontextmanager
    async def _slow(self) -> AsyncIterator[None]:
        """Whoever connects to the store from now on has each of its answers 200 ms later."""
        door = embedded.socket_path(self._system.data_dir)
        behind = door.with_suffix(".real")
        pumps: set[asyncio.Task[None]] = set()
        ways: list[asyncio.StreamWriter] = []

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, delay_s: float) -> None:
            loop = asyncio.get_running_loop()
            while data := await source.read(65_536):
                loop.call_later(delay_s, sink.write, data)
            sink.close()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            from_store, to_store = await asyncio.open_unix_connection(behind)
            ways.extend((writer, to_store))
            pumps.add(asyncio.create_task(pump(reader, to_store, 0)))
            pumps.add(asyncio.create_task(pump(from_store, writer, SLOW_S)))

        door.rename(behind)
        server = await asyncio.start_unix_server(connected, door)
        try:
            with redis.Redis(unix_socket_path=str(behind), username=TESTER, password="any") as connection:
                await asyncio.to_thread(connection.execute_command, "CLIENT", "KILL", "TYPE", "normal")
            yield
        finally:
            server.close()
            await end(pumps)
            for way in ways:
                way.close()
                with contextlib.suppress(OSError):
                    await way.wait_closed()
            await asyncio.sleep(SLOW_S)  # what was still under way finds its way closed
            behind.replace(door)

    async def _until(self, fact: Any, what: str) -> None:
        deadline_s = time.monotonic() + WITHIN_S
        while not await asyncio.to_thread(fact):
            assert time.monotonic() < deadline_s, f"not within {WITHIN_S:g} s: {what}"
            await asyncio.sleep(0.01)


async def observe(seed: int, readers: int, for_s: float, stale_after_s: float) -> tuple[Facts, dict[str, float]]:
    """Every event in any order under posts and readers; the facts, and figures."""
    chance = random.Random(seed)
    started_s = time.monotonic()
    pages = [Page() for _ in range(readers)]
    events, recovered_s = [], []
    with (
        tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as name,
        small_disk(Path(name) / "data", DISK),
        System(Path(name), stale_after_s=stale_after_s, **KEEPS_ALL) as system,
    ):
        site = Site(system, for_s)
        before = system.running()
        following = [
            asyncio.create_task(page.follow(system.gateway_port, number % 2 == 0)) for number, page in enumerate(pages)
        ]
        await site._until(lambda: all(page.first is not None for page in pages), "all read")
        publishing = [asyncio.create_task(site.publish(number)) for number in range(EDITORS)]
        for what in chance.sample(EVENTS, len(EVENTS)):
            event, took_s = await site.happen(what)
            events.append(event)
            recovered_s.append(took_s)
        site.ending = True
        await asyncio.gather(*publishing)
        entries = await read_all(system)
        last = len(entries)
        with contextlib.suppress(AssertionError):  # who is behind is the checker's to say
            await site._until(lambda: all(page.offsets[-1:] == [last] for page in pages), "all have it")
        seen = tuple(page.seen() for page in pages)
        await end(following)
        after = system.running()
    wire = tuple(Entry(epoch, one.offset, one.alert.id, one.alert.headline or "") for epoch, one in entries)
    restarted = tuple(name for name, pid in before.items() if name != "store" and after.get(name) != pid)
    facts = Facts(
        acknowledged.Facts(tuple(site.told), wire), tuple(sorted(events, key=lambda one: one.what not in SILENT)),
        tuple(site.answers), seen, restarted,
    )  # fmt: skip
    return facts, _figures(facts, recovered_s) | {"s in all": round(time.monotonic() - started_s, 1)}


def _figures(facts: Facts, recovered_s: Sequence[float]) -> dict[str, float]:
    found: dict[str, float] = dict.fromkeys((*(f"503 while {what}" for what in REFUSING), "201 while slow"), 0)
    found |= dict.fromkeys(EVENTS, 0)
    found |= {"readers": len(facts.readers), "acknowledged": len(facts.kept.told)}
    for event in facts.events:
        found[event.what] = 1
        statuses = Counter(one.status for one in _during(facts, event))
        found |= {f"{status or 'no answer'} while {event.what}": count for status, count in sorted(statuses.items())}
    told_s = [_told_s(one, event) or 0 for event in facts.events if event.what in SILENT for one in facts.readers]
    return found | {
        "s longest answer": round(max(one.ended_s - one.begun_s for one in facts.answers), 2),
        "s until the last was told": round(max(told_s), 2),
        "s longest until the first 201": round(max(recovered_s), 2),
    }
