"""Fan-out: CPU per delivery, memory per socket and latency of one gateway, in interleaved rounds with its peers."""

import json
import subprocess
import sys

from benchmarks import kit
from benchmarks.figure import Figure
from benchmarks.system import GATEWAY_PORT, running

ROUNDS, SOCKETS = 7, 5000
PATH = "/v1/live?edition=en&limit=1"


def run(rounds: int = ROUNDS, sockets: int = SOCKETS) -> list[Figure]:
    """Measure; about a minute and a half for seven rounds. Raises kit.NoKit."""
    place = kit.build()
    with running() as system:
        settings = [f"{name}={value}" for name, value in system.environ.items() if name.startswith("FLASHWIRE_")]
        gateway = " ".join(["env", *settings, *system.gateway])
        command = [
            sys.executable, str(place / "compare.py"), "--name", "ours", "--cmd", gateway,
            "--port", str(GATEWAY_PORT), "--path", PATH, "--pub", system.publish,
            "--peers", "floor,nchan,broadcast", "--rounds", str(rounds), "-n", str(sockets), "--sse", "--",
            "--body-file", str(place / "alert.json"), "--first", "--pub-header", f"Authorization: Bearer {system.key}",
        ]  # fmt: skip
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError("a delivery was missing, doubled or out of order: see above")
    return _figures(json.loads(done.stdout))


def _figures(result: dict[str, dict[str, dict[str, dict[str, list[float]]]]]) -> list[Figure]:
    median, ratio = result["median"], result["paired_median_min_max"]

    def against(measure: str, peer: str, must: float, aim: float, who: str = "ours") -> list[Figure]:
        pair = ratio[measure].get(who, {}).get(peer)
        names = {"cpu_us": "CPU per delivery", "p99_ms": "p99 publish → receive", "srv_us_per_connect": "handshake CPU"}
        note = f"(min–max {pair[1]:.2f}–{pair[2]:.2f})" if pair else ""
        return [Figure(f"{who}: {names[measure]} ÷ {peer}", pair[0], "", must, aim, note)] if pair else []

    ours = median["ours"]
    return [
        Figure("CPU per delivery", float(ours["cpu_us"]), "µs"),  # type: ignore[arg-type]
        *against("cpu_us", "nchan", 1.00, 0.75),
        *against("cpu_us", "floor", 1.30, 0.95),
        *against("cpu_us", "broadcast", 0.80, 0.65),
        *against("p99_ms", "nchan", 1.05, 0.85),
        *against("srv_us_per_connect", "nchan", 2.0, 1.2),
        *against("cpu_us", "ours", 1.1, 1.0, "ours-sse"),
        Figure("memory per socket", float(ours["pss_per_conn"]), "B", 1024, 400),  # type: ignore[arg-type]
    ]
