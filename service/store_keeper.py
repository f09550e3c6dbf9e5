"""Keep the embedded store of `flashwire up` running: started again when it ends, replaced when it says nothing at all.
On a full disk it gives up the ballast for the store, and puts it back when there is room.

The rule to remember: nothing acknowledged is lost by killing a store, since it has synced before it answered. A store
that hangs is an outage without an end, which only we can end.
"""

import asyncio
import errno
import time

import structlog

from service.ending import end
from service.store import embedded
from service.store.ballast import FULL_BYTES, Ballast, free_bytes
from service.store.embedded import EmbeddedError, EmbeddedStore

log = structlog.get_logger("up")

PAUSE_FIRST_S = 0.05
PAUSE_MAX_S = 5.0
"""Between two starts: a store that cannot live is tried again for ever, and not faster than this."""
PROBE_EVERY_S = 1.0
MISSED_MIN = 3
"""Questions that stay without an answer before we judge: a pause of our own is not the store's fault."""

REMEDY = (
    'free room there: `flashwire doctor` tells how much is wanted; docs/operations.md, "The disk is full", what may go'
)


class StoreKeeper:
    """One embedded store that should be running; `start` once, `stop` at the end."""

    def __init__(self, store: EmbeddedStore, mute_s: float, ballast: Ballast) -> None:
        """`mute_s`: after so long without an answer the store is killed and started again."""
        self.store = store
        self._mute_s = mute_s
        self._ballast = ballast
        self._starts: asyncio.Future[None] | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, return once it answers, and keep it running from now on. Raises EmbeddedError."""
        await self._start_with_room()
        await self._keep_ballast()
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

    async def _start_with_room(self) -> None:
        """Start it; on a full disk, once more without the ballast. Raises EmbeddedError."""
        if self.store.is_in_place and free_bytes(self.store.data_dir) < FULL_BYTES:
            self._give_up_ballast()
        try:
            await self._start()
        except EmbeddedError as problem:
            if not _is_full(problem) or not self._give_up_ballast():
                raise
            await self._start()

    def _give_up_ballast(self) -> bool:
        """Whether there was any."""
        given = self._ballast.give_up()
        if given:
            log.error("the disk is full: the ballast is given up, so that the store can write; it does not last long",
                      folder=str(self.store.data_dir), remedy=REMEDY)  # fmt: skip
        return given

    async def _keep_ballast(self) -> None:
        if await asyncio.to_thread(self._ballast.keep):
            log.info("the ballast lies in the data folder", folder=str(self.store.data_dir))

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
                    await self._start_with_room()
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
            if not self.store.is_in_place:
                # what it writes now nobody would find again, and another store at its place would know nothing
                log.error("the data folder is gone from its place: the store is ended", folder=str(self.store.data_dir))
                await asyncio.to_thread(self.store.kill)
                return
            await self._keep_ballast()
            if await asyncio.to_thread(embedded.is_running, self.store.data_dir):
                heard, missed = time.monotonic(), 0
                continue
            missed += 1
            if missed >= MISSED_MIN and time.monotonic() - heard >= self._mute_s:
                log.error("the store is mute and is replaced", pid=self.store.pid, for_s=self._mute_s)
                await asyncio.to_thread(self.store.kill)
                return


def _is_full(problem: EmbeddedError) -> bool:
    """Whether the disk takes nothing more, or nothing more of ours."""
    return isinstance(problem.__cause__, OSError) and problem.__cause__.errno in (errno.ENOSPC, errno.EDQUOT)
