"""`./test acceptance NAME|all [--seed N] [--plant FAULT]`: the full forms, with figures. Exit 1: a promise broke."""

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from tests.acceptance import acknowledged, fire, gaps, killed, takeback

NAMES = ("acknowledged", "gaps", "killed", "fire", "takeback")
PLANTS: Mapping[str, tuple[str, ...]] = {
    "acknowledged": acknowledged.PLANTS,
    "gaps": gaps.PLANTS,
    "killed": killed.PLANTS,
    "fire": fire.PLANTS,
    "takeback": takeback.PLANTS,
}
SHOWN_MAX = 10
FULL_WITHIN_S = 120.0


async def observe(name: str, seed: int, short: bool) -> tuple[Any, dict[str, float]]:
    """The recorded facts of one run on the real system, and figures for a person."""
    match name:
        case "acknowledged":
            return await acknowledged.observe(seed, **acknowledged.SHORT if short else acknowledged.FULL)
        case "gaps":
            return await gaps.observe(seed, **gaps.SHORT if short else gaps.FULL)
        case "killed":
            return await killed.observe(**killed.SHORT if short else killed.FULL)
        case "fire":
            return await fire.observe(seed, **fire.SHORT if short else fire.FULL)
    return await takeback.observe(seed, takeback.SHORT if short else takeback.FULL)


def judge(name: str, facts: Any, fault: str | None) -> list[str]:
    """What is wrong. With `fault` the recorded facts are falsified first, and that must be found."""
    match name:
        case "acknowledged":
            return acknowledged.check(acknowledged.plant(facts, fault) if fault else facts)
        case "gaps":
            return [wrong for case in (gaps.plant(facts, fault) if fault else facts) for wrong in gaps.check(case)]
        case "killed":
            return [wrong for case in (killed.plant(facts, fault) if fault else facts) for wrong in killed.check(case)]
        case "fire":
            return fire.check(fire.plant(facts, fault) if fault else facts)
    return [wrong for case in (takeback.plant(facts, fault) if fault else facts) for wrong in takeback.check(case)]


def report(name: str, facts: Any, figures: Mapping[str, float], fault: str | None) -> int:
    """Print figures and verdict; the exit code."""
    wrong = judge(name, facts, fault)
    print(f"{name}: " + ", ".join(f"{value:,} {what}" for what, value in figures.items()))
    for line in wrong[:SHOWN_MAX]:
        print(f"  {line[:500]}")
    print(f"  {len(wrong)} wrong" if wrong else "  kept: nothing lost, nothing doubled, no gap")
    return int(bool(wrong))


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 kept, 1 broken, 2 (from argparse) a command that is wrong in itself."""
    parser = argparse.ArgumentParser(prog="./test acceptance", description=__doc__)
    parser.add_argument("name", choices=(*NAMES, "all"))
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same choices")
    parser.add_argument("--plant", metavar="FAULT", help="falsify the facts, which the checker must find")
    parser.add_argument("--short", action="store_true", help="the form that stands in ./test")
    chosen = parser.parse_args(arguments)
    names = NAMES if chosen.name == "all" else (chosen.name,)
    for name in names:
        if chosen.plant is not None and chosen.plant not in PLANTS[name]:
            parser.error(f"{name} knows no fault {chosen.plant}; it knows {', '.join(PLANTS[name])}")
    code = 0
    for name in names:
        facts, figures = asyncio.run(observe(name, chosen.seed, chosen.short))
        code = max(code, report(name, facts, figures, chosen.plant))
        if not chosen.short and figures["s in all"] > FULL_WITHIN_S:
            print(f"  took longer than {FULL_WITHIN_S:g} s")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
