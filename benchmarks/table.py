"""`python -m benchmarks.table FILE`: what `--json FILE` has recorded, as the tables of a page in docs/measurements/."""

import json
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure

FIELDS = frozenset(one.name for one in fields(Figure))


def lines(recorded: dict[str, Any]) -> Iterator[str]:
    """Markdown."""
    machine = recorded["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in recorded["versions"].items())
    yield f"Commit {recorded['commit']}, {recorded['measured']}."
    yield f"{machine['cores']} cores of {machine['processor']}, kernel {machine['kernel']}, Python {machine['python']}."
    yield f"Load before the first round: {machine['load']:.1f}."
    yield f"{versions}."
    for name, figures in recorded["figures"].items():
        yield from ("", f"## {name}", "", "| | median (min–max) | goal | | beside |", "|---|---|---|---|---|")
        for figure in figures:
            yield _row(Figure(**{field: value for field, value in figure.items() if field in FIELDS}))
    if recorded["unmeasured"]:
        yield from ("", "## Not measured", "")
        yield from (f"- {name}: {why}" for name, why in recorded["unmeasured"].items())


def _row(figure: Figure) -> str:
    verdict = "**missed**" if figure.missed else figure.verdict
    return f"| {figure.name.strip()} | {figure.measured} | {figure.goal} | {verdict} | {figure.peer} |"


if __name__ == "__main__":
    print(*lines(json.loads(Path(sys.argv[1]).read_text())), sep="\n")
