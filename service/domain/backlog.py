"""The backlog: the newest revisions of a wire, in order, and the decision what a reader with a cursor gets.

The rule to remember: all or nothing. Either every revision after the cursor, or a snapshot with its reason; never a
partial or an empty replay in place of a gap (reliability P4). What is by now withheld or canceled is replayed under its
own offset and type, without its sentence, and stays so: a later release says the sentence again in its own revision.
What is by now undone is replayed as undone, so that it has no tombstone at any moment.
"""

from collections import deque
from collections.abc import Iterator
from typing import Literal

import msgspec

from service.domain import revision as revisions
from service.domain.alert import redacted
from service.domain.cursor import Cursor
from service.domain.revision import Revision

Reason = Literal["cold", "trimmed", "epoch", "ahead"]


class Resume(msgspec.Struct, frozen=True):
    """Everything after `offset` is here: send `resumed`, then those revisions in order."""

    offset: int


class Snapshot(msgspec.Struct, frozen=True):
    """Something after the cursor is not here: start from the whole state."""

    reason: Reason


class Ahead(msgspec.Struct, frozen=True):
    """The cursor is of this life but beyond our tail: perhaps only the tail lags. Wait a little, then snapshot."""

    offset: int


class GapError(Exception):
    """The revision offered is not the next one."""


class Backlog:
    """The newest `max_revisions` of one epoch of one wire. `last` is the offset of the newest, `first` the oldest's."""

    def __init__(self, epoch: str, last: int, max_revisions: int) -> None:
        """Empty, standing at `last`: the next revision has offset `last` + 1."""
        assert max_revisions > 0, "a backlog of nothing can resume nobody"
        self.epoch = epoch
        self.last = last
        self._max = max_revisions
        self._revisions: deque[Revision] = deque()

    @property
    def first(self) -> int:
        """Offset of the oldest revision held; `last` + 1 where none is."""
        return self.last - len(self._revisions) + 1

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.epoch, self.last)

    def append(self, revision: Revision) -> tuple[int, ...]:
        """Take the next revision, dropping the oldest over the bound. Raises GapError for any offset but the next.

        Returns the offsets of earlier revisions that were redacted because of it.
        """
        if revision.offset != self.last + 1:
            raise GapError(f"after {self.last} came {revision.offset}")
        self._revisions.append(revision)
        self.last = revision.offset
        if len(self._revisions) > self._max:
            self._revisions.popleft()
        return self._redact_before(revision) if revision.alert.pub_status != "usable" else ()

    def skip(self, offset: int) -> None:
        """Leave out an entry that cannot be read: what came before it can no longer be resumed from here."""
        self._revisions.clear()
        self.last = offset

    def _redact_before(self, newest: Revision) -> tuple[int, ...]:
        changed = []
        notice = newest.alert.notice or ""
        for index, revision in enumerate(self._revisions):
            earlier = revision.alert.id == newest.alert.id and revision.offset < newest.offset
            if earlier and revision.alert.pub_status != newest.alert.pub_status:
                signals = newest.alert.signals if "undone" in newest.alert.signals else revision.alert.signals
                now = msgspec.structs.replace(revision.alert, pub_status=newest.alert.pub_status, signals=signals)
                alert = redacted(now, notice)
                self._revisions[index] = msgspec.structs.replace(revision, alert=alert, encoded=revisions.encode(alert))
                changed.append(revision.offset)
        return tuple(changed)

    def decide(self, after: Cursor | None) -> Resume | Snapshot | Ahead:
        """What a reader standing at `after` gets; None is a malformed cursor, that is, one of a foreign epoch."""
        if after is None or after.epoch != self.epoch:
            return Snapshot("epoch")
        if after.offset > self.last:
            return Ahead(after.offset)
        if after.offset < self.first - 1:
            return Snapshot("trimmed")
        return Resume(after.offset)

    def since(self, offset: int) -> Iterator[Revision]:
        """The revisions after `offset`, in order; `offset` must not lie before `first` - 1."""
        assert offset >= self.first - 1, "not all of them are here: decide() first"
        # by index: a deque finds its n-th from the nearer end, an iterator would walk over all that is not wanted
        return (self._revisions[index] for index in range(offset - self.first + 1, len(self._revisions)))

    def __len__(self) -> int:
        return len(self._revisions)
