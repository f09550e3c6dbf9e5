"""Two gateway processes beside one, 10,000 sockets on two cores that the generator needs too."""

from benchmarks import kit, ours
from benchmarks.figure import Figure
from benchmarks.rounds import ROUNDS, interleaved, ratios, values
from benchmarks.system import running

SOCKETS, MESSAGES = 10_000, 15


def run(rounds: int = ROUNDS, sockets: int = SOCKETS) -> list[Figure]:
    """Raises kit.NoKit, RuntimeError."""
    place = kit.build()
    with running() as system:
        contestants = [
            ours.gateway(system, place, name, sockets, processes=processes, pinned=False)
            for name, processes in (("one", 1), ("two", 2))
        ]
        runs = interleaved(place / "wsfan", contestants, "--msgs", str(MESSAGES), rounds=rounds, say="p99_ms")
    alone = Figure.of("", values(runs, "p99_ms", "one"), "ms").measured
    note = f"one process: {alone}"
    name = f"two processes ÷ one, p99 at {sockets:,}"
    return [Figure.of(name, ratios(runs, "p99_ms", "two", "one"), "", 0.8, 0.7, note)]
