"""How many registrations one address may make in a minute.

The rule to remember: carriers put thousands of phones behind one address, so the limit is wide; and what is remembered
of addresses is bounded, whoever comes.
"""

from service.domain.addresses import group_of

WINDOW_S = 60.0
ADDRESSES_MAX = 20_000
"""Addresses that are counted at the same time, some 4 MB; beyond it the one that began first is forgotten."""


class Crowd:
    """Counts by address, each in a minute of its own that begins with its first registration."""

    def __init__(self, per_min: int) -> None:
        self._per_min = per_min
        self._minutes: dict[str, tuple[float, int]] = {}
        """When the address's minute began and how many came in it, oldest minute first."""

    def wait_s(self, address: str, now_s: float) -> float:
        """Count one more from `address`; how many seconds it must wait instead, 0 where it may go on."""
        group = group_of(address)
        if group is None:
            return 0.0
        began_s, count = self._minutes.get(group, (now_s, 0))
        if now_s - began_s >= WINDOW_S or count == 0:
            began_s, count = now_s, 0
            self._minutes.pop(group, None)
            if len(self._minutes) >= ADDRESSES_MAX:
                del self._minutes[next(iter(self._minutes))]
        if count >= self._per_min:
            return began_s + WINDOW_S - now_s
        self._minutes[group] = (began_s, count + 1)
        return 0.0
