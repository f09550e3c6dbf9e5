"""Credentials for tests: keys as files, a token server, a clock that a test moves, and an independent reader of tokens.

The rule to remember: what we signed is opened by another's code.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.push.h2_server import Act, Answer, Request

NOON_S = 1_794_996_000.0


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now_s = NOON_S

    def __call__(self) -> float:
        return self.now_s


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Uncompressed, as a browser tells it."""
    numbers = key.public_numbers()
    return b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def opened(token: str, public: Any) -> dict[str, Any]:
    """The claims, after an independent library has checked the signature; the times are ours to check."""
    return jwt.PyJWT().decode(
        token,
        public,
        algorithms=["ES256", "RS256"],
        options={"verify_exp": False, "verify_iat": False, "verify_aud": False},
    )


def account(folder: Path, key: rsa.RSAPrivateKey, token_uri: str) -> Path:
    path = folder / "account.json"
    kept = {
        "type": "service_account",
        "project_id": "an-invented-project",
        "private_key_id": "0123456789abcdef",
        "private_key": pem(key).decode(),
        "client_email": "push@an-invented-project.example",
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(kept))
    return path


class TokenServer:
    """Hands out numbered tokens, in a time that a test can stretch."""

    def __init__(self) -> None:
        self.given = 0
        self.open = asyncio.Event()
        self.open.set()
        self.refusal: Answer | None = None

    async def decide(self, _: Request) -> Act:
        await self.open.wait()
        if self.refusal is not None:
            return self.refusal
        self.given += 1
        told = {"access_token": f"token-{self.given}", "expires_in": 3599, "token_type": "Bearer"}
        return Answer(200, json.dumps(told).encode())
