"""The open connections of one stand-in, and what is being done for them.

The rule to remember: nothing is left when it closes. Connections are told goodbye, and those that do not go are cut.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from service.ending import end

GOODBYE_S = 1.0
"""How long requests in flight may take once we are closing."""
CONNECTIONS_MAX = 500
"""Of one stand-in; a sender needs a handful. More are closed at once."""
LOOK_AGAIN_S = 0.02


class Connection(Protocol):
    """What an open connection can be asked."""

    def close(self) -> None: ...

    def abort(self) -> None: ...


class Connections:
    """Who is connected to one stand-in, and what is being done for them."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._open)

    def opened(self, connection: Connection) -> None:
        """It is one of ours now, or ended at once where there are too many."""
        self._open.add(connection)
        if len(self._open) > CONNECTIONS_MAX:
            connection.abort()

    def closed(self, connection: Connection) -> None:
        self._open.discard(connection)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something for a connection that takes time; it ends with us."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Goodbye to all, and the end of those who stay."""
        for connection in tuple(self._open):
            connection.close()
        deadline = asyncio.get_running_loop().time() + GOODBYE_S
        while self._open and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(LOOK_AGAIN_S)
        for connection in tuple(self._open):
            connection.abort()
        await end(self._tasks)
