"""What an edition has published lately, with the gist of each headline, made once.

The rule to remember: no call of the store. What readers are shown is what a new alert is compared with.
"""

from collections.abc import Iterator
from itertools import islice

from service.api.wires import Wires
from service.domain import moment
from service.domain.alert import Alert
from service.domain.checks import Draft
from service.domain.gist import Gist, read
from service.store.keys import WireName

ALERTS_MAX = 500
"""Of a wire, the newest so many are compared: four a minute for two hours, more than any desk sends, and a bound on the
time that a post may cost."""
GISTS_MAX = 2 * ALERTS_MAX
"""Kept in memory of each wire, a few kilobytes each: what is compared now, and room for what goes out of it."""


class Recent:
    """The recent alerts of each wire that this process has in memory."""

    def __init__(self, wires: Wires) -> None:
        self._wires = wires
        self._known: dict[WireName, dict[tuple[str, int], tuple[Gist, int]]] = {}
        """Gist and moment of first publication by alert and version; what was read first goes first."""

    def gist_of(self, draft: Draft) -> Gist:
        return read(draft.headline, draft.edition.language, tuple(place.name for place in draft.places))

    def alerts(self, name: WireName, now_ms: int, window_ms: int) -> Iterator[tuple[Alert, Gist, int]]:
        """Usable alerts in their current version, the newest first, and how many ms ago each was first published."""
        wire = self._wires.get(name)
        if wire is None:
            return
        known = self._known.setdefault(name, {})
        for entry in islice(wire.ticker.shown(now_ms), ALERTS_MAX):
            alert = entry.alert
            if alert.headline is None:  # withheld or withdrawn: nobody has it before his eyes
                continue
            gist, first_ms = known.get((alert.id, alert.version)) or _read(alert, known)
            if now_ms - first_ms > window_ms:
                return  # what was published before it is older still
            yield alert, gist, max(0, now_ms - first_ms)


def _read(alert: Alert, known: dict[tuple[str, int], tuple[Gist, int]]) -> tuple[Gist, int]:
    gist = read(alert.headline or "", alert.language, tuple(place.name for place in alert.places))
    if len(known) >= GISTS_MAX:
        del known[next(iter(known))]
    found = known[alert.id, alert.version] = gist, moment.from_text(alert.first_created)
    return found
