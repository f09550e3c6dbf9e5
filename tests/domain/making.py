"""Alerts, editions and revisions for the tests of the domain: complete, plausible, and each field can be changed."""

from typing import Any

import msgspec

from config.settings import load
from service.domain import moment, revision
from service.domain.alert import Alert, Attribution, Correction, Image, Link, Place, public_form
from service.domain.device import Device, Preferences
from service.domain.lifecycle import Transition
from service.domain.newsroom import Edition, Newsroom, from_config
from service.domain.revision import Revision, RevisionType

NEWSROOM: Newsroom = from_config(load({}).newsroom)
"""The newsroom that comes along, with its English, Arabic and Spanish editions."""
NOW_MS = moment.from_text("2026-11-18T14:02:11.204Z")
HOUR_MS = 3_600_000
CANARY = "xylophone"
"""A word that no label, notice or field name holds: where it is found, the sentence is."""


def make_edition(name: str = "en", **changes: Any) -> Edition:
    """An edition of the newsroom that comes along, with `changes` to its fields."""
    edition = NEWSROOM.edition(name)
    assert edition is not None, f"there is no edition {name}"
    return msgspec.structs.replace(edition, **changes)


def alert_id(number: int) -> str:
    """The id of the alert that a test calls `number`."""
    return f"{number:026d}"


def make_alert(number: int = 1, version: int = 1, **changes: Any) -> Alert:
    """A usable alert as a first publication makes it, with `changes` to its fields."""
    fields: dict[str, Any] = {
        "id": alert_id(number),
        "story": alert_id(9_000 + number),
        "edition": "en",
        "language": "en",
        "dir": "ltr",
        "version": version,
        "msg_type": "Alert",
        "status": "Actual",
        "pub_status": "usable",
        "level": "urgent",
        "urgency": 2,
        "certainty": "Observed",
        "headline": "The harbour bridge opens again after the storm",
        "text": "The harbour bridge opens again after the storm",
        "attribution": Attribution(kind="none"),
        "sections": ("environment",),
        "regions": ("europe",),
        "places": (Place(name="Rotterdam", country="NL"),),
        "link": Link("https://example.org/n/123"),
        "image": None,
        "signals": (),
        "references": (),
        "correction": None,
        "notice": None,
        "first_created": moment.to_text(NOW_MS),
        "version_created": moment.to_text(NOW_MS),
        "expires": moment.to_text(NOW_MS + 24 * HOUR_MS),
    }
    return Alert(**(fields | changes))


def make_telling_alert(number: int = 1, version: int = 1, **changes: Any) -> Alert:
    """An alert with the canary in every field that could carry the sentence."""
    words = f"The {CANARY} player {number}"
    told: dict[str, Any] = {
        "headline": f"{words} wins",
        "text": f"{words}: {words} wins",
        "attribution": Attribution(
            kind="official",
            outlet=words,
            place=words,
            speaker=words,
            role=words,
            addressee=words,
            via=words,
            text=words,
        ),
        "sections": ("arts-culture", CANARY),
        "regions": (CANARY,),
        "places": (Place(name=words, country="NL"), Place(name=CANARY)),
        "link": Link(f"https://example.org/n/{CANARY}-wins"),
        "image": Image(f"https://example.org/i/{CANARY}.jpg", words),
        "correction": Correction(text=words, was=f"{words} loses", severity="major"),
        "notice": CANARY,
    }
    return make_alert(number, version, **(told | changes))


def moved_on(alert: Alert, transition: Transition, **changes: Any) -> Alert:
    """The next version of an alert after a verb, as an editor sees it."""
    fields: dict[str, Any] = {
        "version": alert.version + 1,
        "msg_type": transition.msg_type,
        "pub_status": transition.pub_status,
        "signals": transition.signals,
    }
    return msgspec.structs.replace(alert, **(fields | changes))


def make_revision(offset: int, alert: Alert, type: RevisionType = "published", first_offset: int = 0) -> Revision:
    """A revision as the desk would append it: readers' form, final bytes. `first_offset` 0 means its own."""
    public = public_form(alert, f"notice: {alert.pub_status}")
    return Revision(
        offset=offset,
        type=type,
        alert=public,
        encoded=revision.encode(public),
        first_offset=first_offset or offset,
        push=True,
    )


def make_device(number: int = 1, **changes: Any) -> Device:
    """An iPhone that wants everything of the English edition, with `changes` to its fields or its preferences."""
    known = Preferences.__struct_fields__
    wanted: dict[str, Any] = {"editions": ("en",)} | {name: changes.pop(name) for name in known if name in changes}
    fields: dict[str, Any] = {
        "number": number,
        "platform": "apns",
        "token": f"{number:064x}",
        "subscription": None,
        "registered_ms": NOW_MS - 24 * HOUR_MS,
    }
    return Device(preferences=Preferences(**wanted), **(fields | changes))
