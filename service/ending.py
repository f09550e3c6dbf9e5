"""End tasks for certain.

The rule to remember: one `cancel` may get lost. Python 3.11's `asyncio.wait_for` swallows a cancellation that arrives
as its inner call completes (mended in 3.12), and the store's client sends every command through it. So whoever cancels
looks whether it took, and cancels again.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

LOOK_AGAIN_S = 0.1


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
