"""Sets of a block's devices as bits: bit `n` of a number stands for the device `n` of its block.

The rule to remember: in the store such a set is 125 bytes, the lowest bits first; in Python it is an int.
"""

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_

from service.domain.device import BLOCK_DEVICES

BITMAP_BYTES = BLOCK_DEVICES // 8


def of(numbers: Iterable[int]) -> int:
    """The set of those bits."""
    found = 0
    for number in numbers:
        found |= 1 << number
    return found


def union(sets: Iterable[int]) -> int:
    """Whoever is in any of them."""
    return reduce(or_, sets, 0)


def each(found: int) -> Iterator[int]:
    """The bits of a set, lowest first."""
    while found:
        lowest = found & -found
        yield lowest.bit_length() - 1
        found ^= lowest


def pack(found: int) -> bytes:
    """The set as the store keeps it."""
    return found.to_bytes(BITMAP_BYTES, "little")


def unpack(packed: bytes | None) -> int:
    """The set that the store kept; empty where it kept none."""
    return int.from_bytes(packed or b"", "little")
