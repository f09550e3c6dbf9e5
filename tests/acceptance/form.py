"""What every acceptance test consists of; each is a module of this folder that has all of it.

The rule to remember: a run only records facts and figures; pure functions judge them. So a fault can be planted in the
facts, and a checker that does not find it is none. What a run never came to do, it has not proved.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

Figures = Mapping[str, float]
"""For a person, by what they count; `s in all` is always among them."""


class Acceptance(Protocol):
    """One acceptance test."""

    @property
    def PLANTS(self) -> tuple[str, ...]:
        """The faults that `plant` can make."""

    @property
    def FULL(self) -> Mapping[str, Any]:
        """How large it is when run by its own command: arguments of `observe`."""

    @property
    def SHORT(self) -> Mapping[str, Any]:
        """How large it is in ./test, which asserts no times."""

    @property
    def observe(self) -> Callable[..., Coroutine[Any, Any, tuple[Any, dict[str, float]]]]:
        """`await observe(seed, **form)`: run it on the real system; the facts, and figures."""

    @property
    def check(self) -> Callable[[Any], list[str]]:
        """What is broken, by the facts alone."""

    @property
    def plant(self) -> Callable[[Any, str], Any]:
        """The same facts with a fault in them."""

    @property
    def uncovered(self) -> Callable[[Mapping[str, float], Mapping[str, Any]], Sequence[str]]:
        """`uncovered(figures, form)`: what the run was to do and never came to do."""

    @property
    def late(self) -> Callable[[Mapping[str, float]], Sequence[str]]:
        """Which times were not kept; asked of the full form alone, since machines are noisy."""


def nothing_of(figures: Figures, names: Sequence[str]) -> list[str]:
    """Those of `names` that happened not once."""
    return [f"not once: {name}" for name in names if not figures[name]]


def over(figures: Figures, bounds: Mapping[str, float]) -> list[str]:
    """Figures above their bounds."""
    return [f"{figures[name]:,} {name}, more than {most:g}" for name, most in bounds.items() if figures[name] > most]
