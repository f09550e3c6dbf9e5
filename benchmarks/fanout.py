"""Fan-out to 5,000 sockets: CPU of a delivery and of a handshake, memory of a socket, ours beside the kit's peers."""

from benchmarks import kit, ours
from benchmarks.figure import Figure
from benchmarks.peers import invite
from benchmarks.rounds import ROUNDS, Runs, interleaved, ratios, values
from benchmarks.system import running

SOCKETS, MESSAGES = 5000, 15
PEERS = ("floor", "uring", "nchan", "uws", "broadcast")
GOALS: tuple[tuple[str, str, str, float | None, float], ...] = (
    ("CPU per delivery", "cpu_us", "nchan", 1.00, 0.75),
    ("CPU per delivery", "cpu_us", "floor", 1.30, 0.95),
    ("CPU per delivery", "cpu_us", "uring", None, 1.00),
    ("CPU per delivery", "cpu_us", "uws", None, 1.00),
    ("CPU per delivery", "cpu_us", "broadcast", 0.80, 0.65),
    ("handshake CPU", "srv_us_per_connect", "nchan", 2.0, 1.2),
)
WORDS = {
    "nchan": "nchan", "floor": "C loop of send(2)", "uring": "C loop of io_uring", "uws": "uWebSockets",
    "broadcast": "websockets.broadcast()",
}  # fmt: skip


def run(rounds: int = ROUNDS, sockets: int = SOCKETS) -> list[Figure]:
    """Raises kit.NoKit, RuntimeError."""
    place = kit.build()
    bench = invite(place, PEERS, sockets)
    with running() as system:
        size = ours.frame_bytes(system, place)
        both = [ours.gateway(system, place, "ours", sockets), ours.gateway(system, place, "sse", sockets, "--sse")]
        limits = ("--msgs", str(MESSAGES), "--size", str(size))
        runs = interleaved(place / "wsfan", [*both, *bench.here], *limits, rounds=rounds)
    return figures(runs, bench.missing)


def figures(runs: Runs, missing: dict[str, str]) -> list[Figure]:
    """What the rounds say."""
    return [
        Figure.of("CPU per delivery", values(runs, "cpu_us", "ours"), "µs"),
        *(against(runs, missing, *goal) for goal in GOALS),
        Figure.of("memory per idle socket", values(runs, "pss_per_conn", "ours"), "B", 1024, 400, _beside(runs)),
        Figure.of("  kernel memory per socket, the reader's end included", values(runs, "slab_per_conn", "ours"), "B"),
        Figure.of("SSE ÷ WebSocket, CPU per delivery", ratios(runs, "cpu_us", "sse", "ours"), "", 1.1, 1.0),
        Figure.of("SSE ÷ WebSocket, p99", ratios(runs, "p99_ms", "sse", "ours"), "", 1.1, 1.0),
        Figure.of("SSE: memory per idle socket", values(runs, "pss_per_conn", "sse"), "B", 1024, 400),
    ]


def against(
    runs: Runs, missing: dict[str, str], what: str, measure: str, peer: str, must: float | None, aim: float | None
) -> Figure:
    """Ours divided by a peer's, or that the peer is missing."""
    name = f"{what} ÷ {WORDS[peer]}"
    if peer in missing:
        return Figure(name, None, "", must, aim, missing[peer])
    of_peer = Figure.of("", values(runs, measure, peer)).measured
    return Figure.of(name, ratios(runs, measure, "ours", peer), "", must, aim, f"{peer}: {of_peer}")


def _beside(runs: Runs) -> str:
    shown = (f"{peer} {Figure.of('', values(runs, 'pss_per_conn', peer)).measured}" for peer in PEERS if peer in runs)
    return ", ".join(shown)
