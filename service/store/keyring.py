"""A copy of all keys' digests in this process, so that nobody's wrong keys cost the store anything.

The rule to remember: a key is judged by the copy, which is at most `trust_s` old; but none is called wrong by an old
copy. Whoever presents one that the copy does not know waits for a look at the store that began after that, for it may
have been made a moment ago elsewhere. Looks are shared: many wrong keys cost what one does, 200 small reads a second at
most. So a right key is never slowed or refused because of wrong ones, not even from the same address.
"""

import asyncio
import time
from typing import Literal

import msgspec

from service.domain.api_key import Ending, Key, ending
from service.store import key_records
from service.store.connection import Store
from service.store.key_records import Held, Presented

LOOK_EVERY_S = 0.005
"""Between two looks for the sake of keys that the copy does not know. Those that wait are answered together, so a
longer time would hold up right keys, and a shorter one cost more looks."""


class Found(msgspec.Struct, frozen=True):
    """Whose key was presented, and why it is not good; `key` is None for one that is nobody's."""

    key: Key | None
    why: Ending | Literal["malformed", "wrong"] | None
    id: str | None = None
    """The id that stands in it, where it has the form of a key."""


class Keyring:
    """All keys of the store, as they were at most `trust_s` ago."""

    def __init__(self, store: Store, trust_s: float) -> None:
        self._store = store
        self._trust_s = trust_s
        self._held: dict[str, Held] = {}
        self._version: bytes | None = None
        self._looked_s = float("-inf")
        """When the look began (on the monotonic clock) that the copy is of."""
        self._look: asyncio.Task[None] | None = None

    async def find(self, presented: str, now_ms: int) -> Found:
        """Whose key `presented` is. Raises StoreUnavailable where that cannot be told."""
        given = key_records.read(presented)
        if given is None:
            return Found(None, "malformed")
        asked_s = time.monotonic()
        if asked_s - self._looked_s >= self._trust_s:
            await self._see(asked_s)
        found = self._judge(given, now_ms)
        if found.why is None or self._looked_s >= asked_s:
            return found
        await asyncio.sleep(self._looked_s + LOOK_EVERY_S - asked_s)
        await self._see(asked_s)
        return self._judge(given, now_ms)

    def _judge(self, given: Presented, now_ms: int) -> Found:
        held = self._held.get(given.id)
        if held is None or not held.proves(given, now_ms):
            return Found(None, "wrong", given.id)
        return Found(held.key, ending(held.key, now_ms), given.id)

    async def _see(self, since_s: float) -> None:
        """Wait for a look that began at `since_s` or later. Raises StoreUnavailable."""
        while self._looked_s < since_s:
            if self._look is None or self._look.done():
                self._look = asyncio.create_task(self._renew())
                self._look.add_done_callback(_heard)
            # whoever gives up waiting does not end the look of the others
            await asyncio.shield(self._look)

    async def _renew(self) -> None:
        began_s = time.monotonic()
        version = await key_records.read_version(self._store)
        if version is None or version != self._version:
            self._version, self._held = await key_records.read_all(self._store)
        self._looked_s = began_s


def _heard(look: asyncio.Task[None]) -> None:
    """Take note of how a look ended, also where everybody has given up waiting for it."""
    if not look.cancelled():
        look.exception()
