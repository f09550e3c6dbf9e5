"""The wire in the store: append a revision, read what is there, and say whether one entry follows another.

The rule to remember: `append` is one script call, so there is no half-published alert. Whatever stands on the wire is
read without an error: what is no revision of ours is Unreadable, and keeps its offset.
"""

import hashlib
from collections.abc import Mapping
from typing import cast, get_args

import msgspec

from service.domain import revision as revisions
from service.domain.alert import State
from service.domain.cursor import Cursor
from service.domain.errors import Braked, FuseOver, StoreUnavailable, VersionStale
from service.domain.revision import Revision, RevisionType
from service.store import calls, keys
from service.store.calls import ANSWERS, NO_KEY, SCRIPTS, Appended, Bounds, Idempotency
from service.store.connection import Store, reaching_store
from service.store.keys import WireName

_TYPES = frozenset(get_args(RevisionType))
_APPEND = ANSWERS + SCRIPTS.joinpath("append.lua").read_text("utf-8")


class Flash(msgspec.Struct, frozen=True):
    """After `max` flashes within `within_s` seconds this one is refused; None where a second person has seen it."""

    within_s: float
    max: int | None


class Entry(msgspec.Struct, frozen=True):
    """A revision about to be appended, with everything that is written in the same call."""

    wire: WireName
    type: RevisionType
    alert_id: str
    version: int
    expected_version: int
    """The version it was decided upon; 0 for a new alert."""
    encoded: bytes
    """The alert's public JSON, final."""
    record: bytes
    audit: bytes
    push: bool
    state: State
    story: str
    expires_ms: int | None
    """When the scheduler is to look at it again; None for a state that does not expire."""
    unless_pushing: bool = False
    """Refuse it once the push side has begun with this alert (`pushing` in its hash)."""
    flash: Flash | None = None
    """What the brake needs to know of a flash that goes out now; None for everything else."""


class Head(msgspec.Struct, frozen=True):
    """An edition's newest place in the store."""

    epoch: str
    offset: int


class Unreadable(msgspec.Struct, frozen=True):
    """An entry of the wire that is no revision; its offset is taken all the same."""

    offset: int
    why: str


async def is_braked(store: Store, wire: WireName, flash: Flash, now_ms: int) -> bool:
    """Whether `append` would refuse this flash now; nothing is counted. Raises StoreUnavailable."""
    if flash.max is None:
        return False
    since = f"({now_ms - round(flash.within_s * 1000)}"
    async with reaching_store():
        lately = await store.zrangebyscore(keys.flashes(wire.exercise), since, "+inf", 0, flash.max)
    return len(lately) >= flash.max


async def append(
    store: Store, entry: Entry, idempotency: Idempotency | None, answer: bytes, new_epoch: str, now_ms: int,
    bounds: Bounds, seen: Cursor | None = None,
) -> Appended:  # fmt: skip
    """Put a revision on its wire, durably if the store is durable, exactly once per Idempotency-Key.

    `seen` is how far the wire is known to have reached; a store that lies behind it has lost history, and gets nothing
    on top of that.

    Raises VersionStale, FuseOver (only with `unless_pushing`), Braked (only with a `flash`), IdempotencyMismatch,
    StoreUnavailable; NotDurable when too few replicas confirmed in time: it may still stand, and the same
    Idempotency-Key will tell.
    """
    given = idempotency or NO_KEY
    names = (
        keys.head(entry.wire), keys.wire(entry.wire), keys.history(entry.wire), keys.alert(entry.alert_id),
        keys.versions(entry.alert_id), keys.AUDIT, keys.answers(given.key_id), keys.answer(given.key_id, given.key),
        keys.story(entry.story, entry.wire.exercise), keys.audit(entry.alert_id), keys.EXPIRING,
        keys.pending(entry.alert_id), keys.PENDING, keys.DUE, keys.flashes(entry.wire.exercise),
    )  # fmt: skip
    # a day more than the history reaches back, so that an id the history still names is still there
    lifetime_ms = (bounds.history_days + 1) * 86_400_000
    values = (
        entry.type, entry.encoded, entry.record, entry.alert_id, entry.version, entry.expected_version,
        int(entry.push), new_epoch, now_ms, given.key, given.fingerprint, answer, entry.audit,
        bounds.wire_max_revisions,
        bounds.history_max_alerts, lifetime_ms, bounds.idempotency_ttl_s * 1000, bounds.idempotency_max_per_key,
        bounds.audit_max_entries, entry.state, int(entry.unless_pushing),
        *((seen.epoch, seen.offset) if seen else ("", 0)), "" if entry.expires_ms is None else entry.expires_ms,
        *_of_flash(entry.flash),
    )  # fmt: skip
    async with reaching_store():
        reply = await calls.run(store, _APPEND, names, values, bounds.replicas_min)
    match reply:
        case [b"ok", cursor]:
            return Appended(calls.cursor_of(cursor))
        case [b"replay", known, stored, cursor]:
            assert idempotency is not None, "only a keyed call can be a replay"
            return await calls.replay(store, idempotency, known, stored, cursor, bounds.replicas_min)
        case [b"stale", current]:
            raise VersionStale(int(current))
        case [b"behind"]:
            raise StoreUnavailable("the store has lost what was published; another life of the wire begins shortly")
        case [b"braked"]:
            raise Braked("too many flashes in a short time: this one needs a second person")
        case [b"pushing"]:
            raise FuseOver("phones are ringing already")
    raise AssertionError(f"append.lua answered {reply!r}")


def _of_flash(flash: Flash | None) -> tuple[int, int | str, int]:
    if flash is None:
        return 0, "", 0
    return 1, "" if flash.max is None else flash.max, round(flash.within_s * 1000)


async def read_head(store: Store, wire: WireName) -> Head | None:
    """The newest epoch and offset of a wire; None where no epoch was ever given. Raises redis errors as they are."""
    epoch, offset = await store.hmget(keys.head(wire), ["epoch", "offset"])
    return None if epoch is None else Head(epoch.decode(), int(offset or 0))


async def read_wire(store: Store, wire: WireName, after: int) -> list[tuple[str, Revision | Unreadable]]:
    """All entries of a wire after the offset `after`, each with its epoch. Raises redis errors as they are."""
    entries = await store.xrange(keys.wire(wire), min=f"({after}-0")
    return [read_entry(*entry, wire) for entry in entries]


def read_entry(
    entry_id: bytes, fields: Mapping[bytes, bytes], wire: WireName | None = None
) -> tuple[str, Revision | Unreadable]:
    """The epoch and the revision of a stream entry; never raises, whatever stands there.

    What is no alert of ours (`revision.fault`) is Unreadable; where `wire` is given, also what does not belong on it.
    """
    offset = offset_of(entry_id)
    epoch = fields.get(b"epoch", b"").decode("utf-8", "replace")
    try:
        return epoch, _revision(offset, fields, wire)
    except (KeyError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        return epoch, Unreadable(offset, f"{type(error).__name__}: {error}"[:200])


def offset_of(entry_id: bytes) -> int:
    """The offset of a stream entry, which is the first half of its id."""
    return int(entry_id.partition(b"-")[0])


def digest(fields: Mapping[bytes, bytes]) -> str:
    """What tells one entry from another that stands at the same offset of the same epoch, readable or not."""
    return chain_of(fields) or _sha1(*(part for field in fields.items() for part in field))


def follows(before: str | None, fields: Mapping[bytes, bytes]) -> bool:
    """Whether an entry was appended where `before` was the newest chain (None: whatever was); one that append.lua did
    not write vouches for nothing, and may stand anywhere.
    """
    chain = fields.get(b"chain")
    return chain is None or before is None or chain == _sha1(before.encode(), fields.get(b"alert", b"")).encode()


def chain_of(fields: Mapping[bytes, bytes]) -> str | None:
    """The chain that the next entry goes on from; None where append.lua did not write this one."""
    chain = fields.get(b"chain")
    return None if chain is None else chain.decode("latin-1")


def _sha1(*parts: bytes) -> str:
    return hashlib.sha1(b"".join(parts), usedforsecurity=False).hexdigest()


def _revision(offset: int, fields: Mapping[bytes, bytes], wire: WireName | None) -> Revision:
    kind = fields[b"type"].decode()
    if kind not in _TYPES:
        raise ValueError(f"unknown type {kind[:40]!r}")
    alert = revisions.decode(fields[b"alert"])
    first = int(fields[b"first"])
    if why := revisions.fault(alert):
        raise ValueError(why)
    if not 1 <= first <= offset:
        raise ValueError("first published after itself, or before everything")
    if wire is not None and (alert.edition, alert.status == "Exercise") != (wire.edition, wire.exercise):
        raise ValueError("an alert of another wire")
    return Revision(
        offset=offset, type=cast(RevisionType, kind), alert=alert, encoded=fields[b"alert"], first_offset=first,
        push=fields[b"push"] == b"1",
    )  # fmt: skip
