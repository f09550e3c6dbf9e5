"""How a process comes to its end: told by a signal, or because a part of it has ended; and tasks ended for certain.

The rule to remember: one `cancel` may get lost. Python 3.11's `asyncio.wait_for` swallows a cancellation that arrives
as its inner call completes (mended in 3.12), and the store's client sends every command through it. So whoever cancels
looks whether it took, and cancels again.
"""

import asyncio
import signal
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

LOOK_AGAIN_S = 0.1
Found = TypeVar("Found")


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel `tasks` until all have ended, however they end."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        done, left = await asyncio.wait(left, timeout=LOOK_AGAIN_S)
        for task in done:
            if not task.cancelled():
                task.exception()  # looked at, so that nobody complains that nobody did


def stopped_by_signal() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def unless_told(told: asyncio.Event, work: Coroutine[Any, Any, Found]) -> Found | None:
    """What `work` comes to, or raises; None where the process is told to end before that, and `work` with it."""
    task, ending = asyncio.create_task(work), asyncio.create_task(told.wait())
    await asyncio.wait((task, ending), return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        await end((task, ending))
        return None
    await end((ending,))
    return task.result()
