"""Sets of devices as bits."""

from hypothesis import given
from hypothesis import strategies as st

from service.domain import bits

NUMBERS = st.sets(st.integers(0, 999))


@given(NUMBERS)
def test_a_set_survives_the_store(numbers: set[int]) -> None:
    packed = bits.pack(bits.of(numbers))
    assert len(packed) == 125
    assert set(bits.each(bits.unpack(packed))) == numbers


def test_nothing_kept_is_the_empty_set() -> None:
    assert bits.unpack(None) == 0


def test_device_n_is_bit_n_modulo_8_of_byte_n_over_8() -> None:
    assert bits.pack(bits.of([0, 9, 999])) == b"\x01\x02" + bytes(122) + b"\x80"
