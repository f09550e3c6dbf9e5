"""How many registrations one address may make in a minute.

The rule to remember: carriers put thousands of phones behind one address, so the limit is wide; and an address that may
be everybody's, behind a proxy that nobody declared, has none.
"""

from service.domain.addresses import group_of
from service.domain.minutes import Minutes


class Crowd:
    """Counts registrations by address."""

    def __init__(self, per_min: int) -> None:
        self._minutes = Minutes(per_min)

    def wait_s(self, address: str, now_s: float) -> float:
        """Count one more from `address`; how many seconds it must wait instead, 0 where it may go on."""
        group = group_of(address)
        return 0.0 if group is None else self._minutes.wait_s(group, now_s)
