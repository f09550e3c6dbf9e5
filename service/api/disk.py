"""Is the disk of the data folder nearly full? Looked at every few seconds, alarmed once, told until there is room.

The rule to remember: a full disk is no reason to turn readers away. It is told beside the readiness, never in it; what
cannot be written is refused by the store itself.
"""

import asyncio
import shutil
from pathlib import Path

import structlog

from service.api import metrics

log = structlog.get_logger("api")

LOOK_EVERY_S = 5.0


class DiskWatch:
    """Looks, and keeps what it found last; `free_bytes` is None where the folder is not there or cannot be asked."""

    def __init__(self, folder: Path, free_min_bytes: int, every_s: float = LOOK_EVERY_S) -> None:
        self._folder = folder
        self._free_min_bytes = free_min_bytes
        self._every_s = every_s
        self.free_bytes: int | None = None
        self.low = False

    async def follow(self) -> None:
        """For ever: look, wait, look again. In a thread, since a network's disk may let us wait."""
        while True:
            self._judge(await asyncio.to_thread(self._look))
            await asyncio.sleep(self._every_s)

    def _look(self) -> int | None:
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return None

    def _judge(self, free_bytes: int | None) -> None:
        self.free_bytes = free_bytes
        if free_bytes is None:
            return
        low = free_bytes < self._free_min_bytes
        if low and not self.low:
            log.error("the disk is nearly full: a store that cannot write its log takes no alert",
                      free_bytes=free_bytes, wanted_bytes=self._free_min_bytes, folder=str(self._folder),
                      remedy="free room there; `flashwire doctor` tells how much")  # fmt: skip
        if self.low and not low:
            log.info("the disk has room again", free_bytes=free_bytes)
        self.low = low
        metrics.DISK_FREE_BYTES.set(free_bytes)
        metrics.DISK_LOW.set(low)
