"""An archive comes out as it went in, or not at all: every flipped byte and every cut is told."""

import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import archive
from service.domain.archive import Damaged, File, Header, Packer, Part

HEADER = Header("Valkey 9.1.0", "0.1.0", "2026-11-18T14:02:11.204Z")
BODY: tuple[File | Part, ...] = (
    File("vapid.pem", b"a pair"),
    Part(b"wire:{en}", "stream", ((b"1-0", b"id", b"a"), (b"2-0", b"id", b"b")), last_id=b"7-0"),
    Part(b"\xff\0", "string", ((b"\x00\xff",),), expires_ms=4_000_000_000_000),
    Part(b"history:{en}", "zset", ((b"a", b"1.5"),), fresh=False),
)


def packed(body: Iterable[File | Part] = BODY) -> bytes:
    packer = Packer()
    return b"".join([packer.begin(HEADER), *map(packer.pack, body), packer.end()])


def unpacked(content: bytes) -> list[Header | File | Part]:
    return list(archive.unpack(io.BytesIO(content).read))


def test_what_went_in_comes_out() -> None:
    assert unpacked(packed()) == [HEADER, *BODY]
    assert unpacked(packed(())) == [HEADER]


def test_every_flipped_bit_is_told() -> None:
    whole = packed()
    for at in range(len(whole)):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[at] ^= 1 << bit
            with pytest.raises(Damaged):
                unpacked(bytes(damaged))


def test_every_cut_is_told_and_so_is_what_stands_behind_the_end() -> None:
    whole = packed()
    for size in range(len(whole)):
        with pytest.raises(Damaged):
            unpacked(whole[:size])
    with pytest.raises(Damaged, match="behind its end"):
        unpacked(whole + b"\0")


def test_a_record_that_was_left_out_or_said_twice_is_told() -> None:
    packer = Packer()
    first, *rest = [packer.begin(HEADER), *map(packer.pack, BODY), packer.end()]
    for at in range(len(BODY)):
        with pytest.raises(Damaged, match="checksum"):
            unpacked(b"".join([first, *rest[:at], *rest[at + 1 :]]))
        with pytest.raises(Damaged, match="checksum"):
            unpacked(b"".join([first, *rest[: at + 1], *rest[at:]]))


@given(st.binary(max_size=200))
def test_whatever_follows_the_first_line_is_read_or_told(content: bytes) -> None:
    with pytest.raises(Damaged):
        unpacked(archive.MAGIC + content)
    with pytest.raises(Damaged):
        unpacked(content)
