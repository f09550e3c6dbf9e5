"""A real replica: what is answered 201 is there, and nowhere else is it a plain 201 (reliability P1, `replica`).

The rule to remember: a replica that is stopped still counts as connected; only WAIT knows that it has not got it.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from service.store import access
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, serving, settings_for
from tests.ports import free_ports
from tests.stores import ANSWERS_WITHIN_S, running_in, until


async def _say(server: EmbeddedStore, *words: object) -> None:
    store = for_commands(server.url, ANSWERS_WITHIN_S)
    async with store.pipeline(transaction=False) as pipe:
        pipe.execute_command(*words)
        await pipe.execute()
    await store.aclose()


@asynccontextmanager
async def _reading(server: EmbeddedStore) -> AsyncIterator[Store]:
    store = for_commands(server.url, ANSWERS_WITHIN_S)
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture
async def replica(server: EmbeddedStore, tmp_path: Path) -> AsyncIterator[EmbeddedStore]:
    """A second store that follows the first and is in step."""
    (port,) = free_ports(1)
    with running_in(tmp_path / "replica") as second:
        await _say(server, "CONFIG", "SET", "repl-diskless-sync-delay", 0)
        await _say(server, "CONFIG", "SET", "port", port)
        await _say(second, "REPLICAOF", "127.0.0.1", port)
        async with _reading(second) as store:

            async def follows() -> bool:
                return bool((await store.info("replication")).get("master_link_status") == "up")

            await until(follows)
        yield second


@pytest.fixture
async def api(server: EmbeddedStore, replica: EmbeddedStore) -> AsyncIterator[Api]:
    async with serving(settings_for(server, durability="replica")) as api:
        yield api


async def _alerts(server: EmbeddedStore) -> int:
    """How many revisions stand on the wire of this store."""
    async with _reading(server) as store:
        return len(await store.xrange("wire:{en}", min="-"))


async def test_what_is_answered_201_is_on_the_replica(api: Api, replica: EmbeddedStore) -> None:
    for number in range(1, 6):
        await api.publish()
        assert await _alerts(replica) == number


async def test_a_replica_that_hangs_is_no_plain_201_and_the_same_key_makes_one_alert(
    api: Api,
    server: EmbeddedStore,
    replica: EmbeddedStore,
) -> None:
    assert replica.pid is not None
    os.kill(replica.pid, signal.SIGSTOP)
    try:
        for _ in range(2):  # asked again, it stands in the store already, and still not on the replica
            answer = await api.post(Idempotency_Key="k")
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-durable")
            assert answer.headers["retry-after"]
    finally:
        os.kill(replica.pid, signal.SIGCONT)

    async def is_taken() -> bool:
        return bool((await api.post(Idempotency_Key="k")).status_code == 201)

    await until(is_taken)
    assert await _alerts(server) == await _alerts(replica) == 1


async def test_a_kill_that_stands_already_is_no_plain_200_while_no_replica_has_it(
    api: Api, server: EmbeddedStore, replica: EmbeddedStore
) -> None:
    made = await api.publish()
    assert replica.pid is not None
    os.kill(replica.pid, signal.SIGSTOP)
    try:
        for _ in range(2):
            answer = await api.kill(made["alert"]["id"])
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-durable")
    finally:
        os.kill(replica.pid, signal.SIGCONT)

    async def is_done() -> bool:
        return bool((await api.kill(made["alert"]["id"])).status_code == 200)

    await until(is_done)
    assert await _alerts(server) == await _alerts(replica) == 2


async def test_a_key_that_was_ended_is_not_told_so_while_a_failover_would_bring_it_back(
    api: Api, replica: EmbeddedStore
) -> None:
    path = f"/v1/keys/{api.keys['editor'][8:18]}"
    assert replica.pid is not None
    os.kill(replica.pid, signal.SIGSTOP)
    try:
        for more in ({}, {}, {"Idempotency_Key": "k"}, {"Idempotency_Key": "k"}):
            answer = await api.client.delete(path, headers=api.headers("admin", **more))
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-durable")
    finally:
        os.kill(replica.pid, signal.SIGCONT)

    async def is_ended() -> bool:
        answer = await api.client.delete(path, headers=api.headers("admin", Idempotency_Key="k"))
        return bool(answer.status_code == 204)

    await until(is_ended)
    async with _reading(replica) as store:
        [ended] = [key for key in await access.list_keys(store) if key.revoked]
    assert ended.id in path


async def test_a_primary_whose_replicas_lag_takes_nothing_that_could_be_forgotten(
    api: Api, server: EmbeddedStore, replica: EmbeddedStore
) -> None:
    """`min-replicas-to-write`: without it a post that is refused stands in a store that may be the stale one."""
    for name, value in (("min-replicas-to-write", 1), ("min-replicas-max-lag", 1)):
        await _say(server, "CONFIG", "SET", name, value)
    await api.publish()
    assert replica.pid is not None
    os.kill(replica.pid, signal.SIGSTOP)
    try:

        async def is_refused_by_the_store() -> bool:
            answer = await api.post({"headline": "Fog over the strait"}, Idempotency_Key="k")
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            return bool(answer.json()["type"] == "/problems/store-unavailable")  # before, it stood there and waited

        await until(is_refused_by_the_store, within_s=20)
        stood = await _alerts(server)
        for number in range(3):
            assert (await api.post({"headline": f"Stage {number} begins"})).status_code == 503
        assert await _alerts(server) == stood
    finally:
        os.kill(replica.pid, signal.SIGCONT)

    async def is_taken() -> bool:
        answer = await api.post({"headline": "Fog over the strait"}, Idempotency_Key="k")
        return bool(answer.status_code == 201)

    await until(is_taken, within_s=20)
    assert await _alerts(server) == await _alerts(replica) == 2


async def test_a_replica_that_is_gone_makes_the_desk_refuse(api: Api, replica: EmbeddedStore) -> None:
    await asyncio.to_thread(replica.kill)
    await until(lambda: not api.process.readiness().ready)
    readyz = await api.get("/readyz")
    assert readyz.status_code == 503
    assert "0 of 1 replicas are connected" in " ".join(readyz.json()["reasons"])
    answer = await api.post()
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-durable")
    assert (await api.ticker())["alerts"] == []
