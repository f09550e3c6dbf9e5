"""Encrypting a push message for one browser: aes128gcm (RFC 8188) with the keys of RFC 8291.

The rule to remember: a fresh key pair and salt for every message. The arithmetic is `cryptography`'s; what is ours is
the order of the steps, proved by the RFC's own example, by others' decryption and by a real Firefox.
"""

import hmac
import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.domain.device import Subscription
from service.domain.payloads.webpush import PLAINTEXT_BYTES_MAX

SALT_BYTES = 16
RECORD_BYTES = 4096
"""One record holds all of it: a push service takes no longer bodies (RFC 8030, 7.2), and no browser more records."""
LAST_RECORD = b"\x02"
"""Ends the plaintext of the last record (RFC 8188, 2); no padding, since what is sent is public."""
_CURVE = ec.SECP256R1()
_ECDH = ec.ECDH()
_POINT, _PLAIN = Encoding.X962, PublicFormat.UncompressedPoint
# The names by which RFC 8291 (3.4) and RFC 8188 (2.2, 2.3) tell the keys apart. The byte 1 is HKDF's own counter: all
# that is wanted is no longer than one hash, so expanding (RFC 5869, 2.3) is a single HMAC.
_MATERIAL_INFO = b"WebPush: info\0"
_KEY_INFO = b"Content-Encoding: aes128gcm\0\x01"
_NONCE_INFO = b"Content-Encoding: nonce\0\x01"


def encrypt(
    plaintext: bytes,
    subscription: Subscription,
    *,
    private_key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a push request (RFC 8291, 3), to be sent with `Content-Encoding: aes128gcm`; 103 bytes longer than
    `plaintext`.

    `private_key` (P-256) and `salt` (16 bytes) are made afresh unless given; a pair of them must never serve twice.
    Raises ValueError for a public key that is no point of the curve, and for more than a push service takes.
    """
    if len(plaintext) > PLAINTEXT_BYTES_MAX:
        raise ValueError(f"{len(plaintext)} bytes to encrypt, and a push service takes {PLAINTEXT_BYTES_MAX}")
    own = private_key or ec.generate_private_key(_CURVE)
    own_public = own.public_key().public_bytes(_POINT, _PLAIN)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, subscription.p256dh)
    secret = _hmac(subscription.auth, own.exchange(_ECDH, theirs))
    material = _hmac(secret, _MATERIAL_INFO + subscription.p256dh + own_public + b"\x01")
    return seal(plaintext, material, own_public, salt or os.urandom(SALT_BYTES))


def seal(plaintext: bytes, material: bytes, key_id: bytes, salt: bytes) -> bytes:
    """`plaintext` as one record under the key that `material` and `salt` give (RFC 8188, 2), after its header."""
    pseudorandom = _hmac(salt, material)
    key, nonce = _hmac(pseudorandom, _KEY_INFO)[:16], _hmac(pseudorandom, _NONCE_INFO)[:12]
    header = salt + RECORD_BYTES.to_bytes(4, "big") + len(key_id).to_bytes(1, "big") + key_id
    return header + AESGCM(key).encrypt(nonce, plaintext + LAST_RECORD, None)


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
