"""Near-duplicates: what the guard finds of labelled pairs, what it stops wrongly, and what a check costs."""

import time
from statistics import median

from benchmarks.figure import Figure
from benchmarks.rounds import ROUNDS
from service.api.recent import ALERTS_MAX
from service.domain.likeness import compare
from service.domain.shelf import Shelf
from tests.likeness import HELD_OUT, LANGUAGES, Pair, gist, pairs

CHECKS = 50
"""Of each round, over as many recent alerts as are ever compared."""


def run(rounds: int = ROUNDS) -> list[Figure]:
    """Needs no kit."""
    figures = []
    for language in LANGUAGES:
        figures += judged(language, list(pairs(language)), "")
        figures += judged(language, list(pairs(language, HELD_OUT)), ", set seen last")
        costs = [cost_ms(language) for _ in range(rounds)]
        figures.append(Figure.of(f"a check over {ALERTS_MAX} alerts, {language}", costs, "ms", 10))
    return figures


def judged(language: str, labelled: list[Pair], which: str) -> list[Figure]:
    """How many of those that say the same were found, and how many others were taken for such."""
    found: dict[bool, list[bool]] = {True: [], False: []}
    for pair in labelled:
        found[pair.same].append(compare(gist(pair.one, language), gist(pair.other, language)).same)
    recall, alarms = (100 * sum(found[same]) / len(found[same]) for same in (True, False))
    return [
        Figure(f"found, {language}{which}", recall, "%", None, 95, f"of {len(found[True])}", more=True),
        Figure(f"false alarms, {language}{which}", alarms, "%", None, 2, f"of {len(found[False])}"),
    ]


def cost_ms(language: str) -> float:
    """What one check takes: the new headline is read, the recent ones have been."""
    lines = [line for pair in pairs(language) for line in (pair.one, pair.other)]
    recent = [gist(line, language) for line in lines]
    recent = (recent * (ALERTS_MAX // len(recent) + 1))[:ALERTS_MAX]
    shelf = Shelf()
    for number, old in enumerate(recent):
        shelf.put(number, old)
    took_ms = []
    for line in lines[:CHECKS]:
        began_s = time.perf_counter()
        new = gist(line, language)
        for _, old in shelf.like(new):
            compare(new, old)
        took_ms.append((time.perf_counter() - began_s) * 1000)
    return median(took_ms)
