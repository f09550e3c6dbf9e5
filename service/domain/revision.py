"""A revision: one complete version of an alert and the verb that made it, at its place on the wire.

The rule to remember: the alert's bytes are final before the append; here they are only carried. Every process that
reads the wire reads these. In the place of an entry that cannot be read stands a revision that says the newest alert
once more (`service/newswire.py`), so that one bad entry is no gap.
"""

from typing import Literal

import msgspec

from service.domain.alert import Alert

RevisionType = Literal["published", "updated", "corrected", "withheld", "released", "canceled", "expired"]


class Revision(msgspec.Struct, frozen=True, kw_only=True):
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


def encode(alert: Alert) -> bytes:
    """The public JSON of an alert, compact UTF-8. Raises ValueError if it could not be read back by every reader."""
    encoded = _ENCODER.encode(alert)
    if _DECODER.decode(encoded) != alert:
        raise ValueError(f"alert {alert.id} does not survive its own encoding")
    return encoded


def decode(encoded: bytes) -> Alert:
    """The alert of its public JSON. Raises msgspec.DecodeError for what is none."""
    return _DECODER.decode(encoded)
