"""What an editor may send: the body of a new alert, checked field by field.

The rule to remember: all findings at once, each with the place in the body, so that an editor with ten seconds mends
once. Nothing is guessed and nothing unknown is passed over.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast, get_args
from urllib.parse import urlsplit

import msgspec

from service.domain import attribution as attributions
from service.domain import moment, text
from service.domain.alert import (
    LEVELS,
    NO_ATTRIBUTION,
    Attribution,
    AttributionKind,
    Certainty,
    Image,
    Level,
    Link,
    Place,
    ticker_text,
)
from service.domain.errors import Finding, Invalid
from service.domain.newsroom import Edition, Newsroom

ID_FORM = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}", re.ASCII)
URL_CHARS_MAX = 2048
ATTRIBUTION_GRAPHEMES_MAX = 120
TERMS_MAX = 8
PLACES_MAX = 8
NOTE_CHARS_MAX = 1000
FINDINGS_MAX = 100
"""More than any editor's mistakes; 16 KiB of unknown fields must not be answered with many times as much."""
T = TypeVar("T")

OVERRIDES = ("near-duplicate", "second-approval")
FIELDS = frozenset({
    "edition", "headline", "text", "level", "attribution", "sections", "regions", "places", "link", "image",
    "certainty", "story", "expires", "publishAt", "push", "note", "override", "overrideReason",
})  # fmt: skip


class Notice(msgspec.Struct, frozen=True):
    """Something was mended or is worth a look; it stopped nothing."""

    code: str
    detail: str


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


class _Body:
    """The body while it is read: each reader returns the value or a harmless stand-in, and notes what is wrong."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields
        self.findings: list[Finding] = []
        self.warnings: list[Notice] = []

    def wrong(self, pointer: str, detail: str) -> None:
        self.findings.append(Finding(pointer, detail))

    def line(self, value: Any, pointer: str, max_graphemes: int = text.HEADLINE_GRAPHEMES_MAX) -> str:
        """One line of clean text, 1 to `max_graphemes` graphemes."""
        if not isinstance(value, str):
            self.wrong(pointer, "must be a string")
            return ""
        cleaned = text.clean(value)
        self.findings += [Finding(pointer, f"{error.detail} (at character {error.index})") for error in cleaned.errors]
        self.warnings += [Notice(warning.code, f"{pointer}: {warning.detail}") for warning in cleaned.warnings]
        if not cleaned.errors and text.is_blank(cleaned.text):
            self.wrong(pointer, "must not be empty")
        elif (length := text.graphemes(cleaned.text)) > max_graphemes:
            self.wrong(pointer, f"has {length} characters, at most {max_graphemes} fit")
        return cleaned.text

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> Any:
        value = self.fields.get(name, default)
        if value not in allowed or not isinstance(value, str):
            self.wrong(f"/{name}", f"must be one of {', '.join(allowed)}")
            return default
        return value

    def terms(self, name: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
        """A list of different slugs, each of the taxonomy."""
        value = self.fields.get(name, [])
        if not isinstance(value, list) or len(value) > TERMS_MAX:
            self.wrong(f"/{name}", f"must be a list of at most {TERMS_MAX}")
            return ()
        for index, term in enumerate(value):
            if term not in allowed:
                self.wrong(f"/{name}/{index}", f"must be one of {', '.join(allowed)}")
        return tuple(dict.fromkeys(term for term in value if isinstance(term, str)))

    def moment(self, name: str) -> int | None:
        value = self.fields.get(name)
        if value is None:
            return None
        try:
            return moment.from_text(value)
        except (ValueError, TypeError):
            self.wrong(f"/{name}", "must be an RFC 3339 moment with a zone, such as 2026-11-18T14:02:11.204Z")
            return None

    def flag(self, name: str, default: bool) -> bool:
        value = self.fields.get(name, default)
        if not isinstance(value, bool):
            self.wrong(f"/{name}", "must be true or false")
            return default
        return value

    def object(
        self, value: Any, pointer: str, needed: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """A JSON object with exactly those fields; an empty one where it is not."""
        if not isinstance(value, dict):
            self.wrong(pointer, "must be an object")
            return {}
        for name in sorted(value.keys() - {*needed, *optional}):
            self.wrong(f"{pointer}/{_escaped(name)}", "is not a known field")
        for name in needed:
            if name not in value:
                self.wrong(f"{pointer}/{name}", "is missing")
        return {name: value[name] for name in (*needed, *optional) if value.get(name) is not None}

    def url(self, value: Any, pointer: str, schemes: tuple[str, ...]) -> str:
        fault = _url_fault(value, schemes) if isinstance(value, str) else "must be a string"
        if fault:
            self.wrong(pointer, fault)
            return ""
        return str(value)


def check_alert(body: object, newsroom: Newsroom, now_ms: int, *, allow_http: bool) -> Draft:
    """The draft of a request body. Raises Invalid with every finding, or the first `FINDINGS_MAX`."""
    if not isinstance(body, dict):
        raise Invalid((Finding("", "must be a JSON object"),))
    read = _Body(body)
    for name in sorted(body.keys() - FIELDS):
        read.wrong(f"/{_escaped(name)}", "is not a known field")
    edition = newsroom.edition(body["edition"]) if isinstance(body.get("edition"), str) else None
    if edition is None:
        names = ", ".join(edition.edition for edition in newsroom.editions)
        read.wrong("/edition", f"must be one of {names}")
        edition = newsroom.editions[0]
    schemes = ("https", "http") if allow_http else ("https",)
    given, headline, line = _words(read, edition, newsroom)
    draft = Draft(
        edition=edition,
        headline=headline,
        text=line,
        attribution=given,
        level=read.choice("level", LEVELS, "brief"),
        sections=read.terms("sections", newsroom.sections),
        regions=read.terms("regions", newsroom.regions),
        places=_places(read),
        link=_optional(body, "link", lambda value: _link(read, value, schemes)),
        image=_optional(body, "image", lambda value: _image(read, value)),
        certainty=read.choice("certainty", get_args(Certainty), "Observed"),
        story=_story(read),
        expires_ms=_expires(read, now_ms),
        publish_at_ms=read.moment("publishAt"),
        push=read.flag("push", True),
        note=_remark(read, "note"),
        override=_override(read),
        override_reason=_remark(read, "overrideReason"),
        warnings=tuple(read.warnings),
    )
    if read.findings:
        raise Invalid(tuple(read.findings[:FINDINGS_MAX]))
    return draft


def check_reason(body: object) -> str | None:
    """The `reason` of a kill, a hold or a release; an empty or missing body is fine. Raises Invalid."""
    if body is None:
        return None
    if not isinstance(body, dict):
        raise Invalid((Finding("", "must be a JSON object"),))
    read = _Body(body)
    for name in sorted(body.keys() - {"reason"}):
        read.wrong(f"/{_escaped(name)}", "is not a known field")
    reason = _remark(read, "reason")
    if read.findings:
        raise Invalid(tuple(read.findings[:FINDINGS_MAX]))
    return reason


def prepare(newsroom: Newsroom) -> None:
    """Compile now what pasted lines of its editions are read with (some 100 ms): for a start, not for a request."""
    for edition in newsroom.editions:
        attributions.prepare(edition.language, own_outlets(edition, newsroom))


def own_outlets(edition: Edition, newsroom: Newsroom) -> tuple[str, ...]:
    """The newsroom's names by which its own correspondents are known in a pasted line of `edition`."""
    return tuple(dict.fromkeys((edition.outlet or newsroom.outlet, newsroom.outlet)))


def _words(read: _Body, edition: Edition, newsroom: Newsroom) -> tuple[Attribution, str, str]:
    """Attribution, headline and whole line: from `headline`, or out of a pasted `text`."""
    pasted, headline = read.fields.get("text"), read.fields.get("headline")
    if (pasted is None) == (headline is None):
        read.wrong("/headline", "give either headline or text")
        return NO_ATTRIBUTION, "", ""
    stated = _optional(read.fields, "attribution", lambda value: _attribution(read, value))
    if pasted is not None:
        line = read.line(pasted, "/text")
        parsed = attributions.parse(line, edition.language, own_outlets(edition, newsroom)) if stated is None else None
        given, rest = parsed or (stated or NO_ATTRIBUTION, line)
        return given, rest, line
    headline = read.line(headline, "/headline")
    given = stated or NO_ATTRIBUTION
    words = attributions.render(given, edition.templates, edition.outlet or newsroom.outlet)
    if given.kind != "none":
        if not words and not any(finding.pointer.startswith("/attribution") for finding in read.findings):
            read.wrong("/attribution", f"of kind {given.kind} lacks a name that its template needs; or give its text")
        given = msgspec.structs.replace(given, text=words or None)
    line = ticker_text(words, headline)
    if not read.findings and text.graphemes(line) > 2 * text.HEADLINE_GRAPHEMES_MAX:
        read.wrong("/attribution", "is too long")
    return given, headline, line


def _attribution(read: _Body, value: Any) -> Attribution:
    names = ("outlet", "place", "speaker", "role", "addressee", "via", "text")
    fields = read.object(value, "/attribution", ("kind",), names)
    kind = fields.pop("kind", "none")
    if kind not in get_args(AttributionKind) or not isinstance(kind, str):
        read.wrong("/attribution/kind", f"must be one of {', '.join(get_args(AttributionKind))}")
        return NO_ATTRIBUTION
    if kind == "none" and fields:
        read.wrong("/attribution", "of kind none has no other fields")
        return NO_ATTRIBUTION
    words = {name: read.line(part, f"/attribution/{name}", ATTRIBUTION_GRAPHEMES_MAX) for name, part in fields.items()}
    return Attribution(kind=cast(AttributionKind, kind), **words)


def _places(read: _Body) -> tuple[Place, ...]:
    value = read.fields.get("places", [])
    if not isinstance(value, list) or len(value) > PLACES_MAX:
        read.wrong("/places", f"must be a list of at most {PLACES_MAX}")
        return ()
    places = []
    for index, item in enumerate(value):
        pointer = f"/places/{index}"
        fields = read.object(item, pointer, ("name",), ("country",))
        country = fields.get("country")
        if country is not None and not (isinstance(country, str) and re.fullmatch("[A-Z]{2}", country)):
            read.wrong(f"{pointer}/country", "must be a country code of two capital letters (ISO 3166-1)")
            country = None
        if "name" in fields:
            places.append(
                Place(name=read.line(fields["name"], f"{pointer}/name", ATTRIBUTION_GRAPHEMES_MAX), country=country)
            )
    return tuple(places)


def _link(read: _Body, value: Any, schemes: tuple[str, ...]) -> Link:
    fields = read.object(value, "/link", ("url",))
    return Link(read.url(fields["url"], "/link/url", schemes) if "url" in fields else "")


def _image(read: _Body, value: Any) -> Image:
    fields = read.object(value, "/image", ("url", "alt"))
    url = read.url(fields["url"], "/image/url", ("https",)) if "url" in fields else ""
    return Image(url, read.line(fields["alt"], "/image/alt") if "alt" in fields else "")


def _story(read: _Body) -> str | None:
    value = read.fields.get("story")
    if value is not None and not (isinstance(value, str) and ID_FORM.fullmatch(value)):
        read.wrong("/story", "must be the id of a story: 26 characters of the ULID alphabet")
        return None
    return value


def _expires(read: _Body, now_ms: int) -> int | None:
    expires = read.moment("expires")
    if expires is not None and expires <= now_ms:
        read.wrong("/expires", "must lie in the future")
    return expires


def _remark(read: _Body, name: str) -> str | None:
    """An internal remark: clean text of a bounded length."""
    value = read.fields.get(name)
    return None if value is None else read.line(value, f"/{name}", NOTE_CHARS_MAX)


def _override(read: _Body) -> tuple[str, ...]:
    override = read.terms("override", OVERRIDES)
    if override and not read.fields.get("overrideReason"):
        read.wrong("/overrideReason", "is missing: say why the guard is overridden")
    return override


def _optional(body: Mapping[str, Any], name: str, check: Callable[[Any], T]) -> T | None:
    value = body.get(name)
    return None if value is None else check(value)


def _url_fault(url: str, schemes: tuple[str, ...]) -> str | None:
    if len(url) > URL_CHARS_MAX:
        return f"is longer than {URL_CHARS_MAX} characters"
    if not re.fullmatch(r"[!-~]+", url) or any(char in url for char in '<>"\\^`{|}'):
        return "must be a URL in ASCII without spaces (encode others with %)"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "is not a valid URL"
    if parts.scheme not in schemes:
        return f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    if not parts.hostname:
        return "has no host"
    if "@" in parts.netloc:
        return "must not carry a user name or password"
    return None


def _escaped(name: str) -> str:
    """A field name inside a JSON pointer (RFC 6901 §3), cut to a readable length."""
    return name[:64].encode("ascii", "backslashreplace").decode().replace("~", "~0").replace("/", "~1")
