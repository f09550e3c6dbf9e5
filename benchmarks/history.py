"""The history: requests a second of `GET …/ticker`, beside a Starlette route that returns the same ten alerts.

The rule to remember: both are one process on the same core, asked by h2load from the other core over kept connections;
and the generator says how busy it was, since a generator that is the bottleneck makes everybody equal.
"""

import asyncio
import contextlib
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.posting import Connection, request
from benchmarks.rounds import GENERATOR_CPU, ROUNDS, SERVER_CPU, progress
from benchmarks.system import API_PORT, System, running, wait_for

PEER_PORT = 7925
ALERTS_FILE = "PEER_ALERTS"
"""Tells the peer where its ten alerts are."""
ETAG = '"17"'
"""The peer's."""
ALERTS, CONNECTIONS, SECONDS = 10, 32, 2
BUSY_MAX = 0.9
"""Of its core."""
TICKER = f"http://127.0.0.1:{API_PORT}/v1/editions/en/ticker?limit={ALERTS}"
PEER = f"http://127.0.0.1:{PEER_PORT}"
RATE = re.compile(r"finished in .*?, ([0-9.]+) req/s")
STATUSES = re.compile(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx")


def run(rounds: int = ROUNDS, seconds: int = SECONDS) -> list[Figure]:
    """Needs no kit."""
    if shutil.which("h2load") is None:
        why = "h2load is not installed: apt-get install nghttp2-client"
        return [_goal(status, [], why) for status in (200, 304)]
    with running(api_cpu=SERVER_CPU) as system:
        asyncio.run(_publish(system))
        with urllib.request.urlopen(TICKER) as answer:
            body, etag = answer.read(), answer.headers["ETag"]
        with _peer(body):
            asked = {
                "200": (TICKER, "", 200), "304": (TICKER, etag, 304),
                "peer 200": (f"{PEER}/ticker", "", 200), "peer 304": (f"{PEER}/unchanged", ETAG, 304),
            }  # fmt: skip
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
            for number in range(1, rounds + 1):
                for name, (url, known, status) in asked.items():
                    found[name].append(_load(url, known, status, seconds))
                shown = "  ".join(f"{name} {rates[-1][0]:,.0f}" for name, rates in found.items())
                progress(number, rounds, f"requests/s: {shown}")
    return figures(found)


def figures(found: dict[str, list[tuple[float, float]]]) -> list[Figure]:
    """By what was asked, requests a second and the generator's share of its core. Raises RuntimeError."""
    busy = max(share for rates in found.values() for _, share in rates)
    if busy > BUSY_MAX:
        raise RuntimeError(f"the generator was busy for {busy:.0%} of the time: it is what was measured")
    per_s = {name: [rate for rate, _ in rates] for name, rates in found.items()}
    note = (
        f"Starlette {Figure.of('', per_s['peer 200']).measured}/s; the generator's core was busy for {busy:.0%} at most"
    )

    def pairs(one: str, other: str) -> list[float]:
        return [ours / peers for ours, peers in zip(per_s[one], per_s[other], strict=True)]

    return [
        Figure.of("GET ticker, 200", per_s["200"], "/s"),
        Figure.of("GET ticker, 304", per_s["304"], "/s"),
        _goal(200, pairs("200", "peer 200"), note),
        _goal(304, pairs("304", "peer 200"), note),
        Figure.of("  304 ÷ a Starlette route that answers 304", pairs("304", "peer 304")),
    ]


def _goal(status: int, pairs: list[float], note: str) -> Figure:
    name = f"GET ticker {status}, requests/s ÷ a Starlette route with JSONResponse"
    if not pairs:
        return Figure(name, None, "", 1.5, 3, note, more=True)
    return Figure.of(name, pairs, "", 1.5, 3, note, more=True)


async def _publish(system: System) -> None:
    editor = await Connection.open()
    for number in range(ALERTS):
        await editor.ask(request(system.key, f"Night train {number} runs on the coast line again"))
    await editor.close()


@contextlib.contextmanager
def _peer(body: bytes) -> Iterator[None]:
    with tempfile.TemporaryDirectory(prefix="flashwire-history-") as folder:
        alerts = Path(folder) / "alerts.json"
        alerts.write_bytes(body)
        process = subprocess.Popen(
            ["taskset", "-c", SERVER_CPU, sys.executable, "-m", "uvicorn", "benchmarks.history_peer:app",
             "--port", str(PEER_PORT), "--no-access-log", "--log-level", "warning"],
            env={**os.environ, ALERTS_FILE: str(alerts)},
        )  # fmt: skip
        try:
            wait_for(f"{PEER}/ticker")
            yield
        finally:
            process.terminate()
            process.wait()


def _load(url: str, known: str, status: int, seconds: int) -> tuple[float, float]:
    """Requests a second, and how much of its core the generator was busy. Raises RuntimeError: other answers came."""
    used_s, began_s = _children_s(), time.monotonic()
    command = [
        "taskset", "-c", GENERATOR_CPU, "h2load", "--h1", "-t", "1", "-c", str(CONNECTIONS), "-D", str(seconds),
        *(["-H", f"if-none-match: {known}"] if known else []), url,
    ]  # fmt: skip
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    busy = (_children_s() - used_s) / (time.monotonic() - began_s)
    return rate(said, status), busy


def rate(said: str, status: int) -> float:
    """What h2load tells. Raises RuntimeError where any answer had another status."""
    per_s, counts = RATE.search(said), STATUSES.search(said)
    if per_s is None or counts is None:
        raise RuntimeError(f"h2load says no rate: {said[-500:]}")
    others = [int(count) for place, count in enumerate(counts.groups(), 2) if place != status // 100]
    if any(others) or not float(per_s[1]):
        raise RuntimeError(f"not all answers were {status}: {counts[0]}")
    return float(per_s[1])


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
