"""Parts of an archive into an empty store, whose wires then begin another life.

The rule to remember: `restoring` is written first and taken away last, so a store that was restored by half says so.
Nothing is rung by it: no block is open, and the push side's reader of each wire begins behind its newest entry.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, cast

import msgspec

from service.domain.archive import Part
from service.domain.device import BLOCK_DEVICES, PLATFORMS
from service.store import devices, keys, lineage
from service.store.connection import Store, reaching_store
from service.store.device_records import unpack
from service.store.dump import scan
from service.store.keys import WireName

WRITTEN_TOGETHER = 100
TAILING = ("xread", "xreadgroup")
"""What every API, gateway and dispatcher is always waiting in."""


async def is_empty(store: Store) -> bool:
    """Whether the store holds nothing of Flashwire's. Raises StoreUnavailable."""
    async with reaching_store():
        async for names in scan(store):
            if any(map(keys.is_ours, names)):
                return False
    return True


async def who_follows(store: Store) -> str | None:
    """Where somebody is connected from who follows this store's streams, as our processes do; None: nobody is.

    Raises StoreUnavailable.
    """
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        pipe.client_id()
        pipe.client_list()
        own_id, clients = await pipe.execute()
    own_db = next((client["db"] for client in clients if int(client["id"]) == own_id), "0")
    following = (client for client in clients if client["db"] == own_db and client["cmd"] in TAILING)
    return next((client["addr"] for client in following), None)


async def empty(store: Store) -> None:
    """Take away everything of Flashwire's, and nothing else. Raises StoreUnavailable."""
    async with reaching_store():
        async for names in scan(store):
            if ours := [name for name in names if keys.is_ours(name) and name != keys.RESTORING.encode()]:
                async with store.pipeline(transaction=False) as pipe:
                    pipe.unlink(*ours)
                    await pipe.execute()


async def begin(store: Store, now_ms: int) -> None:
    """From here on until `finish` the store is restored by half, and says so. Raises StoreUnavailable."""
    async with reaching_store(), store.pipeline(transaction=True) as pipe:
        pipe.set(keys.RESTORING, now_ms)
        await pipe.execute()


async def write(store: Store, parts: Iterable[Part], now_ms: int) -> list[WireName]:
    """Write the parts, without the wires' epochs; the wires that were among them. Raises StoreUnavailable."""
    wires: list[WireName] = []
    waiting: list[Part] = []
    for part in parts:
        if keys.is_passing(part.key) or (part.expires_ms is not None and part.expires_ms <= now_ms):
            continue
        if (wire := keys.wire_of_head(part.key)) is not None:
            wires.append(wire)
            items = tuple(
                item for item in part.items if item[0] not in (b"epoch", b"disputed")
            )  # earlier versions' too
            part = msgspec.structs.replace(part, items=items)
        waiting.append(part)
        if len(waiting) == WRITTEN_TOGETHER:
            await _put_all(store, waiting)
            waiting = []
    await _put_all(store, waiting)
    return wires


async def finish(store: Store, wires: Iterable[WireName], group: str, new_epoch: Callable[[], str]) -> dict[str, str]:
    """Count the registry anew, begin another life of each wire, and say that all is done; the wires' epochs.

    `group` is the push side's reader of a wire, to which everything that stands there is old. Raises StoreUnavailable.
    """
    await _count_devices(store)
    epochs = {}
    for wire in wires:
        async with reaching_store(), store.pipeline(transaction=True) as pipe:
            pipe.xgroup_create(keys.wire(wire), group, "$", mkstream=True)
            await pipe.execute()
        epochs[wire.suffix] = await lineage.change_epoch(store, wire, None, new_epoch())
    async with reaching_store(), store.pipeline(transaction=True) as pipe:
        pipe.delete(keys.RESTORING)
        await pipe.execute()
    return epochs


async def _put_all(store: Store, parts: Iterable[Part]) -> None:
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        for part in parts:
            _put(pipe, part)
        await pipe.execute()


def _put(pipe: Any, part: Part) -> None:
    name, items = part.key, part.items
    flat = [value for item in items for value in item]
    if part.fresh:
        pipe.unlink(name)
    match part.kind:
        case "string":
            pipe.set(name, *flat)
        case "hash" if flat:
            pipe.execute_command("HSET", name, *flat)
        case "set":
            pipe.sadd(name, *flat)
        case "zset":
            pipe.zadd(name, {member: float(score) for member, score in items})
        case "list":
            pipe.rpush(name, *flat)
        case "stream":
            _put_stream(pipe, part)
    if part.expires_ms is not None:
        pipe.pexpireat(name, part.expires_ms)


def _put_stream(pipe: Any, part: Part) -> None:
    if part.fresh and not part.items:  # an empty stream has ids that were given all the same
        pipe.execute_command("XADD", part.key, "0-1", "nothing", "")
        pipe.execute_command("XTRIM", part.key, "MAXLEN", 0)
    for entry_id, *fields in part.items:
        pipe.execute_command("XADD", part.key, entry_id, *fields)
    if part.last_id is not None:
        pipe.execute_command("XSETID", part.key, part.last_id)


async def _count_devices(store: Store) -> None:
    """What is counted of devices, and which are to be pruned, from their records: those were read first."""
    counts: Counter[str] = Counter()
    gone: dict[str, int] = {}
    for platform in PLATFORMS:
        for block in range(await devices.blocks(store, platform)):
            async with reaching_store():
                records = await store.hgetall(keys.block(platform, block))
            for bit, packed in records.items():
                try:
                    record = unpack(packed)
                except msgspec.MsgspecError:
                    continue  # counted nowhere, by devices.lua neither
                if record.gone_ms is None:
                    counts[f"{platform}|{record.shape}"] += 1
                else:
                    gone[f"{platform}:{block * BLOCK_DEVICES + int(bit)}"] = record.gone_ms
    async with reaching_store(), store.pipeline(transaction=True) as pipe:
        pipe.delete(keys.DEVICE_COUNTS, keys.DEVICES_GONE)
        if counts:
            pipe.hset(keys.DEVICE_COUNTS, mapping=cast(Any, counts))
        if gone:
            pipe.zadd(keys.DEVICES_GONE, cast(Any, gone))
        await pipe.execute()
