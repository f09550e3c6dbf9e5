"""Which revisions become push jobs, in which queue, when, and for which blocks."""

from typing import Any

import msgspec
import pytest

from service.domain import shards
from service.domain.alert import Alert
from service.domain.revision import Revision, RevisionType, encode
from tests.domain.making import NEWSROOM, NOW_MS, make_alert

LATE_MAX_S = 3600.0


def revision(kind: RevisionType = "published", push: bool = True, **changes: Any) -> Revision:
    alert = make_alert(**changes)
    return Revision(offset=7, type=kind, alert=alert, encoded=encode(alert), first_offset=7, push=push)


@pytest.mark.parametrize(
    ("kind", "pushed"),
    [("published", True), ("updated", True), ("corrected", True), ("released", True), ("canceled", True),
     ("withheld", False), ("expired", False)],
)  # fmt: skip
def test_what_phones_must_hear_of(kind: RevisionType, pushed: bool) -> None:
    assert shards.is_pushed(revision(kind), NOW_MS, LATE_MAX_S) is pushed


@pytest.mark.parametrize("kind", ["updated", "corrected", "released", "canceled"])
def test_changes_reach_who_was_given_something_even_where_nobody_new_is_to_be_rung(kind: RevisionType) -> None:
    assert shards.is_pushed(revision(kind, push=False), NOW_MS, LATE_MAX_S)


@pytest.mark.parametrize(
    "silent",
    [revision(push=False), revision(level="line", urgency=6), revision("canceled", signals=("undone",))],
    ids=["the editor said no push", "a line", "an undone alert"],
)
def test_what_phones_never_hear_of(silent: Revision) -> None:
    assert not shards.is_pushed(silent, NOW_MS, LATE_MAX_S)


def test_what_lay_about_for_too_long_is_not_planned() -> None:
    assert shards.is_pushed(revision(), NOW_MS + 3_600_000, LATE_MAX_S)
    assert not shards.is_pushed(revision(), NOW_MS + 3_600_001, LATE_MAX_S)


@pytest.mark.parametrize(
    ("kind", "level", "tier"),
    [("published", "flash", "express"), ("published", "urgent", "standard"), ("updated", "brief", "standard"),
     ("updated", "flash", "express"), ("corrected", "brief", "express"), ("canceled", "brief", "express")],
)  # fmt: skip
def test_flash_and_what_takes_an_error_back_overtake(kind: RevisionType, level: Any, tier: str) -> None:
    assert shards.tier(made_by(kind, level)) == tier


def made_by(kind: RevisionType, level: Any) -> Alert:
    return make_alert(
        level=level, pub_status="canceled" if kind == "canceled" else "usable",
        signals=("correction",) if kind == "corrected" else (),
    )  # fmt: skip


@pytest.mark.parametrize(("level", "fuse_ms"), [("flash", 3000), ("urgent", 5000), ("brief", 10_000)])
def test_the_push_waits_for_the_fuse(level: Any, fuse_ms: int) -> None:
    assert shards.due_ms(revision(level=level), NEWSROOM) == NOW_MS + fuse_ms


def test_an_update_inside_the_fuse_waits_for_its_end_and_a_later_one_does_not() -> None:
    early = revision("updated", version_created="2026-11-18T14:02:13.204Z")
    late = revision("updated", version_created="2026-11-18T14:03:00.000Z")
    assert shards.due_ms(early, NEWSROOM) == NOW_MS + 5000
    assert shards.due_ms(late, NEWSROOM) == NOW_MS + 48_796


def test_a_kill_waits_for_nothing() -> None:
    assert shards.due_ms(revision("canceled"), NEWSROOM) == NOW_MS


def test_every_block_has_one_job_and_platforms_take_turns() -> None:
    jobs = list(shards.jobs(revision(), {"apns": 2001, "fcm": 1000, "webpush": 0}))
    assert [(job.platform, job.block) for job in jobs] == [("apns", 0), ("fcm", 0), ("apns", 1), ("apns", 2)]
    assert len({job.id for job in jobs}) == 4


def test_no_devices_no_jobs() -> None:
    assert not list(shards.jobs(revision(), {}))


def test_the_same_work_has_the_same_id() -> None:
    job = shards.Job("A", 3, "fcm", 12)
    assert job.id == "A:3:fcm:12" == msgspec.structs.replace(job).id
