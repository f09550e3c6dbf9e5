"""What a client's address is counted as, wherever something is limited per address.

The rule to remember: a carrier or a household is one, and a proxy that was not declared must not lock everybody out, so
loopback and private addresses are exempt (contract §4). What is no address at all is not: it counts as one group, or a
word in a header would be the way around every limit.
"""

import ipaddress
import re
from functools import lru_cache

UNREADABLE = "unreadable"
"""What everything that is no address is counted as."""
_WITH_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|([\d.]+):\d+")


@lru_cache(4096)
def group_of(address: str) -> str | None:
    """What an address is counted as: itself, its /64, UNREADABLE, or None where it is exempt."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return UNREADABLE
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return group_of(str(ip.ipv4_mapped))
        return None if ip.is_private or ip.is_loopback else str(ipaddress.ip_network((ip, 64), strict=False))
    return None if ip.is_private or ip.is_loopback else str(ip)


def plain(address: str) -> str:
    """The address as its own family writes it: who listens on `::` sees `::ffff:192.0.2.1` where 192.0.2.1 has come."""
    if not address.startswith("::ffff:"):
        return address
    try:
        mapped = ipaddress.IPv6Address(address).ipv4_mapped
    except ValueError:
        return address
    return address if mapped is None else str(mapped)


def without_port(hop: str) -> str:
    """The address of a hop; some proxies write `203.0.113.7:4711` or `[2001:db8::7]:4711`."""
    found = _WITH_PORT.fullmatch(hop)
    return (found[1] or found[2]) if found else hop
