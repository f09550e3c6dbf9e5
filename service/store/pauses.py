"""Until when a provider wants to be left alone, told to all processes that speak to it and to those that come after.

The rule to remember: a Retry-After outlives the process that was given it.
"""

import structlog

from service.domain.device import Platform
from service.store import keys
from service.store.connection import Store, reaching_store

log = structlog.get_logger("store")

PAUSE_MAX_MS = 86_400_000
"""Nobody is left alone for longer than a day, whatever stands there: a lane must come back by itself."""
DIGITS_MAX = 20


async def read(store: Store, platform: Platform) -> int:
    """The moment (ms) before which nobody calls, at most a day ahead; 0 for none. Raises StoreUnavailable."""
    async with reaching_store():
        kept = await store.get(keys.pause(platform))
        if kept is None:
            return 0
        seconds, _ = await store.time()
    if not kept.isdigit():
        log.error("a provider's pause cannot be read and is taken for none", platform=platform)
        return 0
    until_ms, latest_ms = int(kept[:DIGITS_MAX]), seconds * 1000 + PAUSE_MAX_MS
    if until_ms > latest_ms:
        # written back, so that the day begins now and not anew whenever somebody looks
        log.error("a provider's pause was longer than a day", platform=platform)
        await write(store, platform, latest_ms, seconds * 1000)
    return min(until_ms, latest_ms)


async def write(store: Store, platform: Platform, until_ms: int, now_ms: int) -> None:
    """Nobody calls before `until_ms`. Raises StoreUnavailable."""
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        pipe.set(keys.pause(platform), until_ms, px=max(1, until_ms - now_ms))
        await pipe.execute()
