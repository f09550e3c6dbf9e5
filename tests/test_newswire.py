"""The tail on a real store: everything once and in order, through outages, other lives and entries nobody can read."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import msgspec
import pytest

from service.domain.revision import Revision
from service.ending import end
from service.loading import Extent
from service.newswire import Newswire
from service.store import keys, lineage
from service.store.connection import Store, for_tail
from service.store.embedded import EmbeddedStore
from service.store.keys import WireName
from service.store.stream import Unreadable
from service.wire import Wire
from tests.entries import BOUNDS, DRILL, EN, alert, append, entry, killed
from tests.stores import BUSY_S, server, store, until

__all__ = ["server", "store"]


class Follower:
    """A process that follows wires, and remembers what it was told."""

    def __init__(self, tail: Store, names: tuple[WireName, ...]) -> None:
        self.wires: dict[WireName, Wire] = {}
        self.loads: list[WireName] = []
        self.told: list[tuple[WireName, int]] = []
        self.disputed: list[tuple[WireName, str]] = []
        self.newswire = Newswire(
            tail, names, extent=Extent(BOUNDS.wire_max_revisions, BOUNDS.history_max_alerts, 1800), block_ms=50,
            stale_after_s=1.0, on_loaded=self.on_loaded, on_revisions=self.on_revisions, dispute=self.dispute,
        )  # fmt: skip

    async def dispute(self, name: WireName, epoch: str) -> None:
        self.disputed.append((name, epoch))

    def on_loaded(self, wire: Wire) -> None:
        self.wires[wire.name] = wire
        self.loads.append(wire.name)

    def on_revisions(self, name: WireName, entries: Sequence[Revision | Unreadable]) -> None:
        for one in entries:
            self.told.append((name, one.offset))
            self.wires[name].take(one)

    def stands_at(self, cursor: str, name: WireName = EN) -> bool:
        return name in self.wires and str(self.wires[name].cursor) == cursor


@asynccontextmanager
async def following(server: EmbeddedStore, *names: WireName) -> AsyncIterator[Follower]:
    tail = for_tail(server.url, 50)
    follower = Follower(tail, names)
    task = asyncio.create_task(follower.newswire.follow())
    try:
        yield follower
        assert not task.done(), task.exception()
    finally:
        await end([task])
        await tail.aclose()


async def raw(store: Store, command: str, *given: object, **named: object) -> None:
    async with store.pipeline(transaction=False) as pipe:
        getattr(pipe, command)(*given, **named)
        await pipe.execute()


async def test_what_is_there_is_loaded_and_what_comes_is_told(store: Store, server: EmbeddedStore) -> None:
    before = [alert() for _ in range(3)]
    for one in before:
        await append(store, one)
    async with following(server, EN) as follower:
        await asyncio.wait_for(follower.newswire.loaded.wait(), 30)
        assert follower.stands_at("e1:3")
        assert follower.told == []
        await append(store, alert())
        await append(store, killed(before[0]))
        await until(lambda: follower.stands_at("e1:5"))
        assert follower.told == [(EN, 4), (EN, 5)]
        assert follower.loads == [EN]
        shown = follower.wires[EN].ticker.get(before[0].id)
        assert shown is not None
        assert shown.alert.pub_status == "canceled"


async def test_a_wire_that_was_never_opened_is_waited_for(store: Store, server: EmbeddedStore) -> None:
    async with following(server, EN) as follower:
        assert not follower.newswire.hearing
        await lineage.change_epoch(store, EN, None, "born")
        await until(lambda: follower.stands_at("born:0"))
        assert await until(lambda: follower.newswire.hearing) < 1 + BUSY_S


async def test_a_trimmed_wire_still_has_its_whole_history(store: Store, server: EmbeddedStore) -> None:
    made = [alert() for _ in range(60)]
    for one in made:
        await append(store, one)
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:60"))
        wire = follower.wires[EN]
        assert (wire.backlog.first, wire.backlog.last) == (11, 60)
        page = wire.ticker.page(0, 100)
        assert [shown.alert for shown in page.entries] == made[:19:-1]


async def test_drills_and_news_are_followed_apart(store: Store, server: EmbeddedStore) -> None:
    await lineage.change_epoch(store, EN, None, "e1")
    await lineage.change_epoch(store, DRILL, None, "d1")
    async with following(server, EN, DRILL) as follower:
        await asyncio.wait_for(follower.newswire.loaded.wait(), 30)
        await append(store, alert(status="Exercise"), DRILL, epoch="d1")
        await append(store, alert())
        await until(lambda: follower.stands_at("e1:1") and follower.stands_at("d1:1", DRILL))
        assert sorted(follower.told, key=str) == sorted([(EN, 1), (DRILL, 1)], key=str)
        assert len(follower.wires[EN].ticker) == 1


async def test_many_appends_at_once_arrive_once_and_in_order(store: Store, server: EmbeddedStore) -> None:
    await lineage.change_epoch(store, EN, None, "e1")
    async with following(server, EN) as follower:
        await asyncio.gather(*(append(store, alert()) for _ in range(300)))
        await until(lambda: follower.stands_at("e1:300"))
        offsets = [offset for _, offset in follower.told]
        assert offsets == list(range(301 - len(offsets), 301))


async def test_another_life_of_the_wire_is_read_afresh(store: Store, server: EmbeddedStore) -> None:
    await append(store, alert())
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:1"))
        await raw(store, "flushall")
        await append(store, alert("Rain"), epoch="e2")
        await append(store, alert("Wind"), epoch="e2")
        await until(lambda: follower.stands_at("e2:2"))
        assert {shown.alert.headline for shown in follower.wires[EN].ticker.page(0, 10).entries} == {"Rain", "Wind"}


async def test_a_life_that_ends_in_silence_is_noticed(store: Store, server: EmbeddedStore) -> None:
    for _ in range(3):
        await append(store, alert())
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:3"))
        await raw(store, "flushall")
        await lineage.change_epoch(store, EN, None, "e2")
        await until(lambda: follower.stands_at("e2:0"))
        assert len(follower.wires[EN].ticker) == 0


@pytest.mark.parametrize("elsewhere", [1, 3, 7])
async def test_a_history_that_was_exchanged_is_disputed_and_not_followed(
    store: Store, server: EmbeddedStore, elsewhere: int
) -> None:
    for _ in range(3):
        await append(store, alert())
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:3"))
        await raw(store, "flushall")
        for _ in range(elsewhere):
            await append(store, alert("Elsewhere"))
        await until(lambda: not follower.newswire.hearing)
        await until(lambda: (EN, "e1") in follower.disputed)
        assert follower.stands_at("e1:3")
        assert (follower.told, follower.loads) == ([], [EN])
        await lineage.change_epoch(store, EN, "e1", "e2")
        await until(lambda: follower.stands_at(f"e2:{elsewhere}"))
        await append(store, alert("Wind"))
        await until(lambda: follower.stands_at(f"e2:{elsewhere + 1}"))
        assert follower.told == [(EN, elsewhere + 1)]
        assert follower.wires[EN].backlog.first == elsewhere + 1, "what lies before is of another life"
        assert follower.newswire.hearing


async def test_a_plain_restart_goes_on_in_the_same_life(store: Store, server: EmbeddedStore) -> None:
    await append(store, alert())
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:1"))
        for offset in (2, 3, 4):
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await append(store, alert())
            await until(partial(follower.stands_at, f"e1:{offset}"))
        assert (follower.disputed, follower.loads) == ([], [EN])


async def test_an_entry_nobody_can_read_is_no_hole(store: Store, server: EmbeddedStore) -> None:
    first = alert()
    await append(store, first)
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:1"))
        await raw(store, "xadd", keys.wire(EN), {"epoch": "e1", "type": "published", "alert": "{"}, id="2-0")
        await raw(store, "hset", keys.head(EN), "offset", 2)
        await append(store, alert())
        await until(lambda: follower.stands_at("e1:3"))
        assert follower.told == [(EN, 1 + n) for n in (1, 2)]
        assert follower.loads == [EN]
        backlog = follower.wires[EN].backlog
        assert [revision.offset for revision in backlog.since(0)] == [1, 2, 3]
        assert list(backlog.since(0))[1].alert == first


async def test_an_unreadable_entry_is_no_hole_for_one_that_loads_later(store: Store, server: EmbeddedStore) -> None:
    await append(store, alert())
    await raw(store, "xadd", keys.wire(EN), {"nothing": "known"}, id="2-0")
    await raw(store, "hset", keys.head(EN), "offset", 2)
    await append(store, alert())
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:3"))
        assert [revision.offset for revision in follower.wires[EN].backlog.since(0)] == [1, 2, 3]


async def test_an_outage_is_a_pause(store: Store, server: EmbeddedStore) -> None:
    await append(store, alert())
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:1"))
        await asyncio.to_thread(server.kill)
        await until(lambda: not follower.newswire.hearing)
        assert len(follower.wires[EN].ticker) == 1
        await asyncio.to_thread(server.start)
        await append(store, alert())
        assert await until(lambda: follower.stands_at("e1:2")) < 2 + BUSY_S
        assert follower.newswire.hearing
        assert follower.told == [(EN, 2)]
        assert follower.loads == [EN]


async def test_a_store_that_hangs_is_told_from_one_that_is_quiet(store: Store, server: EmbeddedStore) -> None:
    await append(store, alert())
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:1"))
        quiet_until = asyncio.get_running_loop().time() + 1.5
        heard = []

        def time_is_over() -> bool:
            heard.append(follower.newswire.hearing)
            return asyncio.get_running_loop().time() > quiet_until

        await until(time_is_over)
        assert all(heard)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGSTOP)
        try:
            await until(lambda: not follower.newswire.hearing)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        await until(lambda: follower.newswire.hearing)


async def test_the_law_old_state_and_revisions_is_fresh_state(store: Store, server: EmbeddedStore) -> None:
    async with following(server, EN) as old:
        await lineage.change_epoch(store, EN, None, "e1")
        made = [alert() for _ in range(30)]
        for one in made:
            await append(store, one)
        for one in made[::3]:
            await append(store, killed(one))
        await until(lambda: old.stands_at("e1:40"))
        async with following(server, EN) as fresh:
            await until(lambda: fresh.stands_at("e1:40"))
            pages = [follower.wires[EN].ticker.page(0, 100).entries for follower in (old, fresh)]
            assert pages[0] == pages[1]
            told = [[(r.offset, r.encoded) for r in follower.wires[EN].backlog.since(0)] for follower in (old, fresh)]
            assert told[0] == told[1]


async def test_what_cannot_be_applied_is_no_end(store: Store, server: EmbeddedStore) -> None:
    first, second = alert(), alert()
    await append(store, first)
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:1"))
        wire = follower.wires[EN]
        # it claims the place of another alert, which no reading can find out
        encoded = entry(second).encoded
        poison = Revision(offset=2, type="published", alert=second, encoded=encoded, first_offset=1, push=True)
        taken = wire.take(poison)
        assert taken.revision is not None
        assert (taken.revision.offset, taken.revision.alert) == (2, first)
        assert [shown.alert for shown in wire.ticker.page(0, 10).entries] == [first]


async def test_an_alert_that_cannot_be_redacted_is_no_end_but_a_snapshot(store: Store, server: EmbeddedStore) -> None:
    first = alert()
    await append(store, first)
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:1"))
        wire = follower.wires[EN]
        withdrawn = msgspec.structs.replace(killed(first), notice="half \ud800")
        poison = Revision(offset=2, type="canceled", alert=withdrawn, encoded=b"{}", first_offset=1, push=True)
        assert wire.take(poison).revision is None
        assert str(wire.cursor) == "e1:2"


async def test_a_poisoned_history_is_loaded_without_the_poison(store: Store, server: EmbeddedStore) -> None:
    good, bad = alert(), alert()
    await append(store, good)
    await append(store, bad)
    poison = entry(bad).encoded.replace(bad.expires.encode(), b"tomorrow")
    await raw(store, "hset", keys.alert(bad.id), "alert", poison)
    await raw(store, "xtrim", keys.wire(EN), maxlen=0)
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:2"))
        assert [shown.alert for shown in follower.wires[EN].ticker.page(0, 10).entries] == [good]


async def test_an_entry_that_claims_another_life_stops_nobody(store: Store, server: EmbeddedStore) -> None:
    first = alert()
    await append(store, first)
    async with following(server, EN) as follower:
        await until(lambda: follower.stands_at("e1:1"))
        [(_, good)] = await store.xrange(keys.wire(EN), "-")
        await raw(store, "xadd", keys.wire(EN), {**good, b"epoch": b"e9"}, id="2-0")
        await raw(store, "hset", keys.head(EN), "offset", 2)
        await until(lambda: follower.stands_at("e1:2"))
        await append(store, alert())
        await until(lambda: follower.stands_at("e1:3"))
        assert [revision.alert for revision in follower.wires[EN].backlog.since(0)][:2] == [first, first]
