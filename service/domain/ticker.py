"""The ticker: each alert of an edition once, in its current version, ordered by first publication.

The rule to remember: old state + revisions = fresh state. A revision with a version we already have changes nothing, so
history and wire may be read in any order and overlap.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import islice

import msgspec

from service.domain import moment
from service.domain.alert import LEVELS, Alert, Level

NOTICE_MS = 24 * 3_600_000
"""How long programs that look in seldom find a tombstone: every one of them has looked in by then."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An alert at its place: `first_offset` is the offset of its first publication, `encoded` its public JSON."""

    first_offset: int
    alert: Alert
    encoded: bytes


class Filter(msgspec.Struct, frozen=True):
    """Which alerts a reader wants; empty tuples and None mean all. `level` means that level and louder.

    `notices` is for programs that look in seldom and keep what they saw: a tombstone then stays for `NOTICE_MS`, and
    what is withheld or withdrawn is admitted whatever section and region it had, since it no longer says.
    """

    sections: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    level: Level | None = None
    notices: bool = False

    def admits(self, alert: Alert) -> bool:
        if self.level is not None and LEVELS.index(alert.level) > LEVELS.index(self.level):
            return False
        if self.notices and alert.pub_status != "usable":
            return True
        return (not self.sections or any(section in self.sections for section in alert.sections)) and (
            not self.regions or any(region in self.regions for region in alert.regions)
        )


EVERYTHING = Filter()


class Page(msgspec.Struct, frozen=True):
    """Newest first. `next` is the `before` of the following page, or None where there is none."""

    entries: tuple[Entry, ...]
    next: int | None


class Ticker:
    """The newest `max_alerts` of one edition. `changes` counts up whenever what is shown may have changed."""

    def __init__(self, max_alerts: int, tombstone_s: int) -> None:
        assert max_alerts > 0, "a ticker of nothing shows nothing"
        self.changes = 0
        self._max = max_alerts
        self._tombstone_ms = tombstone_s * 1000
        self._by_id: dict[str, Entry] = {}
        self._ends_at: dict[str, int] = {}
        """When each alert leaves by itself (ms); read once, since a filtered page may look at all of them."""
        self._places: list[int] = []
        self._by_place: dict[int, str] = {}

    def apply(self, first_offset: int, alert: Alert, encoded: bytes) -> bool:
        """Take a version of an alert; False where we have that version or a later one already.

        Raises ValueError, and changes nothing, for an alert whose moments are none or whose place is another's.
        """
        known = self._by_id.get(alert.id)
        if known is not None and known.alert.version >= alert.version:
            return False
        ends_ms = _ends_ms(alert, self._tombstone_ms)
        if known is None:
            if first_offset in self._by_place:
                raise ValueError(f"the place {first_offset} is another alert's")
            insort(self._places, first_offset)
            self._by_place[first_offset] = alert.id
        place = first_offset if known is None else known.first_offset
        self._by_id[alert.id] = Entry(place, alert, encoded)
        self._ends_at[alert.id] = ends_ms
        self.changes += 1
        if len(self._places) > self._max:
            oldest = self._by_place.pop(self._places.pop(0))
            del self._by_id[oldest], self._ends_at[oldest]
        return True

    def page(self, now_ms: int, limit: int, before: int | None = None, wanted: Filter = EVERYTHING) -> Page:
        """At most `limit` alerts first published before the offset `before`, as readers see them at `now_ms`."""
        found: list[Entry] = []
        for entry in self._newest_first(before):
            if self._shows(entry.alert, now_ms, wanted) and wanted.admits(entry.alert):
                if len(found) == limit:
                    return Page(tuple(found), found[-1].first_offset)
                found.append(entry)
        return Page(tuple(found), None)

    def older(self, before: int | None, count: int) -> tuple[Entry, ...]:
        """At most `count` alerts first published before the offset `before`, newest first, whatever became of them."""
        return tuple(islice(self._newest_first(before), count))

    def next_change_ms(self, now_ms: int, entries: tuple[Entry, ...], wanted: Filter = EVERYTHING) -> int | None:
        """When the first of `entries` leaves by itself (expiry, end of a tombstone), or None."""
        ends = [self._ends(entry.alert, wanted) for entry in entries]
        return min((end for end in ends if end > now_ms), default=None)

    def get(self, alert_id: str) -> Entry | None:
        """The current version of an alert, or None if this ticker does not hold it."""
        return self._by_id.get(alert_id)

    def newest_first(self) -> Iterator[Entry]:
        """Every alert, whatever became of it. To be read before the ticker changes."""
        return self._newest_first(None)

    def newest(self) -> Entry | None:
        """The alert that was first published last, whatever became of it."""
        return next(self._newest_first(None), None)

    def _newest_first(self, before: int | None) -> Iterator[Entry]:
        end = len(self._places) if before is None else bisect_left(self._places, before)
        for index in range(end - 1, -1, -1):
            yield self._by_id[self._by_place[self._places[index]]]

    def _shows(self, alert: Alert, now_ms: int, wanted: Filter) -> bool:
        return self._ends(alert, wanted) > now_ms and "undone" not in alert.signals

    def _ends(self, alert: Alert, wanted: Filter) -> int:
        if wanted.notices and alert.pub_status == "canceled":
            return _ends_ms(alert, NOTICE_MS)
        return self._ends_at.get(alert.id, 0)

    def __len__(self) -> int:
        return len(self._places)


def _ends_ms(alert: Alert, tombstone_ms: int) -> int:
    """When it leaves by itself."""
    expires = moment.from_text(alert.expires)
    if alert.pub_status == "canceled":
        return min(expires, moment.from_text(alert.version_created) + tombstone_ms)
    return expires


def quietest(levels: tuple[Level, ...]) -> Level | None:
    """The threshold that a list of levels means: the quietest of them; None for an empty list."""
    return max(levels, key=LEVELS.index, default=None)
