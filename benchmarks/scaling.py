"""From 1,000 to 10,000 sockets: a delivery costs the same, and the last of 10,000 readers waits no longer."""

from benchmarks import kit, ours
from benchmarks.fanout import against
from benchmarks.figure import Figure
from benchmarks.peers import invite
from benchmarks.rounds import ROUNDS, interleaved, ratios, values
from benchmarks.system import running

FEW, MORE, MANY = 1000, 5000, 10_000
MESSAGES = 15


def run(rounds: int = ROUNDS, sizes: tuple[int, int, int] = (FEW, MORE, MANY)) -> list[Figure]:
    """Raises kit.NoKit, RuntimeError."""
    few, more, many = sizes
    place = kit.build()
    bench = invite(place, ("nchan",), many)
    names = {few: f"ours at {few:,}", more: f"ours at {more:,}", many: "ours"}
    with running() as system:
        size = ours.frame_bytes(system, place)
        contestants = [ours.gateway(system, place, name, sockets) for sockets, name in names.items()]
        limits = ("--msgs", str(MESSAGES), "--size", str(size))
        runs = interleaved(place / "wsfan", [*contestants, *bench.here], *limits, rounds=rounds)
    return [
        *(
            Figure.of(f"CPU per delivery at {sockets:,} sockets", values(runs, "cpu_us", name), "µs")
            for sockets, name in names.items()
        ),
        *(
            Figure.of(
                f"CPU per delivery, {sockets:,} ÷ {few:,} sockets",
                ratios(runs, "cpu_us", names[sockets], names[few]), "", 1.1,
            )
            for sockets in (more, many)
        ),
        Figure.of(f"p99 publish → receive at {many:,}", values(runs, "p99_ms", "ours"), "ms"),
        against(runs, bench.missing, f"p99 publish → receive at {many:,}", "p99_ms", "nchan", 1.05, 0.85),
    ]  # fmt: skip
