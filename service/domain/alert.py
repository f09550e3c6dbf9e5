"""The alert: one line of breaking news in one edition, a versioned object with a stable id.

The rule to remember: `Alert` is the public form and nothing else. What readers may not see (author, note, state, push)
stands beside it in `Record`, so that no encoder can leak it. Field names are those of ninjs 3.1 and CAP 1.2.
"""

from typing import Literal

import msgspec

AttributionKind = Literal["correspondent", "official", "agency", "sources", "media", "document", "none"]
Level = Literal["flash", "urgent", "brief", "line"]
Certainty = Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"]
MsgType = Literal["Alert", "Update", "Cancel"]
PubStatus = Literal["usable", "withheld", "canceled"]
Status = Literal["Actual", "Exercise"]
Severity = Literal["minor", "major"]
State = Literal[
    "draft", "scheduled", "awaiting-approval", "published", "withheld", "canceled", "undone", "expired", "discarded"
]

LEVELS: tuple[Level, ...] = ("flash", "urgent", "brief", "line")
"""Loudest first. Their ninjs `urgency` (1 is the most urgent of 9) stands in the newsroom's settings."""


class Attribution(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Who said it. `text` is what stands before the headline, rendered or as it was given."""

    kind: AttributionKind
    outlet: str | None = None
    place: str | None = None
    speaker: str | None = None
    role: str | None = None
    addressee: str | None = None
    via: str | None = None
    text: str | None = None


NO_ATTRIBUTION = Attribution(kind="none")


class Place(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Where it happened; `country` is ISO 3166-1 alpha-2."""

    name: str
    country: str | None = None


class Link(msgspec.Struct, frozen=True, gc=False):
    """The article behind the alert."""

    url: str


class Image(msgspec.Struct, frozen=True, gc=False):
    """An https picture with its text alternative; phones show it, tickers do not."""

    url: str
    alt: str


class Reference(msgspec.Struct, frozen=True, gc=False):
    """The version of an alert that this one supersedes."""

    id: str
    version: int


class Correction(msgspec.Struct, frozen=True, gc=False):
    """What was wrong (`text`), the old headline (`was`) and how grave it is."""

    text: str
    was: str
    severity: Severity


class Alert(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """One version of an alert as readers receive it. Every field is always present in its JSON."""

    id: str
    story: str
    edition: str
    language: str
    dir: Literal["ltr", "rtl"]
    version: int
    msg_type: MsgType
    status: Status
    pub_status: PubStatus
    level: Level
    urgency: int
    certainty: Certainty | None
    headline: str | None
    text: str | None
    attribution: Attribution
    sections: tuple[str, ...]
    regions: tuple[str, ...]
    places: tuple[Place, ...]
    link: Link | None
    image: Image | None
    signals: tuple[str, ...]
    references: tuple[Reference, ...]
    correction: Correction | None
    notice: str | None
    first_created: str
    version_created: str
    expires: str


class Author(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Who acted: the API key's id and the name it was given."""

    key_id: str
    name: str


class Record(msgspec.Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """An alert with all that editors see of it: the full text even while readers see a notice, and what is internal.

    `approved_by` is who let out these very words as a second person; whoever changes one has nobody's approval.
    """

    alert: Alert
    state: State
    author: Author
    push: bool
    note: str | None = None
    reason: str | None = None
    approved_by: Author | None = None


def redacted(alert: Alert, notice: str) -> Alert:
    """`alert` without its sentence: what a withheld or canceled alert may still say (contract §2).

    Nothing carries the sentence round the back: no link, place, image, attribution or old headline.
    """
    return msgspec.structs.replace(
        alert,
        certainty=None,
        headline=None,
        text=None,
        attribution=NO_ATTRIBUTION,
        sections=(),
        regions=(),
        places=(),
        link=None,
        image=None,
        references=(),
        correction=None,
        notice=notice,
    )


def public_form(alert: Alert, notice: str) -> Alert:
    """What readers may see of a version: itself while it is usable, else its redacted form with `notice`."""
    return alert if alert.pub_status == "usable" else redacted(alert, notice)


def ticker_text(attribution_text: str, headline: str) -> str:
    """What a ticker shows: `Who: what`, or the headline alone where nobody is named."""
    return f"{attribution_text}: {headline}" if attribution_text else headline
