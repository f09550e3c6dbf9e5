"""The audit in the store: reading it, and writing what comes with no script of its own.

The rule to remember: what changes an alert is written by the script that changes it. Here are the others: what was
refused, which must never fail a request, and what is done to keys, which stands in the same transaction.
"""

import asyncio
from importlib import resources
from typing import Any

import msgspec
import structlog

from service.domain import audit
from service.domain.audit import Act, By
from service.domain.errors import StoreUnavailable
from service.store import keys
from service.store.connection import Store
from service.store.stream import reaching_store

log = structlog.get_logger("store")

NOTE_WITHIN_S = 0.5
"""A refusal may take this much longer so that it is noted; editors who are refused are not in an emergency."""
NOTES_PER_KEY_PER_MIN_MAX = 30
"""A person who is refused that often has read the answer; a script that tries on is one line in the log each time."""
ALERT_NOTES_MAX = 1000
"""An alert with so many lines takes no more refusals: what was done to it goes on standing there."""

_ACT = msgspec.json.Decoder(Act)
_NOTE = resources.files(__package__).joinpath("audit_note.lua").read_text("utf-8")


async def note(store: Store, act: Act) -> None:
    """Keep what was refused, or changed nothing. Never raises and never takes long: what cannot be kept, because the
    store is away or one key is refused all the time, stands in the log instead.
    """
    entry = audit.encode(act)
    by = act.by.key_id or act.by.name
    names = (keys.AUDIT, keys.audit(act.alert or ""), keys.notes(by))
    try:
        async with asyncio.timeout(NOTE_WITHIN_S), reaching_store():
            kept = await store.register_script(_NOTE)(
                keys=names, args=(entry, NOTES_PER_KEY_PER_MIN_MAX, ALERT_NOTES_MAX)
            )
    except (TimeoutError, StoreUnavailable) as problem:
        log.error("an act cannot be noted in the audit", act=entry.decode(), why=str(problem))
        return
    if not kept:
        log.warning("a key is refused again and again", act=entry.decode())


def add(pipe: Any, act: Act) -> None:
    """Add the act's line to a transaction, so that it is written when the rest is, and only then."""
    pipe.eval(_NOTE, 3, keys.AUDIT, keys.audit(act.alert or ""), keys.notes(""), audit.encode(act), 0, ALERT_NOTES_MAX)


class OfAlert(msgspec.Struct, frozen=True):
    """A page of an alert's lines. `begun_by` is who made the alert, `total` counts all lines."""

    begun_by: By
    lines: list[bytes]
    total: int


async def of_alert(store: Store, alert_id: str, after: int, limit: int) -> OfAlert | None:
    """`limit` lines of an alert behind the first `after`, oldest first; None where it has none at all.

    Raises StoreUnavailable.
    """
    name = keys.audit(alert_id)
    async with reaching_store(), store.pipeline(transaction=True) as pipe:
        pipe.lindex(name, 0)
        pipe.lrange(name, after, after + limit - 1)
        pipe.llen(name)
        first, lines, total = await pipe.execute()
    return None if first is None else OfAlert(_ACT.decode(first).by, lines, total)
