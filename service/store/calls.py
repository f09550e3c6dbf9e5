"""What an editor asks for, as the store does it: one call, once, kept by enough replicas, and answered alike again.

The rule to remember: what a call did is told apart from what it may have done. NotDurable and StoreUnavailable mean
that nobody knows, and only the same Idempotency-Key finds out.
"""

from importlib import resources
from typing import Any, cast

import msgspec

from service.domain.cursor import Cursor, parse
from service.domain.errors import IdempotencyMismatch, NotDurable
from service.store import keys
from service.store.connection import Store, reaching_store

REPLICA_WAIT_MS = 500
SCRIPTS = resources.files(__package__)
AUDIT = SCRIPTS.joinpath("audit.lua").read_text("utf-8")
"""Stands in front of every script that writes a line of the audit."""
ANSWERS = AUDIT + SCRIPTS.joinpath("answers.lua").read_text("utf-8")
"""Stands in front of every script that does what an editor asked for."""


class Bounds(msgspec.Struct, frozen=True):
    """How much is kept of everything that append.lua writes; the settings of the same names."""

    wire_max_revisions: int
    history_max_alerts: int
    history_days: int
    idempotency_ttl_s: int
    idempotency_max_per_key: int
    audit_max_entries: int
    pending_days: int
    pending_max: int
    versions_max: int
    replicas_min: int = 0
    """Replicas that must have it before it counts as appended; 0 where the primary's own disk is enough."""


class Idempotency(msgspec.Struct, frozen=True):
    """A client's key, the API key it is scoped to, and the digest of the request."""

    key_id: str
    key: str
    fingerprint: str


NO_KEY = Idempotency("", "", "")
"""What a script is told where none came: it looks for nothing, and keeps no answer."""


class Appended(msgspec.Struct, frozen=True):
    """Where it stands; `cursor` is None for what is not on a wire. `replayed` carries the stored answer when the same
    Idempotency-Key was used before.
    """

    cursor: Cursor | None
    replayed: bytes | None = None


async def answered(store: Store, idempotency: Idempotency, replicas_min: int = 0) -> Appended | None:
    """The answer stored under this Idempotency-Key. Raises IdempotencyMismatch if it was to another request, and
    NotDurable while too few replicas have it.
    """
    async with reaching_store():
        known = await store.hmget(keys.answer(idempotency.key_id, idempotency.key), ["fingerprint", "answer", "cursor"])
    if known[0] is None:
        return None
    return await replay(store, idempotency, *cast("tuple[bytes, bytes, bytes]", known), replicas_min)


async def run(
    store: Store, script: str, names: tuple[str, ...], values: tuple[Any, ...], replicas_min: int
) -> list[Any]:
    """Run a script that writes, and wait until enough replicas have it. Raises NotDurable, and redis errors."""
    if not replicas_min:
        return cast("list[Any]", await store.register_script(script)(keys=names, args=values))
    # WAIT counts for the connection that wrote, so both go down one pipeline
    async with store.pipeline(transaction=False) as pipe:
        pipe.eval(script, len(names), *names, *values)
        pipe.wait(replicas_min, REPLICA_WAIT_MS)
        reply, replicas = await pipe.execute()
    judge(replicas, replicas_min)
    return cast("list[Any]", reply)


async def confirm(store: Store, alert_id: str, replicas_min: int) -> None:
    """Wait until the replicas have the alert as it stands. Raises StoreUnavailable, NotDurable."""
    async with reaching_store():
        await _confirm(store, keys.alert(alert_id), replicas_min)


async def _confirm(store: Store, name: str, replicas_min: int) -> None:
    """Wait until the replicas have what was stored together with `name`, a key that expires. Raises NotDurable.

    The call that stored it may have waited in vain. WAIT counts from the connection's own last write, so we make one
    that changes nothing: the key expires when it would have expired anyway.
    """
    if not replicas_min:
        return
    async with store.pipeline(transaction=False) as pipe:
        pipe.pexpiretime(name)
        (expires_ms,) = await pipe.execute()
    async with store.pipeline(transaction=False) as pipe:
        pipe.pexpireat(name, max(expires_ms, 1))
        pipe.wait(replicas_min, REPLICA_WAIT_MS)
        _, replicas = await pipe.execute()
    judge(replicas, replicas_min)


def judge(replicas: int, replicas_min: int) -> None:
    """Raises NotDurable where too few have confirmed."""
    if replicas < replicas_min:
        raise NotDurable(f"{replicas} of {replicas_min} replicas confirmed it in {REPLICA_WAIT_MS} ms")


async def replay(
    store: Store, idempotency: Idempotency, fingerprint: bytes, answer: bytes, cursor: bytes, replicas_min: int
) -> Appended:
    """The answer that stands under an Idempotency-Key, once enough replicas have it. Raises IdempotencyMismatch,
    NotDurable, StoreUnavailable.
    """
    refuse_another_request(idempotency, fingerprint)
    async with reaching_store():
        await _confirm(store, keys.answer(idempotency.key_id, idempotency.key), replicas_min)
    return Appended(cursor_of(cursor) if cursor else None, answer)


def cursor_of(text: bytes) -> Cursor:
    """A cursor as a script answers it."""
    cursor = parse(text.decode())
    assert cursor is not None, "the store's own cursors are well-formed"
    return cursor


def refuse_another_request(idempotency: Idempotency, fingerprint: bytes) -> None:
    """Raises IdempotencyMismatch where `fingerprint`, which stands under the key, is another request's."""
    if fingerprint.decode() != idempotency.fingerprint:
        raise IdempotencyMismatch("this Idempotency-Key was used with another request: make a new one")
