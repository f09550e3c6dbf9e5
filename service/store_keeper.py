"""Keep the embedded store of `flashwire up` running: started again when it ends, replaced when it says nothing at all.

The rule to remember: nothing acknowledged is lost by killing a store, since it has synced before it answered. A store
that hangs is an outage without an end, which only we can end.
"""

import asyncio
import time

import structlog

from service.ending import end
from service.store import embedded
from service.store.embedded import EmbeddedError, EmbeddedStore

log = structlog.get_logger("up")

PAUSE_FIRST_S = 0.05
PAUSE_MAX_S = 5.0
"""Between two starts: a store that cannot live is tried again for ever, and not faster than this."""
PROBE_EVERY_S = 1.0
MISSED_MIN = 3
"""Questions that stay without an answer before we judge: a pause of our own is not the store's fault."""


class StoreKeeper:
    """One embedded store that should be running; `start` once, `stop` at the end."""

    def __init__(self, store: EmbeddedStore, mute_s: float) -> None:
        """`mute_s`: after so long without an answer the store is killed and started again."""
        self.store = store
        self._mute_s = mute_s
        self._starts: asyncio.Future[None] | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, return once it answers, and keep it running from now on. Raises EmbeddedError."""
        await self._start()
        self._keeping = asyncio.create_task(self._keep(), name="keep the store")

    async def stop(self) -> None:
        """Ask it to end, and return when it has."""
        if self._keeping is not None:
            await end([self._keeping])
        if self._starts is not None:
            await asyncio.wait({self._starts})
        await asyncio.to_thread(self.store.stop)

    async def _start(self) -> None:
        """In a thread that cannot be stopped half way, which is why `stop` waits for it."""
        self._starts = asyncio.ensure_future(asyncio.to_thread(self.store.start))
        await asyncio.shield(self._starts)

    async def _keep(self) -> None:
        """Start it again where it lies whenever it ends; readers keep what they have meanwhile."""
        pause_s = PAUSE_FIRST_S
        while True:
            begun = time.monotonic()
            code = await self._end()
            log.warning("the store ended and is started again", code=code)
            if time.monotonic() - begun > PAUSE_MAX_S:
                pause_s = PAUSE_FIRST_S
            while True:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, PAUSE_MAX_S)
                try:
                    await self._start()
                    log.info("the store runs again", pid=self.store.pid)
                    break
                except EmbeddedError as problem:
                    log.error("the store does not start", why=str(problem), again_in_s=pause_s)

    async def _end(self) -> int:
        """Wait until it has ended, by itself or because we found it mute; its exit code."""
        watch = asyncio.create_task(self._watch(), name="watch the store")
        try:
            return await asyncio.to_thread(self.store.wait)
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        """End a store that is mute. One that is loading its log says so, and is not."""
        heard, missed = time.monotonic(), 0
        while True:
            await asyncio.sleep(PROBE_EVERY_S)
            if await asyncio.to_thread(embedded.is_running, self.store.data_dir):
                heard, missed = time.monotonic(), 0
                continue
            missed += 1
            if missed >= MISSED_MIN and time.monotonic() - heard >= self._mute_s:
                log.error("the store is mute and is replaced", pid=self.store.pid, for_s=self._mute_s)
                await asyncio.to_thread(self.store.kill)
                return
