"""How long a gateway's loop is not free while it fans out: by its own metric, and as newcomers see it.

The rule to remember: joining is no fan-out. Messages begin once the metric's window has forgotten the joins.
"""

import socket
import subprocess
import time
from statistics import quantiles

from benchmarks import kit, metrics, ours
from benchmarks.figure import Figure
from benchmarks.rounds import progress, read, serving, start_generator
from benchmarks.system import ADMIN_PORT, GATEWAY_PORT, running

SOCKETS, MESSAGES, ROUNDS = 10_000, 60, 3
WINDOW_S = 12.0
"""Longer than the window of flashwire_loop_stall_seconds."""
LOOK_EVERY_S = 1.0
KNOCK_EVERY_S = 0.02
REQUEST = (
    b"GET /v1/live?edition=en&limit=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def run(rounds: int = ROUNDS, sockets: int = SOCKETS, messages: int = MESSAGES) -> list[Figure]:
    """Raises kit.NoKit, RuntimeError."""
    place = kit.build()
    inside_ms, outside_ms = list[float](), list[float]()
    with running() as system:
        contestant = ours.gateway(system, place, "ours", sockets)
        for number in range(1, rounds + 1):
            with serving(contestant) as pid:
                arguments = ("--msgs", str(messages), "--settle", f"{WINDOW_S * 1000:.0f}")
                process = start_generator(place / "wsfan", contestant, pid, *arguments)
                inside, outside = _watch(process)
                out, complaint = process.communicate()
            read(out, process.returncode, complaint)
            inside_ms.append(inside)
            outside_ms += outside
            progress(number, rounds, f"ms: longest {inside:.1f}")
    if not outside_ms:
        raise RuntimeError("nobody joined while it fanned out")
    note = f"({len(outside_ms)} joined meanwhile)"
    p99 = quantiles(outside_ms, n=100, method="inclusive")[-1]
    return [
        Figure.of("longest loop stall while fanning out", inside_ms, "ms", 10, 5, "by the gateway's own metric"),
        Figure("  connect → 101 of a newcomer meanwhile, p99", p99, "ms", peer=note),
        Figure("  connect → 101 of a newcomer meanwhile, longest", max(outside_ms), "ms"),
    ]


def _watch(generator: "subprocess.Popen[str]") -> tuple[float, list[float]]:
    """Milliseconds of the longest stall, and of each newcomer's wait, from the first delivery until it is over."""
    longest_s, waits_ms, looked_s, begun = 0.0, list[float](), 0.0, False
    while generator.poll() is None:
        time.sleep(KNOCK_EVERY_S)
        if time.monotonic() - looked_s >= LOOK_EVERY_S:
            said, looked_s = metrics.scrape(ADMIN_PORT), time.monotonic()
            begun = said["flashwire_deliveries_total"] > 0
            if begun and generator.poll() is None:  # its end closes all sockets at once, which is no fan-out either
                longest_s = max(longest_s, said["flashwire_loop_stall_seconds"])
        if begun:
            waits_ms.append(_join_ms())
    return longest_s * 1000, waits_ms


def _join_ms() -> float:
    """From knocking to the first bytes of the answer."""
    began_s = time.perf_counter()
    with socket.create_connection(("127.0.0.1", GATEWAY_PORT), timeout=10) as newcomer:
        newcomer.sendall(REQUEST)
        newcomer.recv(4096)
    return (time.perf_counter() - began_s) * 1000
