"""What became of each revision on this process's sockets, told to the store for the delivery report.

The rule to remember: a broadcast never waits for a report. It notes one line for each chunk of sockets; everything else
happens afterwards in a task of its own, and a report that cannot be kept is dropped and counted.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Iterable

import structlog

from service.domain import delivery, moment
from service.domain.delivery import SocketReport
from service.domain.errors import StoreUnavailable
from service.domain.revision import Revision
from service.store import figures
from service.store.connection import Store
from workers.gateway import metrics
from workers.gateway.ring import Chunk

log = structlog.get_logger("gateway")

WAITING_MAX = 256
"""Broadcasts that wait while the store is slow: with 100,000 sockets some 15 MB at most."""


class Broadcast:
    """One broadcast as it goes out: `revisions` to `open` sockets, those that are behind included."""

    __slots__ = ("_written", "open", "revisions")

    def __init__(self, revisions: Iterable[Revision], open_sockets: int) -> None:
        self.revisions = tuple(revisions)
        self.open = open_sockets
        self._written: list[tuple[int, int, int, int]] = []

    def wrote(self, chunk: Chunk, sockets: int) -> None:
        """So many sockets have taken the whole chunk just now."""
        self._written.append((chunk.start, chunk.last, sockets, time.time_ns()))

    def of(self, revision: Revision) -> SocketReport:
        """What is to be told of one of its revisions."""
        created_ms = moment.from_text(revision.alert.version_created)
        times: Counter[int] = Counter()
        for after, last, sockets, at_ns in self._written:
            if sockets and after < revision.offset <= last:
                times[delivery.bucket(at_ns / 1e6 - created_ms)] += sockets
        return SocketReport(self.open, times.total(), dict(times))


class Reporter:
    """Tells the store about broadcasts, one call for all that wait. `run` it for as long as the process."""

    def __init__(self, store: Store, kept_days: int) -> None:
        self._store = store
        self._kept_days = kept_days
        self._name = secrets.token_hex(6)
        """This life of the process; another one has sockets of its own and adds to them."""
        self._waiting: asyncio.Queue[Broadcast] = asyncio.Queue(WAITING_MAX)

    def take(self, broadcast: Broadcast) -> None:
        """A broadcast has gone out. Never waits; what is too much is dropped."""
        try:
            self._waiting.put_nowait(broadcast)
        except asyncio.QueueFull:
            self._lose((broadcast,))

    async def run(self) -> None:
        """For ever. While the store is away reports are lost, not kept: they are figures, not news."""
        while True:
            broadcasts = [await self._waiting.get()]
            while not self._waiting.empty():
                broadcasts.append(self._waiting.get_nowait())
            try:
                await figures.write_sockets(self._store, self._name, await _told(broadcasts), self._kept_days)
            except StoreUnavailable as problem:
                self._lose(broadcasts)
                log.warning("figures of broadcasts are lost", why=str(problem))
            except Exception:  # whatever is wrong with a figure, readers are served
                self._lose(broadcasts)
                log.exception("figures of broadcasts cannot be told")

    def _lose(self, broadcasts: Iterable[Broadcast]) -> None:
        metrics.REPORTS_DROPPED.inc(sum(len(broadcast.revisions) for broadcast in broadcasts))


async def _told(broadcasts: Iterable[Broadcast]) -> dict[tuple[str, int], SocketReport]:
    """What is to be told, by alert id and version; the next broadcast goes before our sums."""
    told: dict[tuple[str, int], SocketReport] = {}
    for broadcast in broadcasts:
        for revision in broadcast.revisions:
            told.setdefault((revision.alert.id, revision.alert.version), broadcast.of(revision))
            await asyncio.sleep(0)
    return told
