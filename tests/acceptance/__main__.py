"""`./test acceptance NAME|all [--seed N] [--plant FAULT]`: full forms, with figures; exit 1 where a promise breaks."""

import argparse
import asyncio
import sys

from tests.acceptance import acknowledged, gaps

NAMES = ("acknowledged", "gaps")
SHOWN_MAX = 10


async def run(name: str, seed: int, fault: str | None, short: bool = False) -> tuple[list[str], dict[str, float]]:
    """What is wrong, and the figures. With `fault` the recorded facts are falsified first, and that must be found."""
    if name == "acknowledged":
        facts, figures = await acknowledged.observe(seed, kills=3 if short else 10, alerts=300 if short else 20_000)
        return acknowledged.check(acknowledged.plant(facts, fault) if fault else facts), figures
    cases, figures = await gaps.observe(seed, cases=240 if short else 2000)
    if fault:
        chosen = gaps.plantable(cases)
        cases[chosen] = gaps.plant(cases[chosen], fault)
    return [wrong for case in cases for wrong in gaps.check(case)], figures


def main() -> int:
    parser = argparse.ArgumentParser(prog="./test acceptance", description=__doc__)
    parser.add_argument("name", choices=(*NAMES, "all"))
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same choices")
    parser.add_argument("--plant", metavar="FAULT", help="falsify the facts; the checker must find it")
    parser.add_argument("--short", action="store_true", help="the form that stands in ./test")
    chosen = parser.parse_args()
    broken = False
    for name in NAMES if chosen.name == "all" else (chosen.name,):
        wrong, figures = asyncio.run(run(name, chosen.seed, chosen.plant, chosen.short))
        print(f"{name}: " + ", ".join(f"{value:g} {what}" for what, value in figures.items()))
        for line in wrong[:SHOWN_MAX]:
            print(f"  {line}")
        print(f"  {len(wrong)} wrong" if wrong else "  nothing lost, nothing doubled, no gap")
        broken = broken or bool(wrong)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
