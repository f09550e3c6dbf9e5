"""Right requests to each provider, made from its documentation by others' libraries, for tests to break one by one.

The rule to remember: nothing of ours makes them. What is right here is what Apple, Google and the RFCs say.
"""

import base64
import json
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.sandbox.conftest import DEADLINE_S, Running, read_json

ALERT = "7Q0F8R2K5M9TB4W6YE3XCZ01JV"
PHONE = "a1" * 32
ANDROID = "dGhpc2lzYXRva2Vu:APA91b" + "x" * 140


@dataclass(frozen=True)
class Sent:
    """One request, as it goes over the wire."""

    url: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"
    more: list[tuple[str, str]] = field(default_factory=list)

    def but(self, **headers: str | None) -> "Sent":
        """The same with other headers; None takes one away. Underscores stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in self.headers.items() if name not in named}
        return replace(self, headers=kept | {name: value for name, value in named.items() if value is not None})

    def saying(self, content: Any) -> "Sent":
        """The same with another body."""
        return replace(self, body=content if isinstance(content, bytes) else json.dumps(content).encode())


async def send(running: Running, *requests: Sent, http1: bool = False) -> list[httpx.Response]:
    """The answers, over one HTTP/2 connection (or HTTP/1.1)."""
    async with httpx.AsyncClient(
        verify=running.trust, http1=http1, http2=not http1, trust_env=False, timeout=DEADLINE_S
    ) as client:
        return [
            await client.request(one.method, one.url, headers=[*one.headers.items(), *one.more], content=one.body)
            for one in requests
        ]


# --- Apple


def provider_token(running: Running, *, key: str | None = None, algorithm: str = "ES256", **changes: Any) -> str:
    """A provider token; `kid`, `iss` and `iat` may be changed."""
    header = {"kid": changes.pop("kid", running.where.apns_key_id)}
    claims = {"iss": running.where.apns_team_id, "iat": int(time.time())} | changes
    text = Path(running.where.apns_key_file).read_text() if key is None else key
    return jwt.encode(claims, text, algorithm=algorithm, headers=header)


def to_apple(running: Running, token: str = PHONE, **notification: Any) -> Sent:
    """A notification as Apple documents it."""
    aps = {"alert": {"title": "Urgent", "subtitle": "Example News", "body": "Ferries resume"}, "sound": "default"}
    content = {"aps": aps, "alert": ALERT, "version": 1, "edition": "en", "level": "urgent"} | notification
    headers: dict[str, str] = {
        "authorization": f"bearer {provider_token(running)}", "apns-topic": running.where.apns_topic,
        "apns-push-type": "alert", "apns-priority": "10", "apns-expiration": str(int(time.time()) + 3600),
        "apns-collapse-id": str(content["alert"]), "apns-id": str(uuid.uuid4()),
    }  # fmt: skip
    return Sent(f"{running.where.apns}/3/device/{token}", headers, json.dumps(content).encode())


# --- Google


def assertion(running: Running, *, key: str | None = None, algorithm: str = "RS256", **changes: Any) -> Sent:
    """A request for an access token; claims may be changed."""
    account = read_json(running.where.fcm_credentials_file)
    now_s = int(time.time())
    claims = {
        "iss": account["client_email"], "aud": account["token_uri"], "iat": now_s, "exp": now_s + 3600,
        "scope": "https://www.googleapis.com/auth/firebase.messaging",
    } | changes  # fmt: skip
    grant = claims.pop("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
    text = jwt.encode(claims, key or account["private_key"], algorithm, {"kid": account["private_key_id"]})
    body = str(httpx.QueryParams({"grant_type": grant, "assertion": text})).encode()
    return Sent(account["token_uri"], {"content-type": "application/x-www-form-urlencoded"}, body)


async def access_token(running: Running) -> str:
    """A right one."""
    (answer,) = await send(running, assertion(running))
    token: str = answer.json()["access_token"]
    return token


def android_message(token: str = ANDROID, **data: str) -> dict[str, Any]:
    """A message as Google documents it."""
    own = {"alert": ALERT, "version": "1", "edition": "en", "level": "urgent"} | data
    shown = {"title": "Urgent", "body": "Ferries resume", "tag": own["alert"], "channel_id": "urgent"}
    android = {"priority": "HIGH", "ttl": "3600s", "notification": shown | {"default_sound": True}}
    return {"message": {"token": token, "data": own, "android": android}}


def to_google(running: Running, bearer: str, message: dict[str, Any] | None = None) -> Sent:
    """A request to send it."""
    project = read_json(running.where.fcm_credentials_file)["project_id"]
    headers = {"authorization": f"Bearer {bearer}", "content-type": "application/json"}
    url = f"{running.where.fcm}/v1/projects/{project}/messages:send"
    return Sent(url, headers, json.dumps(message or android_message()).encode())


# --- browsers


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(serialization.Encoding.X962, form)


def vapid(running: Running, key: ec.EllipticCurvePrivateKey, **changes: Any) -> str:
    """An Authorization; claims and `k` may be changed, None takes a claim away."""
    named = changes.pop("k", base64url(point(key)))
    claims = {"aud": running.where.webpush, "exp": int(time.time()) + 43_200, "sub": "mailto:desk@news.example"}
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return f"vapid t={jwt.encode(claims, key, algorithm='ES256')}, k={named}"


def encrypted(content: bytes, keys: dict[str, str], *, padding: bytes = b"\2", record_bytes: int = 4096) -> bytes:
    """RFC 8291 by its own steps, with whatever padding the test wants."""
    own, salt, client = new_key(), os.urandom(16), unbase64url(keys["p256dh"])
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), client))
    material = _hkdf(unbase64url(keys["auth"]), b"WebPush: info\0" + client + point(own), 32)(shared)
    key = _hkdf(salt, b"Content-Encoding: aes128gcm\0", 16)(material)
    nonce = _hkdf(salt, b"Content-Encoding: nonce\0", 12)(material)
    head = salt + record_bytes.to_bytes(4, "big") + bytes([65]) + point(own)
    return head + AESGCM(key).encrypt(nonce, content + padding, None)


def _hkdf(salt: bytes, info: bytes, length: int) -> Callable[[bytes], bytes]:
    return HKDF(hashes.SHA256(), length, salt, info).derive


def to_browser(
    running: Running, subscription: dict[str, Any], key: ec.EllipticCurvePrivateKey, **notification: Any
) -> Sent:
    """A declarative message as the RFCs and the Push API have it."""
    own = {"alert": ALERT, "version": 1, "edition": "en", "level": "urgent"} | notification
    shown = {"title": "Urgent", "body": "Ferries resume", "tag": own["alert"], "navigate": "https://news.example/"}
    content = json.dumps({"web_push": 8030, "notification": shown} | own).encode()
    headers: dict[str, str] = {
        "authorization": vapid(running, key), "content-encoding": "aes128gcm", "ttl": "3600", "urgency": "high",
        "topic": str(own["alert"]),
    }  # fmt: skip
    return Sent(subscription["endpoint"], headers, encrypted(content, subscription["keys"]))


async def subscribe(running: Running, key: ec.EllipticCurvePrivateKey | None = None) -> dict[str, Any]:
    """A pretend browser's subscription, bound to the key if there is one."""
    wish = {"count": 1} | ({} if key is None else {"applicationServerKey": base64url(point(key))})
    made: dict[str, Any] = (await running.ask("POST", "/v1/subscriptions", wish))["subscriptions"][0]
    return made
