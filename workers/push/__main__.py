"""Start the push channel: the dispatcher and a process (or several) for each provider that is configured.

The rule to remember: a provider without credentials is off and says so once; the others do not wait for it.
"""

import asyncio
import dataclasses
import os
import signal
from collections.abc import Mapping

import structlog

from config.settings import Settings
from service.children import child
from service.ending import stopped_by_signal
from service.supervisor import Child, stop_in_order
from workers.push import providers
from workers.push.serve import Part

log = structlog.get_logger("push")

STOP_EXTRA_S = 5.0


def children(settings: Settings, environ: Mapping[str, str], first_port: int) -> list[Child]:
    """The processes of the push channel, with admin ports from `first_port` on."""
    parts: list[tuple[str, Part]] = [("dispatcher", "dispatcher")]
    for platform, off in providers.configured(settings).items():
        if off is not None:
            log.warning("a provider is off", provider=platform, why=off.why)
            continue
        count = settings.push_processes
        parts += [(f"push {platform}" + (f" {n}" if count > 1 else ""), platform) for n in range(1, count + 1)]
    return [
        child(name, ("push", "--part", part), dataclasses.replace(settings, admin_port=first_port + n), environ)
        for n, (name, part) in enumerate(parts)
    ]


def run(settings: Settings) -> None:
    """Run all of it until SIGTERM or SIGINT. `settings.redis_url` must be set."""
    asyncio.run(_supervise(settings))


async def _supervise(settings: Settings) -> None:
    stop = stopped_by_signal()
    running = children(settings, os.environ, settings.admin_port)

    def pass_on() -> None:
        for one in running:
            one.tell(signal.SIGHUP)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, pass_on)
    try:
        await asyncio.gather(*(child.start() for child in running))
        await stop.wait()
    finally:
        await stop_in_order([running], settings.push_timeout_s + STOP_EXTRA_S)
