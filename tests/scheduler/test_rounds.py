"""Moments under a clock of the test's own: what is due goes out once, whatever clock, queue or restore do."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import pytest
from arq.connections import ArqRedis

from service.acting import Actor, Outcome
from service.desk import Desk
from service.domain import moment
from service.domain.alert import Author
from service.domain.checks import check_alert
from service.domain.durability import Durability
from service.domain.errors import NotDurable
from service.domain.pending import Pending
from service.domain.redrafts import Redraft, check_redraft
from service.domain.revision import Revision
from service.store import expiring, history, keys, pending, stream
from service.store.connection import Store
from service.store.embedded import EmbeddedStore
from service.tray import Tray
from tests.domain.making import NEWSROOM
from tests.entries import BOUNDS, EN, NOW_MS
from tests.stores import server, store
from workers import arq_ground
from workers.scheduler.rounds import AHEAD_MS, LATER_MS, Rounds

__all__ = ["server", "store"]

DUTY = Actor(Author("K", "a desk"), "duty", False, "127.0.0.1", "r")
SECOND = Actor(Author("L", "another desk"), "duty", False, "127.0.0.1", "r")
HOUR_MS = 3_600_000
ALONE: dict[str, Any] = {"override": ["second-approval"], "overrideReason": "the colleague is on air"}


def proposed(before: Pending) -> Redraft:
    """A changed headline, which asks for a second person again."""
    return check_redraft({"headline": "Second ferry sails"}, before, NEWSROOM, NOW_MS, allow_http=False)


@dataclass
class Office:
    """Desk, tray and scheduler, and the clock on their wall."""

    store: Store
    queue: ArqRedis
    now_ms: int = NOW_MS
    durable: bool = True

    def __post_init__(self) -> None:
        def now_ms() -> int:
            return self.now_ms

        self.desk = Desk(
            self.store, NEWSROOM, BOUNDS, expires_default_s=86_400, now_ms=now_ms,
            durability=lambda: Durability("fsync", self.durable), seen=lambda _: None,
        )  # fmt: skip
        self.tray = Tray(self.store, NEWSROOM, BOUNDS, self.desk, expires_default_s=86_400, now_ms=now_ms)
        self.rounds = Rounds(self.store, self.desk, self.tray, self.queue, now_ms)

    async def schedule(self, in_ms: int, **more: Any) -> Outcome:
        body = {"edition": "en", "headline": "First ferry sails", **more}
        body["publishAt"] = moment.to_text(self.now_ms + in_ms)
        draft = check_alert(body, NEWSROOM, self.now_ms, allow_http=False)
        return await self.tray.take(draft, "schedule", DUTY, None)

    async def publish(self, **more: Any) -> Outcome:
        body = {"edition": "en", "headline": "First ferry sails", **more}
        return await self.desk.publish(check_alert(body, NEWSROOM, self.now_ms, allow_http=False), DUTY, None)

    async def wire(self) -> list[tuple[str, str]]:
        """(type, id) of every revision."""
        entries = [entry for _, entry in await stream.read_wire(self.store, EN, 0)]
        return [(entry.type, entry.alert.id) for entry in entries if isinstance(entry, Revision)]


@pytest.fixture
async def office(server: EmbeddedStore, store: Store) -> AsyncIterator[Office]:
    queue = await arq_ground.connect(server.url)
    yield Office(store, queue)
    await queue.aclose()


async def test_what_is_due_is_published_and_what_is_not_waits(office: Office) -> None:
    due, later = await office.schedule(1000), await office.schedule(HOUR_MS)
    await office.rounds.once()
    assert await office.wire() == []
    office.now_ms += 1000
    await office.rounds.once()
    assert await office.wire() == [("published", due.alert_id)]
    waits = await pending.read(office.store, later.alert_id)
    assert waits is not None
    assert waits.record.state == "scheduled"


async def test_a_clock_that_steps_back_publishes_nothing_twice_and_nothing_early(office: Office) -> None:
    first = await office.schedule(1000)
    office.now_ms += 1000
    await office.rounds.once()
    office.now_ms -= HOUR_MS
    second = await office.schedule(1000)
    for _ in range(3):
        await office.rounds.once()
        await office.rounds.release(first.alert_id)
        await office.rounds.release(second.alert_id)
    assert await office.wire() == [("published", first.alert_id)]
    office.now_ms += 1000
    await office.rounds.once()
    assert await office.wire() == [("published", first.alert_id), ("published", second.alert_id)]


async def test_a_clock_that_jumps_ahead_releases_all_that_is_due_in_its_order(office: Office) -> None:
    late, early = await office.schedule(2000), await office.schedule(1000)
    office.now_ms += HOUR_MS
    await office.rounds.once()
    assert [alert_id for _, alert_id in await office.wire()] == [early.alert_id, late.alert_id]


async def test_what_soon_is_due_has_one_deferred_job_and_a_lost_one_is_made_again(office: Office) -> None:
    due = await office.schedule(AHEAD_MS // 2)
    await office.schedule(2 * AHEAD_MS)
    for _ in range(2):
        await office.rounds.once()
        await office.rounds.once()
        jobs = await office.queue.queued_jobs(queue_name="desk")
        assert [(job.function, list(job.args)) for job in jobs] == [("release", [due.alert_id])]
        lost = await cast(Any, office.store).keys("arq:*")
        await cast(Any, office.store).delete("desk", *lost)


async def test_a_job_that_comes_too_early_changes_nothing(office: Office) -> None:
    waits = await office.schedule(1000)
    await office.rounds.release(waits.alert_id)
    assert await office.wire() == []


async def test_two_schedulers_publish_it_once(office: Office) -> None:
    other = Office(office.store, office.queue)
    ids = [(await office.schedule(1000)).alert_id for _ in range(10)]
    office.now_ms = other.now_ms = NOW_MS + 1000
    await asyncio.gather(office.rounds.once(), other.rounds.once())
    await office.rounds.once()
    assert sorted(await office.wire()) == sorted(("published", alert_id) for alert_id in ids)


async def test_what_a_restored_store_knows_as_both_is_forgotten_as_pending(office: Office) -> None:
    due = await office.schedule(1000)
    kept = await cast(Any, office.store).dump(keys.pending(due.alert_id))
    office.now_ms += 1000
    await office.rounds.once()
    await cast(Any, office.store).restore(keys.pending(due.alert_id), 0, kept)
    async with office.store.pipeline(transaction=True) as pipe:
        pipe.zadd(keys.DUE, {due.alert_id: NOW_MS})
        pipe.zadd(keys.PENDING, {due.alert_id: NOW_MS})
        await pipe.execute()
    await office.rounds.once()
    assert await office.wire() == [("published", due.alert_id)]
    assert await pending.due(office.store, NOW_MS + HOUR_MS, 10) == []
    assert await pending.read(office.store, due.alert_id) is None


async def test_what_would_be_over_before_it_is_out_is_taken_back(office: Office) -> None:
    due = await office.schedule(1000, expires=moment.to_text(NOW_MS + 2000))
    office.now_ms += HOUR_MS
    await office.rounds.once()
    gone = await pending.read(office.store, due.alert_id)
    assert gone is not None
    assert (gone.record.state, await office.wire()) == ("discarded", [])


async def test_a_record_that_cannot_be_read_does_not_hold_up_the_others(office: Office) -> None:
    broken, due = await office.schedule(500), await office.schedule(1000)
    await office.store.hset(keys.pending(broken.alert_id), "pending", b"{")
    office.now_ms += 1000
    await office.rounds.once()
    assert await office.wire() == [("published", due.alert_id)]


async def test_one_bad_record_holds_up_no_other_and_is_looked_at_again_a_minute_later(office: Office) -> None:
    odd, due = await office.schedule(500), await office.schedule(1000)
    ends = await office.publish(expires=moment.to_text(NOW_MS + 1000))
    bad = await office.publish(expires=moment.to_text(NOW_MS + 900))
    kept = await pending.read(office.store, odd.alert_id)
    assert kept is not None
    spoilt = msgspec.structs.replace(kept, publish_at="soon")
    await office.store.hset(keys.pending(odd.alert_id), "pending", msgspec.json.encode(spoilt))
    record = await history.read(office.store, bad.alert_id)
    assert record is not None
    spoilt_alert = msgspec.structs.replace(record.record.alert, expires="one day")
    spoilt_record = msgspec.json.encode(msgspec.structs.replace(record.record, alert=spoilt_alert))
    await office.store.hset(keys.alert(bad.alert_id), "record", spoilt_record)
    office.now_ms += 1000
    await office.rounds.once()
    assert [entry for entry in await office.wire() if entry[0] != "published" or entry[1] == due.alert_id] == [
        ("published", due.alert_id), ("expired", ends.alert_id),
    ]  # fmt: skip
    assert await pending.due(office.store, office.now_ms + LATER_MS - 1, 10) == []
    assert await pending.due(office.store, office.now_ms + LATER_MS, 10) == [(odd.alert_id, office.now_ms + LATER_MS)]
    assert await expiring.due(office.store, office.now_ms + LATER_MS, 10) == [bad.alert_id]
    await office.store.hset(keys.pending(odd.alert_id), "pending", msgspec.json.encode(kept))
    office.now_ms += LATER_MS
    await office.rounds.once()
    assert ("published", odd.alert_id) in await office.wire()


async def test_after_three_flashes_the_next_that_one_person_scheduled_waits_and_nothing_else_does(
    office: Office,
) -> None:
    flashes = [await office.schedule(1000 + at, level="flash", **ALONE) for at in range(5)]
    seconded = await office.schedule(2000, level="flash", **ALONE)
    await office.tray.change("update", seconded.alert_id, DUTY, redraft=proposed, if_match=1)
    await office.tray.change("approve", seconded.alert_id, SECOND, if_match=2)
    meant = await office.schedule(2000, level="flash", override=["second-approval", "brake"], overrideReason="war")
    brief = await office.schedule(2000)
    ends = await office.publish(expires=moment.to_text(NOW_MS + 1000))
    office.now_ms += 2000
    await office.rounds.once()
    out = [alert_id for kind, alert_id in await office.wire() if kind == "published" and alert_id != ends.alert_id]
    assert out[:3] == [flash.alert_id for flash in flashes[:3]]
    assert sorted(out[3:]) == sorted([seconded.alert_id, meant.alert_id, brief.alert_id])
    assert ("expired", ends.alert_id) in await office.wire()
    for flash in flashes[3:]:
        waits = await pending.read(office.store, flash.alert_id)
        assert waits is not None
        assert (waits.record.state, waits.alert.version) == ("awaiting-approval", 2)
    assert await pending.due(office.store, office.now_ms + HOUR_MS, 10) == []
    await office.tray.change("approve", flashes[3].alert_id, SECOND, if_match=2)
    assert (await office.wire())[-1] == ("published", flashes[3].alert_id)


async def test_nothing_goes_out_on_a_store_that_could_lose_it(office: Office) -> None:
    due = await office.schedule(1000)
    office.now_ms += 1000
    office.durable = False
    with pytest.raises(NotDurable):
        await office.rounds.once()
    office.durable = True
    await office.rounds.once()
    assert await office.wire() == [("published", due.alert_id)]


async def test_an_alert_ends_when_its_time_is_over_and_an_update_may_put_that_off(office: Office) -> None:
    ends = await office.publish(expires=moment.to_text(NOW_MS + 1000))
    held = await office.publish(expires=moment.to_text(NOW_MS + 1000))
    killed = await office.publish(expires=moment.to_text(NOW_MS + 1000))
    await office.desk.change("hold", held.alert_id, DUTY)
    await office.desk.change("kill", killed.alert_id, DUTY)
    office.now_ms += 999
    await office.rounds.once()
    assert not [kind for kind, _ in await office.wire() if kind == "expired"]
    office.now_ms += 1
    await office.rounds.once()
    expired = [alert_id for kind, alert_id in await office.wire() if kind == "expired"]
    assert sorted(expired) == sorted([ends.alert_id, held.alert_id])
    assert await expiring.due(office.store, NOW_MS + HOUR_MS, 10) == []
