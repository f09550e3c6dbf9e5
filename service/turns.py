"""Turns at one alert: of all who want to change it in this process, one after the other, an emergency first.

The rule to remember: who takes something back waits for the one that is at it, and for nobody else. However many keep
changing an alert, a kill is next; without turns it would decide again and again upon a version that has just gone.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

Waiting = deque[asyncio.Future[None]]


class Turns:
    """As many wait as there are requests; who gives up waiting gives up the turn."""

    def __init__(self) -> None:
        self._queues: dict[str, tuple[Waiting, Waiting]] = {}
        """By alert, while somebody is at it: who waits in an emergency, and who else waits."""

    @asynccontextmanager
    async def at(self, alert_id: str, *, first: bool) -> AsyncIterator[None]:
        """The turn at this alert; `first`: before all who are not."""
        queues = self._queues.get(alert_id)
        if queues is None:
            self._queues[alert_id] = deque(), deque()
        else:
            await self._wait(alert_id, queues[0 if first else 1])
        try:
            yield
        finally:
            self._pass_on(alert_id)

    async def _wait(self, alert_id: str, queue: Waiting) -> None:
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                queue.remove(turn)
            else:  # it came at the very moment
                self._pass_on(alert_id)
            raise

    def _pass_on(self, alert_id: str) -> None:
        for queue in self._queues[alert_id]:
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        del self._queues[alert_id]
