"""End tasks for certain.

The rule to remember: one cancellation is not enough. The store's client library was seen to swallow about one in some
hundred, and a process that waited for that task did not end on SIGTERM.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_S = 0.2


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel `tasks`, again and again until all are done. Their results and errors are dropped."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=AGAIN_S)
        for task in done:
            if not task.cancelled():
                task.exception()  # looked at, so that asyncio does not report it as forgotten
