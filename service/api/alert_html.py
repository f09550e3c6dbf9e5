"""What an alert is in HTML, wherever it stands: its line, what has become of it, and its moments.

The rule to remember: whatever stands in an alert is text, and is escaped here, once, where it enters the page.
"""

from datetime import UTC, tzinfo
from html import escape
from zoneinfo import ZoneInfo

from service.domain import moment
from service.domain.alert import Alert
from service.domain.newsroom import Edition

WORDS = {
    "article": "Read the article", "versions": "Versions", "expired": "This alert has expired.",
    "title": "Breaking news", "empty": "No alerts at the moment.",
}  # fmt: skip
"""Stand in where a newsroom's own file has no such word in `labels.ui`."""


def line(alert: Alert) -> str:
    """What the ticker shows of it; plain text."""
    return alert.text or alert.headline or alert.notice or ""


def became(alert: Alert, edition: Edition) -> str:
    """What has become of it: withdrawn, being verified, corrected, updated; plain text, empty for nothing."""
    state = alert.pub_status if alert.pub_status != "usable" else next(iter(alert.signals), "")
    return edition.labels.ui.get(state, "")


def label(alert: Alert, edition: Edition) -> str:
    """Its level, and what has become of it."""
    level, state = edition.labels.levels[alert.level], became(alert, edition)
    return escape(f"{level} · {state}" if state else level)


def time(text: str, edition: Edition) -> str:
    """A moment by the clock of the edition."""
    local = moment.in_zone(moment.from_text(text), _zone(edition.zone))
    return f'<time datetime="{escape(text)}"><bdi>{escape(local.strftime("%Y-%m-%d %H:%M %Z"))}</bdi></time>'


def word(edition: Edition, name: str) -> str:
    """One of the edition's words around the news."""
    return escape(edition.labels.ui.get(name) or WORDS[name])


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # what zoneinfo raises for folders, odd characters and unknown names
        return UTC
