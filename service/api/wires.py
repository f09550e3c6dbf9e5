"""The wires as this process shows them.

The rule to remember: a process shows what it has answered. Whoever appends waits here until the tail has brought the
revision back, and only then answers.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from service.domain.cursor import Cursor
from service.domain.revision import Revision
from service.store.keys import WireName
from service.store.stream import Unreadable
from service.wire import Wire

OnLoaded = Callable[[Wire], None]
OnRevision = Callable[[Wire, Revision], None]


class Wires:
    """Every wire in memory; `loads` counts up whenever one was read afresh, so that nobody trusts an older one."""

    def __init__(self) -> None:
        self.loads = 0
        self._wires: dict[WireName, Wire] = {}
        self._waiting: dict[WireName, list[tuple[Cursor, asyncio.Future[None]]]] = {}
        self._listeners: list[tuple[OnLoaded, OnRevision]] = []

    def get(self, name: WireName) -> Wire | None:
        """The wire, or None as long as it has not been read."""
        return self._wires.get(name)

    def __iter__(self) -> Iterator[Wire]:
        return iter(self._wires.values())

    def listen(self, on_loaded: OnLoaded, on_revision: OnRevision) -> None:
        """From now on, tell of every wire that is read afresh, and of every revision once it has been applied."""
        self._listeners.append((on_loaded, on_revision))

    def on_loaded(self, wire: Wire) -> None:
        """Newswire's: a wire was read afresh and replaces what we had."""
        self._wires[wire.name] = wire
        self.loads += 1
        for on_loaded, _ in self._listeners:
            on_loaded(wire)
        self._tell(wire)

    def on_revisions(self, name: WireName, entries: Sequence[Revision | Unreadable]) -> None:
        """Newswire's: what comes next on a wire."""
        wire = self._wires[name]
        for entry in entries:
            revision = wire.take(entry).revision
            if revision is not None:
                for _, on_revision in self._listeners:
                    on_revision(wire, revision)
        self._tell(wire)

    async def shows(self, name: WireName, cursor: Cursor, within_s: float) -> bool:
        """Whether this process shows the revision at `cursor`, waiting at most `within_s` for it."""
        wire = self._wires.get(name)
        if wire is not None and _reaches(wire, cursor):
            return True
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(name, [])
        waiting.append((cursor, told))
        try:
            async with asyncio.timeout(within_s):
                await told
        except TimeoutError:
            return False
        finally:
            self._waiting[name] = [waiter for waiter in self._waiting[name] if waiter[1] is not told]
        return True

    def _tell(self, wire: Wire) -> None:
        for cursor, told in self._waiting.get(wire.name, ()):
            if _reaches(wire, cursor) and not told.done():
                told.set_result(None)


def _reaches(wire: Wire, cursor: Cursor) -> bool:
    return wire.cursor.epoch == cursor.epoch and wire.cursor.offset >= cursor.offset
