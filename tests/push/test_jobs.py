"""One block's job against a real store and a true HTTP/2 server: what it makes of what the provider says."""

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
from service.domain.alert import Alert, Author, Correction, Link, Record
from service.domain.device import Preferences
from service.domain.registration import Registration
from service.domain.shards import Job
from service.ending import end
from service.store import devices, keys, plans
from service.store.connection import Store
from service.store.ledger import Ledger
from tests.entries import alert, append
from tests.push.certificates import Certificates
from tests.push.credentials import pem
from tests.push.h2_server import Act, Answer, Cut, Request, serving
from tests.stores import server, store
from workers.push import jobs, providers
from workers.push.lane import Lane
from workers.push.providers import Off

__all__ = ["server", "store"]

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
        await append(self.store, made)
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
            apns_topic="org.example.news", provider_ca_file=trusted.authority, push_timeout_s=1.0,
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


async def test_everybody_gets_it_once_and_the_figures_say_so(world: World) -> None:
    made = await world.publish()
    assert await world.run(made) is None
    assert await world.run(made) is None, "a second run finds nothing to do"
    assert sorted(token for token, _ in world.apple.got) == TOKENS
    figures = {name: count for name, count in (await world.figures(made)).items() if count}
    assert figures == {"eligible:apns": PHONES, "accepted:apns": PHONES}


async def test_what_was_taken_and_not_answered_is_sent_again_and_only_that(world: World) -> None:
    world.apple.answers[TOKENS[2]] = [Cut()]
    made = await world.publish()
    await world.until_done(made)
    assert world.apple.times(TOKENS[2]) == 2
    assert {world.apple.times(token) for token in TOKENS if token != TOKENS[2]} <= {1, 2}  # one connection carries all
    assert (await world.figures(made))["accepted:apns"] == PHONES


async def test_workers_that_die_at_their_first_request_use_up_nobody_elses_tries(world: World) -> None:
    made = await world.publish()
    world.apple.speaks.clear()
    for _ in range(3):
        world.apple.asked.clear()
        run = asyncio.create_task(world.run(made))
        await asyncio.wait_for(world.apple.asked.wait(), 5)
        await end([run])
        world.begin_another_life()
    world.apple.speaks.set()
    await world.until_done(made)
    served = {token for token, _ in world.apple.got}
    assert len(served) >= PHONES - 1, "but for the one that was tried three times, everybody is served"


async def test_a_phone_that_never_answers_is_sent_it_three_times_and_no_more(world: World) -> None:
    for token in TOKENS:
        world.apple.answers[token] = [Cut()] * 10
    made = await world.publish()
    await world.until_done(made, runs_max=10)
    assert {world.apple.times(token) for token in TOKENS} == {3}
    figures = await world.figures(made)
    assert sum(count for name, count in figures.items() if name.startswith("failed:")) == PHONES


async def test_a_phone_that_is_gone_is_a_tombstone_before_the_ledger_says_so(world: World) -> None:
    since_ms = now_ms() + 60_000
    world.apple.answers[TOKENS[0]] = [refusal(410, "Unregistered", timestamp=since_ms)]
    made = await world.publish()
    await world.until_done(made)
    device = await devices.read(world.store, "apns", 0)
    assert device is not None
    assert device.gone_ms is not None
    second = await world.publish()
    await world.until_done(second)
    assert world.apple.times(TOKENS[0]) == 0
    figures = await world.figures(second)
    assert (figures["accepted:apns"], figures["absent:apns"]) == (PHONES - 1, 1)


async def test_one_refusal_ages_nobody_else_and_is_tried_again(world: World) -> None:
    world.apple.answers[TOKENS[1]] = [refusal(429, "TooManyRequests"), refusal(500, "InternalServerError")]
    made = await world.publish()
    await world.until_done(made)
    assert [world.apple.times(token) for token in TOKENS] == [1] * PHONES


async def test_nothing_is_sent_inside_a_pause_that_the_provider_asked_for(world: World) -> None:
    world.apple.answers[TOKENS[0]] = [Answer(503, b'{"reason":"ServiceUnavailable"}', {"retry-after": "1"})]
    made = await world.publish()
    began_ms = now_ms()
    await world.until_done(made)
    assert now_ms() - began_ms >= 1000
    assert [world.apple.times(token) for token in TOKENS] == [1] * PHONES


async def test_what_is_too_large_for_the_provider_is_sent_again_once_and_shorter(world: World) -> None:
    world.apple.takes_bytes = 2100
    made = await world.publish(link=Link("https://example.org/" + "a" * 2000))
    await world.until_done(made)
    assert sorted(token for token, _ in world.apple.got) == TOKENS
    assert {payload["url"] for _, payload in world.apple.got} == {f"https://news.example/a/{made.id}"}


async def test_a_correction_goes_to_who_was_given_the_error_and_the_rest_get_it_plainly(world: World) -> None:
    world.apple.answers[TOKENS[3]] = [refusal(500, "InternalServerError")] * 2
    first = await world.publish()
    await world.run(first)
    correction = Correction(text="It was the east pier", was="West pier", severity="major")
    second = await world.follow(first, headline="East pier closed", signals=("correction",), correction=correction)
    await world.until_done(second)
    assert await world.run(first) is None, "the overtaken job has nothing to do"
    last = dict(world.apple.got)
    assert {payload["version"] for payload in last.values()} == {2}
    assert (await world.figures(second))["reached:2:apns"] == PHONES - 1


async def test_after_a_kill_only_who_was_given_something_hears_of_it(world: World) -> None:
    world.apple.answers[TOKENS[3]] = [refusal(500, "InternalServerError")] * 2
    first = await world.publish()
    await world.run(first)
    killed = await world.follow(first, pub_status="canceled")
    await world.until_done(killed)
    assert world.apple.times(TOKENS[3]) == 0
    assert sorted(token for token, payload in world.apple.got if payload["version"] == 2) == sorted(
        set(TOKENS) - {TOKENS[3]}
    )


async def test_where_the_editor_wants_nobody_new_rung_a_kill_still_reaches_who_was(world: World) -> None:
    first = await world.publish()
    await world.run(first)
    quiet = await world.follow(first, headline="West pier closed until noon", signals=("update",))
    record = Record(alert=quiet, state="published", author=Author("KEY", "a test"), push=False)
    async with world.store.pipeline(transaction=False) as pipe:
        pipe.lset(keys.versions(first.id), -1, msgspec.json.encode(record))
        await pipe.execute()
    killed = await world.follow(quiet, pub_status="canceled")
    await world.until_done(killed)
    assert sorted(token for token, payload in world.apple.got if payload["version"] == 3) == TOKENS
