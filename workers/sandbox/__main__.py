"""Start the sandbox.

The rule to remember: one process, on this machine, for tests and newcomers; never in production.
"""

import asyncio
import logging

import uvloop

from config.settings import Settings
from workers.sandbox.serve import until_signal


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, say goodbye and return. Raises service.listening.CannotListen."""
    logging.getLogger("websockets").setLevel(logging.WARNING)  # where browsers connect, sandbox.json tells
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_signal(settings))
