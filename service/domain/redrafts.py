"""What an editor may change of an alert that is not out yet.

The rule to remember: everything but edition and story, since nobody has seen it; null takes away what may be missing.
"""

import msgspec

from service.domain import amendments, checks, moment
from service.domain.alert import LEVELS, Alert
from service.domain.errors import Finding, Invalid
from service.domain.fields import Fields, Notice
from service.domain.newsroom import Newsroom
from service.domain.pending import Pending

FIELDS = (*amendments.FIELDS, "level", "publishAt", "note")
FIXED = ("edition", "story")


class Redraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a checked body makes of a pending alert: its new content, still under the version it was made from."""

    alert: Alert
    publish_at_ms: int | None
    expires_ms: int | None
    push: bool
    note: str | None
    warnings: tuple[Notice, ...]


def check_redraft(body: object, before: Pending, newsroom: Newsroom, now_ms: int, *, allow_http: bool) -> Redraft:
    """The pending alert as its editor wants it. Raises Invalid; also where nothing changes, unless it is to be asked
    again for a second person's approval.
    """
    read = Fields(body)
    read.know(FIELDS, FIXED)
    record, alert = before.record, before.alert
    changed = amendments.amended(read, alert, newsroom, now_ms, checks.schemes(allow_http), but=("expires",))
    level = read.choice("level", LEVELS, alert.level)
    changed = msgspec.structs.replace(changed, level=level, urgency=newsroom.levels[level].urgency)
    redraft = Redraft(
        alert=changed, publish_at_ms=_publish_at(read, before, now_ms), expires_ms=_expires(read, before, now_ms),
        push=read.flag("push", record.push), note=read.remark("note") if "note" in read.fields else record.note,
        warnings=tuple(read.warnings),
    )  # fmt: skip
    checks.check_order(read, redraft.publish_at_ms, redraft.expires_ms)
    read.finish()
    stands = (alert, _ms(before.publish_at), _ms(before.expires), record.push, record.note)
    wanted = (changed, redraft.publish_at_ms, redraft.expires_ms, redraft.push, redraft.note)
    if wanted == stands and record.state != "awaiting-approval":
        raise Invalid((Finding("", f"changes nothing: one of {', '.join(FIELDS)} must differ"),))
    return redraft


def _publish_at(read: Fields, before: Pending, now_ms: int) -> int | None:
    if "publishAt" not in read.fields:
        return _ms(before.publish_at)
    if read.fields["publishAt"] is None and before.record.state == "scheduled":
        read.wrong("/publishAt", "must be a moment: release publishes it at once")
    return checks.publish_at(read, now_ms)


def _expires(read: Fields, before: Pending, now_ms: int) -> int | None:
    return read.expires(now_ms) if "expires" in read.fields else _ms(before.expires)


def _ms(text: str | None) -> int | None:
    return None if text is None else moment.from_text(text)
