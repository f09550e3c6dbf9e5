"""API keys: made once, shown once, kept as digests.

The rule to remember: a key has an id, which is looked up, and a secret, which is only compared, in constant time
(reliability §4). 200 random bits, so that a plain SHA-256 of it is a sufficient digest.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection

import msgspec

from service.domain import moment
from service.domain.audit import OURSELVES, Act, By
from service.domain.roles import Role
from service.store import audit, keys
from service.store.connection import Store
from service.store.stream import reaching_store

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FORM = re.compile(r"fw_(live|test)_([0-9A-HJKMNP-TV-Z]{10})([0-9A-HJKMNP-TV-Z]{40})", re.ASCII)


class IssuedKey(msgspec.Struct, frozen=True):
    """A new key, the only time that `key` is known."""

    id: str
    key: str
    role: Role
    name: str
    test: bool


class Key(msgspec.Struct, frozen=True, rename="camel"):
    """What is kept of a key. Times are RFC 3339."""

    id: str
    role: Role
    name: str
    test: bool
    created: str
    expires: str | None = None
    revoked: str | None = None


async def create(
    store: Store, name: str, role: Role, test: bool, now_ms: int, expires_ms: int | None = None, by: By = OURSELVES
) -> IssuedKey:
    """Make a key and keep its digest. Raises StoreUnavailable."""
    key_id, secret = _random(10), _random(40)
    kept = Key(
        key_id, role, name, test, moment.to_text(now_ms), None if expires_ms is None else moment.to_text(expires_ms)
    )
    act = Act(at=moment.to_text(now_ms), verb="create-key", by=by, key=key_id, role=role)
    async with reaching_store(), store.pipeline(transaction=True) as pipe:
        pipe.hset(keys.key(key_id), mapping={"digest": _digest(secret), "key": msgspec.json.encode(kept)})
        pipe.sadd(keys.KEYS, key_id)
        audit.add(pipe, act)
        await pipe.execute()
    return IssuedKey(key_id, f"fw_{'test' if test else 'live'}_{key_id}{secret}", role, name, test)


async def verify(store: Store, presented: str, now_ms: int) -> Key | None:
    """The key that `presented` is, or None: unknown, wrong, expired or revoked. Raises StoreUnavailable."""
    form = _FORM.fullmatch(presented)
    if form is None:
        return None
    kind, key_id, secret = form.groups()
    async with reaching_store():
        digest, body = await store.hmget(keys.key(key_id), ["digest", "key"])
    if digest is None or body is None or not hmac.compare_digest(digest, _digest(secret).encode()):
        return None
    key = msgspec.json.decode(body, type=Key)
    if _has_ended(key, now_ms) or key.test != (kind == "test"):
        return None
    return key


async def standing(store: Store, key_ids: Collection[str], now_ms: int) -> set[str]:
    """Those of `key_ids` whose keys are there, and neither expired nor revoked. Raises StoreUnavailable."""
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        for key_id in key_ids:
            pipe.hget(keys.key(key_id), "key")
        bodies = await pipe.execute()
    found = [msgspec.json.decode(body, type=Key) for body in bodies if body is not None]
    return {key.id for key in found if not _has_ended(key, now_ms)}


async def list_keys(store: Store) -> list[Key]:
    """All keys ever made, oldest first, without their secrets. Raises StoreUnavailable."""
    async with reaching_store():
        ids = await store.smembers(keys.KEYS)
        async with store.pipeline(transaction=False) as pipe:
            for key_id in ids:
                pipe.hget(keys.key(key_id.decode()), "key")
            bodies = await pipe.execute()
    found = [msgspec.json.decode(body, type=Key) for body in bodies if body is not None]
    return sorted(found, key=lambda key: (key.created, key.id))


async def revoke(store: Store, key_id: str, now_ms: int, by: By = OURSELVES) -> bool:
    """End a key; False where there is none. It holds everywhere within 2 s. Raises StoreUnavailable."""
    async with reaching_store():
        body = await store.hget(keys.key(key_id), "key")
        if body is None:
            return False
        key = msgspec.json.decode(body, type=Key)
        if key.revoked is None:
            key = msgspec.structs.replace(key, revoked=moment.to_text(now_ms))
            act = Act(at=moment.to_text(now_ms), verb="revoke-key", by=by, key=key_id)
            async with store.pipeline(transaction=True) as pipe:
                pipe.hset(keys.key(key_id), "key", msgspec.json.encode(key))
                audit.add(pipe, act)
                await pipe.execute()
    return True


def _has_ended(key: Key, now_ms: int) -> bool:
    expired = key.expires is not None and key.expires <= moment.to_text(now_ms)
    return expired or key.revoked is not None


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
