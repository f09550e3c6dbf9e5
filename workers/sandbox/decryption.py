"""What a browser does with an encrypted push (RFC 8291, on RFC 8188), written from the RFCs and from nothing of ours.

The rule to remember: a browser drops what it cannot decrypt and tells nobody. The sandbox says why, so that a sender's
mistake is found here and not by silence.
"""

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workers.sandbox.subscriptions import Keys

SALT_BYTES, RECORD_SIZE_BYTES, POINT_BYTES, TAG_BYTES = 16, 4, 65, 16
HEAD_BYTES = SALT_BYTES + RECORD_SIZE_BYTES + 1 + POINT_BYTES
RECORD_MIN_BYTES = 18
"""The smallest record size that RFC 8188 (2.1) allows."""
LAST_RECORD = 2
"""The delimiter after the last record's content; only zeros may follow it (RFC 8188, 2)."""


class Undecryptable(Exception):
    """Why a browser would have dropped the message."""


class Head(msgspec.Struct, frozen=True):
    """The header of an aes128gcm body (RFC 8188, 2.1); its key id is the sender's public key (RFC 8291, 4)."""

    salt: bytes
    record_bytes: int
    sender: bytes


def decrypt(body: bytes, keys: Keys) -> bytes:
    """The content of a push message. Raises Undecryptable."""
    head, record = _head(body), body[HEAD_BYTES:]
    if len(record) > head.record_bytes:
        raise Undecryptable("a push message is one record, and this one is longer than its record size")
    key, nonce = _derive(head, keys)
    try:
        padded = AESGCM(key).decrypt(nonce, record, None)
    except InvalidTag:
        raise Undecryptable("the content does not fit the subscription's keys") from None
    content = padded.rstrip(b"\0")
    if not content or content[-1] != LAST_RECORD:
        raise Undecryptable("bad padding: the last record ends with 0x02 and zeros")
    return content[:-1]


def _head(body: bytes) -> Head:
    if len(body) < HEAD_BYTES + TAG_BYTES + 1:
        raise Undecryptable("too short for a header and one record")
    record_bytes = int.from_bytes(body[SALT_BYTES : SALT_BYTES + RECORD_SIZE_BYTES], "big")
    if record_bytes < RECORD_MIN_BYTES:
        raise Undecryptable(f"the record size must be at least {RECORD_MIN_BYTES}")
    if body[SALT_BYTES + RECORD_SIZE_BYTES] != POINT_BYTES:
        raise Undecryptable("the key id must be the sender's public key of 65 bytes")
    return Head(body[:SALT_BYTES], record_bytes, body[HEAD_BYTES - POINT_BYTES : HEAD_BYTES])


def _derive(head: Head, keys: Keys) -> tuple[bytes, bytes]:
    """Content key and nonce (RFC 8291, 3.4)."""
    try:
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), head.sender)
    except ValueError:
        raise Undecryptable("the sender's public key is no point of P-256") from None
    shared = keys.private.exchange(ec.ECDH(), sender)
    material = _hkdf(keys.auth, b"WebPush: info\0" + keys.public + head.sender, 32, shared)
    key = _hkdf(head.salt, b"Content-Encoding: aes128gcm\0", 16, material)
    return key, _hkdf(head.salt, b"Content-Encoding: nonce\0", 12, material)


def _hkdf(salt: bytes, info: bytes, length: int, material: bytes) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(material)
