"""The ledger in a real store: nothing is begun for an alert that has moved on, nobody is sent a version four times."""

import asyncio

import msgspec
import pytest

from service.domain import bits
from service.domain.alert import Alert
from service.domain.errors import FuseOver
from service.store import keys
from service.store.connection import Store
from service.store.ledger import Block, Ledger, Opened, Settled, Still
from tests.entries import alert, append, killed


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return Ledger(store, sends_max=3, kept_days=7)


async def published(store: Store) -> tuple[Alert, Block]:
    made = alert()
    await append(store, made)
    return made, Block(made.id, "apns", 0)


async def opened(ledger: Ledger, block: Block, version: int = 1) -> Opened:
    found = await ledger.open(block, version)
    assert isinstance(found, Opened)
    return found


async def test_a_run_begins_with_all_versions_and_counts_itself(store: Store, ledger: Ledger) -> None:
    made, block = await published(store)
    first, second = await opened(ledger, block), await opened(ledger, block)
    assert (first.runs, second.runs) == (1, 2)
    assert [record.alert for record in first.versions] == [made]
    assert not first.done


async def test_a_job_of_an_older_version_may_not_go_on(store: Store, ledger: Ledger) -> None:
    made, block = await published(store)
    await append(store, killed(made))
    assert await ledger.open(block, 1) == Still(None)
    assert (await opened(ledger, block, 2)).versions[-1].alert.pub_status == "canceled"


async def test_the_first_run_puts_out_the_fuse(store: Store, ledger: Ledger) -> None:
    made, block = await published(store)
    await opened(ledger, block)
    with pytest.raises(FuseOver):
        await append(store, killed(made), unless_pushing=True)


async def test_an_alert_undone_first_is_never_opened(store: Store, ledger: Ledger) -> None:
    made, block = await published(store)
    await append(store, killed(made), unless_pushing=True)
    assert await ledger.open(block, 1) == Still(None)


async def test_devices_are_begun_once_then_in_doubt_then_never_more_than_three_times(
    store: Store, ledger: Ledger
) -> None:
    _, block = await published(store)
    wanted = bits.of([0, 7, 8, 999])
    for _ in range(3):
        assert await ledger.begin(block, 1, "published", wanted) == wanted
    assert await ledger.begin(block, 1, "published", wanted) == 0


async def test_nothing_is_begun_once_the_alert_has_moved_on(store: Store, ledger: Ledger) -> None:
    made, block = await published(store)
    await append(store, killed(made))
    assert await ledger.begin(block, 1, "published", 1) is None
    assert (await opened(ledger, block, 2)).marked(1, "t1") == 0


async def test_accepted_failed_and_gone_are_not_begun_again(store: Store, ledger: Ledger) -> None:
    _, block = await published(store)
    await ledger.begin(block, 1, "published", 0b1111)
    settled = Settled(accepted=0b0001, failed=0b0010, gone=0b0100, counts={"failed:unregistered:apns": 1})
    await ledger.settle(block, 1, "accepted:apns", settled)
    assert await ledger.begin(block, 1, "published", 0b1111) == 0b1000
    figures = await store.hgetall(keys.delivery(block.alert_id))
    assert figures == {b"accepted:apns": b"1", b"failed:unregistered:apns": b"1"}


async def test_what_was_not_delivered_does_not_count_as_a_try(store: Store, ledger: Ledger) -> None:
    _, block = await published(store)
    for _ in range(10):
        assert (await ledger.begin(block, 1, "published", 0b11) or 0) & 0b01
        await ledger.settle(block, 1, "accepted:apns", Settled(back=0b01))
    assert (await opened(ledger, block)).marked(1, "t1") == 0b10


async def test_an_acceptance_is_counted_once_however_often_it_is_written(store: Store, ledger: Ledger) -> None:
    _, block = await published(store)
    for _ in range(3):
        await ledger.settle(block, 1, "accepted:apns", Settled(accepted=0b101))
    assert await store.hget(keys.delivery(block.alert_id), "accepted:apns") == b"2"


async def test_what_is_noted_is_counted_once(store: Store, ledger: Ledger) -> None:
    _, block = await published(store)
    for _ in range(2):
        await ledger.note(block, "seen", 0b11, {"eligible:apns": 2, "held:muted:apns": 5})
    figures = await store.hgetall(keys.delivery(block.alert_id))
    assert figures == {b"eligible:apns": b"2", b"held:muted:apns": b"5"}


async def test_of_two_editions_at_once_each_reader_is_rung_by_one(store: Store, ledger: Ledger) -> None:
    block = Block("ANY", "fcm", 3)
    wanted = bits.of(range(0, 1000, 3))
    taken = await asyncio.gather(*(ledger.claim(block, "STORY", edition, wanted) for edition in ("en", "ar", "es")))
    assert sorted(found.bit_count() for found in taken) == [0, wanted.bit_count(), wanted.bit_count()]
    winner = ("en", "ar", "es")[taken.index(0)]
    assert await ledger.claim(block, "STORY", winner, wanted) == 0  # asked again after a crash, it still has them


async def test_two_workers_at_one_block_begin_a_device_at_most_three_times_together(
    store: Store, ledger: Ledger
) -> None:
    _, block = await published(store)
    wanted = bits.of(range(500))
    begun = await asyncio.gather(*(ledger.begin(block, 1, "published", wanted) for _ in range(8)))
    assert sum(found == wanted for found in begun if found is not None) == 3
    assert sum(found == 0 for found in begun if found is not None) == 5


async def test_a_ledger_does_not_outlive_its_days(store: Store, ledger: Ledger) -> None:
    _, block = await published(store)
    await opened(ledger, block)
    await ledger.settle(block, 1, "accepted:apns", Settled(accepted=1))
    async with store.pipeline(transaction=False) as pipe:
        pipe.pttl(keys.ledger(block.alert_id, "apns", 0))
        pipe.pttl(keys.delivery(block.alert_id))
        lifetimes = await pipe.execute()
    assert all(0 < ms <= 7 * 86_400_000 for ms in lifetimes)


def test_the_blocks_of_an_alert_are_values() -> None:
    block = Block("A", "webpush", 4)
    assert msgspec.structs.replace(block) == block
