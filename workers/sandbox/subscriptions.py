"""Browsers' subscriptions, made up: endpoint ids and keys, all derived from one secret.

The rule to remember: nothing is stored. The id carries what the subscription is bound to and a seal of ours; its keys
follow from it. So ten thousand of them cost no memory, and a subscription registered last week works after a restart.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from workers.sandbox.tokens import BadToken, from_base64url, to_base64url

RANDOM_BYTES, BOUND_BYTES, SEAL_BYTES = 12, 8, 8
UNBOUND = bytes(BOUND_BYTES)
AUTH_BYTES = 16
CURVE_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
KEYS_KEPT = 20_000
"""Derived keys that are kept at hand."""


class Keys(msgspec.Struct, frozen=True):
    """A subscription's own: the private key of which p256dh is the public one, and the authentication secret."""

    private: ec.EllipticCurvePrivateKey
    public: bytes
    auth: bytes


class Subscriptions:
    """All that there ever were and will be, of one secret."""

    def __init__(self, secret: bytes) -> None:
        self._seal_key = hmac.digest(secret, b"endpoints", "sha256")
        self._key_key = hmac.digest(secret, b"keys", "sha256")
        self.keys = lru_cache(KEYS_KEPT)(self._derive)

    def make(self, application_server_key: bytes | None) -> str:
        """A new endpoint id; with a key, only its owner may send to it (RFC 8292, 4)."""
        content = secrets.token_bytes(RANDOM_BYTES) + _bound(application_server_key)
        return to_base64url(content + self._seal(content))

    def knows(self, endpoint_id: str) -> bool:
        """Whether it is one of ours."""
        try:
            sealed = from_base64url(endpoint_id)
        except BadToken:
            return False
        content = sealed[:-SEAL_BYTES]
        is_whole = len(sealed) == RANDOM_BYTES + BOUND_BYTES + SEAL_BYTES
        return is_whole and hmac.compare_digest(self._seal(content), sealed[-SEAL_BYTES:])

    def may_send(self, endpoint_id: str, key: bytes) -> bool:
        """Whether the owner of this public key may send to a subscription of ours."""
        bound = from_base64url(endpoint_id)[RANDOM_BYTES : RANDOM_BYTES + BOUND_BYTES]
        return bound in (UNBOUND, _bound(key))

    def as_browsers_have_them(self, endpoint_ids: Iterable[str], origin: str) -> list[dict[str, Any]]:
        """PushSubscription.toJSON() of each."""
        return [
            {
                "endpoint": f"{origin}/push/{endpoint_id}",
                "expirationTime": None,
                "keys": {"p256dh": to_base64url(keys.public), "auth": to_base64url(keys.auth)},
            }
            for endpoint_id in endpoint_ids
            for keys in (self._derive(endpoint_id),)
        ]

    def _derive(self, endpoint_id: str) -> Keys:
        number = int.from_bytes(hmac.digest(self._key_key, b"private" + endpoint_id.encode(), "sha512"), "big")
        private = ec.derive_private_key(number % (CURVE_ORDER - 1) + 1, ec.SECP256R1())
        public = private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        auth = hmac.digest(self._key_key, b"auth" + endpoint_id.encode(), "sha256")[:AUTH_BYTES]
        return Keys(private, public, auth)

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(self._seal_key, content, "sha256")[:SEAL_BYTES]


def _bound(key: bytes | None) -> bytes:
    return UNBOUND if key is None else hashlib.sha256(key).digest()[:BOUND_BYTES]
