"""A right key's posts while somebody tries a thousand wrong ones a second, and alone: the p99 of both."""

import asyncio
import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from statistics import median

from benchmarks.figure import Figure
from benchmarks.path import p99
from benchmarks.posting import at_rate
from benchmarks.rounds import SERVER_CPU, progress
from benchmarks.system import API_PORT, System, running

PER_S, POSTS = 50, 500
WRONG_PER_S, GUESSERS = 1000, 20
KEPT_UP_MIN = 0.95
"""Of the wrong ones that should have been tried, so many must have been, or nothing is proved."""
ROUNDS = 5


def run(rounds: int = ROUNDS, posts: int = POSTS, wrong_per_s: int = WRONG_PER_S) -> list[Figure]:
    """Needs no kit. Raises RuntimeError where the wrong ones came too slowly, or one of them was let in."""
    alone, under = [], []
    with running() as system:
        asyncio.run(at_rate(system.key, PER_S, posts // 5))  # warm
        for number in range(1, rounds + 1):
            alone.append(asyncio.run(at_rate(system.key, PER_S, posts)))
            with _Guessing(system, wrong_per_s):
                under.append(asyncio.run(at_rate(system.key, PER_S, posts)))
            progress(number, rounds, f"ms: p99 {p99(alone[-1]):.1f} alone, {p99(under[-1]):.1f} beside wrong keys")
    ratios = [p99(beside) / p99(by_itself) for beside, by_itself in zip(under, alone, strict=True)]
    middle = [median(beside) / median(by_itself) for beside, by_itself in zip(under, alone, strict=True)]
    return [
        Figure.of(f"a right key's p99 under {wrong_per_s:,} wrong ones a second ÷ alone", ratios, "", 2.0, 1.5),
        Figure.of("  p99 alone", map(p99, alone), "ms"),
        Figure.of("  p99 beside them", map(p99, under), "ms"),
        Figure.of("  p50 beside them ÷ alone", middle),
    ]


class _Guessing:
    """Somebody who tries wrong keys at a rate, in a process of their own, as long as it is entered."""

    def __init__(self, system: System, per_s: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        self._per_s = per_s
        self._process = spawn.Process(target=_guess_all, args=(theirs, system.key, per_s))

    def __enter__(self) -> None:
        self._process.start()
        self._ours.recv()  # it has begun
        self._began_s = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._ours.send("enough")
        statuses: dict[bytes, int] = self._ours.recv()
        took_s = time.perf_counter() - self._began_s
        self._process.join()
        tried = sum(statuses.values())
        if tried < self._per_s * took_s * KEPT_UP_MIN or not statuses.keys() <= {b"401", b"429"}:
            raise RuntimeError(f"{tried} wrong keys in {took_s:.1f} s, answered {statuses}")


def _guess_all(parent: Connection, right: str, per_s: int) -> None:
    os.sched_setaffinity(0, {int(SERVER_CPU)})  # the API has the other
    asyncio.run(_guess(parent, right, per_s))


async def _guess(parent: Connection, right: str, per_s: int) -> None:
    statuses: dict[bytes, int] = {}
    enough = asyncio.Event()
    asyncio.get_running_loop().add_reader(parent.fileno(), enough.set)
    began_s = time.perf_counter()
    guessers = [
        asyncio.create_task(_guesser(right, began_s + number / per_s, GUESSERS / per_s, enough, statuses))
        for number in range(GUESSERS)
    ]
    parent.send("begun")
    await asyncio.gather(*guessers)
    parent.send(statuses)


async def _guesser(right: str, due_s: float, every_s: float, enough: asyncio.Event, statuses: dict[bytes, int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", API_PORT)
    number = 0
    while not enough.is_set():
        await asyncio.sleep(due_s - time.perf_counter())
        due_s, number = due_s + every_s, number + 1
        # a word, a key that nobody has, and the id of the right one with another secret
        wrong = ("guess", f"fw_live_{number:010}{'0' * 40}", f"{right[:18]}{number:040}")[number % 3]
        writer.write(
            f"POST /v1/alerts HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {wrong}\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        status = head.split(b" ", 2)[1]
        statuses[status] = statuses.get(status, 0) + 1
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        await reader.readexactly(int(fields[b"content-length"]))
    writer.close()
    await writer.wait_closed()
