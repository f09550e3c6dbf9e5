"""Start one gateway, or one for each core on the same port.

The rule to remember: several processes are several whole gateways. Each tails the wires itself, and the kernel spreads
new connections over them (SO_REUSEPORT); what one knows no other needs.
"""

import asyncio
import dataclasses
import os

import uvloop

from config.settings import Settings
from service.children import child
from service.ending import stopped_by_signal
from service.garbage import keep_what_is_here
from service.supervisor import Child, stop_in_order
from workers.gateway.serve import until_signal


def run(settings: Settings, processes: int) -> None:
    """Serve until SIGTERM or SIGINT, then drain and return. `settings.redis_url` must be set."""
    if processes == 1:
        keep_what_is_here()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(until_signal(settings))
    else:
        asyncio.run(_supervise(settings, processes))


async def _supervise(settings: Settings, processes: int) -> None:
    """Children on admin_port, admin_port + 1, …, replaced when they end or fall silent."""
    stop = stopped_by_signal()
    children = [_child(settings, number) for number in range(processes)]
    try:
        await asyncio.gather(*(child.start() for child in children))
        await stop.wait()
    finally:
        await stop_in_order([children], settings.drain_abort_s + 5)


def _child(settings: Settings, number: int) -> Child:
    own = dataclasses.replace(settings, admin_port=settings.admin_port + number, processes=1)
    return child(f"gateway {number + 1}", ("gateway", "--processes", "1"), own, os.environ)
