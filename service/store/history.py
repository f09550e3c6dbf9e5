"""What an alert is and has been, and which alerts an edition has had.

The rule to remember: reading only. Everything here was written by append.lua together with the revision.
"""

from collections.abc import Sequence

import msgspec
import structlog

from service.domain import revision as revisions
from service.domain.alert import Alert, Record
from service.domain.cursor import Cursor, parse
from service.store import keys
from service.store.connection import Store, reaching_store
from service.store.keys import WireName

log = structlog.get_logger("store")

_FIELDS = ["record", "alert", "cursor"]
_RECORD = msgspec.json.Decoder(Record)
# one round trip for each so many alerts: bounded memory, few waits
_BATCH = 500


class Stored(msgspec.Struct, frozen=True):
    """An alert as the store has it now: the record, its public JSON and the cursor of its newest revision."""

    record: Record
    encoded: bytes
    cursor: Cursor


class Placed(msgspec.Struct, frozen=True):
    """An alert's current public form at the place of its first publication."""

    first_offset: int
    alert: Alert
    encoded: bytes


async def read(store: Store, alert_id: str) -> Stored | None:
    """The alert as it stands, or None. Raises StoreUnavailable."""
    async with reaching_store():
        return _stored(*await store.hmget(keys.alert(alert_id), _FIELDS))


async def read_many(store: Store, alert_ids: Sequence[str]) -> list[Stored | None]:
    """The alerts as they stand, in one round trip; None for those that are not kept. Raises StoreUnavailable."""
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        for alert_id in alert_ids:
            pipe.hmget(keys.alert(alert_id), _FIELDS)
        return [_stored(*fields) for fields in await pipe.execute()]


async def read_versions(store: Store, alert_id: str) -> tuple[Record, ...]:
    """Every version of an alert, oldest first; empty where there is none. Raises StoreUnavailable."""
    async with reaching_store():
        records = await store.lrange(keys.versions(alert_id), 0, -1)
    return tuple(_RECORD.decode(record) for record in records)


async def load(store: Store, wire: WireName, newest: int) -> list[Placed]:
    """The `newest` alerts of a wire's history, newest first. Raises redis errors as they are."""
    found: list[Placed] = []
    members = await store.zrevrange(keys.history(wire), 0, newest - 1, withscores=True)
    for start in range(0, len(members), _BATCH):
        batch = members[start : start + _BATCH]
        async with store.pipeline(transaction=False) as pipe:
            for alert_id, _ in batch:
                pipe.hget(keys.alert(alert_id.decode()), "alert")
            encoded = await pipe.execute()
        for (alert_id, first), body in zip(batch, encoded, strict=True):
            if body is not None and (placed := _placed(alert_id, int(first), body)) is not None:
                found.append(placed)
    return found


def _stored(record: bytes | None, encoded: bytes | None, cursor: bytes | None) -> Stored | None:
    if record is None or encoded is None or cursor is None:
        return None
    place = parse(cursor.decode())
    assert place is not None, "append.lua writes well-formed cursors"
    return Stored(_RECORD.decode(record), encoded, place)


def _placed(alert_id: bytes, first_offset: int, body: bytes) -> Placed | None:
    """The alert at its place; None, and said in the log, for what is none: one bad record is not the end of all."""
    try:
        return Placed(first_offset, revisions.decode(body), body)
    except (msgspec.DecodeError, ValueError) as error:
        log.error("an alert of the history cannot be read", alert=repr(alert_id), why=str(error)[:200])
        return None
