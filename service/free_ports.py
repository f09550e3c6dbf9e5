"""Wait until the ports are free that `up` and its children will listen on.

The rule to remember: children of a killed predecessor leave by themselves, so a port that is taken is asked for again
for a few seconds before somebody is bothered with it.
"""

import asyncio
import socket
import time
from collections.abc import Iterable

from config.settings import Settings

PORTS_FREE_S = 3.0
"""How long we wait for ports that children of a killed predecessor still hold; they leave by themselves."""


class PortTaken(Exception):
    """A port stays taken; the message names the setting that chooses another."""


async def wait_for(settings: Settings, admin_ports: Iterable[int]) -> None:
    """Return once every port that we need is free. Raises PortTaken naming the first that is not."""
    deadline = time.monotonic() + PORTS_FREE_S
    for name, port in _needed(settings, admin_ports):
        while (why := _cannot_listen(settings.host, port)) is not None:
            if time.monotonic() > deadline:
                raise PortTaken(f"cannot listen on {settings.host} port {port}: {why}; choose another with {name}")
            await asyncio.sleep(0.1)


def taken(settings: Settings) -> list[str]:
    """Which of the ports that `up` would begin with are not free now, each with why and the setting for another."""
    return [
        f"{port}: {why} ({name})"
        for name, port in _needed(settings, [settings.admin_port])
        if (why := _cannot_listen(settings.host, port)) is not None
    ]


def _needed(settings: Settings, admin_ports: Iterable[int]) -> list[tuple[str, int]]:
    """Each port with the setting that chooses it."""
    return [
        ("FLASHWIRE_API_PORT", settings.api_port),
        ("FLASHWIRE_GATEWAY_PORT", settings.gateway_port),
        ("FLASHWIRE_SANDBOX_PORT", settings.sandbox_port),
        *(("FLASHWIRE_ADMIN_PORT", port) for port in admin_ports),
    ]


def _cannot_listen(host: str, port: int) -> str | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as problem:
        return problem.strerror or str(problem)
    return None
