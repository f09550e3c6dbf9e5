"""What lets us in: Apple's provider token (ES256), Google's access token (RFC 7523), the VAPID header (RFC 8292).

The rule to remember: made seldom, shared by all requests, renewed before it ends. A key stays in its object: no
exception, log line or answer carries one, nor a token made with it.
"""

import asyncio
import base64
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from service import vapid
from service.domain.outcome import Lost, NotSent
from service.ending import end
from workers.push.http import Answer, Http

APNS_TOKEN_S = 2400
"""Apple takes a token for an hour and wants no new one within 20 minutes."""
APNS_RENEWAL_S = 1200
GOOGLE_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GOOGLE_ASSERTION_S = 3600
GOOGLE_RENEW_BEFORE_S = 300.0
"""Long before its end a new token is fetched, while the old one serves on."""
GOOGLE_LEAST_LIFE_S = 10.0
"""An old token is not used for a request that may arrive after its end."""
GOOGLE_PAUSE_S = 5.0
"""After Google refused or failed, no new token is asked for within this time."""
VAPID_LIFE_S = 12 * 3600
"""RFC 8292 allows 24 hours; clocks differ."""
VAPID_RENEW_S = 6 * 3600
VAPID_ORIGINS_MAX = 256
"""Push services whose header is kept; there are a handful, and their hosts are allow-listed."""

_ACCOUNT_FIELDS = ("project_id", "client_email", "private_key_id", "token_uri")


class CredentialsError(Exception):
    """Credentials that cannot be used: one line that says why, without anything of their content."""


class ApnsToken:
    """The provider token of one team, from its .p8 key."""

    def __init__(self, key_file: Path, key_id: str, team_id: str, now_s: Callable[[], float] = time.time) -> None:
        """Raises CredentialsError."""
        self._key_file, self._key_id, self._team_id = key_file, key_id, team_id
        self._now_s = now_s
        self._key = _elliptic_key(key_file)
        self._renewed_s = 0
        self._issued_s = -1
        self._token = ""

    def token(self) -> str:
        """The token of this moment.

        All processes make the very same one, without asking each other: it is issued at the last full 40 minutes, and
        signed deterministically (RFC 6979). So a team never has more tokens than Apple likes.
        """
        now_s = int(self._now_s())
        issued_s = max(now_s - now_s % APNS_TOKEN_S, self._renewed_s)
        if issued_s != self._issued_s:
            header = {"alg": "ES256", "kid": self._key_id}
            self._token = _signed_es256(self._key, header, {"iss": self._team_id, "iat": issued_s})
            self._issued_s = issued_s
        return self._token

    def renew(self, refused: str) -> bool:
        """Apple says that `refused` has expired: whether there is another one now to try with."""
        now_s = int(self._now_s())
        if refused == self._token and now_s - max(self._renewed_s, self._issued_s) >= APNS_RENEWAL_S:
            self._renewed_s = now_s
        return self.token() != refused

    def reload(self) -> None:
        """Read the key file again. Raises CredentialsError, and then goes on with the old key."""
        self._key = _elliptic_key(self._key_file)
        self._issued_s = -1


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Google's service account, from the JSON file that its console hands out."""

    project: str
    email: str
    key_id: str
    token_uri: str
    key: rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "ServiceAccount":
        """Raises CredentialsError."""
        try:
            kept = json.loads(path.read_bytes())
            project, email, key_id, uri = (kept[name] for name in _ACCOUNT_FIELDS)
            key = serialization.load_pem_private_key(kept["private_key"].encode(), None)
        except OSError as problem:
            raise CredentialsError(f"{path}: cannot be read: {problem.strerror}") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise CredentialsError(f"{path}: is no service account's JSON with a private key") from None
        if not all(isinstance(kept[name], str) for name in _ACCOUNT_FIELDS) or not isinstance(key, rsa.RSAPrivateKey):
            raise CredentialsError(f"{path}: is no service account's JSON with an RSA key")
        if urlsplit(uri).scheme != "https":
            raise CredentialsError(f"{path}: token_uri must start with https://")
        return cls(project, email, key_id, uri, key)

    def assertion(self, now_s: int) -> str:
        """The JWT with which an access token is asked for (RFC 7523, 2.1)."""
        header = {"alg": "RS256", "typ": "JWT", "kid": self.key_id}
        claims = {
            "iss": self.email,
            "scope": GOOGLE_SCOPE,
            "aud": self.token_uri,
            "iat": now_s,
            "exp": now_s + GOOGLE_ASSERTION_S,
        }
        return _compact(header, claims, lambda text: self.key.sign(text, padding.PKCS1v15(), hashes.SHA256()))


class AccessToken:
    """Google's access token: fetched when first needed, by one request for all who wait for it."""

    def __init__(self, account: ServiceAccount, http: Http, now_s: Callable[[], float] = time.time) -> None:
        self.project = account.project
        self._account = account
        self._http = http
        self._now_s = now_s
        self._token = ""
        self._ends_s = 0.0
        self._not_before_s = 0.0
        self._why = "it is being fetched"
        self._fetching: asyncio.Task[None] | None = None

    async def token(self, ends_s: float) -> str | NotSent:
        """The token, waited for until `ends_s` (time of the loop), or why there is none and for how long."""
        now_s = self._now_s()
        if now_s < self._ends_s - GOOGLE_RENEW_BEFORE_S:
            return self._token
        if self._fetching is None and now_s >= self._not_before_s:
            self._fetching = asyncio.create_task(self._fetch())
        if not self._usable() and self._fetching is not None:
            await asyncio.wait({self._fetching}, timeout=ends_s - asyncio.get_running_loop().time())
        if self._usable():
            return self._token
        return NotSent(f"no access token: {self._why}", max(self._not_before_s - self._now_s(), 0.0))

    def renew(self, refused: str) -> None:
        """Google does not take `refused` any more: the next `token` is another one."""
        if refused == self._token:
            self._ends_s = 0.0

    def use(self, account: ServiceAccount) -> None:
        """From now on ask as `account`."""
        self.project, self._account = account.project, account
        self._ends_s = self._not_before_s = 0.0

    async def close(self) -> None:
        """Give up fetching."""
        if self._fetching is not None:
            await end([self._fetching])

    def _usable(self) -> bool:
        return self._now_s() < self._ends_s - GOOGLE_LEAST_LIFE_S

    async def _fetch(self) -> None:
        try:
            self._take(await self._ask())
        finally:
            self._fetching = None

    async def _ask(self) -> Answer | NotSent | Lost:
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": self._account.assertion(int(self._now_s())),
        }
        headers = (("content-type", "application/x-www-form-urlencoded"),)
        return await self._http.post(self._account.token_uri, headers, urlencode(form).encode())

    def _take(self, answer: Answer | NotSent | Lost) -> None:
        if isinstance(answer, Answer):
            try:
                said = json.loads(answer.body)
                token, life_s = said["access_token"], float(said["expires_in"])
                sound = isinstance(token, str) and token.isascii() and token.isprintable() and life_s > 0
                if answer.status == 200 and sound:
                    self._token, self._ends_s = token, self._now_s() + life_s
                    return
            except (ValueError, TypeError, KeyError):
                pass
            self._why = f"the token server answered {answer.status} {_error(answer.body)}".rstrip()
        else:
            self._why = answer.why
        self._not_before_s = self._now_s() + GOOGLE_PAUSE_S


class Vapid:
    """The Authorization header for browsers' push services."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, subject: str, now_s: Callable[[], float] = time.time) -> None:
        self._key = key
        self._public = vapid.public_key(key)
        self._subject = subject
        self._now_s = now_s
        self._kept: OrderedDict[str, tuple[float, str]] = OrderedDict()

    @classmethod
    def read(cls, path: Path, subject: str) -> "Vapid":
        """With the key pair of `path`. Raises CredentialsError."""
        return cls(_elliptic_key(path), subject)

    def authorization(self, origin: str) -> str:
        """`vapid t=…, k=…` for the push service at `origin` (`https://host`, with the port where it is not 443)."""
        now_s = self._now_s()
        until_s, header = self._kept.get(origin, (0.0, ""))
        if now_s >= until_s:
            claims = {"aud": origin, "exp": int(now_s) + VAPID_LIFE_S, "sub": self._subject}
            header = f"vapid t={_signed_es256(self._key, {'alg': 'ES256', 'typ': 'JWT'}, claims)}, k={self._public}"
            self._kept[origin] = (now_s + VAPID_RENEW_S, header)
            if len(self._kept) > VAPID_ORIGINS_MAX:
                self._kept.popitem(last=False)
        return header


def _elliptic_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        return vapid.load(path)
    except vapid.VapidError as problem:
        raise CredentialsError(str(problem)) from None


def _signed_es256(key: ec.EllipticCurvePrivateKey, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A JWT whose signature depends on its content alone; JWS wants r and s side by side, not DER (RFC 7518, 3.4)."""

    def sign(text: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return _compact(header, claims, sign)


def _compact(header: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """JWS compact serialisation (RFC 7515, 7.1)."""
    text = b".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return (text + b"." + _base64url(sign(text))).decode()


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _error(body: bytes) -> str:
    """OAuth's `error` (RFC 6749, 5.2), a word out of a list; nothing else of the answer is repeated."""
    try:
        word = json.loads(body)["error"]
    except (ValueError, TypeError, KeyError):
        return ""
    return word if isinstance(word, str) and word.replace("_", "").isalnum() and len(word) < 40 else ""
