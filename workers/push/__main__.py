"""Start the push channel: the dispatcher and a process (or several) for each provider that is configured.

The rule to remember: a provider without credentials is off and says so once; the others do not wait for it.
"""

import asyncio
import dataclasses
import os
import signal
import sys
from collections.abc import Mapping

import structlog

from config.settings import CONFIG_FILE, PREFIX, Settings, to_environ
from service.addresses import reachable_host
from service.supervisor import Child, Probe, stop_in_order
from workers.push import providers
from workers.push.providers import Off
from workers.push.serve import Part

log = structlog.get_logger("push")

STOP_EXTRA_S = 5.0


def children(settings: Settings, environ: Mapping[str, str], first_port: int) -> list[Child]:
    """The processes of the push channel, with admin ports from `first_port` on."""
    parts: list[tuple[str, Part]] = [("dispatcher", "dispatcher")]
    for platform, provider in providers.connect(settings).items():
        if isinstance(provider, Off):
            log.warning("a provider is off", provider=platform, why=provider.why)
            continue
        count = settings.push_processes
        parts += [(f"push {platform}" + (f" {n}" if count > 1 else ""), platform) for n in range(1, count + 1)]
    return [_child(settings, environ, name, part, first_port + n) for n, (name, part) in enumerate(parts)]


def run(settings: Settings) -> None:
    """Run all of it until SIGTERM or SIGINT. `settings.redis_url` must be set."""
    asyncio.run(_supervise(settings))


async def _supervise(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = children(settings, os.environ, settings.admin_port)
    try:
        await asyncio.gather(*(child.start() for child in running))
        await stop.wait()
    finally:
        await stop_in_order([running], settings.push_timeout_s + STOP_EXTRA_S)


def _child(settings: Settings, environ: Mapping[str, str], name: str, part: Part, port: int) -> Child:
    own = dataclasses.replace(settings, admin_port=port)
    kept = {name: value for name, value in environ.items() if not name.startswith(PREFIX) or name == CONFIG_FILE}
    command = (sys.executable, "-m", "service.cli", "push", "--part", part, "--parent", str(os.getpid()))
    host = reachable_host(settings.host).strip("[]")
    return Child(name, command, {**kept, **to_environ(own)}, Probe(host, port))
