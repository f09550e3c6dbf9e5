"""What is not public, in the store: drafts, embargoed alerts, flashes that wait for a second person.

The rule to remember: other keys than those of alerts. Nothing that answers readers ever asks for these, they take no
offset, and no process that serves readers reads them.
"""

from collections.abc import AsyncIterator
from importlib import resources

import msgspec
import structlog

from service.domain.alert import State
from service.domain.errors import PendingFull, VersionStale
from service.domain.pending import Pending, Submitted
from service.store import calls, keys
from service.store.calls import ANSWERS, NO_KEY, Appended, Bounds, Idempotency
from service.store.connection import Store, reaching_store

log = structlog.get_logger("store")

_BATCH = 100
"""Records in one round trip."""
DRAFTS_SHARE, DRILLS_SHARE = 2, 4
"""Drafts may take a half of the room and drills a quarter, so that neither keeps an embargo or a flash out."""
DISCARDED_MAX = 1000
"""How many that were taken back are kept and listed; the audit has all of them."""
_PENDING = ANSWERS + resources.files(__package__).joinpath("pending.lua").read_text("utf-8")
_DECODER = msgspec.json.Decoder(Pending)
_encode = msgspec.json.Encoder().encode


async def put(
    store: Store, pending: Pending, expected_version: int, due_ms: int | None, audit: bytes,
    idempotency: Idempotency | None, answer: bytes, now_ms: int, bounds: Bounds,
) -> Appended:  # fmt: skip
    """Keep a version of a pending alert, exactly once per Idempotency-Key; `due_ms` is the end of its embargo.

    Raises VersionStale (also where it has been published meanwhile), PendingFull, IdempotencyMismatch,
    StoreUnavailable, NotDurable.
    """
    alert = pending.alert
    given = idempotency or NO_KEY
    names = (
        keys.pending(alert.id), keys.PENDING, keys.DUE, keys.DISCARDED, keys.AUDIT, keys.audit(alert.id),
        keys.answers(given.key_id), keys.answer(given.key_id, given.key), keys.alert(alert.id),
    )  # fmt: skip
    # what waits for a moment waits so much longer
    lifetime_ms = bounds.pending_days * 86_400_000 + max(0, (due_ms or now_ms) - now_ms)
    values = (
        alert.id, _encode(pending), alert.version, expected_version, pending.record.state,
        "" if due_ms is None else due_ms, now_ms, given.key, given.fingerprint, answer, audit, lifetime_ms,
        bounds.idempotency_ttl_s * 1000, bounds.idempotency_max_per_key, bounds.audit_max_entries, bounds.pending_max,
        DISCARDED_MAX, int(alert.status == "Exercise"), max(1, bounds.pending_max // DRAFTS_SHARE),
        max(1, bounds.pending_max // DRILLS_SHARE), keys.pending(""), keys.audit(""),
    )  # fmt: skip
    async with reaching_store():
        reply = await calls.run(store, _PENDING, names, values, bounds.replicas_min)
    match reply:
        case [b"ok"]:
            return Appended(None)
        case [b"replay", known, stored, cursor]:
            assert idempotency is not None, "only a keyed call can be a replay"
            return await calls.replay(store, idempotency, known, stored, cursor, bounds.replicas_min)
        case [b"stale", current]:
            raise VersionStale(int(current))
        case [b"full", what, count]:
            raise PendingFull(f"{int(count)} {what.decode()} wait already: approve, release or kill some")
    raise AssertionError(f"pending.lua answered {reply!r}")


async def read(store: Store, alert_id: str) -> Pending | None:
    """What is pending under that id, or was taken back; None for what was published or never was. Raises
    StoreUnavailable.
    """
    async with reaching_store():
        encoded = await store.hget(keys.pending(alert_id), "pending")
    return None if encoded is None else _read(alert_id, encoded)


def _read(alert_id: str, encoded: bytes) -> Pending | None:
    """None, and said in the log, for what is none: one bad record is not the end of all."""
    try:
        return _DECODER.decode(encoded)
    except (msgspec.DecodeError, ValueError) as error:
        log.error("a pending alert cannot be read", alert=alert_id, why=str(error)[:200])
        return None


async def newest(
    store: Store, states: frozenset[State], before: Submitted | None = None
) -> AsyncIterator[tuple[Submitted, Pending]]:  # fmt: skip
    """What is pending in those states, by first submission, the newest first, each with its place; what was taken back
    stands where that was done. `before` is the place of the last one that is known already.

    Raises StoreUnavailable. It ends: at most `pending_max` and DISCARDED_MAX are kept.
    """
    names = [keys.DISCARDED] * ("discarded" in states) + [keys.PENDING] * bool(states - {"discarded"})
    places: list[Submitted] = []
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.zrevrangebyscore(name, "+inf" if before is None else before[0], "-inf", withscores=True)
        for members in await pipe.execute():
            places += [(int(score), member.decode()) for member, score in members]
    places = sorted((place for place in places if before is None or place < before), reverse=True)
    for start in range(0, len(places), _BATCH):
        batch = places[start : start + _BATCH]
        async with reaching_store(), store.pipeline(transaction=False) as pipe:
            for _, alert_id in batch:
                pipe.hget(keys.pending(alert_id), "pending")
            encoded = await pipe.execute()
        for place, one in zip(batch, encoded, strict=True):
            found = None if one is None else _read(place[1], one)
            if found is not None and found.record.state in states:
                yield place, found


async def due(store: Store, until_ms: int, limit: int) -> list[tuple[str, int]]:
    """Ids whose embargo ends by `until_ms`, with that moment, the earliest first. Raises StoreUnavailable."""
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        pipe.zrangebyscore(keys.DUE, "-inf", until_ms, start=0, num=limit, withscores=True)
        (members,) = await pipe.execute()
    return [(member.decode(), int(score)) for member, score in members]


async def postpone(store: Store, alert_id: str, until_ms: int) -> None:
    """Look at this embargo again at that moment, if it is still to be looked at. Raises StoreUnavailable."""
    async with reaching_store():
        await store.zadd(keys.DUE, {alert_id: until_ms}, xx=True)


async def forget(store: Store, alert_id: str) -> None:
    """Take an id out of every list of what is pending: it has been published, or nothing is kept of it any more.
    Raises StoreUnavailable.
    """
    async with reaching_store(), store.pipeline(transaction=True) as pipe:
        pipe.delete(keys.pending(alert_id))
        for name in (keys.PENDING, keys.DUE, keys.DISCARDED):
            pipe.zrem(name, alert_id)
        await pipe.execute()
