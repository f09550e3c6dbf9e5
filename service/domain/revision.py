"""A revision: one complete version of an alert and the verb that made it, at its place on the wire.

The rule to remember: the alert's bytes are final before the append; here they are only carried. Every process that
reads the wire reads these. In the place of an entry that cannot be read stands a revision that says the newest alert
once more (`service/newswire.py`), so that one bad entry is no gap.
"""

import re
from datetime import datetime
from typing import Literal

import msgspec

from service.domain.alert import Alert
from service.domain.checks import ID_FORM

VERSION_MAX = 2**31
"""Nobody changes an alert so often; beyond this, numbers do not fit where scripts and clients keep them."""
RevisionType = Literal["published", "updated", "corrected", "withheld", "released", "canceled", "expired"]


class Revision(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """`offset` counts 1, 2, 3 … on the edition's wire; `first_offset` is where its alert was first published.

    `encoded` is the alert's public JSON, `alert` the same decoded.
    """

    offset: int
    type: RevisionType
    alert: Alert
    encoded: bytes
    first_offset: int
    push: bool


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Alert)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


def encode(alert: Alert) -> bytes:
    """The public JSON of an alert, compact UTF-8. Raises ValueError if it could not be read back by every reader."""
    encoded = _ENCODER.encode(alert)
    if _DECODER.decode(encoded) != alert:
        raise ValueError(f"alert {alert.id} does not survive its own encoding")
    return encoded


def decode(encoded: bytes) -> Alert:
    """The alert of its public JSON. Raises msgspec.DecodeError for what is none."""
    return _DECODER.decode(encoded)


def fault(alert: Alert) -> str | None:
    """Why no desk of ours has made this alert; None for a sound one, which every rule may rely on."""
    # every process asks this of every entry, so a moment is checked for the one form in which moment.py writes it
    if not (_is_moment(alert.first_created) and _is_moment(alert.version_created) and _is_moment(alert.expires)):
        return "a moment that is none"
    if not 1 <= alert.version <= VERSION_MAX:
        return "a version that nothing can have"
    if not (ID_FORM.fullmatch(alert.id) and ID_FORM.fullmatch(alert.story)):
        return "an id or a story that is none"
    if not 1 <= alert.urgency <= 9:
        return "an urgency that is none"
    if alert.pub_status == "usable" and not (alert.headline and alert.text):
        return "it says nothing, and is not withheld"
    return None


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return _MOMENT.fullmatch(text) is not None
