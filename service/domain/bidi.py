"""Directions: a line of one edition stands among the words of a phone whose language may run the other way.

The rule to remember: whatever is shown on a screen that is not ours is isolated (UAX #9, isolates), so that an Arabic
attribution in a Spanish phone reads as it was written, and its neighbours too.
"""

from typing import Literal

LRM, RLM = "\u200e", "\u200f"
LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"
_OPENING = {"ltr": LRM + LRI, "rtl": RLM + RLI}


def isolated(text: str, dir: Literal["ltr", "rtl"]) -> str:
    """`text` as a unit that runs in the direction `dir`, wherever it is shown.

    The isolate orders it. The mark before it is for screens that take a line's direction from its first strong
    character: they pass over an isolate, and would set an Arabic line against the left edge.
    """
    return f"{_OPENING[dir]}{text}{PDI}"


def unwrapped(text: str) -> str:
    """What `isolated` was given: `text` without the mark and the isolate around the whole of it."""
    for opening in _OPENING.values():
        if text.startswith(opening) and text.endswith(PDI):
            return text.removeprefix(opening).removesuffix(PDI)
    return text


def closed(text: str) -> str:
    """`text` with an end for every isolate that it leaves open (it was cut)."""
    still_open = 0
    for char in text:
        if char in (LRI, RLI, FSI):
            still_open += 1
        elif char == PDI:
            still_open -= 1
    return text + PDI * still_open
