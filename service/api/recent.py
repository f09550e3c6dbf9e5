"""What an edition has published lately, with the gist of each headline, made once.

The rule to remember: no call of the store, and no look at what has not changed. What arrives is put in its place as it
arrives; who posts walks over a list that is ready.
"""

from collections.abc import Iterator
from itertools import islice

import msgspec

from service.api.wires import Wires
from service.domain import moment
from service.domain.alert import Alert
from service.domain.checks import Draft
from service.domain.gist import Gist, read
from service.domain.revision import Revision
from service.store.keys import WireName
from service.wire import Wire

ALERTS_MAX = 500
"""Of a wire, the newest so many are compared: four a minute for two hours, more than any desk sends, and a bound on the
time that a post may cost, and on the memory: a few kilobytes each."""


class _Kept(msgspec.Struct, gc=False):
    """An alert that readers see. Its gist is made when it is first asked for: not every process is asked."""

    alert: Alert
    first_ms: int
    ends_ms: int
    gist: Gist | None = None


class Recent:
    """The newest usable alerts of each wire that this process has in memory, in their current version."""

    def __init__(self, wires: Wires) -> None:
        self._kept: dict[WireName, dict[str, _Kept]] = {}
        """By id, in the order in which they were published."""
        wires.listen(self._on_loaded, self._on_revision)

    def gist_of(self, draft: Draft) -> Gist:
        """The gist of an alert that is about to be one."""
        return read(draft.headline, draft.edition.language, tuple(place.name for place in draft.places))

    def alerts(self, name: WireName, now_ms: int, window_ms: int) -> Iterator[tuple[Alert, Gist, int]]:
        """Those first published within the window, the newest first, and how many ms ago."""
        for kept in reversed(self._kept.get(name, {}).values()):
            age_ms = now_ms - kept.first_ms
            if age_ms <= window_ms and kept.ends_ms > now_ms:
                yield kept.alert, kept.gist or _read(kept), max(0, age_ms)

    def _on_loaded(self, wire: Wire) -> None:
        kept: dict[str, _Kept] = {}
        self._kept[wire.name] = kept
        for entry in reversed(tuple(islice(wire.ticker.newest_first(), ALERTS_MAX))):
            _put(kept, entry.alert)

    def _on_revision(self, wire: Wire, revision: Revision) -> None:
        entry = wire.ticker.get(revision.alert.id)
        if entry is not None:
            _put(self._kept[wire.name], entry.alert)


def _put(kept: dict[str, _Kept], alert: Alert) -> None:
    """Keep the current version in its place; what is withheld, withdrawn or undone is before nobody's eyes."""
    if alert.headline is None or "undone" in alert.signals:
        kept.pop(alert.id, None)
        return
    kept[alert.id] = _Kept(alert, moment.from_text(alert.first_created), moment.from_text(alert.expires))
    if len(kept) > ALERTS_MAX:
        del kept[next(iter(kept))]


def _read(kept: _Kept) -> Gist:
    alert = kept.alert
    gist = read(alert.headline or "", alert.language, tuple(place.name for place in alert.places))
    kept.gist = gist
    return gist
