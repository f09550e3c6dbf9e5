"""What an editor may change of an alert that is out: the bodies of an update and of a correction.

The rule to remember: what is not sent stays as it is, and null takes away what may be missing. Level, edition and story
are fixed with the first version: with another of those it would be another alert. What belongs to the time before it
was out, its moment and the note, is fixed as well.
"""

from collections.abc import Callable
from typing import Any, Protocol, get_args

import msgspec

from service.domain import checks, moment
from service.domain.alert import Alert, Certainty, Correction, Record, Severity
from service.domain.errors import Finding, Invalid
from service.domain.fields import Fields, Notice
from service.domain.lifecycle import ChangeVerb
from service.domain.newsroom import Newsroom

FIELDS = (
    "headline", "text", "attribution", "sections", "regions", "places", "link", "image", "certainty", "expires", "push",
)  # fmt: skip
FIXED = ("level", "edition", "story", "publishAt", "note")


class Check(Protocol):
    """Reads the body of a verb upon the version that it changes. Raises Invalid."""

    def __call__(
        self, body: object, before: Record, newsroom: Newsroom, now_ms: int, *, allow_http: bool
    ) -> "Amended": ...


class Amended(msgspec.Struct, frozen=True):
    """What a checked body makes of an alert: its new content, still under the version that it was made from.
    `correction` is that of the next version, None for an update.
    """

    alert: Alert
    correction: Correction | None
    push: bool
    warnings: tuple[Notice, ...]


def check_update(body: object, before: Record, newsroom: Newsroom, now_ms: int, *, allow_http: bool) -> Amended:
    """The alert as an update makes it. Raises Invalid, also where nothing would change: that would be no news."""
    read = Fields(body)
    read.know(FIELDS, FIXED)
    alert = amended(read, before.alert, newsroom, now_ms, checks.schemes(allow_http))
    push = _push(read, before)
    read.finish()
    if (alert, push) == (before.alert, before.push):
        raise Invalid((Finding("", f"changes nothing: one of {', '.join(FIELDS)} must differ"),))
    return Amended(alert, None, push, tuple(read.warnings))


def check_correction(body: object, before: Record, newsroom: Newsroom, now_ms: int, *, allow_http: bool) -> Amended:
    """The alert as a correction makes it, with what was wrong. Raises Invalid, also where no content would change."""
    read = Fields(body)
    read.know((*FIELDS, "correction"), FIXED)
    alert = amended(read, before.alert, newsroom, now_ms, checks.schemes(allow_http))
    push = _push(read, before)
    correction = _correction(read, before.alert)
    read.finish()
    if alert == before.alert:
        raise Invalid((Finding("", f"corrects nothing: one of {', '.join(FIELDS[:-1])} must differ"),))
    return Amended(alert, correction, push, tuple(read.warnings))


AMENDMENTS: dict[ChangeVerb, Check] = {"update": check_update, "correct": check_correction}
"""The verbs that bring content. They are written upon a version, so If-Match must name it."""


def amended(
    read: Fields, alert: Alert, newsroom: Newsroom, now_ms: int, schemes: tuple[str, ...], but: tuple[str, ...] = ()
) -> Alert:
    """`alert` with what the body says of its content; the fields of `but` are left to the caller."""
    changed: dict[str, Any] = {}
    if "attribution" in read.fields or any(read.fields.get(name) is not None for name in ("headline", "text")):
        changed |= _words(read, alert, newsroom)
    readers: dict[str, Callable[[], object]] = {
        "sections": lambda: read.terms("sections", newsroom.sections),
        "regions": lambda: read.terms("regions", newsroom.regions),
        "places": read.places,
        "link": lambda: read.link(schemes),
        "image": read.image,
        "certainty": lambda: read.choice("certainty", get_args(Certainty), "Observed"),
        "expires": lambda: _expires(read, alert, now_ms),
    }
    changed |= {name: reader() for name, reader in readers.items() if name in read.fields and name not in but}
    return msgspec.structs.replace(alert, **changed)


def _words(read: Fields, alert: Alert, newsroom: Newsroom) -> dict[str, Any]:
    """The line, made as for a new alert: a headline alone keeps the attribution, an attribution alone the headline."""
    edition = newsroom.edition(alert.edition)
    if edition is None:
        read.wrong("", f"is an alert of the edition {alert.edition}, which the settings no longer have")
        return {}
    attribution, headline, line = checks.words(read, edition, newsroom, alert)
    return {"attribution": attribution, "headline": headline, "text": line}


def _expires(read: Fields, alert: Alert, now_ms: int) -> str:
    expires_ms = read.expires(now_ms)
    if read.fields["expires"] is None:
        read.wrong("/expires", "must be a moment: an alert always ends")
    return alert.expires if expires_ms is None else moment.to_text(expires_ms)


def _push(read: Fields, before: Record) -> bool:
    """Whether anybody new is rung from now on. It can only stop: what was not to ring does not begin to later."""
    push = read.flag("push", before.push)
    if push and not before.push:
        read.wrong("/push", "cannot become true again: only a new alert rings")
    return push


def _correction(read: Fields, alert: Alert) -> Correction:
    """What was wrong; the headline that said it is added here and never sent."""
    fields = read.object(read.fields.get("correction"), "/correction", ("text", "severity"))
    severity = fields.get("severity")
    if "severity" in fields and severity not in get_args(Severity):
        read.wrong("/correction/severity", f"must be one of {', '.join(get_args(Severity))}")
    words = read.line(fields["text"], "/correction/text") if "text" in fields else ""
    return Correction(words, alert.headline or "", "major" if severity == "major" else "minor")
