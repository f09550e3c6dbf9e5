"""Ten alerts at once to 5,000 sockets: what is written together costs one write."""

from benchmarks import kit, ours
from benchmarks.fanout import SOCKETS, against
from benchmarks.figure import Figure
from benchmarks.peers import invite
from benchmarks.rounds import ROUNDS, interleaved, values
from benchmarks.system import running

AT_ONCE, BURSTS = 10, 8


def run(rounds: int = ROUNDS, sockets: int = SOCKETS) -> list[Figure]:
    """Raises kit.NoKit, RuntimeError."""
    place = kit.build()
    bench = invite(place, ("nchan",), sockets)
    with running() as system:
        size = ours.frame_bytes(system, place)
        contestants = [ours.gateway(system, place, "ours", sockets), *bench.here]
        limits = ("--msgs", str(BURSTS), "--burst", str(AT_ONCE), "--size", str(size))
        runs = interleaved(place / "wsfan", contestants, *limits, rounds=rounds)
    name = f"{AT_ONCE} alerts at once, CPU per delivery"
    return [
        Figure.of(name, values(runs, "cpu_us", "ours"), "µs"),
        against(runs, bench.missing, name, "cpu_us", "nchan", 0.30, 0.15),
    ]
