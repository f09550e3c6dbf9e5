"""`./test acceptance NAME|all [--seed N] [--plant FAULT] [--loss PERCENT]`: the full forms, with figures.

Exit 1: a promise broke.
"""

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tests.acceptance import (
    acknowledged,
    chaos,
    churn,
    cut,
    cutoff,
    drain,
    fire,
    forked,
    gaps,
    herd,
    hostile,
    killed,
    matrix,
    outage,
    persons,
    powercut,
    stalled,
    takeback,
)
from tests.acceptance.form import Acceptance, Figures

TESTS: Mapping[str, Acceptance] = {
    "chaos": chaos,
    "acknowledged": acknowledged,
    "powercut": powercut,
    "outage": outage,
    "forked": forked,
    "drain": drain,
    "herd": herd,
    "stalled": stalled,
    "hostile": hostile,
    "cut": cut,
    "cutoff": cutoff,
    "gaps": gaps,
    "killed": killed,
    "fire": fire,
    "takeback": takeback,
    "matrix": matrix,
    "persons": persons,
    "churn": churn,
}
SHOWN_MAX = 10
LOSSY = """
ip link set lo up &&
iptables -A INPUT -p tcp -m statistic --mode random --probability "$0" -j DROP || {
    echo "--loss needs Linux, namespaces (root has them) and iptables: sudo apt-get install iptables" >&2; exit 2; }
exec "$@"
"""


def observe(name: str, seed: int, *, short: bool) -> tuple[Any, dict[str, float]]:
    """What one run records: facts, and figures."""
    test = TESTS[name]
    return asyncio.run(test.observe(seed, **(test.SHORT if short else test.FULL)))


def judge(test: Acceptance, facts: Any, figures: Figures, asked: Mapping[str, Any], *, timed: bool = True) -> list[str]:
    """All that is wrong with a run of the form `asked`; its times only where that is the full one."""
    late = test.late(figures) if timed and asked is test.FULL else ()
    return [*test.check(facts), *test.uncovered(figures, asked), *late]


def report(name: str, figures: Figures, wrong: Sequence[str]) -> int:
    """Print figures and verdict; the exit code."""
    print(f"{name}: " + ", ".join(f"{value:,} {what}" for what, value in figures.items()))
    for line in wrong[:SHOWN_MAX]:
        print(f"  {line[:500]}")
    print(f"  {len(wrong)} wrong" if wrong else "  kept", flush=True)
    return int(bool(wrong))


def on_a_lossy_network(percent: float, arguments: Sequence[str]) -> int:
    """The same on a network of its own that loses so many packets of a hundred; the machine's network stays whole."""
    own = ("unshare", "--map-root-user", "--net", "sh", "-c", LOSSY, f"{percent / 100:f}")
    return subprocess.run([*own, sys.executable, "-m", "tests.acceptance", *arguments, "--untimed"]).returncode


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 kept, 1 broken, 2 (from argparse) a command that is wrong in itself."""
    parser = argparse.ArgumentParser(prog="./test acceptance", description=__doc__)
    parser.add_argument("name", choices=(*TESTS, "all"))
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same choices")
    parser.add_argument("--plant", metavar="FAULT", help="falsify the facts, which the checker must find")
    parser.add_argument("--short", action="store_true", help="the form that stands in ./test")
    parser.add_argument("--untimed", action="store_true", help="assert no times: for a machine that is busy")
    parser.add_argument(
        "--loss", type=float, metavar="PERCENT", help="on a network that loses packets; asserts no times"
    )
    chosen = parser.parse_args(arguments)
    tests = TESTS if chosen.name == "all" else {chosen.name: TESTS[chosen.name]}
    for name, test in tests.items():
        if chosen.plant is not None and chosen.plant not in test.PLANTS:
            parser.error(f"{name} knows no fault {chosen.plant}; it knows {', '.join(test.PLANTS)}")
    if chosen.loss is not None:
        same = [f"--seed={chosen.seed}", *(["--short"] if chosen.short else ())]
        same += [] if chosen.plant is None else [f"--plant={chosen.plant}"]
        return on_a_lossy_network(chosen.loss, [chosen.name, *same])
    code = 0
    for name, test in tests.items():
        asked = test.SHORT if chosen.short else test.FULL
        print(f"{name}, seed {chosen.seed} …", file=sys.stderr, flush=True)
        facts, figures = observe(name, chosen.seed, short=chosen.short)
        if chosen.plant is not None:
            facts = test.plant(facts, chosen.plant)
        code = max(code, report(name, figures, judge(test, facts, figures, asked, timed=not chosen.untimed)))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
