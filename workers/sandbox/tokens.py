"""Signed JSON tokens as providers verify them (RFC 7515, RFC 7519), written from the RFCs and from nothing of ours.

The rule to remember: the verifier says which algorithm, never the token. A token that was found right is known by its
text afterwards; only its dates are looked at again.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
KNOWN_MAX = 10_000
"""Tokens remembered; a sender makes one an hour, and Web Push one for each of its origins."""


class BadToken(ValueError):
    """Why a token is refused, in a few words."""


class Token(msgspec.Struct, frozen=True):
    """A token whose signature is right."""

    header: dict[str, Any]
    claims: dict[str, Any]

    def number(self, claim: str) -> float:
        """A claim that is a time in seconds. Raises BadToken."""
        value = self.claims.get(claim)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadToken(f"{claim} is missing or no number")
        return value


Verify = Callable[[bytes, bytes], bool]
"""Whether a signature (second) belongs to a text (first)."""


def decode(text: str, algorithm: str, verify: Verify) -> Token:
    """A compact token's content, once its algorithm and signature are what they must be. Raises BadToken."""
    parts = text.split(".")
    if len(parts) != 3:
        raise BadToken("not three parts")
    header = _object(parts[0])
    if header.get("alg") != algorithm:
        raise BadToken(f"alg must be {algorithm}")
    if "crit" in header:
        raise BadToken("crit names what we do not know")
    if not verify(f"{parts[0]}.{parts[1]}".encode("ascii"), from_base64url(parts[2])):
        raise BadToken("the signature does not fit")
    return Token(header, _object(parts[1]))


def es256(key: ec.EllipticCurvePublicKey) -> Verify:
    """ECDSA on P-256 with SHA-256; the signature is two numbers of 32 bytes (RFC 7518, 3.4)."""

    def verify(text: bytes, signature: bytes) -> bool:
        if len(signature) != 64:
            return False
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        return _holds(lambda: key.verify(encode_dss_signature(r, s), text, ec.ECDSA(hashes.SHA256())))

    return verify


def rs256(key: rsa.RSAPublicKey) -> Verify:
    """RSA with PKCS #1 v1.5 padding and SHA-256 (RFC 7518, 3.3)."""
    return lambda text, signature: _holds(lambda: key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256()))


def from_base64url(text: str) -> bytes:
    """Bytes of base64url without padding (RFC 7515, 2). Raises BadToken."""
    if not _BASE64URL.fullmatch(text):
        raise BadToken("not base64url without padding")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise BadToken("not base64url without padding") from None


def to_base64url(content: bytes) -> str:
    """The reverse."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


class Known:
    """Tokens found right before, by their text; the oldest are forgotten."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def get(self, text: str, check: Callable[[str], Token]) -> Token:
        """The token of this text, checked at its first time. Raises what `check` raises."""
        token = self._tokens.get(text)
        if token is None:
            token = self._tokens[text] = check(text)
            if len(self._tokens) > KNOWN_MAX:
                del self._tokens[next(iter(self._tokens))]
        return token


def _object(part: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(from_base64url(part), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadToken("not a JSON object") from None


def _holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except InvalidSignature:
        return False
    return True
