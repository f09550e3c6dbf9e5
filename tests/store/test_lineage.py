"""How wires stand, and their epochs: given once, changed only by compare-and-set, with offsets that go on."""

import asyncio

import pytest

from service.domain.cursor import Cursor
from service.domain.errors import StoreUnavailable
from service.domain.lineage import Mark, Standing, judge
from service.store import history, keys, lineage, stream
from service.store.connection import Store
from service.store.keys import WireName
from tests.entries import ANSWER, BOUNDS, DRILL, EN, NOW_MS, alert, append, entry
from tests.stores import server, store

__all__ = ["server", "store"]


async def stands(store: Store, mark: Mark | None = None, name: WireName = EN) -> Standing:
    return (await lineage.read(store, {name: mark}))[name]


async def raw(store: Store, *words: object) -> None:
    async with store.pipeline(transaction=False) as pipe:
        pipe.execute_command(*words)
        await pipe.execute()


async def test_a_wire_that_never_was_stands_nowhere(store: Store) -> None:
    assert await lineage.read(store, {EN: None, DRILL: Mark("e1", 3)}) == {EN: Standing(), DRILL: Standing()}


async def test_a_mark_of_the_end_is_found_again_whatever_came_after(store: Store) -> None:
    for _ in range(3):
        await append(store, alert())
    seen = await stands(store, Mark("e1", 3))
    assert (seen.epoch, seen.offset, seen.first, seen.last) == ("e1", 3, 1, 3)
    assert seen.digest is not None
    mark = Mark("e1", 3, seen.digest)
    for _ in range(BOUNDS.wire_max_revisions - 1):
        await append(store, alert())
        assert judge(mark, await stands(store, mark)) == "continues"
    await append(store, alert())
    assert judge(mark, await stands(store, mark)) == "trimmed"


async def test_another_alert_at_the_same_offset_is_a_fork(store: Store) -> None:
    await append(store, alert())
    before = await stands(store, Mark("e1", 1))
    await raw(store, "FLUSHALL")
    await append(store, alert())
    assert before.digest is not None
    mark = Mark("e1", 1, before.digest)
    assert judge(mark, await stands(store, mark)) == "forked"


async def test_many_appends_beside_it_never_look_like_a_torn_wire(store: Store) -> None:
    async def publish() -> None:
        for _ in range(100):
            await append(store, alert())

    publishing = asyncio.create_task(publish())
    while not publishing.done():
        assert not (await stands(store)).is_torn
    await publishing


async def test_of_many_who_change_an_epoch_one_does(store: Store) -> None:
    await append(store, alert())
    found = await asyncio.gather(*(lineage.change_epoch(store, EN, "e1", f"n{number}") for number in range(20)))
    assert len(set(found)) == 1
    assert await lineage.change_epoch(store, EN, "e1", "late") == found[0]


async def test_the_next_life_goes_on_with_the_offsets_and_forgets_the_dispute(store: Store) -> None:
    first = alert()
    await append(store, first)
    await append(store, alert())
    await lineage.dispute(store, EN, "e1")
    assert (await stands(store)).is_disputed
    await lineage.change_epoch(store, EN, "e1", "e2")
    now = await stands(store)
    assert (now.epoch, now.offset, now.disputed) == ("e2", 2, None)
    assert str((await append(store, alert(), epoch="e3")).cursor) == "e2:3"
    assert len(await history.load(store, EN, 10)) == 3


@pytest.mark.parametrize("emptied", [False, True])
async def test_a_wire_whose_head_was_lost_can_be_published_on_again(store: Store, emptied: bool) -> None:
    for _ in range(5):
        await append(store, alert())
    await raw(store, "DEL", keys.head(EN))
    if emptied:
        await raw(store, "XTRIM", keys.wire(EN), "MAXLEN", 0)
    await lineage.change_epoch(store, EN, None, "e2")
    assert str((await append(store, alert())).cursor) == "e2:6"
    assert not (await stands(store)).is_torn


async def test_a_store_that_lies_behind_what_was_seen_takes_nothing(store: Store) -> None:
    await append(store, alert())

    async def publish(seen: Cursor) -> str:
        return str((await stream.append(store, entry(alert()), None, ANSWER, "n", NOW_MS, BOUNDS, seen)).cursor)

    with pytest.raises(StoreUnavailable, match="has lost what was published"):
        await publish(Cursor("e1", 2))
    assert (await stands(store)).offset == 1
    assert await publish(Cursor("e1", 1)) == "e1:2"
    assert await publish(Cursor("e0", 99)) == "e1:3"
