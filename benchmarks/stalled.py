"""A fifth of the readers reads nothing: what the others notice of it, and what it takes of memory.

The rule to remember: buffers are made small and eviction late, so that those who stall are really behind while the
others are timed. The gateway has to say so itself, or nothing was measured.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from benchmarks import kit, metrics, ours
from benchmarks.figure import Figure
from benchmarks.looking import looking
from benchmarks.rounds import ROUNDS, interleaved, ratios, values
from benchmarks.system import ADMIN_PORT, running

READING, STALLED = 4000, 1000
MESSAGES, WARM_UP = 30, 20
BUFFER_BYTES = 4096
"""On both sides, for all readers: full after a few alerts."""
SETTINGS = {"send_buffer_bytes": BUFFER_BYTES, "stall_s": 60}
LOOK_EVERY_S = 0.25
STALLED_READER_MAX_BYTES = 2048
"""The socket, its bookkeeping and the rest of one frame; a queue of its own would hold fifty frames."""


def run(rounds: int = ROUNDS, reading: int = READING, stalled: int = STALLED) -> list[Figure]:
    """Raises kit.NoKit, RuntimeError."""
    place = kit.build()
    with running() as system, _most_laggards() as most:
        every = ("--rcvbuf", str(BUFFER_BYTES), "--msgs", str(MESSAGES), "--warm", str(WARM_UP))
        none = ours.gateway(system, place, "none stalled", reading, settings=SETTINGS)
        some = ours.gateway(system, place, "a fifth stalled", reading, "--stall", str(stalled), settings=SETTINGS)
        runs = interleaved(place / "wsfan", [none, some], *every, rounds=rounds, say="p99_ms")
    if most[0] < stalled:
        raise RuntimeError(f"only {most[0]:.0f} of {stalled} readers were behind: nothing was measured")
    pairs = zip(runs["a fifth stalled"], runs["none stalled"], strict=True)
    growth = [(one["rss_end_kb"] - other["rss_end_kb"]) * 1024 / stalled for one, other in pairs]
    p99 = ratios(runs, "p99_ms", "a fifth stalled", "none stalled")
    alone = Figure.of("", values(runs, "p99_ms", "none stalled"), "ms").measured
    return [
        Figure.of("20 % of readers stalled: p99 of the others ÷ none", p99, "", 1.2, 1.05, f"none stalled: {alone}"),
        Figure.of("memory of a stalled reader, its socket included", growth, "B", STALLED_READER_MAX_BYTES),
    ]


@contextmanager
def _most_laggards() -> Iterator[list[float]]:
    """The most readers behind that any gateway named meanwhile."""
    most = [0.0]

    def look() -> None:
        with suppress(OSError):  # between two rounds there is no gateway
            most[0] = max(most[0], metrics.scrape(ADMIN_PORT)["flashwire_laggards"])

    with looking(look, LOOK_EVERY_S):
        yield most
