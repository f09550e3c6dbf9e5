"""Embargoes that end and alerts that expire: looked for every second, and released on the dot by a deferred job.

The rule to remember: a job says when, the lists in the store say what. A job may be lost, come twice or come too early;
the next round finds what is overdue, and the store lets each version be published once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from arq.connections import ArqRedis
from redis.exceptions import RedisError

from service.acting import Actor, Outcome
from service.desk import Desk
from service.domain.alert import Author
from service.domain.errors import NotDurable, NotFound, StoreUnavailable, VersionStale
from service.domain.lifecycle import WrongState
from service.store import expiring, history, pending, refusals
from service.store.connection import Store
from service.tray import Tray
from workers.scheduler import metrics

log = structlog.get_logger("scheduler")

EVERY_S = 1.0
AHEAD_MS = 60_000
"""Jobs are made so long before their moment: enough for a restart, and a later change of plan finds few of them."""
TOGETHER_MAX = 200
"""So many are looked at in a round; what is left comes first in the next one."""
LATER_MS = 60_000
"""What cannot be dealt with, for whatever reason, is looked at again so much later: it must not stand before others."""
OUTAGES = (StoreUnavailable, NotDurable, RedisError, OSError, TimeoutError)
"""Nothing can be done for any alert; all others are about the one."""
QUEUE = "desk"
Postpone = Callable[[Store, str, int], Awaitable[None]]
OURSELVES = Actor(Author("scheduler", "scheduler"), "admin", False, "", "")


class Rounds:
    """Looks after everything that has a moment. `now_ms` is the wall clock: embargoes are times of day."""

    def __init__(self, store: Store, desk: Desk, tray: Tray, queue: ArqRedis, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._desk = desk
        self._tray = tray
        self._queue = queue
        self._now_ms = now_ms
        self._at_ms: dict[str, int] = {}
        """When what we know of is due, as far ahead as jobs are made."""
        self.hearing = False

    async def follow(self) -> None:
        """A round every second, for ever; an outage of the store is a pause."""
        while True:
            try:
                await self.once()
                self.hearing = True
            except OUTAGES as problem:
                self.hearing = False
                log.warning("the lists cannot be looked at", why=refusals.why(problem))
            await asyncio.sleep(EVERY_S)

    async def once(self) -> None:
        """Release and expire what is due, and make jobs for what soon will be."""
        now_ms = self._now_ms()
        found = await pending.due(self._store, now_ms + AHEAD_MS, TOGETHER_MAX)
        self._at_ms = dict(found)
        for alert_id, due_ms in found:
            if due_ms <= now_ms:
                await self.release(alert_id)
            else:
                await self._enqueue(alert_id, due_ms)
        for alert_id in await expiring.due(self._store, now_ms, TOGETHER_MAX):
            await self._expire(alert_id)

    async def release(self, alert_id: str) -> None:
        """Publish an embargoed alert if its moment has come. Raises StoreUnavailable, NotDurable."""
        due_ms = self._at_ms.get(alert_id)
        try:
            released = await self._unless_changed(alert_id, self._tray.release_due, pending.postpone)
        except NotFound:
            # nothing is kept of it: it has been published, or waited for too long
            await pending.forget(self._store, alert_id)
            return
        if not released and await history.read(self._store, alert_id) is not None:
            # a backup may know an alert as both, if it was made while that was published
            await pending.forget(self._store, alert_id)
        if released and due_ms is not None:
            metrics.RELEASED.inc()
            metrics.RELEASED_LATE_SECONDS.observe(max(0, self._now_ms() - due_ms) / 1000)

    async def _expire(self, alert_id: str) -> None:
        try:
            if await self._unless_changed(alert_id, self._desk.expire, expiring.postpone):
                metrics.EXPIRED.inc()
        except NotFound:
            await expiring.forget(self._store, alert_id)

    async def _unless_changed(
        self, alert_id: str, act: Callable[[str, Actor], Awaitable[Outcome | None]], postpone: Postpone
    ) -> bool:
        """Whether `act` put something on the wire. What somebody changes at that moment is looked at again in the next
        round, what cannot be dealt with a minute later. Raises NotFound, and what an outage raises.
        """
        try:
            outcome = await act(alert_id, OURSELVES)
        except (VersionStale, WrongState) as problem:
            log.info("somebody was faster", alert=alert_id, why=str(problem))
            return False
        except (NotFound, *OUTAGES):
            raise
        except Exception:  # one bad record is not the end of all
            log.exception("an alert cannot be dealt with", alert=alert_id, act=act.__name__)
            await postpone(self._store, alert_id, self._now_ms() + LATER_MS)
            return False
        if outcome is not None:
            log.info("done", alert=alert_id, act=act.__name__, waits=outcome.state)
        return outcome is not None and outcome.state is None

    async def _enqueue(self, alert_id: str, due_ms: int) -> None:
        await self._queue.enqueue_job(
            "release", alert_id, _job_id=f"release:{alert_id}:{due_ms}", _queue_name=QUEUE,
            _defer_until=datetime.fromtimestamp(due_ms / 1000, UTC),
        )  # fmt: skip
