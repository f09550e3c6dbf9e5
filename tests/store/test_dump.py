"""A store becomes parts and a store again: key by key the same, but for what only says what is being done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from service.clock import now_ms
from service.domain.archive import Part
from service.domain.device import Preferences
from service.domain.registration import Registration
from service.ids import new_epoch
from service.store import devices, dump, keys, refill
from service.store.calls import Idempotency
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedStore
from tests.entries import DRILL, EN, alert, append, killed
from tests.stores import running_in

GROUP = "push"
LATER_MS = 4_100_000_000_000


@pytest.fixture
def other(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with running_in(tmp_path / "other") as made:
        yield made


async def parts(store: Store) -> list[Part]:
    return [part async for part in dump.parts(store)]


async def filled(server: EmbeddedStore, made: list[Part]) -> tuple[Store, dict[str, str]]:
    store = for_commands(server.url, 5.0)
    await refill.begin(store, now_ms())
    assert await dump.is_half_restored(store)
    wires = await refill.write(store, made, now_ms())
    epochs = await refill.finish(store, wires, GROUP, new_epoch)
    assert not await dump.is_half_restored(store)
    return store, epochs


async def as_it_is(store: Store) -> dict[bytes, Any]:
    """Every key by its parts; the registry's counts are made anew and need not be there."""
    found: dict[bytes, Any] = {}
    for part in await parts(store):
        items = sorted(part.items) if part.kind in ("hash", "set", "zset") else list(part.items)
        before = [] if part.fresh else found.get(part.key, (None, []))[1]
        found[part.key] = (part.kind, [*before, *items], part.expires_ms, part.last_id)
    return found


async def test_every_type_comes_back_with_its_end(store: Store, other: EmbeddedStore) -> None:
    raw = cast(Any, store)
    await raw.set("unknown:string", b"\0\xff", pxat=LATER_MS)
    await raw.hset("unknown:hash", mapping={b"\xff": b"\0", "a": "b"})
    await raw.sadd("unknown:set", "a", b"\xfe")
    await raw.zadd("unknown:zset", {"a": 1.25, "b": -7, "c": 1_795_000_000_123})
    await raw.rpush("unknown:list", "b", "a", "b")
    for number in range(1, 2 * dump.ENTRIES_TOGETHER + 1):
        await raw.xadd("unknown:stream", {"n": number, "m": b"\xff"}, id=f"{number}-3")
    await raw.xdel("unknown:stream", f"{2 * dump.ENTRIES_TOGETHER}-3", "1-3")
    await raw.xadd("unknown:emptied", {"n": 1}, id="9-9")
    await raw.xtrim("unknown:emptied", maxlen=0)
    before = await as_it_is(store)
    assert len(before) == 7
    again, _ = await filled(other, await parts(store))
    try:
        assert await as_it_is(again) == before
        assert await cast(Any, again).pexpiretime("unknown:string") == LATER_MS
        assert await cast(Any, again).xadd("unknown:emptied", {"n": 2}, id="9-10") == b"9-10"
    finally:
        await again.aclose()


async def test_queues_and_open_blocks_stay_behind(store: Store, other: EmbeddedStore) -> None:
    raw = cast(Any, store)
    for name in ("arq:job:x", "open:A:1", "pause:fcm", "ticket:0a", "tickets:K", keys.RESTORING):
        await raw.set(name, 1)
    for name in ("plans", "push:fcm:loud"):
        await raw.zadd(name, {"A:1": 1})
    await raw.hset("plan:A", "v1", 1)
    assert [part.key for part in await parts(store)] == [b"plan:A"]


async def test_what_has_ended_in_the_drawer_does_not_come_back(store: Store, other: EmbeddedStore) -> None:
    made = [Part(b"answer:K:old", "hash", ((b"a", b"b"),), expires_ms=now_ms() - 1), Part(b"keys", "set", ((b"K",),))]
    again, _ = await filled(other, made)
    try:
        assert list(await as_it_is(again)) == [b"keys"]
    finally:
        await again.aclose()


async def test_a_wire_begins_another_life_and_goes_on_behind_its_newest_offset(
    store: Store, other: EmbeddedStore
) -> None:
    first = alert("Rain over the coast")
    for made in (first, alert("Storm over the hills"), killed(first)):
        await append(store, made)
    await append(store, alert("A drill", status="Exercise"), DRILL)
    again, epochs = await filled(other, await parts(store))
    try:
        raw = cast(Any, again)
        assert set(epochs) == {EN.suffix, DRILL.suffix}
        assert "e1" not in epochs.values()
        assert await raw.hget(keys.head(EN), "epoch") == epochs[EN.suffix].encode()
        (group,) = await raw.xinfo_groups(keys.wire(EN))
        assert (group["name"], group["last-delivered-id"], group["pending"]) == (b"push", b"3-0", 0)
        assert not await again.xreadgroup(GROUP, "c", {keys.wire(EN): ">"}, 10, 1)
        appended = await append(again, alert("Snow over the pass"))
        assert str(appended.cursor) == f"{epochs[EN.suffix]}:4"
    finally:
        await again.aclose()


async def test_a_kill_and_its_answer_that_come_while_the_rest_was_read_are_in_it_together(
    store: Store, other: EmbeddedStore
) -> None:
    """The alert is read, then killed, then its wire is read: the backup has the tombstone on both sides."""
    raw = cast(Any, store)
    await raw.sadd(keys.KEYS, "K")
    await raw.set("unknown:1", 1)
    first = alert("Ferry service resumes")
    await append(store, first)
    made, done = [], False
    async for part in dump.parts(store):
        made.append(part)
        if part.key == keys.alert(first.id).encode() and not done:
            done = True
            await append(store, killed(first), key=Idempotency("K", "once", "f"), now_ms=now_ms())
            await append(store, alert("Ferry service ends"), key=Idempotency("K", "twice", "f"), now_ms=now_ms())
    assert done
    again, _ = await filled(other, made)
    try:
        assert await again.hget(keys.alert(first.id), "version") == b"2"
        assert len(await again.lrange(keys.versions(first.id), 0, -1)) == 2
        assert await again.zcard(keys.history(EN)) == 2
        assert len(await again.xrange(keys.wire(EN), "-")) == 3
        assert await again.zcard(keys.answers("K")) == 2
        replay = await append(again, killed(first), key=Idempotency("K", "once", "f"))
        assert replay.replayed is not None
    finally:
        await again.aclose()


async def test_only_what_is_ours_is_taken_away(store: Store) -> None:
    raw = cast(Any, store)
    await append(store, alert())
    job = "arq:job:00000000000000000000000000:1:fcm:0"
    for name in ("somebody:else", "arq:job:of-another-program", job, keys.RESTORING):
        await raw.set(name, 1)
    assert not await refill.is_empty(store)
    await refill.empty(store)
    assert set(await raw.keys()) == {b"somebody:else", b"arq:job:of-another-program", keys.RESTORING.encode()}


async def test_devices_are_counted_by_their_records_and_no_number_is_given_twice(
    store: Store, other: EmbeddedStore
) -> None:
    """The counts in the backup may be older or newer than the records; so they are not believed."""
    wanted = Registration(platform="fcm", token="-", subscription=None, preferences=Preferences(("en",)))
    some = [msgspec.structs.replace(wanted, token=f"token-of-a-phone-{number:06}") for number in range(1100)]
    registered = await devices.register_all(store, some, now_ms())
    gone = await devices.find(store, registered[7].id)
    assert gone is not None
    assert await devices.condemn(store, "fcm", 7, gone.device.registered_ms, now_ms())
    counts, tombstones = await devices.counts(store), await devices.tombstones(store)
    assert (sum(counts.values()), tombstones) == (1099, 1)
    made = [part for part in await parts(store) if part.key not in (b"devices:counts", b"devices:gone")]
    again, _ = await filled(other, [*made, Part(b"devices:counts", "hash", ((b"fcm|wrong", b"5"),))])
    try:
        assert (await devices.counts(again), await devices.tombstones(again)) == (counts, tombstones)
        known, new = await devices.register_all(
            again, [some[1099], msgspec.structs.replace(wanted, token="token-of-a-phone-new")], now_ms()
        )
        assert (known.number, new.number) == (1099, 1100)
        held = await devices.find(again, registered[3].id)
        assert held is not None
        assert held.proves(registered[3].secret)
    finally:
        await again.aclose()
