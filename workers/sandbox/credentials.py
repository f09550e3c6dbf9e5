"""What a sender needs to be let in: files as Apple and Google hand them out, and the public halves by which we check.

The rule to remember: made once and kept. A file that a sender was given yesterday opens the door today.
"""

import base64
import hashlib
import json
import os
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from workers.sandbox import folder

APNS_TOPIC = "org.example.flashwire"
FCM_PROJECT = "flashwire-sandbox"
SEED_BYTES = 32


class Apns(msgspec.Struct, frozen=True):
    """An Apple developer's signing key: the .p8 file, its ten-character id, the team's, and the app's bundle id."""

    key_file: Path
    public_key: ec.EllipticCurvePublicKey
    key_id: str
    team_id: str
    topic: str


class ServiceAccount(msgspec.Struct, frozen=True):
    """A Google service account: the JSON file with its private key, and what identifies it."""

    file: Path
    public_key: rsa.RSAPublicKey
    project: str
    client_email: str
    private_key_id: str
    token_uri: str


def apns(place: Path) -> Apns:
    """Apple's side of it."""
    path = place / "apns.p8"
    key = serialization.load_pem_private_key(folder.once(path, lambda: _pem(_elliptic())), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), f"{path} is no key of the curve P-256: remove it"
    public = key.public_key()
    name = _ten_letters(public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint))
    return Apns(path, public, name, _ten_letters(b"team" + name.encode()), APNS_TOPIC)


def service_account(place: Path, token_port: int) -> ServiceAccount:
    """Google's side of it; `token_port` is where it hands out access tokens."""
    path = place / "fcm.json"
    kept = json.loads(path.read_bytes()) if path.exists() else {}
    pem = kept["private_key"].encode() if kept else _pem(rsa.generate_private_key(65537, 2048))
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey), f"{path} holds no RSA key: remove it"
    public = key.public_key()
    name = hashlib.sha1(public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)).hexdigest()
    email = f"push@{FCM_PROJECT}.iam.gserviceaccount.com"
    token_uri = f"https://localhost:{token_port}/token"
    account = {
        "type": "service_account", "project_id": FCM_PROJECT, "private_key_id": name, "private_key": pem.decode(),
        "client_email": email, "client_id": str(int(name[:16], 16)), "token_uri": token_uri,
    }  # fmt: skip
    if account != kept:
        folder.write(path, json.dumps(account, indent=2).encode(), folder.SECRET_MODE)
    return ServiceAccount(path, public, FCM_PROJECT, email, name, token_uri)


def seed(place: Path) -> bytes:
    """The secret from which subscriptions and access tokens are derived, so that nothing of them need be stored."""
    return folder.once(place / "seed", lambda: os.urandom(SEED_BYTES))


def _elliptic() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _ten_letters(content: bytes) -> str:
    return base64.b32encode(hashlib.sha256(content).digest()).decode()[:10]
