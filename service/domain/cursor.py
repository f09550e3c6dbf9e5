"""A cursor names a place on an edition's wire: `epoch:offset`.

Why an epoch: a wire held 1, 2, 3 and was lost; the new one holds 1 … 4. A reader at 3 who knew only offsets would
believe that it missed one alert, when it missed four. Another epoch is another life of the wire, so nothing may be
concluded from the offset. Inside one epoch offsets have no holes: a missing number is a gap.
"""

import re

import msgspec

_FORM = re.compile(r"([A-Za-z0-9]{1,32}):(0|[1-9][0-9]{0,15})", re.ASCII)


class Cursor(msgspec.Struct, frozen=True):
    """A place on a wire: everything up to and including `offset` is known. `offset` 0 is before the first."""

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.offset}"


def parse(text: str) -> Cursor | None:
    """The cursor that a client handed back, or None if it is none (to be treated as one of a foreign epoch)."""
    found = _FORM.fullmatch(text)
    return Cursor(found[1], int(found[2])) if found else None
