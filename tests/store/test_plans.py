"""What is open, in a real store: the first audience stays, blocks end one by one, dead letters live again."""

from service.domain.shards import Job
from service.store import keys, plans
from service.store.connection import Store
from tests.entries import NOW_MS

JOBS = [Job("A", 1, "apns", 0), Job("A", 1, "apns", 1), Job("A", 1, "fcm", 0)]


async def all_open(store: Store, before_ms: int = NOW_MS) -> set[str]:
    return {job.id async for job in plans.still_open(store, before_ms)}


async def test_the_first_plan_says_whom_an_alert_is_meant_for(store: Store) -> None:
    assert await plans.plan(store, "A", {"apns": 1500, "fcm": 10}, 7) == {"apns": 1500, "fcm": 10, "webpush": 0}
    assert await plans.plan(store, "A", {"apns": 1800, "webpush": 4}, 7) == {"apns": 1500, "fcm": 10, "webpush": 0}


async def test_blocks_are_open_until_each_has_ended(store: Store) -> None:
    await plans.open_jobs(store, JOBS, NOW_MS, 7)
    assert await all_open(store) == {"A:1:apns:0", "A:1:apns:1", "A:1:fcm:0"}
    for job in JOBS:
        await plans.finish(store, job, done=True)
    assert not await all_open(store)
    assert not await store.zrangebyscore(keys.PLANS, "-inf", "+inf")


async def test_what_was_planned_just_now_is_not_taken_for_lost(store: Store) -> None:
    await plans.open_jobs(store, JOBS, NOW_MS, 7)
    assert not await all_open(store, NOW_MS - 1)


async def test_a_block_that_is_done_says_so_in_its_ledger(store: Store) -> None:
    await plans.open_jobs(store, JOBS, NOW_MS, 7)
    await plans.finish(store, JOBS[0], done=True)
    await plans.finish(store, JOBS[1], done=False)
    assert b"done" in await store.hgetall(keys.ledger("A", "apns", 0))
    assert b"done" not in await store.hgetall(keys.ledger("A", "apns", 1))


async def test_a_dead_letter_is_kept_and_can_live_again(store: Store) -> None:
    await plans.open_jobs(store, JOBS[:1], NOW_MS, 7)
    await plans.give_up(store, JOBS[0], "not finished after 60 runs", NOW_MS)
    assert not await all_open(store)
    letters = await plans.dead_letters(store)
    assert [(letter.job, letter.why, letter.at_ms) for letter in letters] == [
        (JOBS[0], "not finished after 60 runs", NOW_MS)
    ]
    await plans.revive(store, letters, NOW_MS, 7)
    assert await all_open(store, NOW_MS - 1) == {"A:1:apns:0"}, "the next sweep takes it"
    assert not await plans.dead_letters(store)
