"""Counters of the store as figures."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import delivery, moment
from service.domain.alert import Author, Level, Record, State
from service.domain.delivery import Figures, Phase, SocketReport, Sockets
from tests.domain.making import NEWSROOM, NOW_MS, make_alert

FUSE_MS = 10_000
LATE_MAX_S = 3600.0
HUNDRED = {"eligible:fcm": 100, "accepted:fcm": 60, "failed:unregistered:fcm": 3}
PUB_STATUS = {"withheld": "withheld", "canceled": "canceled", "undone": "canceled"}


def figures(**changes: Any) -> Figures:
    plain: dict[str, Any] = {"counts": {}, "sockets": (), "devices": {}, "planned": True, "open_blocks": 0}
    return Figures(**{**plain, **changes})


def record(state: State = "published", level: Level = "brief", push: bool = True) -> Record:
    made = make_alert(level=level, pub_status=PUB_STATUS.get(state, "usable"))
    return Record(alert=made, state=state, author=Author("KEY", "a test"), push=push)


@given(st.floats(0.0, 1_000_000))
def test_a_time_lies_in_its_bucket(amount: float) -> None:
    number = delivery.bucket(amount)
    assert amount <= delivery.upper(number) * 1.001
    if amount > 0.011:
        assert delivery.upper(number - 1) <= amount * 1.1


def test_quantiles_are_the_bounds_of_their_buckets() -> None:
    counts = {delivery.bucket(1.0): 50, delivery.bucket(5.0): 40, delivery.bucket(20.0): 10}
    t50, t90, t99 = (delivery.quantile(counts, share) for share in (0.5, 0.9, 0.99))
    assert t50 is not None
    assert t90 is not None
    assert t99 is not None
    assert 1.0 <= t50 <= 1.05
    assert 5.0 <= t90 <= 5.25
    assert 20.0 <= t99 <= 21.0


def test_nothing_accepted_has_no_times() -> None:
    assert delivery.quantile({}, 0.5) is None
    assert delivery.push(figures(), "apns", "going").t90 is None


@pytest.mark.parametrize(
    ("accepted", "failed", "planned", "open_blocks", "phase", "known"),
    [
        (28, 0, 4500, 5, "going", ""),
        (49, 0, 100, 1, "going", ""),
        (50, 0, 100, 1, "going", "t50"),
        (90, 0, 100, 1, "going", "t50 t90"),
        (98, 0, 100, 1, "going", "t50 t90"),
        (99, 0, 100, 1, "going", "t50 t90 t99"),
        (50, 50, 100, 1, "going", "t50 t90 t99"),
        (60, 0, 100, 0, "over", "t50 t90 t99"),
        (60, 0, 100, 0, "withdrawn", "t50 t90 t99"),
        (0, 0, 100, 0, "over", ""),
    ],
)
def test_a_share_has_its_time_once_so_many_of_all_have_accepted(
    accepted: int, failed: int, planned: int, open_blocks: int, phase: Phase, known: str
) -> None:
    counts = {
        "eligible:fcm": 100, "accepted:fcm": accepted, "failed:unregistered:fcm": failed,
        f"t:{delivery.bucket(2.0)}:fcm": accepted,
    }  # fmt: skip
    fcm = delivery.push(figures(counts=counts, devices={"fcm": planned}, open_blocks=open_blocks), "fcm", phase)
    assert [name for name in delivery.QUANTILES if getattr(fcm, name) is not None] == known.split()


def test_who_is_gone_or_erased_is_not_undecided_once_the_block_was_looked_at() -> None:
    found = figures(counts={**HUNDRED, "absent:fcm": 40}, devices={"fcm": 1140}, open_blocks=2)
    assert delivery.push(found, "fcm", "going").undecided == 1000


@pytest.mark.parametrize(
    ("state", "after_ms", "burns"),
    [("published", FUSE_MS - 1, True), ("published", FUSE_MS, False), ("withheld", 0, False), ("undone", 0, False)],
)
def test_the_end_of_the_fuse_is_told_while_it_burns(state: State, after_ms: int, burns: bool) -> None:
    told = delivery.report(record(state), figures(), NEWSROOM, NOW_MS + after_ms, LATE_MAX_S)
    assert told.fuse_until == (moment.to_text(NOW_MS + FUSE_MS) if burns else None)


def test_a_provider_s_part_adds_up() -> None:
    counts = {
        **HUNDRED, "held:muted:fcm": 7, "held:level:fcm": 2, "shown:fcm": 40, "opened:fcm": 5,
        f"t:{delivery.bucket(2.0)}:fcm": 60, "accepted:apns": 1, "eligible:apns": 1,
    }  # fmt: skip
    fcm = delivery.push(figures(counts=counts), "fcm", "going")
    assert (fcm.eligible, fcm.accepted, fcm.queued, fcm.shown, fcm.opened) == (100, 60, 37, 40, 5)
    assert fcm.failed == {"unregistered": 3}
    assert fcm.held == {"muted": 7, "level": 2}
    assert sum(count for _, count in fcm.histogram) == 60


@pytest.mark.parametrize(
    ("phase", "queued", "held", "failed"),
    [
        ("going", 37, {}, {"unregistered": 3}),
        ("over", 0, {}, {"unregistered": 3, "unconfirmed": 37}),
        ("withheld", 0, {"withheld": 37}, {"unregistered": 3}),
        ("withdrawn", 0, {"withdrawn": 37}, {"unregistered": 3}),
        ("expired", 0, {"expired": 37}, {"unregistered": 3}),
    ],
)
def test_what_does_not_go_out_any_more_is_not_queued(
    phase: Phase, queued: int, held: dict[str, int], failed: dict[str, int]
) -> None:
    fcm = delivery.push(figures(counts=HUNDRED), "fcm", phase)
    assert (fcm.queued, fcm.held, fcm.failed) == (queued, held, failed)
    assert fcm.eligible == fcm.accepted + fcm.queued + sum(held.values()) + sum(failed.values())


@pytest.mark.parametrize(
    ("planned", "open_blocks", "phase", "undecided"),
    [
        (4000, 4, "going", 3900),
        (4000, 1, "going", 1000),
        (4000, 0, "going", 0),
        (4000, 4, "withdrawn", 0),
        (90, 1, "going", 0),
    ],
)
def test_who_was_not_looked_at_yet_is_undecided(planned: int, open_blocks: int, phase: Phase, undecided: int) -> None:
    found = figures(counts=HUNDRED, devices={"fcm": planned}, open_blocks=open_blocks)
    assert delivery.push(found, "fcm", phase).undecided == undecided


def test_corrections_count_over_all_providers_by_version() -> None:
    counts = {"needed:2:apns": 10, "needed:2:fcm": 5, "reached:2:apns": 9, "needed:3:fcm": 1}
    assert [(c.version, c.needed, c.reached) for c in delivery.corrections(counts)] == [(2, 15, 9), (3, 1, 0)]


def test_what_several_gateways_say_adds_up() -> None:
    soon, late = delivery.bucket(2.0), delivery.bucket(40.0)
    said = [SocketReport(10, 9, {soon: 9}), SocketReport(5, 5, {soon: 4, late: 1})]
    assert delivery.sockets(said) == Sockets(15, 14, delivery.upper(soon), delivery.upper(late))
    assert delivery.sockets([]) == Sockets(0, 0, None, None)


@pytest.mark.parametrize(
    ("made", "found", "after_ms", "complete"),
    [
        (record(), figures(), FUSE_MS - 1, False),
        (record(), figures(), FUSE_MS, True),
        (record(), figures(open_blocks=1), FUSE_MS, False),
        (record(), figures(planned=False), FUSE_MS, False),
        (record(), figures(planned=False), 3_600_001, True),
        (record(push=False), figures(planned=False), FUSE_MS - 1, False),
        (record(push=False), figures(planned=False), FUSE_MS, True),
        (record(level="line"), figures(planned=False), FUSE_MS, True),
        (record("withheld"), figures(), FUSE_MS, False),
        (record("canceled"), figures(), 1, True),
        (record("canceled"), figures(planned=False), 1, False),
        (record("canceled"), figures(open_blocks=1), FUSE_MS, False),
        # who was rung before an editor wanted nobody rung any more hears of the kill all the same
        (record("canceled", push=False), figures(planned=False, devices={"fcm": 1}), 1, False),
        (record("canceled", push=False), figures(planned=False), 1, True),
        (record("undone"), figures(planned=False), 1, True),
        (record("expired"), figures(planned=False), FUSE_MS, True),
    ],
)
def test_a_delivery_is_complete_when_nothing_more_leaves_by_itself(
    made: Record, found: Figures, after_ms: int, complete: bool
) -> None:
    assert delivery.is_complete(made, found, NEWSROOM, NOW_MS + after_ms, LATE_MAX_S) is complete


def test_a_report_tells_of_every_provider() -> None:
    made = record("canceled")
    assert moment.from_text(made.alert.first_created) == NOW_MS
    told = delivery.report(made, figures(counts=HUNDRED), NEWSROOM, NOW_MS, LATE_MAX_S)
    assert (told.alert, told.edition, told.version, told.state) == (made.alert.id, "en", 1, "canceled")
    assert {platform: part.held for platform, part in told.push.items()} == {
        "apns": {}, "fcm": {"withdrawn": 37}, "webpush": {},
    }  # fmt: skip
    assert told.complete
