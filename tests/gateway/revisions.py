"""Revisions made by hand, for rings and hubs without a store."""

import msgspec

from service.domain import revision
from service.domain.alert import NO_ATTRIBUTION, Alert, redacted
from service.domain.revision import Revision


def published(offset: int, headline: str) -> Revision:
    """The first version of an alert that is named after its offset."""
    alert = Alert(
        id=f"{offset:026d}", story=f"{offset:026d}", edition="en", language="en", dir="ltr", version=1,
        msg_type="Alert", status="Actual", pub_status="usable", level="brief", urgency=4, certainty="Observed",
        headline=headline, text=headline, attribution=NO_ATTRIBUTION, sections=(), regions=(), places=(), link=None,
        image=None, signals=(), references=(), correction=None, notice=None,
        first_created="2026-11-18T14:02:11.204Z", version_created="2026-11-18T14:02:11.204Z",
        expires="2036-11-19T14:02:11.204Z",
    )  # fmt: skip
    return _at(offset, "published", alert, offset)


def canceled(offset: int, of: Revision) -> Revision:
    """The kill of an alert."""
    alert = msgspec.structs.replace(
        redacted(of.alert, "Withdrawn."), version=2, msg_type="Cancel", pub_status="canceled"
    )
    return _at(offset, "canceled", alert, of.offset)


def _at(offset: int, kind: revision.RevisionType, alert: Alert, first_offset: int) -> Revision:
    return Revision(
        offset=offset, type=kind, alert=alert, encoded=revision.encode(alert), first_offset=first_offset, push=True
    )
