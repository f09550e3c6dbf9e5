"""Connections to the store, each bounded in time.

The rule to remember: no call to the store may hang. Commands end within `store_timeout_s`; a tail's socket waits 2 s
longer than its XREAD blocks, since a shorter wait would fail every idle read, and none at all would hang for ever on a
stopped server.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol, cast
from urllib.parse import unquote

import hiredis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from service.domain.errors import StoreUnavailable
from service.store import refusals

COMMAND_CONNECTIONS_MAX = 64
TAIL_EXTRA_S = 2.0

Fields = Mapping[str, str | bytes | int]


class Store(Protocol):
    """The commands of Valkey and Redis that we use, with the types they truly have: bytes in every answer.

    Kept to what both products and every version since Redis 7.0 know alike.
    """

    async def get(self, name: str) -> bytes | None: ...
    async def setex(self, name: str, time: int, value: bytes) -> bool: ...
    async def getdel(self, name: str) -> bytes | None: ...
    async def hget(self, name: str, key: str) -> bytes | None: ...
    async def hmget(self, name: str, keys: list[str]) -> list[bytes | None]: ...
    async def hset(self, name: str, key: str, value: str | bytes) -> int: ...
    async def lrange(self, name: str, start: int, end: int) -> list[bytes]: ...
    async def smembers(self, name: str) -> set[bytes]: ...
    async def xrange(self, name: str, min: str, max: str = "+") -> list[tuple[bytes, dict[bytes, bytes]]]: ...
    async def xread(self, streams: Mapping[str, str], block: int) -> list[tuple[bytes, list[Any]]]: ...
    async def hgetall(self, name: str) -> dict[bytes, bytes]: ...
    async def hscan(self, name: str, cursor: int, match: None, count: int) -> tuple[int, dict[bytes, bytes]]: ...
    async def xgroup_create(self, name: str, groupname: str, id: str, mkstream: bool) -> bool: ...
    async def xreadgroup(
        self, groupname: str, consumername: str, streams: Mapping[str, str], count: int, block: int
    ) -> list[tuple[bytes, list[Any]]]: ...
    async def xautoclaim(
        self, name: str, groupname: str, consumername: str, min_idle_time: int, start_id: str, count: int
    ) -> list[Any]: ...
    async def xack(self, name: str, groupname: str, *ids: bytes) -> int: ...
    async def zcard(self, name: str) -> int: ...
    async def zrangebyscore(
        self, name: str, min: str | float, max: str | float, start: int | None = None, num: int | None = None
    ) -> list[bytes]: ...
    async def zrem(self, name: str, *values: bytes) -> int: ...
    async def zadd(self, name: str, mapping: dict[str, int], xx: bool = False) -> int: ...
    async def zrevrange(self, name: str, start: int, end: int, withscores: bool) -> list[tuple[bytes, float]]: ...
    async def info(self, section: str) -> dict[Any, Any]: ...
    async def config_get(self, *patterns: str) -> dict[Any, Any]: ...
    async def ping(self) -> bool: ...
    async def time(self) -> tuple[int, int]: ...
    async def wait(self, num_replicas: int, timeout: int) -> int: ...
    async def aclose(self) -> None: ...
    def pipeline(self, transaction: bool) -> Any: ...
    def register_script(self, script: str) -> Any: ...
    async def set(self, name: str, value: str) -> bool: ...  # last, since it hides the type of that name


@asynccontextmanager
async def reaching_store() -> AsyncIterator[None]:
    """Any failure of the store inside becomes StoreUnavailable."""
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise StoreUnavailable(f"the store cannot be reached: {refusals.why(error)}") from error


def for_commands(url: str, timeout_s: float) -> Store:
    """A pool of at most 64 connections; a call waits at most `timeout_s` for one, and as long again for its answer."""
    return _connect(url, timeout_s, COMMAND_CONNECTIONS_MAX)


def for_tail(url: str, block_ms: int) -> Store:
    """One connection that may wait `block_ms` for news."""
    return _connect(url, block_ms / 1000 + TAIL_EXTRA_S, 2)


class _Quick(AbstractConnection):
    """What redis-py does before and with each command, at a fraction of its cost."""

    async def can_read_destructive(self) -> bool:
        """Whether the other end is gone, as far as the event loop knows.

        redis-py reads with a time-out of no length, which costs more than the command: a third of a POST.
        """
        return self._reader is None or self._reader.at_eof() or self._reader.exception() is not None

    def pack_command(self, *args: Any) -> list[bytes]:
        """The command in the protocol's form, by the library that parses the answers."""
        name, *rest = args
        words = name.encode().split() if isinstance(name, str) else name.split()
        return [hiredis.pack_command((*words, *rest))]


class _QuickTcp(_Quick, Connection):
    pass


class _QuickTls(_Quick, SSLConnection):
    pass


class _QuickUnix(_Quick, UnixDomainSocketConnection):
    pass


_QUICK: dict[type[AbstractConnection], type[AbstractConnection]] = {
    Connection: _QuickTcp, SSLConnection: _QuickTls, UnixDomainSocketConnection: _QuickUnix,
}  # fmt: skip


def _connect(url: str, timeout_s: float, connections_max: int) -> Store:
    options: dict[str, Any] = {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        # we retry where we know what a repetition means; the library must not
        "retry": Retry(NoBackoff(), 0),
    }
    if url.startswith("redis+sentinel://"):
        return _by_sentinel(url, options, connections_max)
    place: dict[str, Any] = {**parse_url(url)}
    kind = _QUICK[place.pop("connection_class", Connection)]
    if kind is _QuickTls:
        place.setdefault("ssl_check_hostname", True)  # redis-py would take any certificate that is somebody's
    pool = BlockingConnectionPool(
        connection_class=kind,
        parser_class=refusals.Parser,
        max_connections=connections_max,
        timeout=cast(int, timeout_s),
        **options,
        **place,
    )
    return cast(Store, Redis.from_pool(pool))  # so that aclose closes what the pool holds


class _PrimaryPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to whoever is primary, no more than any pool of ours has; those to the Sentinels end with them."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        await super().disconnect(inuse_connections)
        if inuse_connections:  # the end; else they are told of another primary, and reconnect
            for sentinel in self.sentinel_manager.sentinels:
                await sentinel.aclose()


def _by_sentinel(url: str, options: dict[str, Any], connections_max: int) -> Store:
    """`redis+sentinel://h1:26379,h2,h3/name`: whichever of the named primary's hosts is primary now.

    `user:password@` before the hosts is for the primary; Sentinels are asked without.
    """
    places, _, name = url.removeprefix("redis+sentinel://").partition("/")
    identity, _, places = places.rpartition("@")
    user, _, password = identity.partition(":")
    shown = {key: unquote(value) for key, value in (("username", user), ("password", password)) if value}
    hosts = []
    for place in places.split(","):
        host, _, port = place.partition(":")
        hosts.append((host, int(port or 26379)))
    sentinel = Sentinel(hosts, sentinel_kwargs=dict(options), parser_class=refusals.Parser, **options, **shown)  # type: ignore[no-untyped-call]
    bounds = {"max_connections": connections_max, "timeout": options["socket_timeout"]}
    return cast(Store, sentinel.master_for(name, connection_pool_class=_PrimaryPool, **bounds))
