"""What is kept of a device: a record, its packed form, and the place of its token in the index.

The rule to remember: a record is small, since there are millions. It is an array, its level, editions, sections and
regions are the shape's text, and devices that want the same share one object of preferences in memory.
"""

import hashlib
from collections.abc import Mapping

import msgspec
import structlog

from service.domain.alert import LEVELS
from service.domain.census import read_shape, shape_of
from service.domain.device import BLOCK_DEVICES, Device, Mute, Platform, Preferences, Quiet, Subscription
from service.domain.registration import Registration
from service.store import keys

log = structlog.get_logger("store")

PREFERENCES_MAX = 10_000
"""Different preferences that are shared between devices in memory; readers choose from few."""
FIELDS_TOLD_MAX = 20
_P256DH_BYTES = 65


class Record(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a device: at most 15 fields, of which devices.lua reads the first two."""

    shape: str
    gone_ms: int | None
    registered_ms: int
    digest: bytes
    address: bytes
    """The bytes that an APNs token's hex stands for, the FCM token, or the Web Push endpoint."""
    keys: bytes | None = None
    """Web Push: p256dh and auth, one after the other."""
    quiet: tuple[str, str, str, bool] | None = None
    mute: tuple[tuple[str, str], ...] | None = None
    is_development: bool = False
    topic: str | None = None
    app_version: str | None = None
    locale: str | None = None


_decoder = msgspec.msgpack.Decoder(Record)
_encoder = msgspec.msgpack.Encoder()
_shared: dict[tuple[str, tuple[str, str, str, bool] | None], Preferences] = {}


def pack(record: Record) -> bytes:
    """The bytes that are stored."""
    return _encoder.encode(record)


def unpack(packed: bytes) -> Record:
    """The record of stored bytes."""
    return _decoder.decode(packed)


def record_of(registration: Registration, registered_ms: int, digest: bytes) -> Record:
    """The record of a registration; `digest` is that of the device's secret."""
    preferences, subscription = registration.preferences, registration.subscription
    quiet = preferences.quiet
    return Record(
        shape=shape_of(preferences, registration.test),
        gone_ms=None,
        registered_ms=registered_ms,
        digest=digest,
        address=address_of(registration),
        keys=None if subscription is None else subscription.p256dh + subscription.auth,
        quiet=None if quiet is None else (quiet.start, quiet.end, quiet.zone, quiet.flash_breaks),
        mute=tuple((mute.story, mute.until) for mute in preferences.mute) or None,
        is_development=registration.environment == "development",
        topic=registration.topic,
        app_version=registration.app_version,
        locale=registration.locale,
    )


def device_of(platform: Platform, number: int, record: Record) -> Device:
    """The device that a record of this number is."""
    address = record.address.hex() if platform == "apns" else record.address.decode()
    subscription = None
    if record.keys is not None:
        subscription = Subscription(address, record.keys[:_P256DH_BYTES], record.keys[_P256DH_BYTES:])
    return Device(
        number=number,
        platform=platform,
        token=address if subscription is None else "",
        subscription=subscription,
        preferences=_shared_preferences(record),
        registered_ms=record.registered_ms,
        test=record.shape.endswith("|test"),
        environment="development" if record.is_development else "production",
        topic=record.topic,
        app_version=record.app_version,
        locale=record.locale,
        gone_ms=record.gone_ms,
    )


def read_record(platform: Platform, number: int, packed: bytes) -> Device | None:
    """The device of stored bytes; None, and an error in the log without any content, where they are no record."""
    try:
        return device_of(platform, number, unpack(packed))
    except (msgspec.MsgspecError, ValueError) as problem:
        log.error("a device cannot be read", platform=platform, number=number, why=type(problem).__name__)
        return None


def read_block(platform: Platform, block: int, records: Mapping[bytes, bytes]) -> list[Device]:
    """The devices of a block's hash, by number. What is no record is left out, and one error in the log says so."""
    devices, unreadable = [], []
    for field, packed in records.items():
        try:
            devices.append(device_of(platform, block * BLOCK_DEVICES + _bit(field), unpack(packed)))
        except (msgspec.MsgspecError, ValueError):
            unreadable.append(repr(field[:8]))
    if unreadable:
        log.error(
            "devices of a block cannot be read and are left out", platform=platform, block=block,
            count=len(unreadable), fields=unreadable[:FIELDS_TOLD_MAX],
        )  # fmt: skip
    devices.sort(key=lambda device: device.number)
    return devices


def _bit(field: bytes) -> int:
    """The bit that a field of a block is of. Raises ValueError."""
    bit = int(field)
    if bit not in range(BLOCK_DEVICES) or field != b"%d" % bit:
        raise ValueError(field)
    return bit


def _shared_preferences(record: Record) -> Preferences:
    """The preferences of a record; one object for all devices that want the same, but for muted stories."""
    if record.mute is not None:
        return _wanted(record)
    key = (record.shape, record.quiet)
    found = _shared.get(key)
    if found is None:
        if len(_shared) >= PREFERENCES_MAX:
            _shared.clear()
        found = _shared[key] = _wanted(record)
    return found


def _wanted(record: Record) -> Preferences:
    shape = read_shape(record.shape)
    if shape.min_level not in LEVELS:
        raise ValueError("no level of ours")
    return Preferences(
        editions=shape.editions,
        min_level=shape.min_level,
        sections=shape.sections,
        regions=shape.regions,
        quiet=None if record.quiet is None else Quiet(*record.quiet),
        mute=tuple(Mute(*mute) for mute in record.mute or ()),
    )


def indexed(platform: Platform, address: bytes) -> tuple[str, bytes]:
    """Where the index has a token: 14 bits of its digest choose the hash, 12 bytes are the field."""
    digest = hashlib.sha256(platform.encode() + b"|" + address).digest()
    return keys.tokens(int.from_bytes(digest[:2], "big") >> 2), digest[2:14]


def address_of(device: Registration | Device) -> bytes:
    """What makes a device itself: its token, or its subscription's endpoint."""
    if device.subscription is not None:
        return device.subscription.endpoint.encode()
    return bytes.fromhex(device.token) if device.platform == "apns" else device.token.encode()
