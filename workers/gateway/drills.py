"""Who may follow drills: looked up when an exercise stream opens, and looked at again for as long as it is open.

The rule to remember: readers of news cost the store nothing, and those of drills as little as can be: one look when
they come, one a second for all of them together, and none while there is nobody. Wrong keys share their looks.
"""

import asyncio
from collections.abc import Callable

from service.domain import frames
from service.domain.errors import StoreUnavailable
from service.store import access, tickets
from service.store.connection import Store
from service.store.keyring import Keyring
from workers.gateway import handshake
from workers.gateway.handshake import Fault
from workers.gateway.hub import Hub

LOOK_EVERY_S = 1.0
"""A revocation holds everywhere within 2 s (contract §3): a look, the store's time-out, and what a busy loop takes."""


class Drills:
    """Test keys, and the exercise streams that are open with them."""

    def __init__(self, store: Store, hub: Hub, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._ring = Keyring(store, trust_s=0)
        self._hub = hub
        self._now_ms = now_ms
        self._open: dict[int, str] = {}
        """The key's id, by descriptor."""

    async def admit(self, key: str | None, ticket: str | None) -> str | Fault:
        """The id of the test key that opens a stream, itself or by its ticket, or why none does. The key counts where
        both are there, and the ticket stays good.

        Raises StoreUnavailable.
        """
        if key is not None:
            found = await self._ring.find(key, self._now_ms())
            if found.key is None or found.why is not None:
                return handshake.UNAUTHORIZED
            return found.key.id if found.key.test else handshake.FORBIDDEN
        if ticket is not None:
            bearer = await tickets.redeem(self._store, ticket, self._now_ms())
            if bearer is None:
                return handshake.BAD_TICKET
            return bearer.key_id if bearer.test else handshake.FORBIDDEN
        return handshake.UNAUTHORIZED

    def opened(self, fd: int, key_id: str) -> None:
        """This descriptor is an exercise stream from now on."""
        self._open[fd] = key_id

    def ended(self, fd: int) -> None:
        """The hub has closed this descriptor."""
        self._open.pop(fd, None)

    async def watch(self) -> None:
        """For ever: end the streams whose key has ended. Where the store does not answer, nothing is known of keys."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            asked = set(self._open.values())
            if not asked:
                continue
            try:
                standing = await access.standing(self._store, asked, self._now_ms())
            except StoreUnavailable:
                continue
            for fd, key_id in list(self._open.items()):
                if key_id in asked - standing:
                    self._close(fd)

    def _close(self, fd: int) -> None:
        audience = self._hub.audience_of(fd)
        self.ended(fd)
        if audience is None:
            self._hub.end(fd, reset=True)  # still waiting for the tail: nothing was said yet
        elif audience.ring.encoding == "websocket":
            self._hub.close_after(fd, frames.close(frames.UNAUTHORIZED, "this key has ended"))
        else:
            self._hub.close_after(fd, b"")
