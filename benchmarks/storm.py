"""10,000 readers are cut off at once, alerts go out while nobody is there, and all come back with their cursor.

The rule to remember: who resumes is served from memory. The store's own count of commands says so: what it did while
10,000 came back, less what it did in as long a time while one came back to the same alerts.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import redis

from benchmarks import kit, ours
from benchmarks.figure import Figure
from benchmarks.looking import looking
from benchmarks.rounds import Contestant, Run, progress, read, serving, start_generator
from benchmarks.system import System, running

SOCKETS, MISSED, ROUNDS = 10_000, 3, 3
BEFORE_S, AFTER_S = 8.0, 1.0
"""Nothing goes out so long before the cut, and after everybody is back."""
AROUND_S = 0.5
"""Of the storm's time, on either side: from the cut to the first knock, and the generator's own pause."""
LOOK_EVERY_S = 0.02

Sample = tuple[float, int]
"""When, and how many commands the store had done by then, ours not counted."""


def run(rounds: int = ROUNDS, sockets: int = SOCKETS) -> list[Figure]:
    """Raises kit.NoKit, RuntimeError."""
    place = kit.build()
    found = []
    with running() as system:
        many, one = (ours.gateway(system, place, f"{count} back", count) for count in (sockets, 1))
        for number in range(1, rounds + 1):
            result, samples, ended_s = _storm(system, place, many)
            _, of_one, one_ended_s = _storm(system, place, one)
            storm_s = result["storm_back_s"]
            found.append((result, commands(samples, ended_s, storm_s), commands(of_one, one_ended_s, storm_s)))
            progress(number, rounds, f"s: all are back after {storm_s:.2f}")
    return figures(found, sockets)


def _storm(system: System, place: Path, contestant: Contestant) -> tuple[Run, list[Sample], float]:
    """The generator's result, samples, and when it ended."""
    with serving(contestant) as pid, _counting(system.environ["FLASHWIRE_REDIS_URL"]) as samples:
        arguments = (
            "--warm", "0", "--msgs", "1", "--burst", str(MISSED), "--gap", f"{BEFORE_S * 1000:.0f}",
            "--storm", "1", "--settle", f"{AFTER_S * 1000:.0f}",
        )  # fmt: skip
        process = start_generator(place / "wsfan", contestant, pid, *arguments)
        out, complaint = process.communicate()
        ended_s = time.monotonic()
    return read(out, process.returncode, complaint), samples, ended_s


def figures(found: Sequence[tuple[Run, int, int]], sockets: int) -> list[Figure]:
    """What the rounds say: the generator's result, commands while all came back, commands while one did."""
    # The tails look at the wires once or twice a second, 25 commands each time, and a look falls into one span or the
    # other. Somebody who asked the store when a reader joins would show as one whole command.
    per_reader = [round(max(0, all_back - one_back) / sockets, 1) for _, all_back, one_back in found]
    told = ", ".join(f"{all_back} while all came back, {one_back} while one did" for _, all_back, one_back in found)
    gaps = [result["storm_missing"] + result["misordered"] + result["dups"] for result, *_ in found]
    seconds = [result["storm_back_s"] for result, *_ in found]
    return [
        Figure.of(f"{sockets:,} come back: store commands per reader", per_reader, "", 0, 0, told),
        Figure.of(f"{sockets:,} come back: alerts missing, doubled or out of order", gaps, "", 0, 0),
        Figure.of(f"{sockets:,} come back: all have the {MISSED} alerts they missed", seconds, "s", 3, 3),
        Figure.of("  CPU of one who comes back", [result["storm_us_per_connect"] for result, *_ in found], "µs"),
    ]


def commands(samples: Sequence[Sample], ended_s: float, storm_s: float) -> int:
    """Of a storm, with some time around it; the generator ends AFTER_S later."""
    over_s = ended_s - AFTER_S + AROUND_S
    return _at(samples, over_s) - _at(samples, over_s - min(storm_s, BEFORE_S - 1) - 2 * AROUND_S)


def _at(samples: Sequence[Sample], moment_s: float) -> int:
    return max((count for at_s, count in samples if at_s <= moment_s), default=0)


@contextmanager
def _counting(url: str) -> Iterator[list[Sample]]:
    """Samples, as they come in."""
    samples = list[Sample]()

    def look() -> None:
        said = store.info("stats")
        assert isinstance(said, dict), "this client is not an asynchronous one"
        done = int(said["total_commands_processed"])
        samples.append((time.monotonic(), done - len(samples)))

    with redis.Redis.from_url(url) as store, looking(look, LOOK_EVERY_S):
        yield samples
