"""The job: one block of one platform's devices is given what it is owed of an alert, as the alert is now.

The rule to remember: a job may run twice, at the same time even, and anywhere: what it does is decided by the ledger.
It never fails. Whatever happens it is run again, later, until its block has ended or it has had all its runs.
"""

import time
from typing import Any

import structlog
from arq import Retry

from service.clock import now_ms
from service.domain import bits, moment
from service.domain.alert import Record
from service.domain.device import BLOCK_DEVICES, Device, Platform
from service.domain.errors import StoreUnavailable
from service.domain.owed import Marks, Owed, owed
from service.domain.shards import Job
from service.store import devices, heirs, plans
from service.store.ledger import Block, Opened, Still
from workers.push.lane import BEGUN_FOR_S, Lane
from workers.push.sending import Pass

log = structlog.get_logger("push")

STORE_AGAIN_S = 1.0
FAULT_AGAIN_S = 5.0
BEHIND_S = 0.001
"""Behind all blocks in which an error is still to be taken back; after 0 s a job would keep its place before them."""
FLIGHT_S = 2 * BEGUN_FOR_S
"""After so long what was begun with an older version has left or has come back, and the ledger says which."""
EXPRESS_WAIT_S = 1.0
"""How long standard work waits in its place before it goes back into its queue."""


async def deliver(ctx: dict[str, Any], alert_id: str, version: int, platform: Platform, block: int) -> None:
    """Run one job; raises arq's Retry where it has to run again."""
    lane: Lane = ctx["lane"]
    job = Job(alert_id, version, platform, block)
    began_s = time.monotonic()
    try:
        if ctx["tier"] == "express":
            async with lane.express():
                again_s = await run(lane, job, began_s, is_express=True)
        elif await lane.let_express_pass(EXPRESS_WAIT_S):
            again_s = await run(lane, job, began_s, is_express=False)
        else:
            again_s = 0.0
    except StoreUnavailable as problem:
        log.warning("the store does not answer; the block waits", job=job.id, why=str(problem))
        again_s = STORE_AGAIN_S
    except Exception:
        log.exception("a block failed and is tried again", job=job.id)
        again_s = FAULT_AGAIN_S
    if again_s is not None:
        raise Retry(defer=again_s)


async def run(lane: Lane, job: Job, began_s: float, *, is_express: bool) -> float | None:
    """One run; None when the block has ended, else in how many seconds to run again. Raises StoreUnavailable.

    It begins nothing that could not land within `push_job_s` of `began_s` (monotonic): then another takes the block.
    """
    place = Block(job.alert_id, job.platform, job.block)
    opened = await lane.ledger.open(place, job.version)
    if isinstance(opened, Still):
        await plans.finish(lane.store, job, done=False)
        return None
    if opened.runs > lane.settings.push_runs_max:
        log.error("a block is given up", job=job.id, runs=opened.runs)
        await plans.give_up(lane.store, job, f"not finished after {opened.runs - 1} runs", now_ms())
        return None
    again_s = await _Run(lane, job, place, opened, began_s, is_express=is_express).go()
    if again_s is None:
        log.info("a block has ended", alert=job.alert_id, version=job.version, provider=job.platform, block=job.block)
    return again_s


class _Run:
    """A run over a block that may go on."""

    def __init__(
        self, lane: Lane, job: Job, place: Block, opened: Opened, began_s: float, *, is_express: bool
    ) -> None:  # fmt: skip
        self._is_express = is_express
        self._lane = lane
        self._job = job
        self._place = place
        self._opened = opened
        self._newest: Record = opened.versions[-1]
        self._tried = {record.alert.version: opened.marked(record.alert.version, "t1") for record in opened.versions}
        self._before = [version for version in self._tried if version < job.version]
        self._older = bits.union(self._tried[version] for version in self._before)
        """Who was tried with an older version."""
        settings = lane.settings
        self._until_s = began_s + settings.push_job_s - settings.push_timeout_s - 0.5

    async def go(self) -> float | None:
        lane, job, alert = self._lane, self._job, self._newest.alert
        if not self._has_work():
            await plans.finish(lane.store, job, done=self._opened.done)
            return None
        block = await devices.read_block(lane.store, job.platform, job.block)
        block += await self._heirs(block)
        due = await self._due(block)
        if due.letters and self._is_late(alert.version_created):
            await plans.give_up(lane.store, job, f"{len(due.letters)} devices not reached in time", now_ms())
            return None
        letters = due.taking_back() or due.letters
        again_s, refused = None, False
        if letters:
            sent = Pass(
                lane, self._place, alert, self._newest.state, letters, self._tries, self._until_s,
                is_express=self._is_express, attempt=self._opened.attempts + 1,
            )  # fmt: skip
            left = await sent.go()
            if left.moved:
                await plans.finish(lane.store, job, done=False)
                return None
            again_s, refused = left.again_s, left.refused
        if again_s is None and len(letters) < len(due.letters):
            again_s = BEHIND_S
        if again_s is None and due.undecided:
            again_s = max(0.0, FLIGHT_S - self._age_s())
        if again_s is None:
            await plans.finish(lane.store, job, done=alert.pub_status == "usable")
        else:
            await lane.ledger.pause(self._place, job.version, refused=refused)
        return again_s

    async def _heirs(self, block: list[Device]) -> list[Device]:
        """Whoever took the token of a device of the block that was given an older version, in that device's place.

        Each token once: who was given it as a device of the block as well hears of the change as that.
        """
        first = self._job.block * BLOCK_DEVICES
        lost = self._older & ~bits.of(device.bit for device in block)
        if not lost:
            return []
        found = await heirs.find(self._lane.store, self._job.platform, [first + bit for bit in bits.each(lost)])
        told = {(device.token, device.subscription) for device in block if self._older >> device.bit & 1}
        by_token = {(heir.token, heir.subscription): heir for _, heir in sorted(found.items(), reverse=True)}
        return [heir for token, heir in by_token.items() if token not in told]

    def _has_work(self) -> bool:
        """Whether somebody may be owed something: a ring, or a change of what was given."""
        return bool(self._older) or (self._newest.alert.pub_status == "usable" and not self._opened.done)

    async def _due(self, block: list[Device]) -> Owed:
        """What the block is owed; counted the first time."""
        opened, version, alert = self._opened, self._job.version, self._newest.alert
        ended = opened.marked(version, "ok") | opened.marked(version, "fail") | opened.gone
        marks = Marks(
            tried=self._tried, ended=ended, in_flight=self._in_flight(), planned=opened.planned, done=opened.done
        )
        versions = [record.alert for record in opened.versions]
        push, late = self._newest.push, self._is_late(alert.first_created)
        due = owed(block, versions, marks, now_ms(), push=push, late=late)
        due = due.without(await self._rung_elsewhere(due), "story")
        await self._count(due)
        return due

    def _in_flight(self) -> int:
        """Who was begun with an older version so lately that it may not have left, and will then not leave."""
        if self._age_s() >= FLIGHT_S:
            return 0
        marked = self._opened.marked
        return bits.union(
            self._tried[version] & ~marked(version, "ok") & ~marked(version, "fail") for version in self._before
        )

    def _age_s(self) -> float:
        """How long the version has been there."""
        return (now_ms() - moment.from_text(self._newest.alert.version_created)) / 1000

    async def _rung_elsewhere(self, due: Owed) -> int:
        """Readers of several editions whom another edition of the story has rung."""
        alert = self._newest.alert
        several = bits.of(
            letter.device.bit
            for letter in due.letters
            if letter.change == "new" and len(letter.device.preferences.editions) > 1
        )
        if not several:
            return 0
        return await self._lane.ledger.claim(self._place, alert.story, alert.edition, several)

    async def _count(self, due: Owed) -> None:
        platform, version, ledger = self._job.platform, self._job.version, self._lane.ledger
        if b"seen" not in self._opened.fields and self._newest.alert.pub_status == "usable":
            new = due.of(new=True)
            quiet = sum(letter.change == "new" and not letter.sound for letter in due.letters)
            counts = {f"held:{cause}:{platform}": count for cause, count in due.held.items()}
            counts |= {f"eligible:{platform}": new.bit_count(), f"quiet:{platform}": quiet}
            counts[f"absent:{platform}"] = self._absent(new.bit_count() + due.held.total())
            await ledger.note(self._place, "seen", new, counts)
        reached = self._opened.marked(version, "ok") | self._opened.marked(version, "fail")
        changed = due.of(new=False) | reached & self._older
        if changed and not due.undecided and f"{version}:need".encode() not in self._opened.fields:
            counts = {f"needed:{version}:{platform}": changed.bit_count()}
            await ledger.note(self._place, f"{version}:need", changed, counts)

    def _absent(self, decided: int) -> int:
        """How many of those who were in the block when it was planned have been erased, or are gone."""
        planned = min(BLOCK_DEVICES, self._opened.planned - self._job.block * BLOCK_DEVICES)
        return max(0, planned - decided)

    def _is_late(self, created: str) -> bool:
        """Whether that moment, or the one at which somebody put the job back to work, is too long ago."""
        since_ms = max(moment.from_text(created), self._opened.since_ms)
        return now_ms() - since_ms > self._lane.settings.push_late_max_s * 1000

    def _tries(self, bit: int) -> int:
        """How often this version was sent to that device before this run, as far as it is in doubt."""
        version = self._job.version
        return sum(self._opened.marked(version, mark) >> bit & 1 for mark in ("t1", "t2", "t3"))
