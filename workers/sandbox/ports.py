"""Where the stand-ins listen: free ports at the first start, the same ones ever after where that can be.

The rule to remember: a browser's endpoint names its port, so it must survive a restart.
"""

import random
import socket
from pathlib import Path

import msgspec
import structlog

from service.listening import CannotListen, listen
from workers.sandbox import folder

log = structlog.get_logger("sandbox")

HOST = "localhost"
"""Every loopback address of this machine: a name may be looked up as either."""

FIRST, LAST = 10_000, 19_999
"""Below the range from which the kernel gives ports away by itself, so that ours is still free after a restart."""
TRIES = 100


class Ports:
    """The kept port numbers, by the name of the stand-in."""

    def __init__(self, place: Path) -> None:
        self._path = place / "ports.json"
        self._kept: dict[str, int] = {}
        if self._path.exists():
            self._kept = msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])

    def bind(self, name: str) -> tuple[int, list[socket.socket]]:
        """The port of last time, or another where that is taken: its number and listening sockets."""
        sockets = self._bind(name)
        number: int = sockets[0].getsockname()[1]
        if self._kept.get(name) != number:
            self._kept[name] = number
            folder.write(self._path, msgspec.json.encode(self._kept))
        return number, sockets

    def number(self, name: str) -> int:
        """The same for somebody who opens its sockets itself: a number that was free just now."""
        number, sockets = self.bind(name)
        for opened in sockets:
            opened.close()
        return number

    def _bind(self, name: str) -> list[socket.socket]:
        kept = self._kept.get(name)
        if kept is not None:
            try:
                return listen(HOST, kept)
            except CannotListen as problem:
                log.warning("another port than last time", stand_in=name, why=str(problem))
        for _ in range(TRIES):
            try:
                return listen(HOST, random.randint(FIRST, LAST))
            except CannotListen:
                continue
        return listen(HOST, 0)
