"""What a client's address is counted as, wherever something is limited per address.

The rule to remember: a carrier or a household is one, and a proxy that was not declared must not lock everybody out, so
loopback and private addresses are exempt (contract §4).
"""

import ipaddress
from functools import lru_cache


@lru_cache(4096)
def group_of(address: str) -> str | None:
    """What an address is counted as: itself, its /64, or None where it is exempt or unreadable."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return group_of(str(ip.ipv4_mapped))
        return None if ip.is_private or ip.is_loopback else str(ipaddress.ip_network((ip, 64), strict=False))
    return None if ip.is_private or ip.is_loopback else str(ip)
