"""Where a Web Push may be sent to: endpoints come from strangers, and we are the ones who connect.

The rule to remember: a list says what is allowed, and nothing else is. The same strict reading is used when a device
registers and when we send, so that no two parsers disagree; where a name leads is checked on every answer of the
resolver, at every sending (reliability §4).
"""

import ipaddress
import re

ENDPOINT_CHARS_MAX = 2048
HTTPS_PORT = 443
P256DH_BYTES = 65
AUTH_BYTES = 16
# Host in ASCII, as browsers hand it out (IDNA's A-labels); a path of characters that mean the same to every client.
_FORM = re.compile(
    r"(?i:https)://([A-Za-z0-9.-]{1,253})(?::([0-9]{1,5}))?(?:[/?][A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?", re.ASCII
)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is given out of IPv6. Outside lie loopback, link-local, ULA, multicast, v4-mapped and 64:ff9b::/96."""
_NEVER = tuple(map(ipaddress.ip_network, (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)))  # fmt: skip
"""This host, private, carriers' NAT, loopback, link-local, protocols, documentation, benchmarks, 6to4, Teredo,
multicast and reserved (the IANA special-purpose registries)."""

_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def endpoint_fault(url: str, allowed: tuple[str, ...]) -> str | None:
    """Why nothing may be sent to `url`; None where it may. `allowed` has host suffixes and exact `host:port`."""
    if len(url) > ENDPOINT_CHARS_MAX:
        return f"is longer than {ENDPOINT_CHARS_MAX} characters"
    place = host_and_port(url)
    if place is None:
        return "must be an https URL in ASCII without user name or fragment"
    host, port = place
    if is_named(host, port, allowed):
        return None
    if port != HTTPS_PORT:
        return "must be on port 443"
    if _is_address(host):
        return "must name a host, not an address"
    if not any(_lies_in(host, suffix) for suffix in allowed):
        return "is not of a push service that we send to"
    return None


def host_and_port(url: str) -> tuple[str, int] | None:
    """Host and port of an https URL in the one form that we send to; None for any other text."""
    form = _FORM.fullmatch(url)
    host = "" if form is None else form[1].lower()
    if form is None or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        return None
    port = int(form[2] or HTTPS_PORT)
    return (host, port) if 0 < port < 65536 else None


def normal_endpoint(url: str) -> str:
    """The one spelling of an https URL: scheme and host in lower case, no default port, path and query as they are.

    Any other text comes back unchanged.
    """
    place, form = host_and_port(url), _FORM.fullmatch(url)
    if place is None or form is None:
        return url
    host, port = place
    rest = url[form.end(2) if form[2] else form.end(1) :]
    return f"https://{host}{'' if port == HTTPS_PORT else f':{port}'}{rest}"


def is_named(host: str, port: int, allowed: tuple[str, ...]) -> bool:
    """Whether an operator has named exactly this host and port: it may then be on a private address."""
    return f"{host}:{port}" in allowed


def is_public(address: str) -> bool:
    """Whether an IP address (as a resolver gives it) is one of the public internet's, and no way round to another."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (ip.scope_id is not None or ip not in _GLOBAL_UNICAST):
        return False
    return not any(ip in network for network in _NEVER)


def is_on_p256(point: bytes) -> bool:
    """Whether `point` is an uncompressed point of the curve P-256 (SEC 1 §2.3.4): y² = x³ − 3x + b."""
    if len(point) != P256DH_BYTES or point[0] != 4:
        return False
    x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
    return x < _PRIME and y < _PRIME and (y * y - (x * x * x - 3 * x + _B)) % _PRIME == 0


def _is_address(host: str) -> bool:
    """Whether a client might read `host` as an IPv4 address: its last label begins like a number."""
    return host.rpartition(".")[2][:1].isdigit()


def _lies_in(host: str, suffix: str) -> bool:
    return ":" not in suffix and (host == suffix or host.endswith(f".{suffix}"))
