"""What a device must hear that was given an older version: the loudest of the changes since.

The rule to remember: nobody is told of steps, only of where the alert now stands. A hold freezes; what was corrected
before it or during it is told once it is released.
"""

from collections.abc import Sequence

from service.domain.alert import Alert
from service.domain.payloads.notification import Change


def loudest(versions: Sequence[Alert], given: int) -> Change | None:
    """What brings a device that was last given version `given` (1 or higher) up to the last of `versions`.

    `versions` are all versions of one alert in their order, at least those after `given`, as editors see them (not
    redacted). None: nothing to send, now or until the next version. An undone alert asks for nothing: it can only be
    undone before the first push, so whoever is marked as given was never sent it.
    """
    assert given >= 1, "a device that was given nothing gets the newest version as new"
    newest = versions[-1]
    if newest.version <= given or "undone" in newest.signals or newest.pub_status == "withheld":
        return None
    if newest.pub_status == "canceled":
        return "withdrawn"
    since = [alert for alert in versions if alert.version > given]
    if any(_is_major(alert) for alert in since):
        return "visible"
    return "silent" if any(_changes_words(alert) for alert in since) else None


def _is_major(alert: Alert) -> bool:
    """A correction that does not say how grave it is counts as grave: too loud is better than unheard."""
    return "correction" in alert.signals and (alert.correction is None or alert.correction.severity == "major")


def _changes_words(alert: Alert) -> bool:
    """A hold, a release and an expiry say nothing new."""
    return "correction" in alert.signals or "update" in alert.signals
