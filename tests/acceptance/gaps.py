"""Test 9, gap honesty: whatever has happened to the wire, a reader gets the exact suffix or a snapshot with its reason.

The rule to remember: a model of the wire stands beside the real one, and says for every cursor what must come.
"""

import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from config.settings import VALKEY_CONF
from service.desk import new_epoch
from service.domain import cursor as cursors
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder
from service.store.keys import WireName
from service.store.stream import give_birth
from tests.entries import BOUNDS, EN, alert, append
from tests.gateway.reader import Reader, epoch, place
from tests.ports import free_ports

PLANTS = ("drop", "dup", "reorder", "silent-gap", "wrong-reason")
WIRE_MAX = 30
READY_S = 40.0
AT_ONCE = 20
"""Readers that connect together; a cursor beyond the tail takes half a second each."""
WIRES = tuple(WireName(edition, drill) for edition in ("en", "ar", "es") for drill in (False, True))


@dataclass
class Model:
    """What the wire is, known from what was done to it."""

    epoch: str = ""
    last: int = 0
    ids: dict[int, str] = field(default_factory=dict)

    @property
    def first(self) -> int:
        return max(1, self.last - WIRE_MAX + 1)


@dataclass(frozen=True)
class Case:
    """One reader: the cursor it came with, how, what the wire was, and the messages until it had everything."""

    after: str | None
    sse: bool
    epoch: str
    first: int
    last: int
    ids: tuple[tuple[int, str], ...]
    messages: tuple[tuple[str, int, str, str], ...]
    """Of each: type, offset of its cursor, epoch of its cursor, reason of a snapshot or id of the alert."""
    newest: str | None
    """The id of the newest alert in the snapshot, if there was one."""


def expected(case: Case) -> str:
    """`resumed`, or the reason of the snapshot that must come."""
    if case.after is None:
        return "cold"
    cursor = cursors.parse(case.after)
    if cursor is None or cursor.epoch != case.epoch:
        return "epoch"
    if cursor.offset > case.last:
        return "ahead"
    return "trimmed" if cursor.offset < case.first - 1 else "resumed"


def check(case: Case) -> list[str]:
    """What is wrong with what this reader got; empty if it is the exact suffix, or the snapshot that is due."""
    if not case.messages:
        return [f"after {case.after}: nothing came"]
    due, ids = expected(case), dict(case.ids)
    kind, offset, _, reason = case.messages[0]
    came = "resumed" if kind == "resumed" else reason
    if came != due or kind not in ("resumed", "snapshot"):
        return [f"after {case.after} (wire {case.first}–{case.last}): {kind} {reason} came, {due} is due"]
    wrong = []
    if kind == "snapshot" and case.newest != ids.get(case.last):
        wrong.append(f"the snapshot's newest alert is {case.newest}, the wire's {ids.get(case.last)}")
    suffix = [(entry[1], entry[3]) for entry in case.messages[1:]]
    if suffix != [(number, ids[number]) for number in range(offset + 1, case.last + 1)]:
        wrong.append(f"after {case.after}: {suffix} came, due was {offset + 1}–{case.last}")
    if any(entry[2] != case.epoch for entry in case.messages):
        wrong.append(f"after {case.after}: a message of another epoch in the life {case.epoch}")
    return wrong


def plant(case: Case, fault: str) -> Case:
    """The same case with a fault; the case must be one that `plantable` chose."""
    messages = list(case.messages)
    match fault:
        case "drop":
            del messages[len(messages) // 2]
        case "dup":
            messages.insert(2, messages[1])
        case "reorder":
            messages[1], messages[2] = messages[2], messages[1]
        case "silent-gap":  # an empty replay in place of what was missed
            messages = messages[:1]
        case "wrong-reason":
            messages[0] = ("snapshot", messages[0][1], messages[0][2], "cold")
        case _:
            raise ValueError(f"no such fault: {fault}; there are {', '.join(PLANTS)}")
    return replace(case, messages=tuple(messages))


def plantable(cases: list[Case]) -> int:
    """The index of a case with a replay long enough for every fault."""
    return next(number for number, case in enumerate(cases) if expected(case) == "resumed" and len(case.messages) > 4)


class Wire:
    """A real store, a real gateway process, and the model beside them."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.model = Model()
        self._chance = chance
        self._serial = 0
        self._folder = DataFolder.hold(folder / "data", "an acceptance test")
        self._server = EmbeddedStore(self._folder, VALKEY_CONF)
        self._port, self._admin = free_ports(2)
        self._log = (folder / "gateway.log").open("wb")
        self._gateway: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._server.start()
        self._store: Store = for_commands(self._server.url, 5.0)
        await self.new_life()
        self.start_gateway()
        await self.caught_up()

    async def stop(self) -> None:
        self.kill_gateway()
        await self._store.aclose()
        self._server.kill()
        self._folder.release()
        self._log.close()

    async def new_life(self) -> None:
        """The store is emptied; the API, which we play here, gives every wire a new epoch."""
        epoch = new_epoch()
        pipe = self._store.pipeline(transaction=False)
        pipe.flushall()
        await pipe.execute()
        for name in WIRES:
            await give_birth(self._store, name, epoch)
        self.model = Model(epoch)
        await self.publish(self._chance.randint(1, WIRE_MAX))

    async def publish(self, count: int) -> None:
        bounds = msgspec.structs.replace(BOUNDS, wire_max_revisions=WIRE_MAX, history_max_alerts=500)
        for _ in range(count):
            self._serial += 1
            made = alert(f"Tide table {self._serial}")
            appended = await append(self._store, made, bounds=bounds, epoch="unused")
            self.model.last = appended.cursor.offset
            self.model.ids[self.model.last] = made.id

    async def restart_store(self) -> None:
        """kill -9; what it holds is there again."""
        await self._store.aclose()
        self._server.kill()
        self._server.start()
        self._store = for_commands(self._server.url, 5.0)

    def start_gateway(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
        environ = kept | {
            "FLASHWIRE_REDIS_URL": self._server.url,
            "FLASHWIRE_GATEWAY_PORT": str(self._port),
            "FLASHWIRE_ADMIN_PORT": str(self._admin),
            "FLASHWIRE_WIRE_MAX_REVISIONS": str(WIRE_MAX),
            "FLASHWIRE_TAIL_BLOCK_MS": "100",
        }
        command = [sys.executable, "-m", "service.cli", "gateway", "--processes", "1"]
        self._gateway = subprocess.Popen(command, env=environ, stderr=self._log, stdout=self._log)

    def kill_gateway(self) -> None:
        if self._gateway is not None:
            self._gateway.kill()
            self._gateway.wait()

    async def caught_up(self) -> None:
        """Until the gateway stands where the model does."""
        wanted = f"{self.model.epoch}:{self.model.last}"
        deadline_s = time.monotonic() + READY_S
        while await asyncio.to_thread(self._gateways_cursor) != wanted:
            assert time.monotonic() < deadline_s, f"the gateway does not reach {wanted}"
            await asyncio.sleep(0.02)

    def _gateways_cursor(self) -> str:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{self._admin}/readyz", timeout=2) as answer,
        ):
            cursors_: dict[str, Any] = json.load(answer)["cursors"]
            return str(cursors_.get(EN.suffix, ""))
        return ""

    async def read(self, after: str | None, sse: bool) -> Case:
        """Connect with a cursor and read until everything is there, and a moment longer."""
        model = self.model
        reader = await Reader.connect(self._port)
        try:
            query = "edition=en&limit=5" + (f"&after={after}" if after is not None else "")
            upgrade = (
                "" if sse else "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            )  # fmt: skip
            await reader.send(f"GET /v1/live?{query} HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n".encode())
            await reader.read_head()
            messages = [await reader.next()]
            with contextlib.suppress(TimeoutError):
                while True:
                    enough = place(messages[-1]) >= model.last
                    messages.append(await reader.next(within_s=0.05 if enough else 5))
        finally:
            reader.close()
        came = tuple(
            (str(m["type"]), place(m), epoch(m), str(m.get("reason") or m.get("alert", {}).get("id", "")))
            for m in messages
            if m["type"] != "heartbeat"
        )  # fmt: skip
        newest = messages[0]["alerts"][0]["id"] if messages[0].get("alerts") else None
        ids = tuple(model.ids.items())
        return Case(after, sse, model.epoch, model.first, model.last, ids, came, newest)


def choose(model: Model, earlier: list[str], chance: random.Random) -> str | None:
    """Any cursor a client could come with."""
    kinds = ("none", "malformed", "foreign", "earlier", "future", "edge", "valid", "valid", "valid")
    match chance.choice(kinds):
        case "none":
            return None
        case "malformed":
            return chance.choice(("x", f"{model.epoch}:", ":1", f"{model.epoch}:-1", f"{model.epoch}:01", "%00:1"))
        case "foreign":
            return f"elsewhere:{chance.randint(0, model.last + 5)}"
        case "earlier":
            return chance.choice(earlier)
        case "future":
            return f"{model.epoch}:{model.last + chance.randint(1, 10**9)}"
        case "edge":
            return (
                f"{model.epoch}:{chance.choice((0, model.first - 2, model.first - 1, model.last)) % (model.last + 1)}"
            )
        case _:
            return f"{model.epoch}:{chance.randint(max(0, model.first - 3), model.last)}"


def rounds(cases: int) -> Iterator[int]:
    """How many readers come in each round."""
    for start in range(0, cases, AT_ONCE):
        yield min(AT_ONCE, cases - start)


async def observe(seed: int, cases: int) -> tuple[list[Case], dict[str, float]]:
    """Publish, trim, restart, begin other lives, and read; the cases, and figures for a person."""
    chance = random.Random(seed)
    started_s = time.monotonic()
    found: list[Case] = []
    done = {"publish": 0, "gateway": 0, "store": 0, "life": 0}
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder:
        wire = Wire(Path(folder), chance)
        await wire.start()
        earlier = [f"{wire.model.epoch}:{wire.model.last}"]
        for number, readers in enumerate(rounds(cases)):
            # every kind of event stands among the first rounds, so that the short form has them too
            event = ("publish", "gateway", "store", "life")[number % 4] if number < 8 else chance.choice(
                ("publish", "publish", "publish", "publish", "gateway", "store", "life")
            )  # fmt: skip
            done[event] += 1
            if event == "gateway":
                wire.kill_gateway()
                wire.start_gateway()
            elif event == "store":
                await wire.restart_store()
            elif event == "life":
                await wire.new_life()
            await wire.publish(chance.randint(0, WIRE_MAX + 10))
            await wire.caught_up()
            chosen = [(choose(wire.model, earlier, chance), chance.random() < 0.5) for _ in range(readers)]
            found += await asyncio.gather(*(wire.read(after, sse) for after, sse in chosen))
            earlier.append(f"{wire.model.epoch}:{wire.model.last}")
        await wire.stop()
    return found, {"cases": len(found), **done, "seconds": round(time.monotonic() - started_s, 1)}
