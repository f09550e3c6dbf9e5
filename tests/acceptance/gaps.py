"""Test 9, gap honesty: whatever has happened to the wire, a reader gets the exact suffix or a snapshot with its reason.

The rule to remember: store, wire, gateway and sockets are real; only the editors' side is played here, through the same
desk that the API has. A model of the wire (wire_model.py) stands beside the real one and says what must come.
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
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from config.settings import VALKEY_CONF, to_environ
from service.ids import new_epoch
from service.store import lineage
from service.store.connection import for_commands
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder
from service.store.keys import wires
from tests.acceptance.form import Figures, nothing_of, over
from tests.acceptance.wire_model import PLANTS, SNAPSHOT_ALERTS, Act, Case, Life, Message, check_case, plant
from tests.gateway.house import House, request, settings_for
from tests.gateway.reader import Reader, place
from tests.ports import free_ports
from tests.processes import ROOT
from tests.stores import OPEN_USERS

__all__ = ["FULL", "PLANTS", "SHORT", "check", "late", "observe", "plant", "uncovered"]

FULL = {"cases": 2000}
SHORT = {"cases": 240}
KEPT = 30
READY_S = 60.0
TOLD_WITHIN_S = 20.0
AT_ONCE = 20
"""Readers that connect together; a cursor beyond the tail is held back for a while each."""
AHEAD_WAIT_MS = 100
KILLS = 0.2
EVENTS = ("publish", "gateway", "publish", "store", "publish", "life")
"""Each is sure to be among the first rounds, so that the short form has them too."""
REASONS = ("resumed", "cold", "epoch", "trimmed", "ahead")
USUAL = ("publish",) * 6 + ("gateway", "store", "life")


class Wire:
    """A real store, a real gateway process, the desk, and the model beside them."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._chance = chance
        self._serial = 0
        self._folder = DataFolder.hold(folder / "data", "an acceptance test")
        self._server = EmbeddedStore(self._folder, VALKEY_CONF, OPEN_USERS)
        (self._admin,) = free_ports(1)
        self._log = (folder / "gateway.log").open("wb")
        self._gateway: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._server.start()
        settings = settings_for(
            self._server, wire_max_revisions=KEPT, ahead_wait_ms=AHEAD_WAIT_MS, admin_port=self._admin, processes=1,
            tail_block_ms=100, stale_after_s=2.0,
        )  # fmt: skip
        self._house = House(self._server, for_commands(self._server.url, 5.0), settings)
        await self.begin_life()
        self.start_gateway()

    async def stop(self) -> None:
        self.kill_gateway()
        await self._house.store.aclose()
        self._server.kill()
        self._folder.release()
        self._log.close()

    async def begin_life(self) -> None:
        """The store is emptied, and every wire is given a new epoch, as the API does."""
        epoch = new_epoch()
        await cast(Any, self._house.store).flushall()
        for name in wires(self._house.newsroom.edition_names):
            await lineage.change_epoch(self._house.store, name, None, epoch)
        self.life = Life(epoch, KEPT)
        self._killable: list[tuple[Any, Act]] = []

    async def publish(self, count: int) -> None:
        """So many acts of an editor: new alerts, and kills of earlier ones among them."""
        for _ in range(count):
            if self._killable and self._chance.random() < KILLS:
                # mostly of those that can still be replayed
                outcome, act = self._killable.pop(max(0, len(self._killable) - self._chance.randint(1, KEPT)))
                await self._house.kill(outcome)
                self.life = self.life.then(Act("canceled", act.id, 2, None))
                continue
            self._serial += 1
            headline = f"Tide table {self._serial}"
            outcome = await self._house.post(headline)
            act = Act("published", outcome.alert_id, 1, headline)
            self._killable.append((outcome, act))
            self.life = self.life.then(act)
            assert outcome.cursor == self.life.cursor, "the model has gone astray"

    async def restart_store(self) -> None:
        """kill -9; what it holds is there again."""
        self._server.kill()
        self._server.start()
        await self._house.store.aclose()
        self._house = House(self._server, for_commands(self._server.url, 5.0), self._house.settings)

    def start_gateway(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
        self._gateway = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "gateway", "--processes", "1"], cwd=ROOT,
            env=kept | to_environ(self._house.settings), stderr=self._log, stdout=self._log,
        )  # fmt: skip

    def kill_gateway(self) -> None:
        """kill -9."""
        if self._gateway is not None:
            self._gateway.kill()
            self._gateway.wait()

    async def caught_up(self) -> None:
        """Until the gateway is ready and stands where the model does."""
        deadline_s = time.monotonic() + READY_S
        while (found := await asyncio.to_thread(self._gateways_cursor)) != self.life.cursor:
            assert time.monotonic() < deadline_s, f"the gateway stands at {found}, the model at {self.life.cursor}"
            await asyncio.sleep(0.01)

    def _gateways_cursor(self) -> str:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{self._admin}/readyz", timeout=2) as answer,
        ):
            return str(json.load(answer)["cursors"].get("{en}", ""))
        return ""

    async def read(self, after: str | None, encoding: str, before: Life, published: asyncio.Event) -> Case:
        """Join with a cursor, possibly while something is published, and read until everything is there."""
        reader = await Reader.connect(self._house.settings.gateway_port)
        try:
            await reader.send(self._request(after, encoding))
            await reader.read_head()
            messages = [await reader.next()]
            while not (published.is_set() and place(messages[-1]) >= self.life.last):
                with contextlib.suppress(TimeoutError):
                    messages.append(await reader.next(within_s=0.2 if not published.is_set() else TOLD_WITHIN_S))
                    continue
                if published.is_set():
                    break  # what is missing is the checker's to say
            # one more that must not come: all is told, and only a double could be under way
            with contextlib.suppress(TimeoutError):
                messages.append(await reader.next(within_s=0.02))
        finally:
            reader.close()
        came = tuple(_message(message) for message in messages if message["type"] != "heartbeat")
        return Case(after, encoding, before, self.life, came)

    def _request(self, after: str | None, encoding: str) -> bytes:
        query = f"edition=en&limit={SNAPSHOT_ALERTS}"
        if encoding == "sse-id" and after is not None:  # a browser's own resumption, which wins over the query
            return request(f"{query}&after={self.life.epoch}:0", upgrade=False, headers=f"Last-Event-ID: {after}\r\n")
        return request(query + (f"&after={after}" if after is not None else ""), upgrade=encoding == "websocket")


def _message(message: dict[str, Any]) -> Message:
    alerts = message["alerts"] if message["type"] == "snapshot" else [message["alert"]] if "alert" in message else []
    acts = tuple(
        Act("canceled" if alert["pubStatus"] == "canceled" and message["type"] != "published" else "published",
            alert["id"], alert["version"], alert["headline"])
        for alert in alerts
    )  # fmt: skip
    what = message["reason"] if message["type"] == "snapshot" else message["type"]
    return Message(what, message["cursor"], acts)


def choose(life: Life, earlier: list[str], chance: random.Random) -> str | None:
    """Any cursor a client could come with."""
    match chance.choice(("none", "malformed", "foreign", "earlier", "future", "edge", "valid", "valid", "valid")):
        case "none":
            return None
        case "malformed":
            return chance.choice(("x", f"{life.epoch}:", ":1", f"{life.epoch}:-1", f"{life.epoch}:01", "0"))
        case "foreign":
            return f"elsewhere:{chance.randint(0, life.last + 5)}"
        case "earlier":
            return chance.choice(earlier)
        case "future":
            return f"{life.epoch}:{life.last + chance.choice((1, 2, 3, 10**9))}"
        case "edge":
            return f"{life.epoch}:{max(0, chance.choice((0, life.first - 2, life.first - 1, life.last)))}"
        case _:
            return f"{life.epoch}:{chance.randint(max(0, life.first - 3), life.last)}"


def _rounds(cases: int) -> Iterator[tuple[int, int]]:
    for number, start in enumerate(range(0, cases, AT_ONCE)):
        yield number, min(AT_ONCE, cases - start)


def check(cases: list[Case]) -> list[str]:
    """What is wrong with what the readers got."""
    return [wrong for case in cases for wrong in check_case(case)]


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Every kind of restart, every answer, every case."""
    told = [f"told {what}" for what in REASONS]
    missing = nothing_of(figures, ("gateways killed", "stores killed", "other lives", *told))
    return missing + (["fewer cases than asked for"] if figures["cases"] != asked["cases"] else [])


def late(figures: Figures) -> list[str]:
    """It is to end in time."""
    return over(figures, {"s in all": 120})


async def observe(seed: int, cases: int) -> tuple[list[Case], dict[str, float]]:
    """Publish, trim, restart, begin other lives, and read; the cases, and figures for a person."""
    chance = random.Random(seed)
    started_s = time.monotonic()
    found: list[Case] = []
    done = Counter[str]()
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder:
        wire = Wire(Path(folder), chance)
        try:
            await wire.start()
            earlier = [wire.life.cursor]
            for number, readers in _rounds(cases):
                event = EVENTS[number] if number < len(EVENTS) else chance.choice(USUAL)
                done[event] += 1
                if event == "gateway":
                    wire.kill_gateway()
                    wire.start_gateway()
                elif event == "store":
                    await wire.restart_store()
                elif event == "life":
                    await wire.begin_life()
                await wire.publish(chance.randint(0, KEPT + 10))
                await wire.caught_up()
                found += await _read_round(wire, readers, earlier, chance)
                earlier.append(wire.life.cursor)
        finally:
            await wire.stop()
    reasons = Counter(case.messages[0].what for case in found if case.messages)
    told = {f"told {what}": reasons[what] for what in sorted({*REASONS, *reasons})}
    restarts = {"gateways killed": done["gateway"], "stores killed": done["store"], "other lives": done["life"]}
    seconds = round(time.monotonic() - started_s, 1)
    return found, {"cases": len(found), **restarts, **told, "s in all": seconds}


async def _read_round(wire: Wire, readers: int, earlier: list[str], chance: random.Random) -> list[Case]:
    """Readers with any cursors; in every second round they join while something is published."""
    before, published = wire.life, asyncio.Event()
    chosen = [(choose(before, earlier, chance), chance.choice(("websocket", "sse", "sse-id"))) for _ in range(readers)]
    reading = [asyncio.create_task(wire.read(after, encoding, before, published)) for after, encoding in chosen]
    if chance.random() < 0.5:
        await wire.publish(chance.randint(1, 6))
    published.set()
    return await asyncio.gather(*reading)
