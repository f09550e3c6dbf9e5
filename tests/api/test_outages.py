"""The store goes, hangs, comes back, or gives less than it should: nothing is acknowledged that might be lost."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest
import redis

from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, running, serving, settings_for
from tests.stores import BUSY_S, until

IN_PRODUCTION = {"store_timeout_s": 1.0}


@pytest.fixture(autouse=True)
def store_time_s() -> None:
    """That of production: it is what is tested here."""


@pytest.fixture
async def api(server: EmbeddedStore) -> AsyncIterator[Api]:
    async with serving(settings_for(server, **IN_PRODUCTION)) as api:
        yield api


async def test_without_a_store_writes_are_refused_in_time_and_readers_stay(api: Api, server: EmbeddedStore) -> None:
    made = await api.publish()
    server.kill()
    for _ in range(3):
        started_at = time.monotonic()
        answer = await api.post()
        assert time.monotonic() - started_at < 1.5 + BUSY_S
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/store-unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert "store.sock" not in answer.text
    assert (await api.ticker())["alerts"] == [made["alert"]]
    await until(lambda: not api.process.readiness().ready)
    readyz = await api.get("/readyz")
    assert readyz.status_code == 503
    assert readyz.json()["reasons"]
    await until(lambda: not api.process.newswire.hearing)
    assert (await api.ticker())["alerts"] == [made["alert"]]


async def test_a_store_that_hangs_is_no_store(api: Api, server: EmbeddedStore) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        started_at = time.monotonic()
        answer = await api.post(Idempotency_Key="k")
        assert time.monotonic() - started_at < 1.5 + BUSY_S
        assert answer.status_code == 503
    finally:
        os.kill(server.pid, signal.SIGCONT)
    await until(lambda: api.process.readiness().ready)
    assert (await api.post(Idempotency_Key="k")).status_code == 201
    assert len((await api.ticker())["alerts"]) == 1


async def test_the_first_alert_is_taken_soon_after_the_store_is_back(api: Api, server: EmbeddedStore) -> None:
    made = await api.publish()
    server.kill()
    assert (await api.post()).status_code == 503
    server.start()

    async def is_taken() -> bool:
        return bool((await api.post()).status_code == 201)

    assert await until(is_taken) < 2 + BUSY_S
    page = await api.ticker()
    assert page["alerts"][-1] == made["alert"]
    assert page["cursor"] == made["cursor"].replace(":1", ":2")


async def test_a_store_that_restarts_between_two_posts_costs_no_post(api: Api, server: EmbeddedStore) -> None:
    await api.publish()
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    await until(lambda: api.process.readiness().ready)
    answer = await api.post()
    assert answer.status_code == 201, answer.text


async def test_a_process_that_starts_before_its_store_waits_for_it(server: EmbeddedStore) -> None:
    server.kill()
    async with running(settings_for(server, **IN_PRODUCTION), ready=False) as process:
        await until(lambda: bool(process.readiness().reasons))
        assert not process.readiness().ready
        server.start()
        assert await until(lambda: process.readiness().ready) < 2 + BUSY_S


async def test_nothing_is_loaded_before_the_store_was_heard(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, **IN_PRODUCTION)) as api:
        api.process.wires._wires.clear()
        answer = await api.get("/v1/editions/en/ticker")
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (503, "*")
        assert answer.headers["retry-after"]


async def test_a_store_that_is_not_durable_enough_takes_nothing(api: Api, server: EmbeddedStore) -> None:
    with redis.Redis.from_url(server.url, single_connection_client=True) as operator:
        operator.config_set("appendfsync", "everysec")
        await until(lambda: not api.process.readiness().ready)
        answer = await api.post()
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-durable")
        assert answer.headers["retry-after"]
        readyz = await api.get("/readyz")
        assert readyz.status_code == 503
        assert readyz.json()["durability"]["gives"] == "<= 1 s"
        assert "appendfsync" in " ".join(readyz.json()["reasons"])
        operator.config_set("appendfsync", "always")
        await until(lambda: api.process.readiness().ready)
        assert (await api.post()).status_code == 201


async def test_relaxed_takes_what_the_store_gives_and_says_so(server: EmbeddedStore) -> None:
    with redis.Redis.from_url(server.url, single_connection_client=True) as operator:
        operator.config_set("appendonly", "no")
    async with serving(settings_for(server, durability="relaxed", **IN_PRODUCTION)) as api:
        assert (await api.post()).status_code == 201
        assert (await api.get("/readyz")).json()["durability"] == {"gives": "none", "enough": True, "remedy": None}


async def test_readyz_says_what_is_known(api: Api) -> None:
    await api.publish()
    said = (await api.get("/readyz")).json()
    assert said["ready"]
    assert said["reasons"] == []
    assert said["tail"]["hearing"]
    assert said["durability"]["gives"] == "fsync"
    assert set(said["cursors"]) == {
        f"{edition}{drill}" for edition in ("en", "ar", "es") for drill in ("", ":exercise")
    }
    assert said["cursors"]["en"].endswith(":1")
    assert (await api.get("/healthz")).json() == {"alive": True}
    assert "version" in (await api.get("/version")).json()


async def test_a_store_that_was_emptied_is_a_new_life(api: Api, server: EmbeddedStore) -> None:
    made = await api.publish()
    with redis.Redis.from_url(server.url, single_connection_client=True) as operator:
        operator.flushall()

    async def is_empty() -> bool:
        return bool((await api.ticker())["alerts"] == [])

    await until(is_empty)
    epoch = made["cursor"].partition(":")[0]
    assert not (await api.ticker())["cursor"].startswith(f"{epoch}:")
    assert (await api.get("/readyz")).status_code == 200


async def test_a_page_of_another_life_is_refused(api: Api, server: EmbeddedStore) -> None:
    for _ in range(2):
        await api.publish()
    following = (await api.ticker("?limit=1"))["next"]
    assert (await api.ticker(f"?before={following}"))["next"] is None
    with redis.Redis.from_url(server.url, single_connection_client=True) as operator:
        operator.flushall()

    async def is_refused() -> bool:
        return bool((await api.get(f"/v1/editions/en/ticker?before={following}")).status_code == 400)

    await until(is_refused)
