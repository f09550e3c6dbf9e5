"""Our gateway as a contestant, and how large its live frames are."""

import urllib.request
from collections.abc import Mapping
from pathlib import Path

from benchmarks.rounds import Contestant, read, serving, start_generator
from benchmarks.system import ADMIN_PORT, GATEWAY_PORT, System

PATH = "/v1/live?edition=en&limit=1"
PROBE_SOCKETS, PROBE_MESSAGES = 5, 2


def gateway(
    system: System, place: Path, name: str, sockets: int, *more: str, processes: int = 1, pinned: bool = True,
    settings: Mapping[str, object] | None = None,
) -> Contestant:  # fmt: skip
    """A contestant. `place` is the built kit; `more` is for its load generator."""
    named = {f"FLASHWIRE_{setting.upper()}": str(value) for setting, value in (settings or {}).items()}
    speaks = (
        "--path", PATH, "--pub", system.publish, "--body-file", str(place / "alert.json"), "--first",
        "--pub-header", f"Authorization: Bearer {system.key}", "--resume", "after", *more,
    )  # fmt: skip
    return Contestant(
        name, system.gateway(processes), GATEWAY_PORT, sockets, speaks, {**system.environ, **named},
        pinned, lambda: _all_ready(processes),
    )  # fmt: skip


def frame_bytes(system: System, place: Path) -> int:
    """The size of a live frame, which the peers' messages get too. Raises RuntimeError: it does not deliver."""
    probe = gateway(system, place, "probe", PROBE_SOCKETS)
    with serving(probe) as pid:
        process = start_generator(place / "wsfan", probe, pid, "--msgs", str(PROBE_MESSAGES))
        out, complaint = process.communicate()
    return round(float(read(out, process.returncode, complaint)["frame"]))


def _all_ready(processes: int) -> bool:
    try:
        for number in range(processes):
            with urllib.request.urlopen(f"http://127.0.0.1:{ADMIN_PORT + number}/readyz", timeout=1):
                pass
    except OSError:
        return False
    return True
