"""The desk under a clock of the test's own: the fuse to the millisecond, and the push side that may be faster."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import pytest

from service.acting import Actor, Outcome
from service.desk import Desk
from service.domain import moment
from service.domain.alert import Author, Level
from service.domain.amendments import check_update
from service.domain.audit import Act, By
from service.domain.checks import check_alert
from service.domain.cursor import Cursor
from service.domain.durability import Durability
from service.domain.errors import FuseOver
from service.domain.lifecycle import ChangeVerb
from service.store import keys, stream
from service.store.calls import Idempotency
from service.store.connection import Store
from service.store.ledger import Block, Ledger, Opened, Still
from tests.domain.making import NEWSROOM
from tests.entries import BOUNDS, EN, NOW_MS
from tests.stores import server, store
from workers.scheduler.rounds import OURSELVES

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
            durability=lambda: Durability("fsync", True), seen=lambda _: None,
        )  # fmt: skip

    async def publish(self, level: Level = "brief", **more: Any) -> Outcome:
        body = {"edition": "en", "headline": "First ferry sails", "level": level, **more}
        return await self.desk.publish(check_alert(body, NEWSROOM, self.now_ms, allow_http=False), ACTOR, None)

    async def change(self, verb: ChangeVerb, alert_id: str, key: str | None = None, **body: Any) -> Outcome:
        amend = partial(check_update, body, newsroom=NEWSROOM, now_ms=self.now_ms, allow_http=False) if body else None
        idempotency = None if key is None else Idempotency("K", key, verb)
        return await self.desk.change(verb, alert_id, ACTOR, amend=amend, idempotency=idempotency)

    async def begin_push(self, alert_id: str) -> Opened | Still:
        """What the first job of an alert's push does."""
        return await Ledger(self.store, sends_max=3, kept_days=1).open(Block(alert_id, "apns", 0), 1)

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
    async def begin_push(alert_id: str, after_s: float) -> Opened | Still:
        await asyncio.sleep(after_s)
        return await office.begin_push(alert_id)

    for number in range(30):  # the undo takes two calls, the push one: it has a head start, of up to some calls
        alert_id = (await office.publish()).alert_id
        undone, begun = await asyncio.gather(
            office.change("undo", alert_id), begin_push(alert_id, number / 10_000), return_exceptions=True
        )
        state = (await office.desk.read(alert_id, test=False)).record.state
        if isinstance(undone, FuseOver):
            assert (state, type(begun)) == ("published", Opened)
        else:
            assert (state, begun) == ("undone", Still(None))


async def test_what_is_undone_is_never_pushed(office: Office) -> None:
    alert_id = (await office.publish()).alert_id
    await office.change("undo", alert_id)
    assert await office.begin_push(alert_id) == Still(None)


async def test_every_verb_stands_in_the_audit_with_who_and_why(office: Office) -> None:
    alert_id = (await office.publish()).alert_id
    await office.change("update", alert_id, headline="All ferries sail")
    for verb in ("hold", "release", "undo"):
        await office.desk.change(verb, alert_id, ACTOR, reason=f"why {verb}")
    acts = await acted(office)
    assert [(act.verb, act.version, act.state_before, act.state_after, act.reason) for act in acts] == [
        ("publish", 1, None, "published", None), ("update", 2, "published", "published", None),
        ("hold", 3, "published", "withheld", "why hold"), ("release", 4, "withheld", "published", "why release"),
        ("undo", 5, "published", "undone", "why undo"),
    ]  # fmt: skip
    assert [act.cursor for act in acts] == [str(entry) for entry in await cursors(office)]
    assert {(act.at, act.alert, act.by) for act in acts} == {(moment.to_text(NOW_MS), alert_id, ACTOR.by)}


async def test_the_audit_tells_what_an_update_changed_and_what_was_overridden(office: Office) -> None:
    alert_id = (await office.publish(override=["near-duplicate"], overrideReason="another ferry")).alert_id
    await office.change("update", alert_id, headline="All ferries sail", push=False)
    published, updated = await acted(office)
    assert (published.override, published.reason, published.changed) == (("near-duplicate",), "another ferry", {})
    headline = ("First ferry sails", "All ferries sail")
    assert updated.changed == {"headline": headline, "text": headline, "push": (True, False)}
    assert updated.reason is None


async def test_what_nobody_asked_for_stands_with_the_name_of_the_process_alone(office: Office) -> None:
    alert_id = (await office.publish()).alert_id
    office.now_ms += 86_400_000
    assert await office.desk.expire(alert_id, OURSELVES) is not None
    _, expired = await acted(office)
    assert (expired.verb, expired.by, expired.state_after) == ("expire", By(name="scheduler"), "expired")


async def acted(office: Office) -> list[Act]:
    lines = [fields[b"entry"] for _, fields in await office.store.xrange(keys.AUDIT, "-")]
    return [msgspec.json.decode(line, type=Act) for line in lines]


async def cursors(office: Office) -> list[Cursor]:
    return [Cursor(epoch, found.offset) for epoch, found in await stream.read_wire(office.store, EN, 0)]


async def test_a_repeated_answer_still_says_when_the_fuse_ended(office: Office) -> None:
    made = await office.publish()
    first = await office.change("update", made.alert_id, key="k", headline="All ferries sail")
    office.now_ms += 2 * fuse_ms("brief")
    again = await office.change("update", made.alert_id, key="k", headline="All ferries sail")
    assert (again.undo_until, again.replayed) == (first.undo_until, True)
    assert first.undo_until is not None
