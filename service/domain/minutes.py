"""How often something may happen in a minute, counted by name: an address, a key.

The rule to remember: each name has a minute of its own that begins with its first time, so that "so many a minute" is
exact within it; and what is remembered of names is bounded, whoever comes.
"""

MINUTE_S = 60.0
NAMES_MAX = 20_000
"""Names that are counted at the same time, some 4 MB; beyond it the one that began first is forgotten."""


class Minutes:
    """Counts by name. Time is an argument, in seconds of a clock that never steps back."""

    def __init__(self, per_min: int, names_max: int = NAMES_MAX) -> None:
        self._per_min = per_min
        self._names_max = names_max
        self._begun: dict[str, tuple[float, int]] = {}
        """When the name's minute began and how often it came in it, oldest minute first."""

    def wait_s(self, name: str, now_s: float) -> float:
        """Count one more of `name`; how many seconds it must wait instead, 0 where it may go on."""
        began_s, count = self._begun.get(name, (now_s, 0))
        if now_s - began_s >= MINUTE_S or count == 0:
            began_s, count = now_s, 0
            self._begun.pop(name, None)
            if len(self._begun) >= self._names_max:
                del self._begun[next(iter(self._begun))]
        if count >= self._per_min:
            return began_s + MINUTE_S - now_s
        self._begun[name] = (began_s, count + 1)
        return 0.0
