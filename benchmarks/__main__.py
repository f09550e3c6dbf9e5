"""`./test benchmarks NAME|all [--json FILE]`: print each figure beside its goal and the peer of the same rounds.

Exit code 1: a `must` is missed, a peer is missing, or a benchmark failed. 2: the kit is missing, all else holds.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from benchmarks import (
    burst,
    caddy,
    duplicates,
    encryption,
    fanout,
    history,
    http_client,
    kit,
    path,
    processes,
    push,
    registry,
    scaling,
    search,
    stall,
    stalled,
    storm,
    wrong_keys,
)  # fmt: skip
from benchmarks.figure import Figure
from benchmarks.record import machine, record
from service.domain.errors import FlashwireError

BENCHMARKS: dict[str, ModuleType] = {
    "fanout": fanout,
    "burst": burst,
    "scaling": scaling,
    "processes": processes,
    "stalled": stalled,
    "stall": stall,
    "storm": storm,
    "path": path,
    "history": history,
    "wrong-keys": wrong_keys,
    "duplicates": duplicates,
    "caddy": caddy,
    "encryption": encryption,
    "registry": registry,
    "search": search,
    "http-client": http_client,
    "push": push,
}

Measure = Callable[[], list[Figure]]


@dataclass
class Session:
    """What one command has measured."""

    figures: dict[str, list[Figure]] = field(default_factory=dict)
    without_kit: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    took_s: dict[str, float] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        missed = any(figure.missed for found in self.figures.values() for figure in found)
        return 1 if missed or self.failed else 2 if self.without_kit else 0

    def measure(self, benchmarks: Mapping[str, Measure]) -> None:
        """One after the other; one that cannot be measured does not keep the others from it."""
        for number, (name, run) in enumerate(benchmarks.items(), 1):
            print(f"{name} ({number} of {len(benchmarks)})", file=sys.stderr)
            began_s = time.monotonic()
            try:
                self.figures[name] = run()
            except kit.NoKit as problem:
                self.without_kit[name] = str(problem)
            except (ImportError, OSError, RuntimeError, TimeoutError, FlashwireError) as problem:
                self.failed[name] = f"{type(problem).__name__}: {problem}"
            self.took_s[name] = time.monotonic() - began_s
            print(f"\n{name}", *self.figures.get(name, ()), sep="\n", flush=True)
            for why in filter(None, (self.without_kit.get(name), self.failed.get(name))):
                print(f"not measured: {why}", flush=True)


def main(arguments: Iterable[str] | None = None) -> int:
    """The exit code."""
    listed = "\n".join(f"  {name:12} {_first_line(module)}" for name, module in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="./test benchmarks", description=f"{__doc__}\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("name", choices=[*BENCHMARKS, "all"], metavar="NAME|all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also record the figures there, and on what machine")
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    before = machine()
    session = Session()
    names = list(BENCHMARKS) if chosen.name == "all" else [chosen.name]
    session.measure({name: BENCHMARKS[name].run for name in names})
    if chosen.json:
        unmeasured = {**session.without_kit, **session.failed}
        recorded = record(session.figures, unmeasured, session.took_s, kit.built())
        chosen.json.write_text(json.dumps({**recorded, "machine": before}, indent=1, ensure_ascii=False))
    return session.exit_code


def _first_line(module: ModuleType) -> str:
    assert module.__doc__ is not None, f"{module.__name__} says what it measures"
    return module.__doc__.partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
