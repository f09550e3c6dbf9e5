"""Ports for tests: free at the moment they are asked for, and below the range the kernel gives away by itself.

The rule to remember: a port is a test's own from when it is given, also while nobody listens there, for what was killed
comes back to it. So a process takes ports by the block, and no two processes of this machine have the same block.
"""

import fcntl
import itertools
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

_FIRST, _LAST, _BLOCK = 20_000, 31_000, 200
_LOCKS = Path(tempfile.gettempdir()) / "flashwire-test-ports.lock"
"""A lock on its nth byte is one on the nth block; it ends with the process."""


def _ports() -> Iterator[int]:
    """Every port of one free block after the other, and of those again once there is no other."""
    locks = os.open(_LOCKS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    ours: list[range] = []
    for number, start in enumerate(range(_FIRST, _LAST, _BLOCK)):
        try:
            fcntl.lockf(locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError:
            continue
        ours.append(range(start, start + _BLOCK))
        yield from ours[-1]
    assert ours, f"all ports from {_FIRST} to {_LAST} are held by other tests (see {_LOCKS})"
    yield from itertools.cycle(itertools.chain.from_iterable(ours))


_next = _ports()


def free_ports(count: int) -> list[int]:
    """`count` consecutive free ports; no two calls of this process give the same."""
    while True:
        ports = list(itertools.islice(_next, count))
        if ports == list(range(ports[0], ports[0] + count)) and all(map(_free, ports)):
            return ports


def _free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
