"""A figure beside its goal."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """What was measured. `must` is the highest value with which the work is done (the lowest where `more` is better),
    `aim` where we are going."""

    name: str
    value: float
    unit: str
    must: float | None = None
    aim: float | None = None
    peer: str = ""
    more: bool = False

    @property
    def missed(self) -> bool:
        if self.must is None:
            return False
        return self.value < self.must if self.more else self.value > self.must

    def __str__(self) -> str:
        bound = "≥" if self.more else "≤"
        goal = (
            ""
            if self.must is None
            else f"must {bound} {self.must:g}" + ("" if self.aim is None else f", aim {bound} {self.aim:g}")
        )
        verdict = "" if self.must is None else ("MISSED" if self.missed else "ok")
        return f"{self.name:58}{self.value:10.2f} {self.unit:4}{goal:26}{verdict:8}{self.peer}"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "missed": self.missed}
