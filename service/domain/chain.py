"""The chain of the audit: each line has a number and a digest over itself and the line before.

The rule to remember: a line that was changed, taken away or slipped in is found, since no other line fits in its place.
Whoever may write to the store may also make the chain anew; that is found by who has kept a link of it elsewhere.
"""

import hashlib
import re

_LINK = re.compile("([0-9]{1,15}):([0-9a-f]{40})", re.ASCII)
BEFORE_THE_FIRST = "0:"
FAULTS_TOLD_MAX = 20
"""Who finds more than these has no chain left to look at."""


def link(before: str, entry: bytes) -> str:
    """`<number>:<digest>` of a line that stands behind the link `before`; audit.lua makes it alike."""
    number = int(before.partition(":")[0]) + 1
    return f"{number}:{hashlib.sha1(before.encode() + entry, usedforsecurity=False).hexdigest()}"


def number(chain: str | None) -> int | None:
    """Which line it is, counted from the first that was ever written; None for what is no link."""
    found = _LINK.fullmatch(chain or "")
    return None if found is None else int(found[1])


class Walk:
    """Goes along the lines, oldest first, and says where they are not as they were written. `held` is a link that was
    kept elsewhere.
    """

    def __init__(self, held: str | None = None) -> None:
        self.lines = 0
        self.unchained = 0
        """Lines before the first that has a link: an earlier version wrote them."""
        self.oldest: int | None = None
        self.newest: str | None = None
        self.faults: list[str] = []
        """The first of them, in words."""
        self._held = held

    def step(self, entry: bytes, chain: str | None) -> None:
        """The next line."""
        self.lines += 1
        place = number(chain)
        if place is None:
            if self.newest is None:
                self.unchained += 1
            else:
                self._found(f"a line behind {number(self.newest):,} was written by somebody else")
            return
        assert chain is not None, "what has a number is a link"
        if self.newest is None:
            self.oldest = place
            if place == 1 and chain != link(BEFORE_THE_FIRST, entry):
                self._found("line 1 is not as it was written")
        else:
            self._judge(self.newest, entry, chain, place)
        if self._held is not None and number(self._held) == place:
            if self._held != chain:
                self._found(f"line {place:,} is another than the one whose link was kept")
            self._held = None
        self.newest = chain

    def end(self, *, whole: bool) -> None:
        """There are no more; `whole`: the newest line that was ever written is the last of them."""
        if not whole:
            self._found("the newest lines are missing")
        if self._held is not None:
            self._found(f"line {number(self._held):,}, whose link was kept, is not there")

    def _judge(self, before: str, entry: bytes, chain: str, place: int) -> None:
        following = (number(before) or 0) + 1
        if place > following:
            missing = (
                f"line {following:,} is" if place == following + 1 else f"lines {following:,} to {place - 1:,} are"
            )
            self._found(f"{missing} missing")
        elif place < following:
            self._found(f"line {place:,} stands behind line {following - 1:,}")
        elif chain != link(before, entry):
            self._found(f"line {place:,} is not as it was written")

    def _found(self, fault: str) -> None:
        if len(self.faults) < FAULTS_TOLD_MAX:
            self.faults.append(fault)
