"""Which alerts tell a story, each with its versions.

The rule to remember: reading only; append.lua writes a story together with the alert that joins it. Drills and real
alerts may name one story and never see each other.
"""

import msgspec

from service.domain import pending as rules
from service.domain.alert import Record, Status
from service.domain.pending import Pending
from service.store import keys, pending
from service.store.connection import Store, reaching_store

END_MAX = 100
"""Alerts that are read of either end of a story. Its beginning says who was first, its end what stands now; no event
has so many alerts in three editions, and the answer stays under a megabyte.
"""

_RECORD = msgspec.json.Decoder(Record)


class Told(msgspec.Struct, frozen=True):
    """A story's alerts by first publication, each with its versions, oldest first; `left_out`: those in the middle.
    `waiting`: what is to become part of it and is not public yet, by first submission.
    """

    alerts: tuple[tuple[Record, ...], ...]
    left_out: int
    waiting: tuple[Pending, ...]


async def read(store: Store, story: str, status: Status) -> Told:
    """A story as it stands; empty where nothing of it is known. Raises StoreUnavailable."""
    # first what waits: what is published meanwhile is then found among what is public
    waiting = await _waiting(store, story, status)
    async with reaching_store():
        ids, left_out = await _ids(store, story, status)
        async with store.pipeline(transaction=False) as pipe:
            for alert_id in ids:
                pipe.lrange(keys.versions(alert_id), 0, -1)
            found = await pipe.execute()
    alerts = (tuple(_RECORD.decode(record) for record in records) for records in found if records)
    return Told(
        tuple(records for records in alerts if records[-1].alert.status == status), left_out,
        tuple(one for one in waiting if one.alert.id not in ids),
    )  # fmt: skip


async def newest(store: Store, story: str, status: Status) -> tuple[Record, ...]:
    """The newest version of each of a story's alerts, by first publication, then of what waits.

    Raises StoreUnavailable.
    """
    waiting = await _waiting(store, story, status)
    async with reaching_store():
        ids, _ = await _ids(store, story, status)
        async with store.pipeline(transaction=False) as pipe:
            for alert_id in ids:
                pipe.hget(keys.alert(alert_id), "record")
            found = await pipe.execute()
    records = (_RECORD.decode(record) for record in found if record is not None)
    public = (record for record in records if record.alert.status == status)
    return (*public, *(one.record for one in waiting if one.alert.id not in ids))


async def _waiting(store: Store, story: str, status: Status) -> list[Pending]:
    kept = [one async for _, one in pending.newest(store, rules.STATES - {"discarded"})]
    return [one for one in reversed(kept) if (one.alert.story, one.alert.status) == (story, status)]


async def _ids(store: Store, story: str, status: Status) -> tuple[list[str], int]:
    """The ids of both ends of a story, and how many lie between."""
    name = keys.story(story, status == "Exercise")
    async with store.pipeline(transaction=True) as pipe:
        pipe.zcard(name)
        pipe.zrange(name, 0, END_MAX - 1)
        pipe.zrange(name, -END_MAX, -1)
        count, first, last = await pipe.execute()
    ids = dict.fromkeys(member.decode() for member in (*first, *last))
    return list(ids), count - len(ids)
