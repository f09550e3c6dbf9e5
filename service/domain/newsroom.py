"""The newsroom: its editions, their words, and how loud each level is. House style as data, read from flashwire.toml.

The rule to remember: everything that differs between languages stands in an `Edition`; the code never asks which one.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from service.domain.alert import LEVELS, Alert, Level, public_form

PUSHED_WORDS = ("correction", "canceled", "exercise")
"""Of `labels.ui`, what a notification's title says: without one of them no phone could be told of a correction."""


class Labels(msgspec.Struct, frozen=True):
    """What the edition calls things: slug → words; `ui` are the words a ticker shows around the news."""

    sections: dict[str, str]
    regions: dict[str, str]
    levels: dict[str, str]
    ui: dict[str, str]


class Notices(msgspec.Struct, frozen=True):
    """What readers see in place of an alert that is withheld or canceled."""

    withheld: str
    canceled: str


class Edition(msgspec.Struct, frozen=True):
    """One language edition. `zone` is an IANA time zone, `templates` the attribution's words by kind, `outlet` the
    newsroom's name as this edition writes it (None: as the newsroom does).
    """

    edition: str
    language: str
    dir: Literal["ltr", "rtl"]
    name: str
    zone: str
    templates: dict[str, str]
    labels: Labels
    notices: Notices
    outlet: str | None = None


class LevelRule(msgspec.Struct, frozen=True):
    """How loud a level is (ninjs urgency), how long its push can be undone, in seconds, and how many characters of a
    headline are read at a glance; beyond them an editor is warned.
    """

    urgency: int
    fuse_s: float
    long_graphemes: int = 160


class Guards(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stops a mistake before it is out. Every one of them can be overridden, and that is logged.

    `flash_approval`: a flash needs a second person, within `approval_s`. After `brake_flashes` within `brake_s` the
    next flash needs one even where it was sent as one person's own: a stolen key or a runaway script looks like that.
    `near_duplicate`: what becomes of an alert that says the same as one that its edition first published within the
    last `near_duplicate_window_s`.
    """

    flash_approval: bool = True
    approval_s: float = 900
    brake_flashes: int = 3
    brake_s: float = 60
    near_duplicate: Literal["block", "warn", "off"] = "block"
    near_duplicate_window_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 7200


class Newsroom(msgspec.Struct, frozen=True):
    """The outlet with its taxonomy and editions, in the order they are shown."""

    outlet: str
    sections: tuple[str, ...]
    regions: tuple[str, ...]
    levels: dict[Level, LevelRule]
    editions: tuple[Edition, ...]
    guards: Guards = Guards()

    @property
    def edition_names(self) -> tuple[str, ...]:
        """The names of its editions, in their order."""
        return tuple(edition.edition for edition in self.editions)

    def edition(self, name: str) -> Edition | None:
        """The edition of that name, or None."""
        return next((edition for edition in self.editions if edition.edition == name), None)


def public(alert: Alert, edition: Edition | None) -> Alert:
    """What readers may see of a version: itself, or its redacted form with the edition's notice (None: an edition that
    there is no more, and so no words).
    """
    if edition is None or alert.pub_status == "usable":
        return public_form(alert, "")
    notices = edition.notices
    return public_form(alert, notices.withheld if alert.pub_status == "withheld" else notices.canceled)


def from_config(table: Mapping[str, Any]) -> Newsroom:
    """The newsroom of the `[newsroom]` table. Raises ValueError naming what is missing or does not fit."""
    try:
        newsroom = msgspec.convert(_plain(table), Newsroom)
    except msgspec.ValidationError as error:
        raise ValueError(f"[newsroom] in flashwire.toml: {error}") from error
    names = newsroom.edition_names
    if not names or len(set(names)) < len(names):
        raise ValueError(
            f"[[newsroom.editions]] in flashwire.toml must be some, each once: {', '.join(names) or 'none'}"
        )
    for edition in newsroom.editions:
        _check_words(newsroom, edition)
    if missing := [level for level in LEVELS if level not in newsroom.levels]:
        raise ValueError(f"[newsroom.levels] in flashwire.toml lacks {', '.join(missing)}")
    return newsroom


def _check_words(newsroom: Newsroom, edition: Edition) -> None:
    wanted = {
        "sections": newsroom.sections,
        "regions": newsroom.regions,
        "levels": LEVELS,
        "ui": PUSHED_WORDS,
    }
    for kind, slugs in wanted.items():
        labels: dict[str, str] = getattr(edition.labels, kind)
        if missing := [slug for slug in slugs if not labels.get(slug)]:
            raise ValueError(f"edition {edition.edition} in flashwire.toml lacks labels.{kind}: {', '.join(missing)}")


def _plain(value: Any) -> Any:
    """Read-only mappings and tuples as the plain ones that the converter knows."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value
