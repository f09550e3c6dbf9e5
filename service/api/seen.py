"""An alert as editors see it, wherever they see one.

The rule to remember: `alert` is what readers see. What stands beside it, the true headline too, is for editors alone.
"""

import msgspec

from service.domain import pending as rules
from service.domain import revision
from service.domain.alert import Author, Record, State
from service.domain.pending import Pending
from service.store.access import Key


class Seen(msgspec.Struct, frozen=True, rename="camel"):
    """`alert` is the public JSON; `headline` what the alert says, also while readers see a notice in its place."""

    alert: msgspec.Raw
    state: State
    headline: str | None
    author: Author
    push: bool
    note: str | None
    reason: str | None
    cursor: str | None
    publish_at: str | None = None
    approved_by: Author | None = None


def seen(record: Record, encoded: bytes, cursor: str | None, state: State | None = None) -> Seen:
    """A record with its public JSON; `state` where it is another by now than when the record was made."""
    return Seen(
        alert=msgspec.Raw(encoded), state=state or record.state, headline=record.alert.headline, author=record.author,
        push=record.push, note=record.note, reason=record.reason, cursor=cursor, approved_by=record.approved_by,
    )  # fmt: skip


def seen_pending(pending: Pending) -> Seen:
    """What is pending as editors see it: `alert` is what readers would see."""
    told = seen(pending.record, revision.encode(pending.alert), None)
    return msgspec.structs.replace(told, publish_at=pending.publish_at)


def sees(key: Key, pending: Pending) -> bool:
    """Whether what is pending is in sight of who holds this key."""
    return rules.may_see(pending, Author(key.id, key.name), key.role, test=key.test)
