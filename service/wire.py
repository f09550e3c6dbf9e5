"""One wire in memory, as every process that serves readers keeps it.

The rule to remember: backlog and ticker stand at the same place. An entry that cannot be read keeps its offset, so that
one bad entry is neither a gap nor the end of a process.
"""

import msgspec
import structlog

from service.domain.backlog import Backlog, GapError
from service.domain.cursor import Cursor
from service.domain.revision import Revision
from service.domain.ticker import Ticker
from service.store.keys import WireName
from service.store.stream import Unreadable

log = structlog.get_logger("newswire")

ENCODED_MAX_BYTES = 65_536
"""No alert from a body of 16 KiB comes near this; what is larger was not put there by us, and is not read out."""


class Taken(msgspec.Struct, frozen=True):
    """What came of an entry: the revision that readers are told (None: nothing can be said, only a snapshot is true)
    and the offsets of earlier revisions that it redacted.
    """

    revision: Revision | None
    redacted: tuple[int, ...] = ()


class Wire:
    """One wire in memory: the newest revisions and every alert's current version, both at the same place."""

    def __init__(self, name: WireName, backlog: Backlog, ticker: Ticker) -> None:
        self.name = name
        self.backlog = backlog
        self.ticker = ticker

    @property
    def cursor(self) -> Cursor:
        return self.backlog.cursor

    def take(self, entry: Revision | Unreadable) -> Taken:
        """Apply the next entry of the wire. Raises GapError if it is not the next.

        An entry that cannot be read or applied keeps its offset: readers are told the newest alert once more in its
        place, which changes nothing for them, so that one bad entry is neither a gap nor the end of a process.
        """
        if isinstance(entry, Revision):
            try:
                return self._apply(entry)
            except GapError:
                raise
            except Exception as error:
                entry = Unreadable(entry.offset, f"{type(error).__name__}: {error}"[:200])
        log.error("an entry of the wire cannot be read", wire=self.name.suffix, offset=entry.offset, why=entry.why)
        # where it fell over with its offset taken, nobody knows what half of it has done
        stand_in = self._say_again(entry.offset) if entry.offset > self.backlog.last else None
        if stand_in is None:
            self.backlog.skip(entry.offset)
            return Taken(None)
        return self._apply(stand_in)

    def _apply(self, revision: Revision) -> Taken:
        if len(revision.encoded) > ENCODED_MAX_BYTES:
            raise ValueError(f"an alert of {len(revision.encoded)} bytes")
        # the ticker first: what it refuses has changed nothing yet
        self.ticker.apply(revision.first_offset, revision.alert, revision.encoded)
        return Taken(revision, self.backlog.append(revision))

    def _say_again(self, offset: int) -> Revision | None:
        newest = self.ticker.newest()
        if newest is None:
            return None
        return Revision(
            offset=offset, type="updated", alert=newest.alert, encoded=newest.encoded,
            first_offset=newest.first_offset, push=False,
        )  # fmt: skip
