"""append.lua: all of it or nothing, once for each Idempotency-Key, in offsets without holes."""

import asyncio

import msgspec
import pytest

from service.domain.errors import FuseOver, IdempotencyMismatch, StoreUnavailable, VersionStale
from service.domain.revision import Revision
from service.store import calls, history, keys, lineage, stream
from service.store.calls import Idempotency
from service.store.connection import Store
from service.store.embedded import EmbeddedStore
from service.store.stream import Unreadable
from tests.entries import ANSWER, BOUNDS, DRILL, EN, NOW_MS, alert, append, killed, offset_of

KEY = Idempotency("KEY", "k", "f1")


async def offsets(store: Store) -> list[int]:
    return [entry.offset for _, entry in await stream.read_wire(store, EN, 0)]


async def count(store: Store, command: str, key: str) -> int:
    async with store.pipeline(transaction=False) as pipe:
        getattr(pipe, command)(key)
        return int((await pipe.execute())[0])


async def test_an_append_writes_everything_at_once(store: Store) -> None:
    made = alert()
    appended = await append(store, made)
    assert (str(appended.cursor), appended.replayed) == ("e1:1", None)
    [(epoch, revision)] = await stream.read_wire(store, EN, 0)
    assert isinstance(revision, Revision)
    assert (epoch, revision.offset, revision.first_offset, revision.alert, revision.push) == ("e1", 1, 1, made, True)
    stored = await history.read(store, made.id)
    assert stored is not None
    assert (stored.record.alert, str(stored.cursor), stored.encoded) == (made, "e1:1", revision.encoded)
    assert [record.alert for record in await history.read_versions(store, made.id)] == [made]
    assert [placed.alert for placed in await history.load(store, EN, 10)] == [made]
    assert await count(store, "xlen", keys.AUDIT) == 1
    assert await stream.read_head(store, EN) == stream.Head("e1", 1)


async def test_the_next_version_keeps_the_place_of_the_first(store: Store) -> None:
    first = alert()
    await append(store, first)
    await append(store, alert())
    appended = await append(store, killed(first))
    assert offset_of(appended) == 3
    wire = await stream.read_wire(store, EN, 2)
    assert isinstance(wire[0][1], Revision)
    assert (wire[0][1].first_offset, wire[0][1].type) == (1, "canceled")
    assert [placed.alert.version for placed in await history.load(store, EN, 10)] == [1, 2]
    assert [record.alert.version for record in await history.read_versions(store, first.id)] == [1, 2]


async def test_a_stale_version_is_refused_and_leaves_no_trace(store: Store) -> None:
    made = alert()
    await append(store, made)
    for wrong in (made, msgspec.structs.replace(made, version=3)):
        with pytest.raises(VersionStale) as stale:
            await append(store, wrong, key=KEY)
        assert stale.value.current == 1
    assert await offsets(store) == [1]
    assert await calls.answered(store, KEY) is None
    assert await count(store, "xlen", keys.AUDIT) == 1


async def test_of_many_at_one_version_one_wins(store: Store) -> None:
    made = alert()
    await append(store, made)
    results = await asyncio.gather(*(append(store, killed(made)) for _ in range(30)), return_exceptions=True)
    assert sum(isinstance(result, VersionStale) for result in results) == 29
    assert await offsets(store) == [1, 2]


async def test_what_is_being_pushed_cannot_be_taken_back(store: Store) -> None:
    made = alert()
    await append(store, made)
    async with store.pipeline(transaction=False) as pipe:
        pipe.hset(keys.alert(made.id), "pushing", 1)
        await pipe.execute()
    with pytest.raises(FuseOver):
        await append(store, killed(made), key=KEY, unless_pushing=True)
    assert await offsets(store) == [1]
    assert await calls.answered(store, KEY) is None
    await append(store, killed(made), key=KEY)
    assert await offsets(store) == [1, 2]


async def test_a_script_can_read_the_state_without_the_record(store: Store) -> None:
    made = alert()
    await append(store, made)
    assert await store.hmget(keys.alert(made.id), ["state", "pushing"]) == [b"published", None]
    await append(store, killed(made))
    assert await store.hmget(keys.alert(made.id), ["state", "pushing"]) == [b"canceled", None]


async def test_offsets_have_no_holes_however_many_append_at_once(store: Store) -> None:
    bounds = msgspec.structs.replace(BOUNDS, wire_max_revisions=1000)
    appended = await asyncio.gather(*(append(store, alert(), bounds=bounds) for _ in range(200)))
    assert sorted(map(offset_of, appended)) == list(range(1, 201))
    assert await offsets(store) == list(range(1, 201))


async def test_the_same_key_gets_the_same_answer(store: Store) -> None:
    first = await append(store, alert(), key=KEY)
    again = await append(store, alert(), key=KEY)
    assert first.replayed is None
    assert (again.replayed, again.cursor) == (ANSWER, first.cursor)
    assert await calls.answered(store, KEY) == again
    assert await offsets(store) == [1]


async def test_the_same_key_with_another_request_is_refused(store: Store) -> None:
    await append(store, alert(), key=KEY)
    other = msgspec.structs.replace(KEY, fingerprint="f2")
    with pytest.raises(IdempotencyMismatch):
        await append(store, alert(), key=other)
    with pytest.raises(IdempotencyMismatch):
        await calls.answered(store, other)
    assert await offsets(store) == [1]


async def test_a_key_is_scoped_to_its_api_key(store: Store) -> None:
    await append(store, alert(), key=KEY)
    appended = await append(store, alert(), key=msgspec.structs.replace(KEY, key_id="OTHER"))
    assert appended.replayed is None


async def test_fifty_at_once_with_one_key_are_one(store: Store) -> None:
    appended = await asyncio.gather(*(append(store, alert(), key=KEY) for _ in range(50)))
    assert sum(one.replayed is None for one in appended) == 1
    assert {one.cursor for one in appended} == {appended[0].cursor}


async def test_answers_are_capped_for_each_api_key_the_oldest_first(store: Store) -> None:
    given = [Idempotency("KEY", f"k{number}", "f") for number in range(15)]
    for number, key in enumerate(given):
        await append(store, alert(), key=key, now_ms=NOW_MS + number)
    kept = [await calls.answered(store, key) is not None for key in given]
    assert kept == [False] * 5 + [True] * 10
    assert await count(store, "zcard", keys.answers("KEY")) == 10


async def test_answers_expire(store: Store) -> None:
    await append(store, alert(), key=KEY)
    for key in (keys.answer("KEY", "k"), keys.answers("KEY")):
        assert 0 < await count(store, "pttl", key) <= BOUNDS.idempotency_ttl_s * 1000
    later = msgspec.structs.replace(KEY, key="later")
    await append(store, alert(), key=later, now_ms=NOW_MS + BOUNDS.idempotency_ttl_s * 1000)
    assert await count(store, "zcard", keys.answers("KEY")) == 1


async def test_wire_and_history_are_trimmed(store: Store) -> None:
    for _ in range(60):
        await append(store, alert())
    assert await offsets(store) == list(range(11, 61))
    placed = await history.load(store, EN, 1000)
    assert [one.first_offset for one in placed] == list(range(60, 20, -1))


async def test_what_an_alert_is_outlives_its_place_in_the_history(store: Store) -> None:
    made = alert()
    await append(store, made)
    for key in (keys.alert(made.id), keys.versions(made.id)):
        assert await count(store, "pttl", key) > BOUNDS.history_days * 86_400_000


async def test_a_drill_has_a_wire_of_its_own(store: Store) -> None:
    drill = alert(status="Exercise")
    await append(store, drill, DRILL, epoch="drill")
    await append(store, alert())
    assert await offsets(store) == [1]
    assert await stream.read_head(store, DRILL) == stream.Head("drill", 1)
    assert [placed.alert for placed in await history.load(store, DRILL, 10)] == [drill]
    assert len(await history.load(store, EN, 10)) == 1


async def test_an_epoch_is_given_once(store: Store) -> None:
    assert await stream.read_head(store, EN) is None
    assert await lineage.change_epoch(store, EN, None, "first") == "first"
    assert await lineage.change_epoch(store, EN, None, "second") == "first"
    assert await stream.read_head(store, EN) == stream.Head("first", 0)
    assert str((await append(store, alert(), epoch="third")).cursor) == "first:1"


async def test_a_lost_wire_begins_another_life(store: Store) -> None:
    await append(store, alert())
    async with store.pipeline(transaction=False) as pipe:
        pipe.flushall()
        await pipe.execute()
    assert str((await append(store, alert(), epoch="e2")).cursor) == "e2:1"


async def test_what_cannot_be_read_keeps_its_offset(store: Store) -> None:
    await append(store, alert())
    good = (await store.xrange(keys.wire(EN), "-"))[0][1]
    for number, changes in enumerate(({b"alert": b"{"}, {b"type": b"sung"}, {b"first": b"x"}, {b"type": b"\xff"}), 2):
        async with store.pipeline(transaction=False) as pipe:
            pipe.xadd(keys.wire(EN), {**good, **changes}, id=f"{number}-0")
            await pipe.execute()
    async with store.pipeline(transaction=False) as pipe:
        pipe.xadd(keys.wire(EN), {"nothing": "known"}, id="6-0")
        await pipe.execute()
    entries = [entry for _, entry in await stream.read_wire(store, EN, 1)]
    assert [entry.offset for entry in entries] == [2, 3, 4, 5, 6]
    assert all(isinstance(entry, Unreadable) and entry.why for entry in entries)


async def test_a_store_that_is_gone_is_unavailable(store: Store, server: EmbeddedStore) -> None:
    server.kill()
    for call in (append(store, alert()), calls.answered(store, KEY), history.read(store, "x")):
        with pytest.raises(StoreUnavailable):
            await call


async def test_what_was_acknowledged_survives_kill_nine(store: Store, server: EmbeddedStore) -> None:
    made = [alert() for _ in range(20)]
    for one in made:
        await append(store, one)
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    wire = await stream.read_wire(store, EN, 0)
    assert [entry.alert for _, entry in wire if isinstance(entry, Revision)] == made
