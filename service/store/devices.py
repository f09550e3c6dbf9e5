"""The device registry: numbered devices in blocks, an index of their tokens, their counts.

The rule to remember: a change is decided here and done in devices.lua, which refuses it where the record is no longer
the one that it was decided upon. Token, secret and endpoint are personal: only a digest of the secret is kept, and
nothing here writes any of them to a log.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from importlib import resources
from typing import cast

import msgspec
import structlog

from service import ids
from service.domain.device import BLOCK_DEVICES, Device, Platform
from service.domain.errors import StoreUnavailable
from service.domain.registration import Registration
from service.store import device_ids, device_records, heirs, keys
from service.store.connection import Store, reaching_store
from service.store.device_records import address_of, indexed, pack, read_record, record_of, unpack

log = structlog.get_logger("store")

SECRET_CHARS = 32
"""160 random bits."""
PROOFS_APART_MS = 3_600_000
"""A second proof that a token is gone must be so much later: one bad hour of a provider proves nothing twice."""
TOMBSTONE_DAYS = 30
PRUNED_AT_ONCE = 500
NUMBERS_MAX = 2**32
"""A public id has four bytes for the number."""
SCANNED_AT_ONCE = 1000
TRIES_MAX = 5
"""How often a change is decided anew because another came first."""

_SCRIPT = resources.files(__package__).joinpath("devices.lua").read_text("utf-8")
_GONE = re.compile(rb"(apns|fcm|webpush):([0-9]{1,10})")
_SECRET = re.compile(r"fwd_([0-9A-HJKMNP-TV-Z]{26})_([0-9A-HJKMNP-TV-Z]{32})", re.ASCII)


class Registered(msgspec.Struct, frozen=True):
    """A device that was registered, the only time that `secret` is known. `is_new` is False for a known token."""

    id: str
    secret: str
    number: int
    is_new: bool


class Held(msgspec.Struct, frozen=True):
    """A device as it stands in the store, with what a change of it is compared with."""

    device: Device
    digest: bytes
    record: bytes

    def proves(self, secret: str) -> bool:
        """Whether `secret` is this device's, compared in constant time."""
        form = _SECRET.fullmatch(secret)
        return form is not None and hmac.compare_digest(self.digest, _digest(form[2]))


def id_of_secret(secret: str) -> str | None:
    """The id of the device that a secret claims to be of; None where it is no secret at all."""
    form = _SECRET.fullmatch(secret)
    return None if form is None else form[1]


async def register(store: Store, registration: Registration, now_ms: int) -> Registered:
    """Register a device: a new one, or the one that has this token, whose state and secret are replaced.

    Raises StoreUnavailable.
    """
    [registered] = await register_all(store, [registration], now_ms)
    return registered


async def register_all(
    store: Store, registrations: Sequence[Registration], now_ms: int, *, only_new: bool = False
) -> list[Registered]:
    """Register many in one round trip; each is atomic, all together are not. Same order as given.

    With `only_new`, a device that has the token already stays as it is, and its secret is returned empty.
    Raises StoreUnavailable.
    """
    proofs = [ids.characters(SECRET_CHARS) for _ in registrations]
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        script = store.register_script(_SCRIPT)
        for registration, proof in zip(registrations, proofs, strict=True):
            shard, field = indexed(registration.platform, address_of(registration))
            record = pack(record_of(registration, now_ms, _digest(proof)))
            newborn_key = secrets.token_bytes(device_ids.KEY_BYTES)
            args = ("register", registration.platform, BLOCK_DEVICES, field, record, int(only_new), newborn_key)
            await script(keys=(*_FIXED, shard), args=args, client=pipe)
        replies = await pipe.execute(raise_on_error=False)
    made = []
    for registration, proof, reply in zip(registrations, proofs, replies, strict=True):
        if isinstance(reply, Exception):
            # the reply's own words, not the pipeline's, which repeat the command with the token in it
            raise StoreUnavailable(f"the store refuses: {reply}")
        number, is_new, key = reply
        device_id = device_ids.of(key, registration.platform, number)
        secret = f"fwd_{device_id}_{proof}" if is_new or not only_new else ""
        made.append(Registered(device_id, secret, number, bool(is_new)))
    return made


async def find(store: Store, device_id: str) -> Held | None:
    """The device of an id; None for one that was erased and for an id that was never given. Raises StoreUnavailable."""
    async with reaching_store():
        key = await store.get(keys.DEVICE_KEY)
    place = None if key is None else device_ids.parse(key, device_id)
    return None if place is None else await hold(store, *place)


async def hold(store: Store, platform: Platform, number: int) -> Held | None:
    """The device of a number, ready to be changed; None where none can be read. Raises StoreUnavailable."""
    async with reaching_store():
        record = await store.hget(keys.block(platform, number // BLOCK_DEVICES), str(number % BLOCK_DEVICES))
    if record is None:
        return None
    device = read_record(platform, number, record)
    return None if device is None else Held(device, unpack(record).digest, record)


async def read(store: Store, platform: Platform, number: int) -> Device | None:
    """The device of a number, or None. Raises StoreUnavailable."""
    held = await hold(store, platform, number)
    return None if held is None else held.device


async def read_block(store: Store, platform: Platform, block: int) -> list[Device]:
    """The devices of a block by number, tombstones included, unreadable records left out. Raises StoreUnavailable."""
    async with reaching_store():
        records = await store.hgetall(keys.block(platform, block))
    return device_records.read_block(platform, block, records)


async def blocks(store: Store, platform: Platform) -> int:
    """How many blocks there are: all devices ever registered lie in blocks 0 to this, exclusive."""
    return -(-await count(store, platform) // BLOCK_DEVICES)


async def count(store: Store, platform: Platform) -> int:
    """How many numbers were ever given: every device's is below this. Raises StoreUnavailable."""
    async with reaching_store():
        kept = await store.hget(keys.DEVICE_NUMBERS, platform)
    if kept is None:
        return 0
    if kept.isdigit() and int(kept) <= NUMBERS_MAX:
        return int(kept)
    log.error("the count of devices is no number; it is told from their blocks", platform=platform)
    return await _count_blocks(store, platform)


async def replace(store: Store, held: Held, registration: Registration, now_ms: int) -> bool:
    """Give a device a new state, token included; its number, id and secret stay.

    Another device that had the new token is erased: the app that holds a token is the one that is rung. False where
    another change came first. Raises StoreUnavailable.
    """
    assert registration.platform == held.device.platform, "numbers are given per platform"
    record = pack(record_of(registration, now_ms, held.digest))
    return await _change(store, held, address_of(registration), record)


async def erase(store: Store, held: Held) -> bool:
    """Forget a device for good. False where another change came first. Raises StoreUnavailable."""
    return await _change(store, held, None, b"")


async def condemn(store: Store, platform: Platform, number: int, registered_ms: int, now_ms: int) -> bool:
    """A provider has said that this device's token is gone; `registered_ms` is that of the device that was sent to.

    The first proof makes it a tombstone, a second one at least an hour later erases it. A token that was registered
    anew meanwhile stays. Returns whether anything was changed. Raises StoreUnavailable.
    """
    for _ in range(TRIES_MAX):
        held = await hold(store, platform, number)
        if held is None or held.device.registered_ms != registered_ms:
            return False
        gone_ms = held.device.gone_ms
        if gone_ms is None:
            record = msgspec.structs.replace(unpack(held.record), gone_ms=now_ms)
            changed = await _change(store, held, address_of(held.device), pack(record))
        elif now_ms - gone_ms >= PROOFS_APART_MS:
            changed = await erase(store, held)
        else:
            return False
        if changed:
            return True
    return False


async def prune(store: Store, now_ms: int, limit: int = PRUNED_AT_ONCE) -> int:
    """Erase tombstones of more than 30 days, the oldest `limit` of them; how many were. Raises StoreUnavailable.

    What stands in their list and leads to no tombstone is taken off it, and counted too.
    """
    oldest_ms = now_ms - TOMBSTONE_DAYS * 86_400_000
    async with reaching_store():
        members = await store.zrangebyscore(keys.DEVICES_GONE, "-inf", oldest_ms, start=0, num=limit)
    pruned = 0
    for member in members:
        form = _GONE.fullmatch(member)
        held = await hold(store, cast(Platform, form[1].decode()), int(form[2])) if form else None
        if held is not None and held.device.gone_ms is not None:
            pruned += await erase(store, held)
        else:
            log.error("a tombstone is of no device and is struck off the list", member=repr(member[:40]))
            async with reaching_store():
                pruned += await store.zrem(keys.DEVICES_GONE, member)
    return pruned


async def counts(store: Store) -> dict[str, int]:
    """Devices by `<platform>|<shape>`, for service.domain.census; no tombstones. Raises StoreUnavailable."""
    async with reaching_store():
        found = await store.hgetall(keys.DEVICE_COUNTS)
    return {name.decode(): int(devices) for name, devices in found.items()}


async def pages_of_counts(store: Store, pages_max: int) -> AsyncIterator[dict[str, int]]:
    """The same in pages, so that the store answers others meanwhile: at most `pages_max` of some `SCANNED_AT_ONCE`.
    A shape stands in one page, with its count of that moment. Raises StoreUnavailable.
    """
    cursor, seen = 0, set[bytes]()
    for _ in range(pages_max):
        async with reaching_store():
            cursor, found = await store.hscan(keys.DEVICE_COUNTS, cursor, None, SCANNED_AT_ONCE)
        yield {name.decode(): int(devices) for name, devices in found.items() if name not in seen}
        if cursor == 0:
            return
        seen.update(found)  # a hash that grows meanwhile may tell a field twice


async def tombstones(store: Store) -> int:
    """How many devices are kept only until they are certain to be gone. Raises StoreUnavailable."""
    async with reaching_store():
        return await store.zcard(keys.DEVICES_GONE)


async def _count_blocks(store: Store, platform: Platform) -> int:
    """A bound of the numbers given, told from the blocks that there are: so that a lost count leaves nobody out."""
    newest, cursor = -1, b"0"
    while True:
        async with reaching_store():
            args = (cursor, f"block:{platform}:*", SCANNED_AT_ONCE)
            cursor, names = await store.register_script(_SCAN)(keys=(), args=args)
        found = [int(digits) for name in names if (digits := name.rpartition(b":")[2]).isdigit()]
        newest = max(newest, *(block for block in found if block <= NUMBERS_MAX // BLOCK_DEVICES), -1)
        if cursor == b"0":
            return (newest + 1) * BLOCK_DEVICES


async def _change(store: Store, held: Held, address: bytes | None, record: bytes) -> bool:
    """Replace a record, or erase it where `address` is None; False where it is no longer the one that we hold."""
    device = held.device
    old_shard, old_field = indexed(device.platform, address_of(device))
    shard, field = (old_shard, b"") if address is None else indexed(device.platform, address)
    async with reaching_store():
        args = (device.platform, BLOCK_DEVICES, field, record, device.number, held.record, old_field, heirs.KEPT_MS)
        done = await store.register_script(_SCRIPT)(keys=(*_FIXED, shard, old_shard), args=("change", *args))
    return bool(done)


_SCAN = "return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])"
_FIXED = (keys.DEVICE_NUMBERS, keys.DEVICE_COUNTS, keys.DEVICES_GONE, keys.DEVICE_KEY)


def _digest(proof: str) -> bytes:
    """What is kept of a secret: of 160 random bits, 16 bytes of a plain SHA-256 are enough."""
    return hashlib.sha256(proof.encode()).digest()[:16]
