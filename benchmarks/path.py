"""The path of one alert, with fsync: from POST to the first socket, and to its 201 under 200 posts a second."""

import asyncio
import contextlib
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from select import select
from statistics import median, quantiles

from benchmarks.figure import Figure
from benchmarks.posting import at_rate, request
from benchmarks.rounds import SERVER_CPU, progress
from benchmarks.stall import REQUEST as JOIN
from benchmarks.system import ADMIN_PORT, API_PORT, GATEWAY_PORT, System, running, wait_for

ALERTS, WARM_UP = 300, 20
PAUSE_S = 0.02
"""Every process of the path is asleep when its turn comes."""
PER_S, POSTS = 200, 3000
ROUNDS = 3
ARRIVES_WITHIN_S = 10.0


def run(rounds: int = ROUNDS, alerts: int = ALERTS, posts: int = POSTS) -> list[Figure]:
    """Needs no kit."""
    singles, rates = [], []
    with running() as system, _gateway(system):
        for number in range(1, rounds + 1):
            singles.append(_singles(system.key, alerts))
            rates.append(asyncio.run(at_rate(system.key, PER_S, posts)))
            progress(number, rounds, f"ms: p99 {p99(rates[-1]):.1f} under {PER_S} posts/s")
    seen = [median(seen_ms for seen_ms, _ in single) for single in singles]
    slowest = [max(seen_ms for seen_ms, _ in single) for single in singles]
    answered = [median(answered_ms for _, answered_ms in single) for single in singles]
    return [
        Figure.of("POST → first socket, one reader, p50", seen, "ms", 2.0, 0.7),
        Figure.of(f"  the slowest of {alerts}", slowest, "ms"),
        Figure.of("  POST → 201, one after the other, p50", answered, "ms"),
        Figure.of(f"POST → 201 under {PER_S} posts/s, p99", map(p99, rates), "ms", 20, 8),
        Figure.of("  the same, p50", [median(ms) for ms in rates], "ms"),
    ]


def p99(found_ms: list[float]) -> float:
    """The slowest of a hundred."""
    return quantiles(found_ms, n=100, method="inclusive")[-1]


@contextlib.contextmanager
def _gateway(system: System) -> Iterator[None]:
    process = subprocess.Popen(["taskset", "-c", SERVER_CPU, *system.gateway()], env=system.environ)
    try:
        wait_for(f"http://127.0.0.1:{ADMIN_PORT}/readyz")
        yield
    finally:
        process.terminate()
        process.wait()


def _singles(key: str, alerts: int) -> list[tuple[float, float]]:
    """Milliseconds to the socket and to the 201 of alerts that go out one after the other."""
    with (
        socket.create_connection(("127.0.0.1", API_PORT)) as editor,
        socket.create_connection(("127.0.0.1", GATEWAY_PORT)) as reader,
    ):
        reader.sendall(JOIN)
        while b'"snapshot"' not in (said := reader.recv(65536)):
            if not said:
                raise RuntimeError("the gateway closes a reader who joins")
        return [_single(key, editor, reader) for _ in range(WARM_UP + alerts)][WARM_UP:]


def _single(key: str, editor: socket.socket, reader: socket.socket) -> tuple[float, float]:
    """One alert. Both sockets are watched at once, so that neither waits for the other. Raises RuntimeError."""
    token = secrets.token_hex(8).encode()
    sent = request(key, f"Ferry {token.decode()} leaves for the islands at noon")
    time.sleep(PAUSE_S)
    waiting = {reader: token, editor: b'"undoUntil"'}
    heard, at_ms = dict.fromkeys(waiting, b""), dict[socket.socket, float]()
    began_s = time.perf_counter()
    editor.sendall(sent)
    while waiting:
        ready, _, _ = select(list(waiting), [], [], ARRIVES_WITHIN_S)
        if not ready:
            raise RuntimeError(f"an alert did not come within {ARRIVES_WITHIN_S:.0f} s: {heard[editor][:300]!r}")
        for one in ready:
            heard[one] += one.recv(65536)
            if waiting[one] in heard[one]:
                at_ms[one] = (time.perf_counter() - began_s) * 1000
                del waiting[one]
    return at_ms[reader], at_ms[editor]
