"""Who has access: API keys are made, rotated, ended and forgotten, and checked one at a time.

The rule to remember: a key is shown once; what is kept is a digest. Every change is one script call that also changes
the version of the keys, so that whoever holds a copy of them has to compare no more than that.
"""

from collections.abc import Collection
from typing import Any, cast

import msgspec

from service.domain import api_key, audit, moment
from service.domain.api_key import Key
from service.domain.audit import OURSELVES, Act, By
from service.domain.errors import KeyEnded, KeysFull, NotFound, StoreUnavailable
from service.domain.roles import Role
from service.store import calls, key_records, keys
from service.store.calls import ANSWERS, NO_KEY, REPLICA_WAIT_MS, SCRIPTS, Idempotency
from service.store.connection import Store, reaching_store
from service.store.key_records import Former

__all__ = ["Key"]

FORMER_MAX = 3
"""Secrets of one key that may go on beside the newest; whoever rotates more often ends the oldest sooner."""
ROTATE_AGAIN_MAX = 5

_CHANGE = ANSWERS + SCRIPTS.joinpath("key_change.lua").read_text("utf-8")


class Bounds(msgspec.Struct, frozen=True):
    """How much is kept, and for how long; the settings of the same names, with their defaults."""

    keys_max: int = 1000
    keys_kept_days: int = 90
    idempotency_ttl_s: int = 86_400
    idempotency_max_per_key: int = 20_000
    replicas_min: int = 0
    """Replicas that must have a change before it counts: a failover must not bring a revoked key back."""


BOUNDS = Bounds()


class IssuedKey(msgspec.Struct, frozen=True):
    """A new key, or a key with a new secret: the only time that `key` is known."""

    id: str
    key: str
    role: Role
    name: str
    test: bool
    expires: str | None = None


class AnsweredBefore(Exception):
    """The change had been made under the same Idempotency-Key; `answer` is what was said then, without the secret."""

    def __init__(self, answer: bytes) -> None:
        super().__init__("answered before")
        self.answer = answer


class _Moved(Exception):
    """The key is another by now than what the change was made of."""


async def verify(store: Store, presented: str, now_ms: int) -> Key | None:
    """The key that `presented` is, or None: unknown, wrong, expired or revoked. Raises StoreUnavailable."""
    given = key_records.read(presented)
    held = None if given is None else await key_records.find(store, given.id)
    if given is None or held is None or not held.proves(given, now_ms) or api_key.ending(held.key, now_ms):
        return None
    return held.key


async def standing(store: Store, key_ids: Collection[str], now_ms: int) -> set[str]:
    """Those of `key_ids` whose keys are there, and neither expired nor revoked. Raises StoreUnavailable."""
    found = await key_records.find_many(store, key_ids)
    return {held.key.id for held in found if api_key.ending(held.key, now_ms) is None}


async def list_keys(store: Store) -> list[Key]:
    """All keys that are kept, ended ones too, oldest first, without their secrets. Raises StoreUnavailable."""
    _, found = await key_records.read_all(store)
    return sorted((held.key for held in found.values()), key=lambda key: (key.created, key.id))


async def answered(store: Store, idempotency: Idempotency | None, bounds: Bounds = BOUNDS) -> bytes | None:
    """What a change under this Idempotency-Key was answered, or None.

    Raises IdempotencyMismatch, NotDurable, StoreUnavailable.
    """
    if idempotency is None:
        return None
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        pipe.hmget(keys.answer(idempotency.key_id, idempotency.key), ["fingerprint", "answer"])
        (fingerprint, answer), *_ = await pipe.execute()
        if fingerprint is None or answer is None:
            return None
        calls.refuse_another_request(idempotency, fingerprint)
        _ask_replicas(pipe, bounds)
        _judge(await pipe.execute(), bounds)
    return cast(bytes, answer)


async def create(
    store: Store, name: str, role: Role, test: bool, now_ms: int, expires_ms: int | None = None,
    by: By = OURSELVES, idempotency: Idempotency | None = None, bounds: Bounds = BOUNDS,
) -> IssuedKey:  # fmt: skip
    """Make a key, and forget some that ended long ago.

    Raises KeysFull, KeyEnded (that of who asks), AnsweredBefore, IdempotencyMismatch, NotDurable, StoreUnavailable.
    """
    secret, expires = key_records.new_secret(), None if expires_ms is None else moment.to_text(expires_ms)
    key = Key(key_records.new_id(), role, name, test, moment.to_text(now_ms), expires)
    await _make_room(store, now_ms, bounds)
    issued = _issued(key, secret)
    act = Act(at=key.created, verb="create-key", by=by, key=key.id, name=name, role=role)
    rest = (key_records.digest(secret), msgspec.json.encode(key), bounds.keys_max)
    await _change(store, "create", act, now_ms, idempotency, _without_secret(issued), rest, bounds)
    return issued


async def rotate(
    store: Store, key_id: str, overlap_s: int, now_ms: int, by: By = OURSELVES,
    idempotency: Idempotency | None = None, bounds: Bounds = BOUNDS,
) -> IssuedKey:  # fmt: skip
    """Give a key another secret. The former goes on for `overlap_s`; with 0, every former one ends at once.

    Its id, role, name, expiry and all that it did stay as they are. Raises NotFound for none and for one that has
    ended, KeyEnded (that of who asks), AnsweredBefore, IdempotencyMismatch, NotDurable, StoreUnavailable.
    """
    secret = key_records.new_secret()
    for _ in range(ROTATE_AGAIN_MAX):
        held = await key_records.find(store, key_id)
        if held is None or api_key.ending(held.key, now_ms):
            raise NotFound("no key of this id goes on, and one that has ended cannot be rotated: make a new one")
        going_on = [each for each in held.former if each.until > now_ms]
        former = [Former(held.digest.decode(), now_ms + overlap_s * 1000), *going_on][:FORMER_MAX] if overlap_s else []
        issued = _issued(held.key, secret)
        act = Act(at=moment.to_text(now_ms), verb="rotate-key", by=by, key=key_id)
        rest = (held.digest, key_records.digest(secret), msgspec.json.encode(former))
        try:
            await _change(store, "rotate", act, now_ms, idempotency, _without_secret(issued), rest, bounds)
        except _Moved:
            continue
        return issued
    raise StoreUnavailable("others keep rotating this key")


async def revoke(
    store: Store, key_id: str, now_ms: int, by: By = OURSELVES, idempotency: Idempotency | None = None,
    bounds: Bounds = BOUNDS,
) -> bool:  # fmt: skip
    """End a key; False where there is none. It holds everywhere within 2 s.

    Raises KeyEnded (that of who asks), AnsweredBefore, IdempotencyMismatch, NotDurable, StoreUnavailable.
    """
    act = Act(at=moment.to_text(now_ms), verb="revoke-key", by=by, key=key_id)
    try:
        await _change(store, "revoke", act, now_ms, idempotency, b"", (), bounds)
    except NotFound:
        return False
    return True


async def revoke_all(
    store: Store, now_ms: int, by: By = OURSELVES, idempotency: Idempotency | None = None, bounds: Bounds = BOUNDS
) -> int:
    """End every key, that of who asks too; asked by a test key, every test key. How many; within 2 s everywhere.

    Raises KeyEnded (that of who asks), AnsweredBefore, IdempotencyMismatch, NotDurable, StoreUnavailable.
    """
    act = Act(at=moment.to_text(now_ms), verb="revoke-all", by=by)
    return await _change(store, "revoke-all", act, now_ms, idempotency, b"", (int(by.test),), bounds)


async def _make_room(store: Store, now_ms: int, bounds: Bounds) -> None:
    kept_ms = bounds.keys_kept_days * 86_400_000
    if gone := api_key.to_forget(await list_keys(store), now_ms, kept_ms, bounds.keys_max):
        async with reaching_store(), store.pipeline(transaction=True) as pipe:
            pipe.srem(keys.KEYS, *gone)
            pipe.delete(*map(keys.key, gone))
            await pipe.execute()


async def _change(
    store: Store, what: str, act: Act, now_ms: int, idempotency: Idempotency | None, answer: bytes,
    rest: tuple[bytes | int, ...], bounds: Bounds,
) -> int:  # fmt: skip
    """One call of key_change.lua: how many keys it has changed."""
    asker = act.by.key_id
    given = idempotency or NO_KEY
    names = (
        keys.key(act.key or ""), keys.KEYS, keys.KEYS_VERSION, keys.AUDIT, keys.key(asker or ""),
        keys.answers(given.key_id), keys.answer(given.key_id, given.key),
    )  # fmt: skip
    values = (
        what, act.key or "", act.at, audit.encode(act), key_records.new_secret(), int(asker is not None),
        given.key, given.fingerprint, answer, now_ms, bounds.idempotency_ttl_s * 1000, bounds.idempotency_max_per_key,
        *rest,
    )  # fmt: skip
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        pipe.eval(_CHANGE, len(names), *names, *values)
        _ask_replicas(pipe, bounds)
        reply, *rest_of_replies = await pipe.execute()
    _judge(rest_of_replies, bounds)
    match reply:
        case [b"ok", count]:
            return int(count)
        case [b"replay", known, said, _]:
            assert idempotency is not None, "only a keyed call can be a replay"
            calls.refuse_another_request(idempotency, known)
            raise AnsweredBefore(said)
        case [b"moved"]:
            raise _Moved
        case [b"none"]:
            raise NotFound("there is no key of this id")
        case [b"full"]:
            raise KeysFull(f"{bounds.keys_max} keys are valid: end some, or raise keys_max")
        case [b"asker"]:
            raise KeyEnded("this key has been ended")
    raise AssertionError(f"key_change.lua answered {reply!r}")


def _ask_replicas(pipe: Any, bounds: Bounds) -> None:
    """Wait for the replicas, also where nothing was to be changed: the call that did it may have waited in vain.

    WAIT counts from the connection's own last write, so we make one, which costs each process a reading of the keys.
    """
    if bounds.replicas_min:
        pipe.set(keys.KEYS_VERSION, key_records.new_secret())
        pipe.wait(bounds.replicas_min, REPLICA_WAIT_MS)


def _judge(replies: list[Any], bounds: Bounds) -> None:
    if bounds.replicas_min:
        calls.judge(replies[-1], bounds.replicas_min)


def _issued(key: Key, secret: str) -> IssuedKey:
    written = key_records.write(key.id, secret, test=key.test)
    return IssuedKey(key.id, written, key.role, key.name, key.test, key.expires)


def _without_secret(issued: IssuedKey) -> bytes:
    """What a repetition is answered: a key is shown once."""
    return msgspec.json.encode({**msgspec.structs.asdict(issued), "key": None})
