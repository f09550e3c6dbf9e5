"""The form of a backup: a line that names it, then records, each behind its length, and at the end their checksum.

The rule to remember: nothing of an archive is believed before its last record has proved all the others. Whoever
restores reads it twice, and writes only the second time.

    flashwire backup 1\\n
    <length, 4 bytes, big-endian><msgpack of a record> …    Header · File and Part in any order · Trailer

Parts are of Valkey's and Redis' common types, so that an archive of one can be restored into the other.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

MAGIC = b"flashwire backup 1\n"
RECORD_MAX_BYTES = 268_435_456
"""A length beyond it is damage, not a record: the longest of ours is a list of ids of some megabytes."""
_LENGTH = struct.Struct("!I")
_DIGEST_BYTES = 32

Kind = Literal["string", "hash", "set", "zset", "list", "stream"]


class Damaged(Exception):
    """These bytes are no whole backup of ours; says what is wrong with them."""


class Header(msgspec.Struct, frozen=True, tag="header"):
    """What the archive was made of: the store's product and version, Flashwire's version, and when (RFC 3339)."""

    product: str
    version: str
    made: str


class File(msgspec.Struct, frozen=True, tag="file"):
    """A file of the data folder that belongs into the backup."""

    name: str
    content: bytes


class Part(msgspec.Struct, frozen=True, tag="part"):
    """A key of the store, or some of it.

    `items` by kind: (value) · (field, value) … · (member) … · (member, score) … · (value) … · (id, field, value, …) …
    """

    key: bytes
    kind: Kind
    items: tuple[tuple[bytes, ...], ...]
    fresh: bool = True
    """Whether it begins the key anew; else it adds to what stands there."""
    expires_ms: int | None = None
    """When the key ends (Unix epoch); None for never. A moment, not a span: a day in a drawer is a day."""
    last_id: bytes | None = None
    """Of a stream's last part: the newest id that was ever given there."""


class Trailer(msgspec.Struct, frozen=True, tag="trailer"):
    """How many records came before, and the BLAKE2b of every byte before this record's length."""

    count: int
    digest: bytes


Record = Header | File | Part | Trailer
_decode = msgspec.msgpack.Decoder(Record).decode
_encode = msgspec.msgpack.Encoder().encode


class Packer:
    """Makes the bytes of one archive: `begin`, `pack` for each File and Part, `end`, in this order."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
        self._count = 0

    def begin(self, header: Header) -> bytes:
        """The first bytes."""
        self._digest.update(MAGIC)
        return MAGIC + self.pack(header)

    def pack(self, record: Header | File | Part) -> bytes:
        """The bytes of a record."""
        packed = _framed(record)
        self._digest.update(packed)
        self._count += 1
        return packed

    def end(self) -> bytes:
        """The last bytes."""
        return _framed(Trailer(self._count, self._digest.digest()))


def unpack(read: Callable[[int], bytes]) -> Iterator[Header | File | Part]:
    """The records of an archive, the header first; `read(n)` gives the next n bytes, fewer only at the end.

    What comes out is proved only when the iterator has ended by itself. Raises Damaged.
    """
    digest, count = hashlib.blake2b(digest_size=_DIGEST_BYTES), 0
    if (magic := read(len(MAGIC))) != MAGIC:
        raise Damaged("it is no backup of Flashwire, or one of a version that is not known here")
    digest.update(magic)
    while True:
        prefix = _exactly(read, _LENGTH.size)
        (length,) = _LENGTH.unpack(prefix)
        if length > RECORD_MAX_BYTES:
            raise Damaged(f"record {count + 1} is damaged: its length cannot be")
        packed = _exactly(read, length)
        try:
            record = _decode(packed)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise Damaged(f"record {count + 1} is damaged: it cannot be read") from None
        if isinstance(record, Trailer):
            if (record.count, record.digest) != (count, digest.digest()):
                raise Damaged("its checksum does not fit: it was changed after it was made")
            if read(1):
                raise Damaged("something stands behind its end")
            return
        if isinstance(record, Header) != (count == 0):
            raise Damaged(f"record {count + 1} is damaged: it stands in the wrong place")
        digest.update(prefix)
        digest.update(packed)
        count += 1
        yield record


def _framed(record: Record) -> bytes:
    packed = _encode(record)
    assert len(packed) <= RECORD_MAX_BYTES, "nothing of ours is so long; streams are cut into parts"
    return _LENGTH.pack(len(packed)) + packed


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    came = read(size)
    if len(came) < size:
        raise Damaged("it is cut off: its end is missing")
    return came
