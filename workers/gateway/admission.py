"""Who may come in: caps on sockets in all, per address, and on how fast one address opens them.

The rule to remember: readers behind a carrier's NAT share an address, so the caps are wide, and a proxy that was not
declared must not lock everybody out, so loopback and private addresses are exempt (contract §4).
"""

import ipaddress

from service.domain.addresses import group_of, without_port
from service.domain.errors import FlashwireError


class Shed(FlashwireError):
    """Too many readers here; come back after `retry_after_s`."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"too many readers: come back after {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class Admission:
    """Counts sockets. Addresses are texts; an IPv6 address counts as its /64. `now_s` is monotonic."""

    def __init__(self, sockets_max: int, per_address_max: int, joins_per_address_per_s: int) -> None:
        self._sockets_max = sockets_max
        self._per_address_max = per_address_max
        self._joins_per_s = joins_per_address_per_s
        self.sockets = 0
        self._by_address: dict[str, int] = {}
        self._joins: dict[str, int] = {}
        self._second = 0

    def enter(self, address: str, now_s: float) -> str | None:
        """Count a socket in; returns what `leave` needs. Raises Shed, having counted nothing."""
        if self.sockets >= self._sockets_max:
            raise Shed(5.0)
        group = group_of(address)
        if group is not None:
            self._count(group, int(now_s))
        self.sockets += 1
        return group

    def leave(self, group: str | None) -> None:
        """Count a socket out."""
        self.sockets -= 1
        if group is not None:
            left = self._by_address.get(group, 0) - 1
            if left > 0:
                self._by_address[group] = left
            else:
                self._by_address.pop(group, None)

    def _count(self, group: str, second: int) -> None:
        if second != self._second:
            self._second = second
            self._joins.clear()
        joins = self._joins.get(group, 0) + 1
        open_already = self._by_address.get(group, 0)
        if joins > self._joins_per_s or open_already >= self._per_address_max:
            raise Shed(1.0 if joins > self._joins_per_s else 30.0)
        self._joins[group] = joins
        self._by_address[group] = open_already + 1


def client_address(peer: str, forwarded_for: str | None, trusted: tuple[str, ...]) -> str:
    """The reader's address: the peer's, or behind trusted proxies the right-most hop that is not one of them."""
    if not forwarded_for or not _is_trusted(peer, trusted):
        return peer
    for hop in reversed([without_port(hop.strip()) for hop in forwarded_for.split(",")]):
        if not _is_trusted(hop, trusted):
            return hop
    return peer


def _is_trusted(address: str, trusted: tuple[str, ...]) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in ipaddress.ip_network(network, strict=False) for network in trusted)
