"""When keys were last used, written down beside the requests.

The rule to remember: a request notes it and goes on. The store is told by a task of its own, of each key at most once
in `every_s`, and what cannot be told is forgotten: the next use says it again.
"""

import asyncio
import time

import structlog

from service.domain.errors import StoreUnavailable
from service.store import key_records
from service.store.connection import Store

log = structlog.get_logger("api")


class LastUsed:
    """What was used and is not written down yet."""

    def __init__(self, store: Store, every_s: float) -> None:
        self._store = store
        self._every_s = every_s
        self._noted_s: dict[str, float] = {}
        """When a use of a key was last noted; grows with the keys that are good, which are bounded (keys_max)."""
        self._pending: dict[str, int] = {}
        self._wanted = asyncio.Event()

    def note(self, key_id: str, now_ms: int) -> None:
        """A good key was used."""
        now_s = time.monotonic()
        if now_s - self._noted_s.get(key_id, float("-inf")) >= self._every_s:
            self._noted_s[key_id] = now_s
            self._pending[key_id] = now_ms
            self._wanted.set()

    async def follow(self) -> None:
        """Write down what is noted, for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            pending, self._pending = self._pending, {}
            try:
                await key_records.write_used(self._store, pending)
            except StoreUnavailable as problem:
                log.warning("when keys were used is not written down", keys=len(pending), why=str(problem))
            # what was noted long ago may be of keys that are gone
            old_s = time.monotonic() - self._every_s
            self._noted_s = {key_id: at_s for key_id, at_s in self._noted_s.items() if at_s > old_s}
