"""Read a wire and its history from the store into memory.

The rule to remember: the wire is read first. What the history adds can only be newer, and the ticker takes the highest
version of each alert whatever the order.
"""

import asyncio

import msgspec
import structlog

from service.domain.backlog import Backlog
from service.domain.lineage import Mark
from service.domain.revision import Revision
from service.domain.ticker import Ticker
from service.store import history, keys, stream
from service.store.connection import Store
from service.store.keys import WireName
from service.store.stream import Head, Unreadable
from service.wire import Wire

log = structlog.get_logger("newswire")

ENTRIES_PER_STEP = 256
"""Taken in before other wires' readers have their turn."""


class Extent(msgspec.Struct, frozen=True):
    """How much of a wire is kept in memory; the settings of the same names."""

    wire_max_revisions: int
    history_max_alerts: int
    tombstone_s: int


async def load(store: Store, name: WireName, extent: Extent) -> tuple[Wire, Mark, str | None] | None:
    """The wire as it stands, a mark of its end, and the newest chain; None where its life changed meanwhile, or never
    began.

    Raises redis errors as they are.
    """
    head = await stream.read_head(store, name)
    entries = await store.xrange(keys.wire(name), min="-")
    after = await stream.read_head(store, name)
    if head is None or after is None or after.epoch != head.epoch:
        return None
    read = _of_this_life([(entry, *stream.read_entry(*entry, name)) for entry in entries], head)
    start = read[0].offset - 1 if read else max(head.offset, stream.offset_of(entries[-1][0]) if entries else 0)
    wire = Wire(
        name, Backlog(head.epoch, start, extent.wire_max_revisions),
        Ticker(extent.history_max_alerts, extent.tombstone_s),
    )  # fmt: skip
    for item in reversed(await history.load(store, name, extent.history_max_alerts)):
        try:
            wire.ticker.apply(item.first_offset, item.alert, item.encoded)
        except ValueError as error:
            log.error("an alert of the history cannot be read", wire=name.suffix, id=item.alert.id, why=str(error))
    for number, entry in enumerate(read, 1):
        if number % ENTRIES_PER_STEP == 0:
            await asyncio.sleep(0)
        if entry.offset != wire.backlog.last + 1:
            log.error("the wire has a hole", wire=name.suffix, before=entry.offset)
            wire.backlog.skip(entry.offset - 1)
        wire.take(entry)
    stands = bool(entries) and stream.offset_of(entries[-1][0]) == wire.cursor.offset
    mark = Mark(head.epoch, wire.cursor.offset, stream.digest(entries[-1][1]) if stands else "")
    return wire, mark, next(filter(None, (stream.chain_of(fields) for _, fields in reversed(entries))), None)


def _of_this_life(
    entries: list[tuple[tuple[bytes, dict[bytes, bytes]], str, Revision | Unreadable]], head: Head
) -> list[Revision | Unreadable]:
    """What can be replayed: not what earlier lives have left at the beginning, which the history still shows.

    The head says which life it is, so a later entry that says otherwise was put there by somebody else.
    """
    first = next((number for number, (_, epoch, _) in enumerate(entries) if epoch == head.epoch), len(entries))
    return [
        Unreadable(entry.offset, "of another life") if epoch != head.epoch and isinstance(entry, Revision) else entry
        for _, epoch, entry in entries[first:]
    ]
