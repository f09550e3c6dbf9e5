"""A lane of Apple's with five phones, on a real store and a true HTTP/2 server, for tests of what a job makes of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from config.settings import load
from service.clock import now_ms
from service.domain import moment, newsroom
from service.domain.alert import Alert
from service.domain.device import Preferences
from service.domain.registration import Registration
from service.domain.shards import Job
from service.store import devices, keys, plans
from service.store.connection import Store
from service.store.ledger import Ledger
from tests.entries import DRILL, EN, alert, append
from tests.push.certificates import Certificates
from tests.push.credentials import pem
from tests.push.h2_server import Act, Answer, Cut, Request, serving
from workers.push import jobs, providers
from workers.push.lane import Lane
from workers.push.providers import Off

PHONES = 5
TOKENS = [f"{number:064x}" for number in range(PHONES)]


class Apple:
    """Answers each phone as it is told, else with 200; keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Act]] = {}
        self.takes_bytes = 4096
        self.asked = asyncio.Event()
        self.speaks = asyncio.Event()
        self.speaks.set()
        self.got: list[tuple[str, dict[str, Any]]] = []

    async def __call__(self, request: Request) -> Act:
        token = request.path.rpartition("/")[2]
        self.asked.set()
        await self.speaks.wait()
        if len(request.body) > self.takes_bytes:
            return refusal(413, "PayloadTooLarge")
        told = self.answers.get(token, [])
        act = told.pop(0) if told else Answer(200)
        if isinstance(act, Cut) or (isinstance(act, Answer) and act.status == 200):
            self.got.append((token, json.loads(request.body)))
        return act

    def times(self, token: str) -> int:
        return sum(token == got for got, _ in self.got)


def refusal(status: int, reason: str, **more: Any) -> Answer:
    return Answer(status, json.dumps({"reason": reason, **more}).encode())


class World:
    """A lane of Apple's with five phones."""

    def __init__(self, store: Store, apple: Apple, begin_lane: Callable[[], Lane]) -> None:
        self.store = store
        self.apple = apple
        self._begin_lane = begin_lane
        self.lane = begin_lane()

    def begin_another_life(self) -> None:
        """As after the death of the worker."""
        self.lane = self._begin_lane()

    async def publish(self, **changes: Any) -> Alert:
        now = moment.to_text(now_ms())
        made = alert(first_created=now, version_created=now, expires=moment.to_text(now_ms() + 3_600_000), **changes)
        await self.append(made)
        return made

    async def follow(self, before: Alert, **changes: Any) -> Alert:
        made = msgspec.structs.replace(before, version=before.version + 1, msg_type="Update", **changes)
        await self.append(made)
        return made

    async def append(self, made: Alert) -> None:
        await append(self.store, made, DRILL if made.status == "Exercise" else EN)
        await plans.plan(self.store, made.id, {"apns": PHONES}, 7)

    async def run(self, made: Alert) -> float | None:
        job = Job(made.id, made.version, "apns", 0)
        return await jobs.run(self.lane, job, asyncio.get_running_loop().time(), is_express=True)

    async def until_done(self, made: Alert, runs_max: int = 5) -> None:
        for _ in range(runs_max):
            again_s = await self.run(made)
            if again_s is None:
                return
            await asyncio.sleep(again_s)
        pytest.fail(f"not done after {runs_max} runs")

    async def figures(self, made: Alert) -> dict[str, int]:
        found = await self.store.hgetall(keys.delivery(made.id))
        return {name.decode(): int(value) for name, value in found.items() if not name.startswith(b"t:")}


@pytest.fixture
async def world(store: Store, trusted: Certificates, tmp_path: Path) -> AsyncIterator[World]:
    key = tmp_path / "key.p8"
    key.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    apple = Apple()
    async with serving(trusted, apple) as server:
        settings = replace(
            load({}), apns_key_file=key, apns_key_id="KEY4567890", apns_team_id="TEAM567890", apns_url=server.url,
            apns_topic="org.example.news", provider_ca_file=trusted.authority, push_timeout_s=5.0,
        )  # fmt: skip
        provider = providers.connect(settings, ["apns"])["apns"]
        assert not isinstance(provider, Off), provider
        ledger = Ledger(store, sends_max=3, kept_days=7)
        rooms = newsroom.from_config(settings.newsroom)
        for token in TOKENS:
            phone = Registration(platform="apns", token=token, subscription=None, preferences=Preferences(("en",)))
            await devices.register(store, phone, now_ms() - 1000)
        yield World(
            store, apple, partial(Lane, "apns", provider, store, ledger, rooms, settings, "https://news.example")
        )
        await provider.close()
