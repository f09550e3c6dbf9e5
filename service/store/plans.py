"""What is still to be pushed: the blocks that are open for each version, and the jobs that were given up.

The rule to remember: the queue may forget a job (a worker that slept too long, a queue store that was lost), this does
not. Whoever looks finds the blocks that have not ended and puts them into the queue again.
"""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import cast

import msgspec
import structlog

from service.domain.device import PLATFORMS, Platform
from service.domain.shards import Job
from service.store import keys
from service.store.connection import Store, reaching_store

log = structlog.get_logger("store")

DEAD_MAX = 10_000
"""Dead letters that are kept; more than that is one fault said ten thousand times."""
WRITTEN_TOGETHER = 1000
_PLAN = re.compile(rb"([0-9A-Za-z-]{1,64}):([1-9][0-9]{0,8})")
_BLOCK = re.compile(rb"(apns|fcm|webpush):(0|[1-9][0-9]{0,8})")

_FINISH = """
redis.call('SREM', KEYS[1], ARGV[1])
if ARGV[3] == '1' then redis.call('HSET', KEYS[3], 'done', 1) end
if redis.call('SCARD', KEYS[1]) == 0 then redis.call('ZREM', KEYS[2], ARGV[2]) end
"""


class DeadLetter(msgspec.Struct, frozen=True):
    """A job that was given up: when, and why."""

    id: str
    at_ms: int
    job: Job
    why: str


async def plan(
    store: Store, alert_id: str, devices: Mapping[Platform, int], kept_days: int
) -> dict[Platform, int]:  # fmt: skip
    """Whom the alert is meant for: as many devices of each platform as there were when it was planned first.

    Raises StoreUnavailable.
    """
    name = keys.plan(alert_id)
    async with reaching_store(), store.pipeline(transaction=True) as pipe:
        for platform in PLATFORMS:
            pipe.hsetnx(name, platform, devices.get(platform, 0))
        pipe.pexpire(name, kept_days * 86_400_000)
        pipe.hmget(name, list(PLATFORMS))
        *_, counts = await pipe.execute()
    return {platform: int(count) for platform, count in zip(PLATFORMS, counts, strict=True)}


async def is_planned(store: Store, alert_id: str) -> bool:
    """Whether any version of the alert was ever planned. Raises StoreUnavailable."""
    async with reaching_store():
        return bool(await store.hgetall(keys.plan(alert_id)))


async def open_jobs(store: Store, jobs: Iterable[Job], now_ms: int, kept_days: int) -> None:
    """Write down which blocks are open, before any of them is queued. Raises StoreUnavailable."""
    by_version: dict[tuple[str, int], list[str]] = {}
    for job in jobs:
        by_version.setdefault((job.alert_id, job.version), []).append(f"{job.platform}:{job.block}")
    async with reaching_store():
        for (alert_id, version), members in by_version.items():
            name = keys.open_blocks(alert_id, version)
            async with store.pipeline(transaction=True) as pipe:
                pipe.zadd(keys.PLANS, {f"{alert_id}:{version}": now_ms})
                for start in range(0, len(members), WRITTEN_TOGETHER):
                    pipe.sadd(name, *members[start : start + WRITTEN_TOGETHER])
                pipe.pexpire(name, kept_days * 86_400_000)
                pipe.hset(keys.plan(alert_id), keys.planned(version), now_ms)
                pipe.pexpire(keys.plan(alert_id), kept_days * 86_400_000)
                await pipe.execute()


async def finish(store: Store, job: Job, *, done: bool) -> None:
    """The job has nothing more to do. `done`: everybody of its block who was to be rung has been decided upon.

    Raises StoreUnavailable.
    """
    names = [
        keys.open_blocks(job.alert_id, job.version), keys.PLANS,
        keys.ledger(job.alert_id, job.platform, job.block),
    ]  # fmt: skip
    values = [f"{job.platform}:{job.block}", f"{job.alert_id}:{job.version}", int(done)]
    async with reaching_store():
        await store.register_script(_FINISH)(keys=names, args=values)


async def still_open(store: Store, planned_before_ms: int) -> AsyncIterator[Job]:
    """Every job that has not ended, of versions planned before that moment, oldest first. Raises StoreUnavailable."""
    async with reaching_store():
        plans = await store.zrangebyscore(keys.PLANS, "-inf", planned_before_ms)
    for name in plans:
        form = _PLAN.fullmatch(name)
        if form is None:
            await _strike(store, keys.PLANS, name)
            continue
        alert_id, version = form[1].decode(), int(form[2])
        async with reaching_store():
            members = await store.smembers(keys.open_blocks(alert_id, version))
            if not members:
                await store.zrem(keys.PLANS, name)
        for member in members:
            if block := _BLOCK.fullmatch(member):
                yield Job(alert_id, version, cast(Platform, block[1].decode()), int(block[2]))
            else:
                await _strike(store, keys.open_blocks(alert_id, version), member)


async def _strike(store: Store, name: str, member: bytes) -> None:
    """Take off a list what is none of ours, so that it does not stand in the way of the rest."""
    log.error("what is open cannot be read and is struck off", list=name, member=repr(member[:40]))
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        await (pipe.zrem if name == keys.PLANS else pipe.srem)(name, member)
        await pipe.execute()


async def give_up(store: Store, job: Job, why: str, now_ms: int) -> None:
    """Make the job a dead letter. Raises StoreUnavailable."""
    letter = {"job": msgspec.json.encode(job), "why": why, "at": now_ms}
    async with reaching_store(), store.pipeline(transaction=True) as pipe:
        pipe.xadd(keys.DEAD, letter, maxlen=DEAD_MAX, approximate=True)
        await pipe.execute()
    await finish(store, job, done=False)


async def dead_letters(store: Store) -> list[DeadLetter]:
    """All jobs that were given up, oldest first. Raises StoreUnavailable."""
    async with reaching_store():
        entries = await store.xrange(keys.DEAD, "-")
    return [
        DeadLetter(
            entry_id.decode(),
            int(fields[b"at"]),
            msgspec.json.decode(fields[b"job"], type=Job),
            fields[b"why"].decode(),
        )
        for entry_id, fields in entries
    ]


async def revive(store: Store, letters: Iterable[DeadLetter], now_ms: int, kept_days: int) -> None:
    """Give dead letters another life, as if planned now: they ring whom they ring. Raises StoreUnavailable.

    Their blocks are open from the first moment on (of the epoch), so that the dispatcher's next sweep takes them.
    """
    for letter in letters:
        job = letter.job
        await open_jobs(store, [job], now_ms, kept_days)
        async with reaching_store(), store.pipeline(transaction=True) as pipe:
            name = keys.ledger(job.alert_id, job.platform, job.block)
            pipe.hdel(name, f"{job.version}:runs", f"{job.version}:attempts")
            pipe.hset(name, "since", now_ms)
            pipe.zadd(keys.PLANS, {f"{job.alert_id}:{job.version}": 0})
            pipe.xdel(keys.DEAD, letter.id)
            await pipe.execute()
