"""Delivery figures in a real store: what gateways say adds up once, and what a report is made of is all of it."""

import pytest

from service.domain.delivery import SocketReport
from service.domain.shards import Job
from service.store import figures, keys, plans
from service.store.connection import Store
from service.store.ledger import Block, Ledger, Settled
from tests.entries import NOW_MS


async def test_the_words_of_several_gateways_stand_beside_each_other(store: Store) -> None:
    one, other = SocketReport(10, 9, {7: 9}), SocketReport(5, 5, {8: 5})
    await figures.write_sockets(store, "g1", {("A", 1): one, ("B", 1): other}, 7)
    await figures.write_sockets(store, "g2", {("A", 1): other, ("A", 12): one}, 7)
    found = (await figures.read(store, "A", 1)).sockets
    assert sorted(found, key=lambda said: said.open) == [other, one]
    assert (await figures.read(store, "A", 12)).sockets == [one]


async def test_the_first_word_of_a_gateway_about_a_revision_stays(store: Store) -> None:
    for sent in (9, 1):
        await figures.write_sockets(store, "g1", {("A", 1): SocketReport(10, sent, {7: sent})}, 7)
    assert [said.sent for said in (await figures.read(store, "A", 1)).sockets] == [9]


async def test_what_gateways_say_does_not_outlive_the_other_figures(store: Store) -> None:
    await figures.write_sockets(store, "g1", {("A", 1): SocketReport(1, 1, {7: 1})}, 7)
    async with store.pipeline(transaction=False) as pipe:
        pipe.pttl(keys.sockets("A"))
        (left_ms,) = await pipe.execute()
    assert 0 < left_ms <= 7 * 86_400_000


async def test_of_an_alert_without_a_delivery_nothing_is_known(store: Store) -> None:
    found = await figures.read(store, "A", 1)
    assert (found.counts, found.sockets, found.planned, found.open_blocks) == ({}, [], False, 0)


async def test_a_version_is_planned_once_it_has_become_jobs(store: Store) -> None:
    devices = await plans.plan(store, "A", {"apns": 1500}, 7)
    assert not (await figures.read(store, "A", 1)).planned
    jobs = [Job("A", 1, "apns", 0), Job("A", 1, "apns", 1)]
    await plans.open_jobs(store, jobs, NOW_MS, 7)
    found = await figures.read(store, "A", 1)
    assert (found.planned, found.open_blocks, found.devices) == (True, 2, devices)
    await plans.finish(store, jobs[0], done=True)
    assert (await figures.read(store, "A", 1)).open_blocks == 1
    assert not (await figures.read(store, "A", 2)).planned


async def test_a_plan_for_nobody_is_a_plan(store: Store) -> None:
    await plans.plan(store, "A", {}, 7)
    assert (await figures.read(store, "A", 1)).planned


@pytest.mark.parametrize("platform", ["apns", "fcm", "webpush"])
async def test_what_the_ledger_counts_is_read(store: Store, platform: str) -> None:
    ledger, block = Ledger(store, sends_max=3, kept_days=7), Block("A", "apns", 0)
    await ledger.note(block, "seen", 0b11, {f"eligible:{platform}": 2})
    await ledger.settle(block, 1, f"accepted:{platform}", Settled(accepted=0b10))
    assert (await figures.read(store, "A", 1)).counts == {f"eligible:{platform}": 2, f"accepted:{platform}": 1}
