"""arq as we use it, against a real store: what it must still be for what we set on it to mean something."""

import asyncio
import time
from importlib import metadata
from pathlib import Path

import pytest
from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix
from arq.worker import Worker, func
from redis.backoff import ExponentialBackoff

from service.domain.shards import Job
from service.store.embedded import EmbeddedStore
from tests.stores import running_in, server, until
from workers import arq_ground
from workers.push import queue
from workers.push.jobs import deliver

__all__ = ["server"]

JOBS = [Job("A", 1, "apns", block) for block in range(3)]


@pytest.fixture
async def pool(server: EmbeddedStore) -> ArqRedis:
    return await arq_ground.connect(server.url)


def test_arq_and_redis_are_the_pair_that_works_together() -> None:
    assert metadata.version("arq").startswith("0.28.")
    assert metadata.version("redis").startswith("5.")


async def test_the_queues_are_found_in_a_folder_with_odd_characters(tmp_path: Path) -> None:
    with running_in(tmp_path / "Überblick & 100 % news") as server:
        pool = await arq_ground.connect(server.url)
        assert await pool.ping()
        await pool.aclose()


async def test_a_dead_worker_s_block_is_soon_free(pool: ArqRedis) -> None:
    plain = Worker([func(deliver, name="deliver", timeout=60)], queue_name="q", redis_pool=pool, handle_signals=False)
    assert plain.in_progress_timeout_s == 70, "arq's own lease is the longest time-out and ten seconds"
    ours = queue.worker(pool, "apns", "express", {}, blocks_at_once=4)
    assert ours.in_progress_timeout_s == queue.LEASE_S
    await pool.aclose()


async def test_a_run_renews_its_lease_while_it_lasts(pool: ArqRedis) -> None:
    name = in_progress_key_prefix + JOBS[0].id
    async with queue.lease(pool, JOBS[0].id):
        for _ in range(2):
            await pool.delete(name)
            await until(lambda: exists(pool, name))
    assert 0 < await pool.pttl(name) <= queue.LEASE_S * 1000
    await pool.delete(name)
    await asyncio.sleep(queue.LEASE_S / 2)
    assert not await exists(pool, name)
    await pool.aclose()


async def exists(pool: ArqRedis, name: str) -> bool:
    return bool(await pool.exists(name))


async def test_arq_looks_often_never_gives_up_and_never_pickles(pool: ArqRedis) -> None:
    worker = queue.worker(pool, "fcm", "standard", {}, blocks_at_once=4)
    function = worker.functions["deliver"]
    assert (worker.poll_delay_s, worker.queue_name, worker.max_jobs) == (0.02, "push:fcm:standard", 4)
    assert (function.max_tries, function.keep_result_s) == (queue.TRIES_MAX, 0)
    assert worker.job_serializer is not None
    assert worker.job_serializer({"a": (1, "b")}) == b"\x81\xa1a\x92\x01\xa1b"
    await pool.aclose()


def test_a_restart_of_the_store_is_waited_for() -> None:
    settings = arq_ground.redis_settings("unix:///run/store.sock")
    assert settings.unix_socket_path == "/run/store.sock"
    assert settings.retry is not None
    assert isinstance(settings.retry._backoff, ExponentialBackoff)
    assert settings.retry_on_error


async def test_the_same_work_is_queued_once_and_waits_for_its_moment(pool: ArqRedis) -> None:
    due_ms = time.time_ns() // 1_000_000 + 60_000
    for _ in range(2):
        await queue.enqueue(pool, JOBS, "standard", due_ms)
    queued = await pool.zrange("push:apns:standard", 0, -1, withscores=True)
    assert sorted(queued) == [(job.id.encode(), float(due_ms)) for job in JOBS]
    await pool.aclose()


async def test_a_pool_whose_store_is_gone_says_so_in_time(server: EmbeddedStore) -> None:
    pool = await arq_ground.connect(server.url)
    server.kill()
    server.start()
    await queue.enqueue(pool, JOBS, "express", 0)  # the connection is made anew, nobody notices
    assert await pool.zcard("push:apns:express") == 3
    await pool.aclose()
