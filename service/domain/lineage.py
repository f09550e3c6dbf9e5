"""Is the wire that the store has now the one whose end we have seen?

The rule to remember: a plain restart keeps the epoch; history that was lost or forked must not (reliability P5). A
store that lost its newest entries gives their offsets away again: a reader at 118 who resumed in the same epoch would
take other alerts for those that he missed. So whoever has seen the end of a wire keeps a mark of it, and looks again.
"""

from typing import Literal

import msgspec

Verdict = Literal["continues", "unborn", "another", "trimmed", "behind", "forked"]


class Mark(msgspec.Struct, frozen=True):
    """How far a wire was seen: what stood at `offset`, by its digest; "" where nothing was left to be seen there."""

    epoch: str
    offset: int
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.epoch}:{self.offset}"


class Standing(msgspec.Struct, frozen=True):
    """A wire as the store has it now, with what stands at the offset of a mark (None: nothing)."""

    epoch: str | None = None
    offset: int = 0
    first: int = 0
    """The oldest entry's offset; 0 where there is none."""
    last: int = 0
    """The newest offset that ever stood there; the next entry must lie beyond it."""
    digest: str | None = None
    disputed: str | None = None
    """The epoch of which some tail has said that it is not the one that it has seen."""

    @property
    def is_torn(self) -> bool:
        """Whether the next revision cannot be appended, because its offset is taken."""
        return self.last > self.offset

    @property
    def is_disputed(self) -> bool:
        """Whether a tail has seen another end of this very life."""
        return self.disputed is not None and self.disputed == self.epoch


def judge(mark: Mark | None, now: Standing) -> Verdict:
    """What has become of the wire since `mark` was made.

    `another`: a life that the mark is not of (or there is no mark). `trimmed`: the same life, in which so much has
    happened that the mark's entry is gone. `behind` and `forked`: the same epoch over a history that was lost.
    """
    if now.epoch is None:
        return "unborn"
    if mark is None or mark.epoch != now.epoch:
        return "another"
    if now.offset < mark.offset:
        return "behind"
    if not mark.digest or now.digest == mark.digest:
        return "continues"
    if now.digest is not None:
        return "forked"
    is_trimmed = now.first > mark.offset or (now.first == 0 and now.last >= mark.offset)
    return "trimmed" if is_trimmed else "forked"


def needs_another_epoch(mark: Mark | None, now: Standing) -> bool:
    """Whether the wire must begin another life before anything more is published or resumed on it."""
    return judge(mark, now) in ("unborn", "behind", "forked") or now.is_torn or now.is_disputed
