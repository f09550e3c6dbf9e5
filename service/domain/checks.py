"""What an editor may send: the body of a new alert, checked as a whole.

The rule to remember: all findings at once, and nothing is guessed. A line that a reader sees is made here, in `words`,
for a new alert and for its later versions alike.
"""

import re
from typing import get_args

import msgspec

from service.domain import attribution as attributions
from service.domain import text
from service.domain.alert import (
    LEVELS,
    NO_ATTRIBUTION,
    Alert,
    Attribution,
    Certainty,
    Image,
    Level,
    Link,
    Place,
    ticker_text,
)
from service.domain.fields import Fields, Notice
from service.domain.lint import lint
from service.domain.newsroom import Edition, Newsroom

ID_FORM = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}", re.ASCII)
OVERRIDES = ("near-duplicate", "second-approval", "brake")
PUBLISH_AT_MAX_DAYS = 366
FIELDS = frozenset({
    "edition", "headline", "text", "level", "attribution", "sections", "regions", "places", "link", "image",
    "certainty", "story", "expires", "publishAt", "push", "note", "override", "overrideReason",
})  # fmt: skip


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A checked body. `text` is what the ticker will show, `attribution.text` its part before the headline."""

    edition: Edition
    headline: str
    text: str
    level: Level
    attribution: Attribution
    sections: tuple[str, ...]
    regions: tuple[str, ...]
    places: tuple[Place, ...]
    link: Link | None
    image: Image | None
    certainty: Certainty
    story: str | None
    expires_ms: int | None
    publish_at_ms: int | None
    push: bool
    note: str | None
    override: tuple[str, ...]
    override_reason: str | None
    warnings: tuple[Notice, ...]


def check_alert(body: object, newsroom: Newsroom, now_ms: int, *, allow_http: bool) -> Draft:
    """The draft of a request body. Raises Invalid with every finding, or the first `FINDINGS_MAX`."""
    read = Fields(body)
    read.know(FIELDS)
    edition = _edition(read, newsroom)
    given, headline, line = words(read, edition, newsroom)
    level = read.choice("level", LEVELS, "brief")
    draft = Draft(
        edition=edition,
        headline=headline,
        text=line,
        attribution=given,
        level=level,
        sections=read.terms("sections", newsroom.sections),
        regions=read.terms("regions", newsroom.regions),
        places=read.places(),
        link=read.link(schemes(allow_http)),
        image=read.image(),
        certainty=read.choice("certainty", get_args(Certainty), "Observed"),
        story=_story(read),
        expires_ms=read.expires(now_ms),
        publish_at_ms=publish_at(read, now_ms),
        push=read.flag("push", True),
        note=read.remark("note"),
        override=_override(read),
        override_reason=read.remark("overrideReason"),
        warnings=(*read.warnings, *lint(line, headline, given, newsroom.levels[level].long_graphemes)),
    )
    check_order(read, draft.publish_at_ms, draft.expires_ms)
    read.finish()
    return draft


def check_reason(body: object) -> str | None:
    """The `reason` of a hold, a release, an undo or a kill; an empty or missing body is fine. Raises Invalid."""
    if body is None:
        return None
    read = Fields(body)
    read.know({"reason"})
    reason = read.remark("reason")
    read.finish()
    return reason


def publish_at(read: Fields, now_ms: int) -> int | None:
    """The end of an embargo: in the future, and not so far that nobody remembers why."""
    at_ms = read.moment("publishAt")
    if at_ms is not None and at_ms <= now_ms:
        read.wrong("/publishAt", "must lie in the future; without it the alert is published at once")
    elif at_ms is not None and at_ms > now_ms + PUBLISH_AT_MAX_DAYS * 86_400_000:
        read.wrong("/publishAt", f"must lie within {PUBLISH_AT_MAX_DAYS} days")
    return at_ms


def check_order(read: Fields, publish_at_ms: int | None, expires_ms: int | None) -> None:
    """Nothing may expire before it is out."""
    if publish_at_ms is not None and expires_ms is not None and expires_ms <= publish_at_ms:
        read.wrong("/expires", "must lie after publishAt")


def schemes(allow_http: bool) -> tuple[str, ...]:
    """What a link may begin with; `allow_http` is for development."""
    return ("https", "http") if allow_http else ("https",)


def prepare(newsroom: Newsroom) -> None:
    """Compile now what pasted lines of its editions are read with (some 100 ms): for a start, not for a request."""
    for edition in newsroom.editions:
        attributions.prepare(edition.language, own_outlets(edition, newsroom))


def own_outlets(edition: Edition, newsroom: Newsroom) -> tuple[str, ...]:
    """The newsroom's names by which its own correspondents are known in a pasted line of `edition`."""
    return tuple(dict.fromkeys((edition.outlet or newsroom.outlet, newsroom.outlet)))


def words(
    read: Fields, edition: Edition, newsroom: Newsroom, standing: Alert | None = None
) -> tuple[Attribution, str, str]:
    """Attribution, headline and whole line: from `headline`, or out of a pasted `text`.

    Where an alert is `standing` already, a headline alone keeps its attribution, an attribution alone its headline.
    """
    pasted, headline = read.fields.get("text"), read.fields.get("headline")
    kept = standing.headline if standing is not None and pasted is None and headline is None else None
    if (pasted is None) == (headline is None) and kept is None:
        read.wrong("/headline", "give either headline or text")
        return NO_ATTRIBUTION, "", ""
    stated = read.attribution()
    if pasted is not None:
        line = read.line(pasted, "/text")
        parsed = attributions.parse(line, edition.language, own_outlets(edition, newsroom)) if stated is None else None
        given, rest = parsed or (stated or NO_ATTRIBUTION, line)
        return given, rest, line
    headline = read.line(headline, "/headline") if kept is None else kept
    given = stated or (standing.attribution if standing and "attribution" not in read.fields else NO_ATTRIBUTION)
    prefix = attributions.render(given, edition.templates, edition.outlet or newsroom.outlet)
    if given.kind != "none":
        if not prefix and not any(finding.pointer.startswith("/attribution") for finding in read.findings):
            why = attributions.lacking(given, edition.templates, edition.outlet or newsroom.outlet)
            read.wrong("/attribution", f"of kind {given.kind} {why}; or give its text")
        given = msgspec.structs.replace(given, text=prefix or None)
    line = ticker_text(prefix, headline)
    if not read.findings and text.graphemes(line) > 2 * text.HEADLINE_GRAPHEMES_MAX:
        read.wrong("/attribution", "is too long")
    return given, headline, line


def _edition(read: Fields, newsroom: Newsroom) -> Edition:
    name = read.fields.get("edition")
    edition = newsroom.edition(name) if isinstance(name, str) else None
    if edition is None:
        read.wrong("/edition", f"must be one of {', '.join(edition.edition for edition in newsroom.editions)}")
    return edition or newsroom.editions[0]


def _story(read: Fields) -> str | None:
    value = read.fields.get("story")
    if value is not None and not (isinstance(value, str) and ID_FORM.fullmatch(value)):
        read.wrong("/story", "must be the id of a story: 26 characters of the ULID alphabet")
        return None
    return value


def _override(read: Fields) -> tuple[str, ...]:
    override = read.terms("override", OVERRIDES)
    if override and not read.fields.get("overrideReason"):
        read.wrong("/overrideReason", "is missing: say why the guard is overridden")
    return override
