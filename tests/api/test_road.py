"""The road to the store is slow, or breaks without a word (P11, faults of the API): nobody waits long for an answer."""

import asyncio
import statistics
import time

import pytest

from config.settings import Settings
from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, serving, settings_for
from tests.road import Road, road_to
from tests.stores import BUSY_S, until

POSTS = 20
STORE_TIMEOUT_S = 1.0


@pytest.fixture(autouse=True)
def store_time_s() -> None:
    """That of production: it is what is tested here."""


def by(server: EmbeddedStore, road: Road) -> Settings:
    """An API that reaches its store by this road, with the time-out of production."""
    return settings_for(server, redis_url=road.url, store_timeout_s=STORE_TIMEOUT_S)


async def refused_in_time(api: Api, key: str) -> None:
    """503 with a time to come back, within 1.5 s."""
    began_s = time.monotonic()
    answer = await api.post(Idempotency_Key=key)
    assert time.monotonic() - began_s < 1.5 + BUSY_S
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/store-unavailable")
    assert int(answer.headers["retry-after"]) >= 1


async def test_in_a_black_hole_every_post_is_refused_in_time_and_its_repetition_makes_one_alert(
    server: EmbeddedStore,
) -> None:
    async with road_to(server) as road, serving(by(server, road)) as api:
        road.hold()
        keys = [f"post-{number}" for number in range(POSTS)]
        await asyncio.gather(*(refused_in_time(api, key) for key in keys))
        road.go_on()

        async def is_taken() -> bool:
            return bool((await api.post(Idempotency_Key=keys[0])).status_code == 201)

        assert await until(is_taken) < 2 + BUSY_S
        for key in keys:
            assert (await api.post(Idempotency_Key=key)).status_code == 201
        await until(lambda: api.process.readiness().ready)
        assert len((await api.ticker("?limit=100"))["alerts"]) == POSTS


async def test_connections_that_are_half_open_cost_a_refusal_and_no_worker(server: EmbeddedStore) -> None:
    async with road_to(server) as road, serving(by(server, road)) as api:
        await api.publish()
        road.cut_in_silence()

        async def is_taken() -> bool:
            began_s = time.monotonic()
            answer = await api.post(Idempotency_Key="k")
            assert time.monotonic() - began_s < 1.5 + BUSY_S
            return bool(answer.status_code == 201)

        await until(is_taken)
        await until(lambda: api.process.readiness().ready)

        async def is_told() -> bool:
            return len((await api.ticker())["alerts"]) == 2

        await until(is_told)


async def test_a_store_that_is_slow_by_a_fifth_of_a_second_keeps_nobody_waiting_for_a_whole_one(
    server: EmbeddedStore,
) -> None:
    async with road_to(server) as road, serving(by(server, road)) as api:
        await api.publish()
        road.slow_by_s = 0.2
        took_s = []
        for _ in range(5):
            began_s = time.monotonic()
            await api.publish()
            took_s.append(time.monotonic() - began_s)
        assert statistics.median(took_s) < 1
