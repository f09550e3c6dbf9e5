"""arq as we use it: its settings, its queues, and the only places that touch its innards.

The rule to remember: arq decides when a job runs, never whether. Its tries are unlimited here and its time-outs wide,
because what it gives up it forgets; runs are counted in the ledger, and open blocks stand in `plans`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix
from arq.worker import Worker, func
from redis.exceptions import RedisError

from service.clock import now_ms
from service.domain.device import Platform
from service.domain.shards import Job, Tier
from service.ending import end
from workers import arq_ground
from workers.push.jobs import deliver

POLL_S = 0.02
"""arq looks for work so often; its default of 0.5 s would be most of the time that a push takes."""
TRIES_MAX = 1_000_000
TIMEOUT_S = 300
"""Our own runs end within push_job_s; this only ends what hangs in a way that we have not thought of."""
LEASE_S = 3.0
"""How long a block stays a worker's that says nothing: after a crash another has it so soon. It is said again three
times in that time while a run goes on; a worker that slept through it shares the block, which the ledger bears."""
ENQUEUED_TOGETHER = 32


def queue_name(platform: Platform, tier: Tier) -> str:
    """The queue of one bulkhead."""
    return f"push:{platform}:{tier}"


def worker(pool: ArqRedis, platform: Platform, tier: Tier, context: dict[str, Any], *, blocks_at_once: int) -> Worker:
    """A worker of one bulkhead; run it with `main`."""
    deliver_leased = func(leased, name="deliver", timeout=TIMEOUT_S, keep_result=0, max_tries=TRIES_MAX)
    made = arq_ground.worker(
        pool, queue_name(platform, tier), deliver_leased, {**context, "tier": tier}, poll_s=POLL_S,
        jobs_at_once=blocks_at_once,
    )  # fmt: skip
    # arq would keep a dead worker's job for its time-out and 10 s more, and never renews that
    made.in_progress_timeout_s = LEASE_S
    return made


async def leased(ctx: dict[str, Any], alert_id: str, version: int, platform: Platform, block: int) -> None:
    """The job as arq runs it: `deliver`, under a lease."""
    async with lease(ctx["redis"], ctx["job_id"]):
        await deliver(ctx, alert_id, version, platform, block)


@asynccontextmanager
async def lease(pool: ArqRedis, job_id: str) -> AsyncIterator[None]:
    """While this is held, the job that arq has just started is renewed as ours."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            with contextlib.suppress(RedisError, OSError):  # then it runs out, and the block may be run twice
                await pool.psetex(in_progress_key_prefix + job_id, round(LEASE_S * 1000), b"1")

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        await end((renewing,))


async def enqueue(pool: ArqRedis, jobs: Sequence[Job], tier: Tier, due_ms: int) -> None:
    """Queue the jobs for that moment, or for now; one that is queued already stays as it is."""
    due = datetime.fromtimestamp(max(due_ms, now_ms()) / 1000, UTC)  # arq keeps no job of a day that is over

    async def one(job: Job) -> None:
        await pool.enqueue_job(
            "deliver", job.alert_id, job.version, job.platform, job.block, _job_id=job.id,
            _queue_name=queue_name(job.platform, tier), _defer_until=due,
        )  # fmt: skip

    for start in range(0, len(jobs), ENQUEUED_TOGETHER):
        await asyncio.gather(*map(one, jobs[start : start + ENQUEUED_TOGETHER]))
