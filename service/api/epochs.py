"""The API looks after the wires' epochs: gives the first one, and another one where history was lost or forked.

The rule to remember: nothing is served or published before the store was compared with the high-water marks; and nobody
but the API (and `restore`) changes an epoch.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog
from redis.exceptions import RedisError

from service.api import metrics
from service.api.high_water import HighWater
from service.domain.cursor import Cursor
from service.domain.errors import StoreUnavailable
from service.domain.lineage import Mark, Standing, judge, needs_another_epoch
from service.store import lineage
from service.store.connection import Store
from service.store.keys import WireName

log = structlog.get_logger("api")

CHECK_S = 0.5
"""How often; also how old the high-water marks in the file may be."""


class Epochs:
    """Keeps the epochs of `names`. `places` is how far this process has read each wire."""

    def __init__(
        self, store: Store, names: Sequence[WireName], high_water: HighWater, *,
        places: Callable[[], Mapping[WireName, Mark]], new_epoch: Callable[[], str],
    ) -> None:  # fmt: skip
        self._store = store
        self._names = tuple(names)
        self._high_water = high_water
        self._places = places
        self._new_epoch = new_epoch
        self._marks = high_water.read()
        """What the file says."""
        self.checked = asyncio.Event()
        """Set once the store was compared with the marks."""

    def seen(self, name: WireName) -> Cursor | None:
        """How far the wire is known to have come; None where it was never seen."""
        mark = self._newest(name)
        return None if mark is None else Cursor(mark.epoch, mark.offset)

    async def follow(self) -> None:
        """For ever: look, mend, write the marks down. An outage of the store is a pause."""
        while True:
            try:
                await self._look()
                self.checked.set()
            except (RedisError, OSError, TimeoutError, StoreUnavailable):
                pass  # the tail says so in the log, and /readyz
            await self._write()
            await asyncio.sleep(CHECK_S)

    async def _look(self) -> None:
        marks = {name: self._newest(name) for name in self._names}
        for name, now in (await lineage.read(self._store, marks)).items():
            if needs_another_epoch(marks[name], now):
                await self._change(name, marks[name], now)

    async def _change(self, name: WireName, mark: Mark | None, now: Standing) -> None:
        epoch = await lineage.change_epoch(self._store, name, now.epoch, self._new_epoch())
        if now.epoch is None and mark is None:
            log.info("a wire begins", wire=name.suffix, epoch=epoch)
            return
        metrics.EPOCHS_CHANGED.inc()
        why = "torn" if now.is_torn else "disputed" if now.is_disputed else judge(mark, now)
        log.error(
            "a wire's history is not the one that was seen; it begins another life, and readers get a snapshot",
            wire=name.suffix, why=why, seen=str(mark), found=f"{now.epoch}:{now.offset}", epoch=epoch,
        )  # fmt: skip

    def _newest(self, name: WireName) -> Mark | None:
        """This process's own place; what the file says until it has one."""
        return self._places().get(name) or self._marks.get(name)

    async def _write(self) -> None:
        marks = {name: mark for name in self._names if (mark := self._newest(name)) is not None}
        if marks != self._marks:
            await asyncio.to_thread(self._high_water.write, marks)
            self._marks = marks
