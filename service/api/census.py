"""How many devices an alert is for, told from the counts that the registry keeps.

The rule to remember: no device is looked at, and no editor waits for readers to be counted. Devices that want the same
are one count, and a few counts are asked for anew each time; where readers want too many different things for that,
they may be 30 s old.
"""

import asyncio
import time
from collections.abc import Mapping

import msgspec

from service.domain import census
from service.domain.alert import Alert
from service.domain.device import PLATFORMS, Platform
from service.store import devices
from service.store.connection import Store

FRESH_MAX = 2_000
"""So many counts are read within a few milliseconds: the answer is of this moment."""
KEPT_S = 30.0
PAGES_MAX = 200
"""Some 200,000 different wishes; readers choose from few, and what lies beyond is no reason to let an editor wait."""

Page = Mapping[str, int]


class Audience(msgspec.Struct, frozen=True):
    """Devices by platform; `whole` is False where there are more counts than are read."""

    devices: dict[Platform, int]
    whole: bool


class Census:
    """The audience of an alert. Many checks at once read the counts once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reading = asyncio.Lock()
        self._kept: list[Page] = []
        self._until_s = 0.0

    async def audience(self, alert: Alert) -> Audience:
        """The devices that a new `alert` is for. Muted stories, quiet hours and the one ring of a story that
        is told in several editions are not looked at. Raises StoreUnavailable.
        """
        found: dict[Platform, int] = dict.fromkeys(PLATFORMS, 0)
        pages = await self._pages()
        for page in pages:
            part = census.audience(
                page, edition=alert.edition, level=alert.level, sections=alert.sections, regions=alert.regions,
                exercise=alert.status == "Exercise",
            )  # fmt: skip
            for platform, count in part.items():
                found[platform] += count
            await asyncio.sleep(0)  # a page takes some milliseconds, which others need not wait for together
        return Audience(found, len(pages) < PAGES_MAX)

    async def _pages(self) -> list[Page]:
        async with self._reading:
            if time.monotonic() >= self._until_s:
                asked_at = time.monotonic()
                self._kept = [page async for page in devices.pages_of_counts(self._store, PAGES_MAX)]
                self._until_s = asked_at + KEPT_S if sum(map(len, self._kept)) > FRESH_MAX else 0.0
            return self._kept
