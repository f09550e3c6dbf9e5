"""Other servers, as the kit knows them: how each is started, spoken to, and installed.

The rule to remember: a peer that is not here is named with what installs it. The figure that needs it is missed; nobody
wins against an empty chair.
"""

import runpy
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rounds import Contestant


@dataclass(frozen=True)
class Bench:
    """The peers that are here, and for those that are not, what to do."""

    here: tuple[Contestant, ...]
    missing: dict[str, str]


def invite(place: Path, names: Iterable[str], sockets: int) -> Bench:
    """Those of `names` that are installed, for so many sockets. `place` is the built kit."""
    known = runpy.run_path(str(place / "compare.py"))["PEERS"]
    here, missing = [], {}
    for name in names:
        port, path, publish, command, arguments, (is_here, install) = known[name]
        if subprocess.run(["bash", "-c", is_here], cwd=place, capture_output=True).returncode:
            missing[name] = f"{name} is not installed: in {place}: {install}"
            continue
        speaks = ("--path", path, "--pub", f"http:127.0.0.1:{publish}", *arguments)
        here.append(Contestant(name, ("bash", "-c", f"exec {command}"), port, sockets, speaks))
    return Bench(tuple(here), missing)
