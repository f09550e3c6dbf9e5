"""Until when a provider wants to be left alone, told to all processes that speak to it and to those that come after.

The rule to remember: a Retry-After outlives the process that was given it.
"""

from service.domain.device import Platform
from service.store import keys
from service.store.connection import Store
from service.store.stream import reaching_store


async def read(store: Store, platform: Platform) -> int:
    """The moment (ms) before which nobody calls; 0 where there is none. Raises StoreUnavailable."""
    async with reaching_store():
        return int(await store.get(keys.pause(platform)) or 0)


async def write(store: Store, platform: Platform, until_ms: int, now_ms: int) -> None:
    """Nobody calls before `until_ms`. Raises StoreUnavailable."""
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        pipe.set(keys.pause(platform), until_ms, px=max(1, until_ms - now_ms))
        await pipe.execute()
