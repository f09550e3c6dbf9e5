"""What an edition has published lately, with the gist of each headline, made once.

The rule to remember: no call of the store, and no look at what has nothing in common with what is asked about. What
arrives is read and put in its place as it arrives; who posts finds it there.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec
import structlog

from service.api.wires import Wires
from service.domain import moment
from service.domain.alert import Alert
from service.domain.checks import Draft
from service.domain.gist import NOTHING, Gist, read
from service.domain.revision import Revision
from service.domain.shelf import Shelf
from service.store.keys import WireName
from service.wire import Wire

log = structlog.get_logger("api")

ALERTS_MAX = 500
"""Of a wire, the newest so many are compared: four a minute for two hours, more than any desk sends, and a bound on the
time that a post may cost, and on the memory: a few kilobytes each."""


class _Kept(msgspec.Struct, gc=False):
    """An alert that readers see, under the number that it has on the shelf."""

    number: int
    alert: Alert
    first_ms: int
    ends_ms: int


class _Lately:
    """The newest alerts of one wire, in the order in which they were published."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._ids: dict[int, str] = {}
        self._shelf = Shelf()
        self._newest = 0

    def put(self, alert: Alert) -> None:
        """Keep the current version in its place; what is withheld, withdrawn or undone is before nobody's eyes."""
        if alert.headline is None or "undone" in alert.signals:
            self._drop(alert.id)
            return
        known = self._kept.get(alert.id)
        self._newest += known is None
        number = self._newest if known is None else known.number
        self._shelf.put(number, _gist(alert.headline, alert.language, (place.name for place in alert.places)))
        self._ids[number] = alert.id
        self._kept[alert.id] = _Kept(
            number, alert, moment.from_text(alert.first_created), moment.from_text(alert.expires)
        )
        if len(self._kept) > ALERTS_MAX:
            self._drop(next(iter(self._kept)))

    def like(self, gist: Gist) -> Iterator[tuple[_Kept, Gist]]:
        """Those that may say the same, the newest first."""
        for number, other in self._shelf.like(gist):
            yield self._kept[self._ids[number]], other

    def _drop(self, alert_id: str) -> None:
        gone = self._kept.pop(alert_id, None)
        if gone is not None:
            del self._ids[gone.number]
            self._shelf.drop(gone.number)


class Recent:
    """The newest usable alerts of each wire that this process has in memory, in their current version."""

    def __init__(self, wires: Wires) -> None:
        self._lately: dict[WireName, _Lately] = {}
        wires.listen(self._on_loaded, self._on_revision)

    def gist_of(self, draft: Draft) -> Gist:
        """The gist of an alert that is about to be one."""
        return _gist(draft.headline, draft.edition.language, (place.name for place in draft.places))

    def gist_of_alert(self, alert: Alert) -> Gist:
        """The gist of an alert that has been written and is not out yet."""
        return _gist(alert.headline or "", alert.language, (place.name for place in alert.places))

    def like(self, gist: Gist, name: WireName, now_ms: int, window_ms: int) -> Iterator[tuple[Alert, Gist, int]]:
        """Those that may say the same as `gist` and were first published within the window, the newest first, and how
        many ms ago. What has nothing in common with it is not among them.
        """
        lately = self._lately.get(name)
        for kept, other in () if lately is None else lately.like(gist):
            age_ms = now_ms - kept.first_ms
            if age_ms <= window_ms and kept.ends_ms > now_ms:
                yield kept.alert, other, max(0, age_ms)

    def _on_loaded(self, wire: Wire) -> None:
        lately = self._lately[wire.name] = _Lately()
        for entry in reversed(tuple(islice(wire.ticker.newest_first(), ALERTS_MAX))):
            lately.put(entry.alert)

    def _on_revision(self, wire: Wire, revision: Revision) -> None:
        entry = wire.ticker.get(revision.alert.id)
        if entry is not None:
            self._lately[wire.name].put(entry.alert)


def _gist(headline: str, language: str, places: Iterable[str]) -> Gist:
    """What a headline says; nothing, and said in the log, where it cannot be read: a guard that fails must neither stop
    the news nor the process that follows the wire.
    """
    try:
        return read(headline, language, places)
    except Exception:
        log.exception("a headline cannot be compared with others", language=language)
        return NOTHING
