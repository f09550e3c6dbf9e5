"""`./test benchmarks NAME|all [--json FILE]`: print each figure beside its goal; exit 1 where a `must` is missed."""

import argparse
import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import encryption, fanout, http_client, path, push, registry
from benchmarks.figure import Figure
from benchmarks.kit import NoKit

BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "fanout": fanout.run,
    "path": path.run,
    "encryption": encryption.run,
    "registry": registry.run,
    "http-client": http_client.run,
    "push": push.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./test benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*BENCHMARKS, "all"])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    chosen = parser.parse_args()
    figures: list[Figure] = []
    for name in BENCHMARKS if chosen.name == "all" else [chosen.name]:
        try:
            measured = BENCHMARKS[name]()
        except (NoKit, RuntimeError, TimeoutError) as problem:
            print(f"{name}: {problem}", file=sys.stderr)
            return 1
        print(f"\n{name}", *measured, sep="\n")
        figures += measured
    if chosen.json:
        chosen.json.write_text(
            json.dumps({"machine": platform.platform(), "figures": [f.as_json() for f in figures]}, indent=1)
        )
    return int(any(figure.missed for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
