"""The whole store as parts of an archive, read while everybody goes on writing.

The rule to remember: what append.lua writes in one call must come out of one call. So alerts and answers are read
first, and then each wire in one script with all that was appended to it since; of a key that comes twice, the last
counts.

    1  all that is not named below   a kill that is newer on the wire comes with the alert that it kills
    2  tokens of devices             after their records: no device is in the backup without its token's place
    3  devices:*                     after those: no number is given twice
    4  what is pending               in one instant; if it is published meanwhile, it comes as both, and the scheduler
                                     forgets the pending one
    5  each wire, head and history   with the alerts and answers that are newer than step 1
    6  audit, expiring               they may know of more than the wires, never of less
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from importlib import resources
from typing import Any, cast, get_args

import msgspec

from service.domain.archive import Header, Kind, Part
from service.domain.moment import to_text
from service.store import keys
from service.store.connection import Store, reaching_store
from service.store.keys import WireName

SCANNED_TOGETHER = 200
ENTRIES_TOGETHER = 500
CLOCKS_APART_MAX_MS = 60_000
"""Answers are listed by the API's clock; doctor fails where that is half of this away from the store's."""
_KINDS = frozenset(get_args(Kind))
_WIRE_WHOLE = resources.files(__package__).joinpath("wire_whole.lua").read_text("utf-8")
_LATER = ("head:{", "wire:{", "history:{", "tokens:", "devices:", "pending:")
_PENDING = (keys.PENDING, keys.DUE, keys.DISCARDED)
_LAST = (keys.AUDIT, keys.EXPIRING)


async def header(store: Store, version: str) -> Header:
    """What says where an archive comes from; `version` is Flashwire's. Raises StoreUnavailable."""
    async with reaching_store():
        told = await store.info("server")
        seconds, microseconds = await store.time()
    product = "Valkey" if told.get("valkey_version") else "Redis"
    release = told.get("valkey_version") or told.get("redis_version", "0")
    return Header(f"{product} {release}", version, to_text(seconds * 1000 + microseconds // 1000))


async def is_half_restored(store: Store) -> bool:
    """Whether a restore has begun and not ended. Raises StoreUnavailable."""
    async with reaching_store():
        return await store.get(keys.RESTORING) is not None


async def parts(store: Store) -> AsyncIterator[Part]:
    """Everything that is to be kept, in the order above. Raises StoreUnavailable."""
    async with reaching_store():
        seconds, _ = await store.time()
        begun = {wire: await _offset(store, wire) for wire in await _wires(store)}
        async for names in scan(store):
            async for part in _read(store, [name for name in names if not _is_later(name)]):
                yield part
        for pattern in ("tokens:*", "devices:*"):
            async for names in scan(store, pattern):
                async for part in _read(store, names):
                    yield part
        pending = [name async for names in scan(store, keys.pending("*")) for name in names]
        async for part in _read(store, [*map(str.encode, _PENDING), *dict.fromkeys(pending)], in_one_instant=True):
            yield part
        for wire in await _wires(store):
            for part in await _whole(store, wire, begun.get(wire, 0), seconds * 1000 - CLOCKS_APART_MAX_MS):
                yield part
        async for part in _read(store, list(map(str.encode, _LAST))):
            yield part


async def scan(store: Store, pattern: str = "*") -> AsyncIterator[list[bytes]]:
    """The names of all keys, some at a time; a name may come twice. Raises redis errors as they are."""
    cursor = 0
    while True:
        async with store.pipeline(transaction=False) as pipe:
            pipe.scan(cursor, pattern, SCANNED_TOGETHER)
            ((cursor, names),) = await pipe.execute()
        yield names
        if not int(cursor):
            return


def _is_later(name: bytes) -> bool:
    alone = name.decode("utf-8", "replace") in (*_PENDING, *_LAST)
    return keys.is_passing(name) or alone or name.startswith(tuple(map(str.encode, _LATER)))


async def _wires(store: Store) -> list[WireName]:
    found = [keys.wire_of_head(name) async for names in scan(store, "head:{*") for name in names]
    return list(dict.fromkeys(wire for wire in found if wire is not None))


async def _offset(store: Store, wire: WireName) -> int:
    return int(await store.hget(keys.head(wire), "offset") or 0)


async def _whole(store: Store, wire: WireName, offset: int, since_ms: int) -> list[Part]:
    names = (keys.head(wire), keys.wire(wire), keys.history(wire), keys.KEYS)
    found = await store.register_script(_WIRE_WHOLE)(keys=names, args=(offset, since_ms))
    made: list[Part] = []
    for name, kind, content, expires_ms, fresh, last_id in found:
        if kind == b"stream":
            made += _stream(name, content, expires_ms, last_id)
            continue
        width = 1 if kind == b"list" else 2
        items = tuple(tuple(content[at : at + width]) for at in range(0, len(content), width))
        made.append(Part(name, kind.decode(), items, bool(fresh), _moment(expires_ms)))
    return made


def _stream(name: bytes, entries: Sequence[Any], expires_ms: int, last_id: bytes) -> list[Part]:
    """A stream's entries as Lua tells them, cut into parts."""
    items = [(entry_id, *fields) for entry_id, fields in entries]
    cuts = [tuple(items[at : at + ENTRIES_TOGETHER]) for at in range(0, len(items), ENTRIES_TOGETHER)] or [()]
    made = [Part(name, "stream", cut, at == 0, _moment(expires_ms)) for at, cut in enumerate(cuts)]
    return [*made[:-1], msgspec.structs.replace(made[-1], last_id=last_id)]


async def _read(store: Store, names: Sequence[bytes], *, in_one_instant: bool = False) -> AsyncIterator[Part]:
    """The keys of these names as they are now; those that have ended meanwhile are left out."""
    if not names:
        return
    async with store.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.type(name)
        kinds = [kind.decode() for kind in await pipe.execute()]
    known = [(name, cast(Kind, kind)) for name, kind in zip(names, kinds, strict=True) if kind in _KINDS]
    whole = [(name, kind) for name, kind in known if kind != "stream"]
    async with store.pipeline(transaction=in_one_instant) as pipe:
        for name, kind in whole:
            _ask(pipe, name, kind)
            pipe.pexpiretime(name)
        answers = await pipe.execute() if whole else []
    for (name, kind), content, expires_ms in zip(whole, answers[::2], answers[1::2], strict=True):
        if expires_ms != -2:  # it is still there
            yield Part(name, kind, tuple(_items(kind, content)), True, _moment(expires_ms))
    for name in (name for name, kind in known if kind == "stream"):
        async for part in _entries(store, name):
            yield part


def _ask(pipe: Any, name: bytes, kind: Kind) -> None:
    match kind:
        case "string":
            pipe.get(name)
        case "hash":
            pipe.hgetall(name)
        case "set":
            pipe.smembers(name)
        case "zset":
            pipe.zrange(name, 0, -1, withscores=True)
        case "list":
            pipe.lrange(name, 0, -1)


def _items(kind: Kind, content: Any) -> Iterable[tuple[bytes, ...]]:
    match kind:
        case "string":
            return [(content,)]
        case "hash":
            return list(content.items())
        case "zset":
            return [(member, repr(score).encode()) for member, score in content]
        case _:
            return [(member,) for member in content]


async def _entries(store: Store, name: bytes) -> AsyncIterator[Part]:
    """A stream up to what is its newest entry now, which others may have grown by then."""
    async with store.pipeline(transaction=False) as pipe:
        pipe.xinfo_stream(name)
        pipe.pexpiretime(name)
        about, expires_ms = await pipe.execute()
    last_id: bytes = about["last-generated-id"]
    after, fresh = "-", True
    while True:
        async with store.pipeline(transaction=False) as pipe:
            pipe.xrange(name, after, last_id, ENTRIES_TOGETHER)
            (entries,) = await pipe.execute()
        items = tuple((entry_id, *_flat(fields)) for entry_id, fields in entries)
        is_last = len(entries) < ENTRIES_TOGETHER
        yield Part(name, "stream", items, fresh, _moment(expires_ms), last_id if is_last else None)
        if is_last:
            return
        after, fresh = f"({entries[-1][0].decode()}", False


def _flat(fields: dict[bytes, bytes]) -> list[bytes]:
    return [part for field in fields.items() for part in field]


def _moment(expires_ms: int) -> int | None:
    return None if expires_ms < 0 else expires_ms
