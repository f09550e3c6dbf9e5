"""A figure beside its goal.

The rule to remember: what could not be measured is a figure too, without a value, and it has missed its goal.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

Verdict = Literal["MISSED", "ok", "aim", ""]
"""Below the floor; above it; where we are going; nothing was to be reached."""


@dataclass(frozen=True)
class Figure:
    """What was measured. `must` is the highest value with which the work is done (the lowest where `more` is better),
    `aim` where we are going."""

    name: str
    value: float | None
    """None = not measured; `peer` says what is missing and what installs it."""
    unit: str
    must: float | None = None
    aim: float | None = None
    peer: str = ""
    """The peers measured in the same rounds, and whatever else a reader should know."""
    more: bool = False
    low: float | None = None
    high: float | None = None
    """The least and the most of all rounds."""

    @classmethod
    def of(
        cls, name: str, values: Iterable[float], unit: str = "", must: float | None = None, aim: float | None = None,
        peer: str = "", *, more: bool = False,
    ) -> "Figure":  # fmt: skip
        """The median of all rounds, with its range."""
        found = sorted(values)
        return cls(name, median(found), unit, must, aim, peer, more, found[0], found[-1])

    @property
    def missed(self) -> bool:
        return self.value is None or (self.must is not None and not self._reaches(self.must))

    @property
    def verdict(self) -> Verdict:
        if self.missed:
            return "MISSED"
        if self.aim is not None and self._reaches(self.aim):
            return "aim"
        return "" if self.must is None else "ok"

    @property
    def goal(self) -> str:
        """Both bounds, for a person."""
        bound = "≥" if self.more else "≤"
        named = (("must", self.must), ("aim", self.aim))
        return ", ".join(f"{name} {bound} {value:,g}" for name, value in named if value is not None)

    @property
    def measured(self) -> str:
        """Value, range and unit, for a person."""
        if self.value is None:
            return "not measured"
        spread = "" if self.low is None or self.high is None else f" ({_short(self.low)}–{_short(self.high)})"
        return f"{_short(self.value)}{spread} {self.unit}".rstrip()

    def __str__(self) -> str:
        return f"{self.name:62} {self.measured:28} {self.goal:26} {self.verdict:7} {self.peer}".rstrip()

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict, "missed": self.missed}

    def _reaches(self, bound: float) -> bool:
        assert self.value is not None, "the caller has looked"
        return self.value >= bound if self.more else self.value <= bound


def _short(value: float) -> str:
    """Three digits are all that a machine repeats."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
