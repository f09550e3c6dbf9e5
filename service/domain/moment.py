"""Moments: milliseconds since the Unix epoch inside, RFC 3339 UTC with milliseconds and `Z` in JSON.

The rule to remember: texts made here sort as the moments do, so they may be compared as strings.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:[0-5]\d)", re.ASCII)


def to_text(ms: int) -> str:
    """`2026-11-18T14:02:11.204Z` for the moment `ms` (milliseconds since the Unix epoch)."""
    moment = _EPOCH + timedelta(milliseconds=ms)
    # not strftime, which writes the year 500 with three digits
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def from_text(text: str) -> int:
    """Milliseconds since the Unix epoch of an RFC 3339 moment with a zone; raises ValueError for anything else."""
    if not _FORM.fullmatch(text):
        raise ValueError("not an RFC 3339 moment with a zone, such as 2026-11-18T14:02:11.204Z")
    try:
        # in UTC, because a moment may leave the calendar with its zone, and could not be told again
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
        return (moment - _EPOCH) // timedelta(milliseconds=1)
    except OverflowError as error:
        raise ValueError("a moment outside the calendar") from error


def in_zone(ms: int, zone: tzinfo) -> datetime:
    """What the calendar and the clock on the wall of `zone` show at the moment `ms`."""
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(zone)
