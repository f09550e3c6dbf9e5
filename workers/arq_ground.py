"""arq's connection to the store, as all of our processes that use it have it.

The rule to remember: a lost connection ends an arq worker unless its settings carry a retry of their own, and arq's
default serializer runs code of whoever can write to the store. Neither default is used here.
"""

import dataclasses
from typing import Any
from urllib.parse import unquote

import msgspec
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Function, Worker
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import TimeoutError as StoreTimeoutError

RETRIES = 6
BACK_OFF_MAX_S = 1.0
HEALTH_S = 5
"""How often a worker says in the store that it turns."""


def redis_settings(url: str) -> RedisSettings:
    """arq's connection, which outlives a restart of the store: without a Retry any lost connection ends its worker.

    arq reads an address as it stands, with the percent signs of a folder's or a password's odd characters.
    """
    read = RedisSettings.from_dsn(url)
    return dataclasses.replace(
        read,
        unix_socket_path=_unquoted(read.unix_socket_path),
        username=_unquoted(read.username),
        password=_unquoted(read.password),
        ssl_check_hostname=True,
        conn_timeout=1,
        conn_retries=30,
        retry=Retry(ExponentialBackoff(cap=BACK_OFF_MAX_S, base=0.05), RETRIES),
        retry_on_timeout=True,
        retry_on_error=[StoreConnectionError, StoreTimeoutError, OSError],
    )


def _unquoted(text: str | None) -> str | None:
    return None if text is None else unquote(text)


async def connect(url: str) -> ArqRedis:
    """The queues' store. Raises redis errors where it cannot be reached for half a minute."""
    return await create_pool(redis_settings(url), job_serializer=pack, job_deserializer=unpack)


def worker(
    pool: ArqRedis, queue: str, job: Function, context: dict[str, Any], *, poll_s: float, jobs_at_once: int = 10
) -> Worker:
    """A worker of one queue and one kind of job; run it with `main`. Signals and results are not its business."""
    return Worker(
        [job], queue_name=queue, redis_pool=pool, ctx=context, max_jobs=jobs_at_once, poll_delay=poll_s,
        health_check_interval=HEALTH_S, handle_signals=False, job_serializer=pack, job_deserializer=unpack,
        log_results=False,
    )  # fmt: skip


_PACK = msgspec.msgpack.Encoder()


def pack(value: Any) -> bytes:
    """msgpack, never arq's default pickle: whoever can write to the queue must not run code beside the keys."""
    return _PACK.encode(value)


def unpack(packed: bytes) -> Any:
    return msgspec.msgpack.decode(packed)
