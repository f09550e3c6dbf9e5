"""The audit in the store: reading it, and writing what comes with no script of its own.

The rule to remember: what changes an alert is written by the script that changes it. Here are the others: what was
refused, which must never fail a request, and what is done to keys, which stands in the same transaction.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import structlog

from service.domain import audit
from service.domain.audit import Act, By
from service.domain.errors import StoreUnavailable
from service.store import keys
from service.store.calls import AUDIT, SCRIPTS
from service.store.connection import Store, reaching_store

log = structlog.get_logger("store")

NOTE_WITHIN_S = 0.5
"""A refusal may take this much longer so that it is noted; editors who are refused are not in an emergency."""
NOTES_PER_KEY_PER_MIN_MAX = 30
"""A person who is refused that often has read the answer; a script that tries on is one line in the log each time."""
ALERT_NOTES_MAX = 1000
"""An alert with so many lines takes no more refusals: what was done to it goes on standing there."""

READ_TOGETHER = 1000
"""Half a megabyte or so: nobody waits for it, and a million lines are a thousand answers."""
CLOCKS_APART_MAX_MS = 60_000
"""Lines are found by the store's clock and say the API's; doctor fails where these are half of this apart."""
_NOTE = AUDIT + SCRIPTS.joinpath("audit_note.lua").read_text("utf-8")


async def note(store: Store, act: Act) -> None:
    """Keep what was refused, or changed nothing. Never raises and never takes long: what cannot be kept, because the
    store is away or one key is refused all the time, stands in the log instead, without the words of who acted: they
    may tell what is not public.
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
        log.error("an act cannot be noted in the audit", act=_wordless(act), why=str(problem))
        return
    if not kept:
        log.warning("a key is refused again and again", act=_wordless(act))


def _wordless(act: Act) -> str:
    return audit.encode(msgspec.structs.replace(act, reason=None)).decode()


def add(pipe: Any, act: Act) -> None:
    """Add the act's line to a transaction, so that it is written when the rest is, and only then."""
    pipe.eval(_NOTE, 3, keys.AUDIT, keys.audit(act.alert or ""), keys.notes(""), audit.encode(act), 0, ALERT_NOTES_MAX)


class Line(msgspec.Struct, frozen=True):
    """A line as it is kept, and its link in the chain; None where an earlier version wrote it."""

    entry: bytes
    chain: str | None


class _First(msgspec.Struct):
    """What is asked of an alert's first line; another version of ours may have written it."""

    by: By


_FIRST = msgspec.json.Decoder(_First)


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
    return None if first is None else OfAlert(_FIRST.decode(first).by, lines, total)


async def oldest(store: Store) -> Line | None:
    """The oldest line that is still kept. Raises StoreUnavailable."""
    found = await _read(store, "-", "+", 1)
    return _line(found[0][1]) if found else None


async def is_whole(store: Store) -> bool:
    """Whether the newest line that was ever written is still there. Raises StoreUnavailable."""
    about = await _about(store)
    return about is None or (about["last-entry"] or (b"0-0",))[0] == about["last-generated-id"]


async def lines(store: Store, since_ms: int | None = None, until_ms: int | None = None) -> AsyncIterator[list[Line]]:
    """The lines that are there by now, oldest first, some at a time; where moments are given, those of about then.

    Raises StoreUnavailable.
    """
    about = await _about(store)
    if about is None:
        return
    start = "-" if since_ms is None else f"{max(0, since_ms - CLOCKS_APART_MAX_MS)}-0"
    end = about["last-generated-id"].decode()
    while found := await _read(store, start, end, READ_TOGETHER):
        if until_ms is not None and int(found[0][0].partition(b"-")[0]) > until_ms + CLOCKS_APART_MAX_MS:
            return
        yield [_line(fields) for _, fields in found]
        start = f"({found[-1][0].decode()}"


async def of_alert_whole(store: Store, alert_id: str) -> AsyncIterator[list[Line]]:
    """The lines of one alert, which are kept as long as it is; they have no links. Raises StoreUnavailable."""
    after = 0
    while (found := await of_alert(store, alert_id, after, READ_TOGETHER)) is not None and found.lines:
        yield [Line(entry, None) for entry in found.lines]
        after += len(found.lines)


async def _about(store: Store) -> dict[str, Any] | None:
    """What the store says of the audit; None where there is none yet."""
    async with reaching_store(), store.pipeline(transaction=True) as pipe:
        pipe.exists(keys.AUDIT)
        pipe.xinfo_stream(keys.AUDIT)
        there, about = await pipe.execute(raise_on_error=False)
        if not there:
            return None
        if isinstance(about, Exception):
            raise about
    return dict(about)


async def _read(store: Store, start: str, end: str, count: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        pipe.xrange(keys.AUDIT, start, end, count)
        (found,) = await pipe.execute()
    return list(found)


def _line(fields: dict[bytes, bytes]) -> Line:
    chain = fields.get(b"chain")
    return Line(fields.get(b"entry", b""), None if chain is None else chain.decode("latin-1"))
