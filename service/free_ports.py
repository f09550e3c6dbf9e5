"""Wait until the ports are free that `up` and its children will listen on.

The rule to remember: children of a killed predecessor leave by themselves, once they have sent their readers away. A
port that is taken is asked for again for so long before somebody is bothered with it.
"""

import asyncio
import errno
import socket
import time
from collections.abc import Iterable

import structlog

from config.settings import Settings

log = structlog.get_logger("up")

PORTS_FREE_S = 3.0
"""How long we wait for a port in any case: whoever had it may be leaving."""
LEAVING_EXTRA_S = 5.0
"""What children of a killed predecessor may take beyond the time that their readers have."""


class PortTaken(Exception):
    """A port stays taken; the message names the setting that chooses another."""


async def wait_for(settings: Settings, admin_ports: Iterable[int], *, after_a_kill: bool) -> None:
    """Return once every port that we need is free. `after_a_kill`: children of the former `up` may still be leaving.

    Raises PortTaken naming the first port that is not free.
    """
    patience_s = settings.drain_abort_s + LEAVING_EXTRA_S if after_a_kill else PORTS_FREE_S
    deadline, is_told = time.monotonic() + patience_s, False
    for name, port in _needed(settings, admin_ports):
        while (why := _cannot_listen(settings.host, port)) is not None:
            if after_a_kill and not is_told:
                log.info("waiting for what the killed one has left behind", port=port, at_most_s=patience_s)
                is_told = True
            if _is_of_host(why) or time.monotonic() > deadline:
                other = "FLASHWIRE_HOST" if _is_of_host(why) else name
                said = why.strerror or why
                raise PortTaken(f"cannot listen on {settings.host} port {port}: {said}; choose another with {other}")
            await asyncio.sleep(0.1)


def taken(settings: Settings) -> list[str]:
    """Which of the ports that `up` would begin with are not free now, each with why and the setting for another."""
    return [
        f"{port}: {why.strerror or why} ({'FLASHWIRE_HOST' if _is_of_host(why) else name})"
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


def _cannot_listen(host: str, port: int) -> OSError | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as problem:
        return problem
    return None


def _is_of_host(why: OSError) -> bool:
    """Whether no port of that host can be had: it has no address, or none of this machine's."""
    return isinstance(why, socket.gaierror) or why.errno == errno.EADDRNOTAVAIL
