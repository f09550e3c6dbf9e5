"""The fields of an editor's body, each read by its own rule.

The rule to remember: a reader never stops at the first fault. It notes it under the field's JSON pointer and goes on,
so that an editor with ten seconds mends once.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, cast, get_args
from urllib.parse import urlsplit

import msgspec

from service.domain import moment, text
from service.domain.alert import NO_ATTRIBUTION, Attribution, AttributionKind, Image, Link, Place
from service.domain.errors import Finding, Invalid

URL_CHARS_MAX = 2048
ATTRIBUTION_GRAPHEMES_MAX = 120
TERMS_MAX = 8
PLACES_MAX = 8
NOTE_CHARS_MAX = 1000
EXPIRES_MAX_DAYS = 366
"""Nothing stays news for longer than a leap year, and no provider keeps a notification that long anyway."""
FINDINGS_MAX = 100
"""More than any editor's mistakes; 16 KiB of unknown fields must not be answered with many times as much."""


class Notice(msgspec.Struct, frozen=True):
    """Something was mended or is worth a look; it stopped nothing."""

    code: str
    detail: str


class Fields:
    """A body while it is read: each reader returns the value or a harmless stand-in, and notes what is wrong.

    A field that is null is as good as left out wherever that says something.
    """

    def __init__(self, body: object) -> None:
        """Raises Invalid where the body is no object at all."""
        if not isinstance(body, dict):
            raise Invalid((Finding("", "must be a JSON object"),))
        self.fields: Mapping[str, Any] = body
        self.findings: list[Finding] = []
        self.warnings: list[Notice] = []

    def finish(self) -> None:
        """Raises Invalid with every finding, or the first `FINDINGS_MAX`."""
        if self.findings:
            raise Invalid(tuple(self.findings[:FINDINGS_MAX]))

    def know(self, names: Collection[str], fixed: Collection[str] = ()) -> None:
        """Refuse every field that is not of `names`; those of `fixed` with their own words."""
        for name in sorted(self.fields.keys() - set(names)):
            why = "is fixed with the first version" if name in fixed else "is not a known field"
            self.wrong(f"/{escaped(name)}", why)

    def wrong(self, pointer: str, detail: str) -> None:
        self.findings.append(Finding(pointer, detail))

    def line(self, value: Any, pointer: str, max_graphemes: int = text.HEADLINE_GRAPHEMES_MAX) -> str:
        """One line of clean text, 1 to `max_graphemes` graphemes."""
        if not isinstance(value, str):
            self.wrong(pointer, "must be a string")
            return ""
        cleaned = text.clean(value)
        self.findings += [Finding(pointer, error.detail) for error in cleaned.errors]
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
        """A JSON object's fields, those that are null left out; none where it is no object."""
        if not isinstance(value, dict):
            self.wrong(pointer, f"must be an object with {' and '.join(needed)}")
            return {}
        for name in sorted(value.keys() - {*needed, *optional}):
            self.wrong(f"{pointer}/{escaped(name)}", "is not a known field")
        for name in needed:
            if value.get(name) is None:
                self.wrong(f"{pointer}/{name}", "is missing")
        return {name: value[name] for name in (*needed, *optional) if value.get(name) is not None}

    def url(self, value: Any, pointer: str, schemes: tuple[str, ...]) -> str:
        fault = _url_fault(value, schemes) if isinstance(value, str) else "must be a string"
        if fault:
            self.wrong(pointer, fault)
            return ""
        return str(value)

    def attribution(self) -> Attribution | None:
        """What was stated; None where nothing was."""
        value = self.fields.get("attribution")
        if value is None:
            return None
        names = ("outlet", "place", "speaker", "role", "addressee", "via", "text")
        fields = self.object(value, "/attribution", ("kind",), names)
        kind = fields.pop("kind", "none")
        if kind not in get_args(AttributionKind) or not isinstance(kind, str):
            self.wrong("/attribution/kind", f"must be one of {', '.join(get_args(AttributionKind))}")
            return NO_ATTRIBUTION
        if kind == "none" and fields:
            self.wrong("/attribution", "of kind none has no other fields")
            return NO_ATTRIBUTION
        words = {
            name: self.line(part, f"/attribution/{name}", ATTRIBUTION_GRAPHEMES_MAX) for name, part in fields.items()
        }
        return Attribution(kind=cast(AttributionKind, kind), **words)

    def places(self) -> tuple[Place, ...]:
        value = self.fields.get("places", [])
        if not isinstance(value, list) or len(value) > PLACES_MAX:
            self.wrong("/places", f"must be a list of at most {PLACES_MAX}")
            return ()
        places = []
        for index, item in enumerate(value):
            pointer = f"/places/{index}"
            fields = self.object(item, pointer, ("name",), ("country",))
            country = fields.get("country")
            if country is not None and not (isinstance(country, str) and re.fullmatch("[A-Z]{2}", country)):
                self.wrong(f"{pointer}/country", "must be a country code of two capital letters (ISO 3166-1)")
                country = None
            if "name" in fields:
                places.append(
                    Place(name=self.line(fields["name"], f"{pointer}/name", ATTRIBUTION_GRAPHEMES_MAX), country=country)
                )
        return tuple(places)

    def link(self, schemes: tuple[str, ...]) -> Link | None:
        value = self.fields.get("link")
        if value is None:
            return None
        fields = self.object(value, "/link", ("url",))
        return Link(self.url(fields["url"], "/link/url", schemes) if "url" in fields else "")

    def image(self) -> Image | None:
        value = self.fields.get("image")
        if value is None:
            return None
        fields = self.object(value, "/image", ("url", "alt"))
        url = self.url(fields["url"], "/image/url", ("https",)) if "url" in fields else ""
        return Image(url, self.line(fields["alt"], "/image/alt") if "alt" in fields else "")

    def expires(self, now_ms: int) -> int | None:
        expires = self.moment("expires")
        if expires is not None and expires <= now_ms:
            self.wrong("/expires", "must lie in the future")
        elif expires is not None and expires > now_ms + EXPIRES_MAX_DAYS * 86_400_000:
            self.wrong("/expires", f"must lie within {EXPIRES_MAX_DAYS} days")
        return expires

    def remark(self, name: str) -> str | None:
        """An internal remark: clean text of a bounded length."""
        value = self.fields.get(name)
        return None if value is None else self.line(value, f"/{name}", NOTE_CHARS_MAX)


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


def escaped(name: str) -> str:
    """A field name inside a JSON pointer (RFC 6901 §3), cut to a readable length."""
    return name[:64].encode("ascii", "backslashreplace").decode().replace("~", "~0").replace("/", "~1")
