"""A device's public id: its platform and number, enciphered, so that nothing is stored for it and it tells nothing.

The rule to remember: whoever holds an id learns neither its number nor how many devices there are, and an id that we
did not give deciphers to nonsense. One AES block is a random-looking permutation of (platform, number, zeros): a forged
id passes once in 2^88.
"""

from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from service.domain.device import PLATFORMS, Platform
from service.ids import ALPHABET

KEY_BYTES = 16
ID_CHARS = 26
_NUMBER_BYTES = 4
_ZEROS = bytes(16 - 1 - _NUMBER_BYTES)
_VALUE = {character: value for value, character in enumerate(ALPHABET)}


def of(key: bytes, platform: Platform, number: int) -> str:
    """The id, 26 characters of the ULID alphabet. `key` is the registry's, 16 bytes."""
    plain = bytes([PLATFORMS.index(platform)]) + number.to_bytes(_NUMBER_BYTES, "big") + _ZEROS
    value = int.from_bytes(_cipher(key).encryptor().update(plain), "big")
    return "".join(ALPHABET[value >> 5 * place & 31] for place in reversed(range(ID_CHARS)))


def parse(key: bytes, device_id: str) -> tuple[Platform, int] | None:
    """Platform and number of an id that was given under this key; None for any other text."""
    if len(device_id) != ID_CHARS or not all(character in _VALUE for character in device_id):
        return None
    value = 0
    for character in device_id:
        value = value << 5 | _VALUE[character]
    if value >= 1 << 128:
        return None
    plain = _cipher(key).decryptor().update(value.to_bytes(16, "big"))
    if not plain.endswith(_ZEROS) or plain[0] >= len(PLATFORMS):
        return None
    return PLATFORMS[plain[0]], int.from_bytes(plain[1 : 1 + _NUMBER_BYTES], "big")


@lru_cache(4)
def _cipher(key: bytes) -> Cipher[ECB]:
    return Cipher(AES(key), ECB())  # one block that never repeats under a key: there is nothing to chain
