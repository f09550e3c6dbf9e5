"""The names under which we may be asked (`Host`, RFC 9110 §7.2).

The rule to remember: an address inside is nobody's name. Probes ask by it, and a page elsewhere cannot: the name that
it made lead here stands in its requests. So loopback and private addresses are always taken, names only where listed.
"""

import ipaddress
import re

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,254})(?::[0-9]{1,5})?", re.ASCII)


def name_in(host: str) -> str | None:
    """The name or address in a Host or in a URL's place, as it is compared: small, without port, brackets and last dot;
    None where there is none.
    """
    found = _HOST.fullmatch(host)
    return found[1].strip("[]").rstrip(".").lower() or None if found else None


def is_taken(host: str | None, names: frozenset[str]) -> bool:
    """Whether a request for this Host (None: it has none) is meant for us; with no names, every one is."""
    if not names or host in names:
        return True
    name = None if host is None else name_in(host)
    return name is not None and (name in names or name == "localhost" or _is_inside(name))


def _is_inside(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_private or address.is_loopback
