"""Ports for tests: free at the moment they are asked for, and below the range the kernel gives away by itself."""

import itertools
import os
import socket

_FIRST, _LAST = 20_000, 31_000
_next = itertools.count(_FIRST + os.getpid() * 16 % (_LAST - _FIRST))


def free_ports(count: int) -> list[int]:
    """`count` consecutive free ports; no two calls of this process give the same."""
    while True:
        ports = [_FIRST + next(_next) % (_LAST - _FIRST) for _ in range(count)]
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
