"""The desk under a clock of the test's own: the fuse to the millisecond, and the push side that may be faster."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from service.desk import Actor, Desk, Outcome
from service.domain import moment
from service.domain.alert import Author, Level
from service.domain.amendments import check_update
from service.domain.checks import check_alert
from service.domain.durability import Durability
from service.domain.errors import FuseOver
from service.domain.lifecycle import ChangeVerb
from service.store import keys, stream
from service.store.connection import Store
from service.store.stream import Idempotency
from tests.domain.making import NEWSROOM
from tests.entries import BOUNDS, EN, NOW_MS
from tests.stores import server, store

__all__ = ["server", "store"]

ACTOR = Actor(Author("K", "a desk"), "duty", False, "127.0.0.1", "r")


@dataclass
class Office:
    """A desk and its clock."""

    store: Store
    now_ms: int = NOW_MS

    def __post_init__(self) -> None:
        self.desk = Desk(
            self.store, NEWSROOM, BOUNDS, expires_default_s=86_400, now_ms=lambda: self.now_ms,
            durability=lambda: Durability("fsync", True),
        )  # fmt: skip

    async def publish(self, level: Level = "brief", **more: Any) -> Outcome:
        body = {"edition": "en", "headline": "First ferry sails", "level": level, **more}
        return await self.desk.publish(check_alert(body, NEWSROOM, self.now_ms, allow_http=False), ACTOR, None)

    async def change(self, verb: ChangeVerb, alert_id: str, key: str | None = None, **body: str) -> Outcome:
        amend = partial(check_update, body, newsroom=NEWSROOM, now_ms=self.now_ms, allow_http=False) if body else None
        idempotency = None if key is None else Idempotency("K", key, verb)
        return await self.desk.change(verb, alert_id, ACTOR, amend=amend, idempotency=idempotency)

    async def begin_push(self, alert_id: str) -> None:
        """What the first job of an alert's push does."""
        async with self.store.pipeline(transaction=False) as pipe:
            pipe.hset(keys.alert(alert_id), "pushing", 1)
            await pipe.execute()

    async def revisions(self) -> int:
        return len(await stream.read_wire(self.store, EN, 0))


@pytest.fixture
async def office(store: Store) -> Office:
    return Office(store)


def fuse_ms(level: Level) -> int:
    return round(NEWSROOM.levels[level].fuse_s * 1000)


@pytest.mark.parametrize("level", ["flash", "urgent", "brief"])
@pytest.mark.parametrize("push", [True, False])
async def test_undo_fits_until_the_millisecond_in_which_the_fuse_ends(office: Office, level: Level, push: bool) -> None:
    late, early = await office.publish(level, push=push), await office.publish(level, push=push)
    assert late.undo_until == early.undo_until == moment.to_text(NOW_MS + fuse_ms(level))
    office.now_ms += fuse_ms(level) - 1
    assert (await office.change("undo", early.alert_id)).status == 200
    office.now_ms += 1
    with pytest.raises(FuseOver):
        await office.change("undo", late.alert_id)
    assert (await office.change("undo", early.alert_id)).version == 2, "what is undone stays so, and says so"
    assert await office.revisions() == 3


async def test_a_line_has_no_fuse(office: Office) -> None:
    line = await office.publish("line")
    assert line.undo_until is None
    with pytest.raises(FuseOver):
        await office.change("undo", line.alert_id)


async def test_the_fuse_burns_from_the_first_version_and_is_told_as_long_as_undo_fits(office: Office) -> None:
    made = await office.publish()
    office.now_ms += 1000
    updated = await office.change("update", made.alert_id, headline="All ferries sail")
    held = await office.change("hold", made.alert_id)
    assert updated.undo_until == held.undo_until == made.undo_until
    office.now_ms += fuse_ms("brief")
    assert (await office.change("release", made.alert_id)).undo_until is None
    with pytest.raises(FuseOver):
        await office.change("undo", made.alert_id)


async def test_a_killed_alert_cannot_be_undone(office: Office) -> None:
    made = await office.publish()
    assert (await office.change("kill", made.alert_id)).undo_until is None


async def test_once_phones_ring_nothing_is_undone_whatever_the_clock_says(office: Office) -> None:
    made = await office.publish()
    await office.begin_push(made.alert_id)
    for _ in range(2):
        with pytest.raises(FuseOver):
            await office.change("undo", made.alert_id, key="k")
    assert (await office.change("kill", made.alert_id)).status == 200


async def test_of_undo_and_push_at_the_same_moment_one_is_first(office: Office) -> None:
    for _ in range(30):
        made = await office.publish()
        undone, _ = await asyncio.gather(
            office.change("undo", made.alert_id), office.begin_push(made.alert_id), return_exceptions=True
        )
        stored = await office.desk.read(made.alert_id, test=False)
        assert stored.record.state == ("published" if isinstance(undone, FuseOver) else "undone")


async def test_a_repeated_answer_still_says_when_the_fuse_ended(office: Office) -> None:
    made = await office.publish()
    first = await office.change("update", made.alert_id, key="k", headline="All ferries sail")
    office.now_ms += 2 * fuse_ms("brief")
    again = await office.change("update", made.alert_id, key="k", headline="All ferries sail")
    assert (again.undo_until, again.replayed) == (first.undo_until, True)
    assert first.undo_until is not None
