"""A process of several parts: begun together, watched, ended together.

The rule to remember: no part ends by itself. One that does ends its process, and the supervisor starts another.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, Protocol

import structlog

from config.settings import Settings
from service.admin import Readiness, serve_admin
from service.ending import end
from service.store import refusals

log = structlog.get_logger("process")


class Process(Protocol):
    """What is run."""

    def parts(self) -> Iterable[Coroutine[Any, Any, None]]:
        """What must run as long as the process; none of it ever ends by itself."""

    def readiness(self) -> Readiness:
        """What /readyz of its admin port says."""

    async def drain(self) -> None:
        """Let what is in flight land, before the parts are ended."""

    async def close(self) -> None:
        """Let go of the connections."""


async def run(process: Process, settings: Settings, told: asyncio.Event, **who: str) -> int:
    """Run it until `told` is set; what the program exits with. Raises CannotListen, with the process closed."""
    try:
        admin = await serve_admin(settings.host, settings.admin_port, process.readiness)
        try:
            log.info("running", **who, admin_port=admin.port)
            return await _together(process, told)
        finally:
            await admin.close()
    finally:
        await process.close()


async def _together(process: Process, told: asyncio.Event) -> int:
    tasks: set[asyncio.Task[None]] = {asyncio.create_task(part) for part in process.parts()}
    ending = asyncio.create_task(told.wait())
    done, _ = await asyncio.wait({*tasks, ending}, return_when=asyncio.FIRST_COMPLETED)
    for task in done - {ending}:
        problem = task.exception()
        log.error("a part of the process has ended", why=problem and refusals.why(problem), exc_info=problem)
    await process.drain()
    await end((*tasks, ending))
    return 0 if ending in done else 1
