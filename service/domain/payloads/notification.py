"""A notification: what a phone is to show of an alert, before any platform's format.

The rule to remember: made once per alert, version and change, never per device. Whether it sounds is the only thing
that differs from reader to reader, and each platform builds both forms once.
"""

from typing import Any, Literal

import msgspec

from service.domain import moment
from service.domain.alert import Alert, redacted
from service.domain.bidi import isolated
from service.domain.newsroom import Edition

Change = Literal["new", "silent", "visible", "withdrawn"]
"""new: rings. silent: replaces what is shown, without sound. visible: replaces it so that it is seen, with sound
outside quiet hours (a major correction). withdrawn: the same, after a kill."""

BYTES_MAX = 4096
"""What Apple takes as payload, Google as message and every push service as body (RFC 8030, 7.2)."""
TAKEN_BACK_FOR_MS = 24 * 3_600_000
"""A provider keeps what takes something back for so long at least, though the alert itself has expired by then."""
KEPT_MAX_S = 28 * 86_400
"""Google takes no longer time to live."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """`title` names the level (or the correction), `subtitle` the attribution, `body` the headline; each already
    isolated for its direction. `url` is the deep link, absolute."""

    alert: Alert
    """As it may be shown: redacted after a kill."""
    change: Change
    title: str
    subtitle: str | None
    body: str
    line: str
    """Attribution and headline in one, as on the ticker, where a platform shows no subtitle; isolated."""
    url: str
    permalink: str
    """Our own page of the alert, which leads on to the article: short enough for any payload."""
    image: str | None
    expires_ms: int
    """Until when a provider keeps it for a phone that is off."""
    ttl_s: int
    """The same, counted from the version's creation."""

    @property
    def is_pressing(self) -> bool:
        """Whether it may wake a sleeping phone: loud news, and whatever takes wrong news back."""
        loud = self.change == "new" and self.alert.level in ("flash", "urgent")
        return loud or self.change in ("visible", "withdrawn")


class Message(msgspec.Struct, frozen=True):
    """A request without its device: `headers` go as they are; `body` is final, or (FCM) has a place for the token,
    or (Web Push) is the plaintext to be encrypted."""

    headers: tuple[tuple[str, str], ...]
    body: bytes


def notify(alert: Alert, edition: Edition, change: Change, public_url: str) -> Notification:
    """What to show of `alert` in the words of its edition. Withdrawn, nothing of it is left but its edition's notice,
    even if it is handed over whole."""
    shown = redacted(alert, edition.notices.canceled) if change == "withdrawn" else alert
    permalink = f"{public_url.rstrip('/')}/a/{alert.id}"
    body = shown.headline or shown.notice or ""
    expires_ms = _kept_until_ms(shown, change)
    ttl_s = (expires_ms - moment.from_text(shown.version_created)) // 1000
    return Notification(
        alert=shown,
        change=change,
        title=isolated(_title(shown, edition, change), edition.dir),
        subtitle=isolated(shown.attribution.text, edition.dir) if shown.attribution.text else None,
        body=isolated(body, edition.dir),
        line=isolated(shown.text or body, edition.dir),
        url=shown.link.url if shown.link else permalink,
        permalink=permalink,
        image=shown.image.url if shown.image else None,
        expires_ms=expires_ms,
        ttl_s=min(max(ttl_s, 0), KEPT_MAX_S),
    )


def own_fields(notification: Notification) -> dict[str, Any]:
    """What an app is told beside what the platform defines: the same names on every platform."""
    alert = notification.alert
    fields = {
        "alert": alert.id, "version": alert.version, "story": alert.story, "edition": alert.edition,
        "level": alert.level, "change": notification.change, "versionCreated": alert.version_created,
        "url": notification.url,
    }  # fmt: skip
    return fields if notification.image is None else fields | {"image": notification.image}


def _title(alert: Alert, edition: Edition, change: Change) -> str:
    words = edition.labels.ui
    if change == "withdrawn":
        title = words["canceled"]
    elif change == "visible" or (change == "silent" and alert.correction is not None):
        title = words["correction"]
    else:
        title = edition.labels.levels[alert.level]
    return f"{words['exercise']} · {title}" if alert.status == "Exercise" else title


def _kept_until_ms(alert: Alert, change: Change) -> int:
    expires_ms = moment.from_text(alert.expires)
    if change in ("visible", "withdrawn"):
        return max(expires_ms, moment.from_text(alert.version_created) + TAKEN_BACK_FOR_MS)
    return expires_ms
