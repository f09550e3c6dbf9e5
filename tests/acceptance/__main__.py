"""`./test acceptance NAME|all [--seed N] [--plant FAULT]`: the full forms, with figures. Exit 1: a promise broke."""

import argparse
import asyncio
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


def observe(name: str, seed: int, *, short: bool) -> tuple[Any, dict[str, float]]:
    """What one run records: facts, and figures."""
    test = TESTS[name]
    return asyncio.run(test.observe(seed, **(test.SHORT if short else test.FULL)))


def judge(test: Acceptance, facts: Any, figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """All that is wrong with a run of the form `asked`; its times only where that is the full one."""
    late = test.late(figures) if asked is test.FULL else ()
    return [*test.check(facts), *test.uncovered(figures, asked), *late]


def report(name: str, figures: Figures, wrong: Sequence[str]) -> int:
    """Print figures and verdict; the exit code."""
    print(f"{name}: " + ", ".join(f"{value:,} {what}" for what, value in figures.items()))
    for line in wrong[:SHOWN_MAX]:
        print(f"  {line[:500]}")
    print(f"  {len(wrong)} wrong" if wrong else "  kept", flush=True)
    return int(bool(wrong))


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 kept, 1 broken, 2 (from argparse) a command that is wrong in itself."""
    parser = argparse.ArgumentParser(prog="./test acceptance", description=__doc__)
    parser.add_argument("name", choices=(*TESTS, "all"))
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same choices")
    parser.add_argument("--plant", metavar="FAULT", help="falsify the facts, which the checker must find")
    parser.add_argument("--short", action="store_true", help="the form that stands in ./test")
    chosen = parser.parse_args(arguments)
    tests = TESTS if chosen.name == "all" else {chosen.name: TESTS[chosen.name]}
    for name, test in tests.items():
        if chosen.plant is not None and chosen.plant not in test.PLANTS:
            parser.error(f"{name} knows no fault {chosen.plant}; it knows {', '.join(test.PLANTS)}")
    code = 0
    for name, test in tests.items():
        asked = test.SHORT if chosen.short else test.FULL
        print(f"{name}, seed {chosen.seed} …", file=sys.stderr, flush=True)
        facts, figures = observe(name, chosen.seed, short=chosen.short)
        if chosen.plant is not None:
            facts = test.plant(facts, chosen.plant)
        code = max(code, report(name, figures, judge(test, facts, figures, asked)))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
