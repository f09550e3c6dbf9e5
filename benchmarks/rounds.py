"""Interleaved rounds: in each, every contestant is started, measured with the kit's load generator, and ended.

The rule to remember: a ratio is of one round, and a figure is the median of the rounds. What a machine does to one
contestant it then does, on the whole, to the others.
"""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROUNDS = 7
SERVER_CPU, GENERATOR_CPU = "0", "1"
LISTENS_WITHIN_S = 30.0
ENDS_WITHIN_S = 5.0
TRIES = 2
"""A neighbour on the machine may spoil one run; who fails twice in a row has failed."""
ALL_DESCRIPTORS = 'ulimit -n "$(ulimit -Hn)"; exec "$@"'
FAULTS = (
    "missing",
    "dups",
    "misordered",
    "lost",
    "hs_fail",
    "bad",
    "bad_accept",
    "pub_bad",
    "storm_missing",
    "storm_never",
)

Run = Mapping[str, Any]
"""What the generator printed, and `cpu_us`: CPU of a delivery, softirqs included that were pushed elsewhere."""
Runs = Mapping[str, Sequence[Run]]
"""By contestant, one for each round."""


@dataclass(frozen=True)
class Contestant:
    """A server, and how the generator speaks to it."""

    name: str
    command: tuple[str, ...]
    port: int
    sockets: int
    arguments: tuple[str, ...]
    environ: Mapping[str, str] | None = None
    """None = ours."""
    pinned: bool = True
    """To a core of its own, and the generator to the other; a server of several processes has all cores."""
    is_ready: Callable[[], bool] = lambda: True
    """Asked once it listens."""


def interleaved(
    generator: Path, contestants: Sequence[Contestant], *arguments: str, rounds: int = ROUNDS, say: str = "cpu_us"
) -> Runs:
    """Measure all contestants `rounds` times, in another order each time. Raises RuntimeError."""
    runs: dict[str, list[Run]] = {contestant.name: [] for contestant in contestants}
    for number in range(1, rounds + 1):
        for contestant in random.sample(list(contestants), len(contestants)):
            runs[contestant.name].append(_one_run(generator, contestant, arguments))
        shown = "  ".join(f"{name} {float(found[-1][say]):.2f}" for name, found in runs.items())
        progress(number, rounds, f"{say}: {shown}")
    return runs


def progress(number: int, rounds: int, shown: str) -> None:
    """For whoever waits: which round this was, and what it showed."""
    print(f"  round {number}/{rounds}: {shown}", file=sys.stderr, flush=True)


def ratios(runs: Runs, measure: str, one: str, other: str) -> list[float]:
    """One for each round; a round in which the other shows nothing has none."""
    pairs = zip(runs[one], runs[other], strict=True)
    return [a[measure] / b[measure] for a, b in pairs if b[measure] > 0]


def values(runs: Runs, measure: str, of: str) -> list[float]:
    """One for each round."""
    return [float(run[measure]) for run in runs[of]]


def _one_run(generator: Path, contestant: Contestant, arguments: Sequence[str]) -> Run:
    for left in reversed(range(TRIES)):
        with serving(contestant) as pid:
            process = start_generator(generator, contestant, pid, *arguments)
            out, complaint = process.communicate()
        try:
            return read(out, process.returncode, f"{contestant.name}: {complaint}")
        except RuntimeError as problem:
            if not left:
                raise
            print(f"  again, since {problem}", file=sys.stderr)
    raise AssertionError("the last try returns or raises")


def start_generator(
    generator: Path, contestant: Contestant, pid: int, *arguments: str, cpu: str = GENERATOR_CPU
) -> "subprocess.Popen[str]":
    """The generator at work; it prints one JSON object in the end."""
    where = ["taskset", "-c", cpu] if contestant.pinned else []
    command = [
        *where, str(generator), "-n", str(contestant.sockets), "--port", str(contestant.port), "--pid", str(pid),
        "--src", "8", "--timeout", "10000", "--label", contestant.name, *([] if contestant.pinned else ["--no-spin"]),
        *contestant.arguments, *arguments,
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read(out: str, code: int, who: str) -> Run:
    """What the generator printed. Raises RuntimeError where a delivery was missing, doubled or out of order."""
    try:
        found: dict[str, Any] = json.loads(out)
    except ValueError:
        raise RuntimeError(f"the generator measured nothing of {who}") from None
    if code:
        faults = ", ".join(f"{name} {found[name]}" for name in FAULTS if found.get(name))
        raise RuntimeError(f"not every delivery was right ({faults}) of {who}")
    return {**found, "cpu_us": found["srv_us_median"] + found["ksoftirqd_us"]}


@contextlib.contextmanager
def serving(contestant: Contestant) -> Iterator[int]:
    """The contestant listens; its process id. Its whole session is gone afterwards. Raises RuntimeError."""
    refuse_taken(contestant.port)
    where = ["taskset", "-c", SERVER_CPU] if contestant.pinned else []
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            ["bash", "-c", ALL_DESCRIPTORS, "bash", *where, *contestant.command], env=contestant.environ,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            _wait(contestant, process, log)
            yield process.pid
        finally:
            _end(process)


def _wait(contestant: Contestant, process: "subprocess.Popen[bytes]", log: IO[bytes]) -> None:
    deadline_s = time.monotonic() + LISTENS_WITHIN_S
    while not (listens(contestant.port) and contestant.is_ready()):
        if process.poll() is not None or time.monotonic() > deadline_s:
            log.seek(0)
            said = log.read()[-1500:].decode(errors="replace")
            raise RuntimeError(f"{contestant.name} does not listen on {contestant.port}: {said}")
        time.sleep(0.05)


def refuse_taken(*ports: int) -> None:
    """Raises RuntimeError where another listens, another benchmark for instance."""
    for port in filter(listens, ports):
        raise RuntimeError(f"port {port} is taken: something else would be measured")


def listens(port: int) -> bool:
    with socket.socket() as knocking:
        return knocking.connect_ex(("127.0.0.1", port)) == 0


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The whole session, so that no child outlives its parent."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDS_WITHIN_S)
