"""What is kept of an API key: what everybody may see, and the digests that prove it. Read one, read all.

The rule to remember: a key has an id, which is looked up, and a secret, which is only compared, in constant time
(reliability §4). 200 random bits, so that a plain SHA-256 of it is a sufficient digest.
"""

import hashlib
import hmac
import re
from collections.abc import Collection
from typing import Any

import msgspec

from service import ids
from service.domain import moment
from service.domain.api_key import Key
from service.store import keys
from service.store.connection import Store, reaching_store

READ_TOGETHER = 500

_FORM = re.compile(r"fw_(live|test)_([0-9A-HJKMNP-TV-Z]{10})([0-9A-HJKMNP-TV-Z]{40})", re.ASCII)
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}", re.ASCII)
_FIELDS = ["key", "digest", "revoked", "used", "former"]


class Presented(msgspec.Struct, frozen=True):
    """What somebody presents as a key, by its form."""

    test: bool
    id: str
    digest: bytes


class Former(msgspec.Struct, frozen=True):
    """The digest of an earlier secret, and the moment (ms) until which it works."""

    digest: str
    until: int


class Held(msgspec.Struct, frozen=True):
    """A key with the digests that prove it."""

    key: Key
    digest: bytes
    former: tuple[Former, ...] = ()

    def proves(self, presented: Presented, now_ms: int) -> bool:
        """Whether it is this key that was presented, ended or not."""
        good = (self.digest, *(each.digest.encode() for each in self.former if each.until > now_ms))
        # every digest is compared, so that the time taken says nothing of which
        found = [hmac.compare_digest(digest, presented.digest) for digest in good]
        return any(found) and self.key.test == presented.test


def read(presented: str) -> Presented | None:
    """The parts of a key; None for what has not its form."""
    form = _FORM.fullmatch(presented)
    return None if form is None else Presented(form[1] == "test", form[2], digest(form[3]))


def write(key_id: str, secret: str, *, test: bool) -> str:
    """The key as its holder presents it."""
    return f"fw_{'test' if test else 'live'}_{key_id}{secret}"


def is_id(text: str) -> bool:
    """Whether a key may have this id."""
    return _ID.fullmatch(text) is not None


def new_id() -> str:
    return ids.characters(10)


def new_secret() -> str:
    return ids.characters(40)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).hexdigest().encode()


async def find(store: Store, key_id: str) -> Held | None:
    """The key of that id, ended or not. Raises StoreUnavailable."""
    async with reaching_store():
        return _held(await store.hmget(keys.key(key_id), _FIELDS))


async def find_many(store: Store, key_ids: Collection[str]) -> list[Held]:
    """The keys of these ids that are there, ended or not. Raises StoreUnavailable."""
    found: list[Held | None] = []
    async with reaching_store():
        ids = list(key_ids)
        for start in range(0, len(ids), READ_TOGETHER):
            async with store.pipeline(transaction=False) as pipe:
                for key_id in ids[start : start + READ_TOGETHER]:
                    pipe.hmget(keys.key(key_id), _FIELDS)
                found += map(_held, await pipe.execute())
    return [held for held in found if held is not None]


async def read_version(store: Store) -> bytes | None:
    """What changes whenever a key does; None where none ever did. Raises StoreUnavailable."""
    async with reaching_store():
        return await store.get(keys.KEYS_VERSION)


async def read_all(store: Store) -> tuple[bytes | None, dict[str, Held]]:
    """All keys by id, at least as new as the version that stands beside them. Raises StoreUnavailable."""
    async with reaching_store(), store.pipeline(transaction=True) as pipe:
        pipe.get(keys.KEYS_VERSION)
        pipe.smembers(keys.KEYS)
        version, ids = await pipe.execute()
    return version, {held.key.id: held for held in await find_many(store, [key_id.decode() for key_id in ids])}


async def write_used(store: Store, used_ms: dict[str, int]) -> None:
    """Keep when keys were last used, by id. Raises StoreUnavailable."""
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        for key_id, at_ms in used_ms.items():
            pipe.hset(keys.key(key_id), "used", moment.to_text(at_ms))
        await pipe.execute()


def _held(fields: list[Any]) -> Held | None:
    body, kept, revoked, used, former = fields
    if body is None or kept is None:
        return None
    key = msgspec.json.decode(body, type=Key)
    key = msgspec.structs.replace(
        key, revoked=revoked.decode() if revoked else key.revoked, last_used=used.decode() if used else None
    )
    return Held(key, kept, msgspec.json.decode(former, type=tuple[Former, ...]) if former else ())
