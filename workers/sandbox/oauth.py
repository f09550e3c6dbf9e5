"""Google's token endpoint: a signed assertion of a service account for an access token of an hour (RFC 7523).

The rule to remember: access tokens are opaque to whoever holds them, and nothing is stored: each carries its end and a
seal of ours, so that it outlives a restart as Google's would.
"""

import hmac
import secrets
from collections.abc import Callable
from urllib.parse import parse_qs

from workers.sandbox.credentials import ServiceAccount
from workers.sandbox.exchange import Answer, Request, as_json
from workers.sandbox.tokens import BadToken, decode, from_base64url, rs256, to_base64url

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = frozenset(
    {"https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform"}
)
LIFE_S = 3599
"""Of an access token, as Google has it."""
ASSERTION_LIFE_S = 3600
CLOCK_SLACK_S = 300
PREFIX = "ya29."
SEAL_BYTES = 16


class Refused(Exception):
    """OAuth's error code and its description."""


class TokenDesk:
    """Hands out access tokens and knows them again."""

    def __init__(self, account: ServiceAccount, secret: bytes, clock_s: Callable[[], float]) -> None:
        self._account, self._clock_s = account, clock_s
        self._secret = hmac.digest(secret, b"access tokens", "sha256")

    def handle(self, request: Request) -> Answer:
        """`POST /token`, form-encoded."""
        if request.method != b"POST":
            return as_json(405, {"error": "invalid_request", "error_description": "Only POST is allowed"})
        form = {name: values[-1] for name, values in parse_qs(request.body.decode("latin-1")).items()}
        try:
            self._check(form)
        except Refused as refused:
            error, description = refused.args
            return as_json(400, {"error": error, "error_description": description})
        token = self.issue(int(self._clock_s()) + LIFE_S)
        return as_json(200, {"access_token": token, "expires_in": LIFE_S, "token_type": "Bearer"})

    def issue(self, until_s: int) -> str:
        """An access token that is valid until then."""
        content = until_s.to_bytes(8, "big") + secrets.token_bytes(8)
        return PREFIX + to_base64url(content + self._seal(content))

    def is_valid(self, token: str) -> bool:
        """Whether it is ours and not over."""
        try:
            sealed = from_base64url(token.removeprefix(PREFIX)) if token.startswith(PREFIX) else b""
        except BadToken:
            return False
        content = sealed[:-SEAL_BYTES]
        is_ours = len(content) == 16 and hmac.compare_digest(self._seal(content), sealed[-SEAL_BYTES:])
        return is_ours and int.from_bytes(content[:8], "big") > self._clock_s()

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(self._secret, content, "sha256")[:SEAL_BYTES]

    def _check(self, form: dict[str, str]) -> None:
        if form.get("grant_type") != GRANT:
            raise Refused("unsupported_grant_type", "Invalid grant_type: " + form.get("grant_type", ""))
        try:
            token = decode(form.get("assertion", ""), "RS256", rs256(self._account.public_key))
            begins_s, ends_s = token.number("iat"), token.number("exp")
        except BadToken as bad:
            raise Refused("invalid_grant", f"Invalid JWT Signature: {bad}") from None
        kid = token.header.get("kid")
        if token.claims.get("iss") != self._account.client_email or kid not in (None, self._account.private_key_id):
            raise Refused("invalid_grant", "Invalid grant: account not found")
        if token.claims.get("aud") != self._account.token_uri:
            raise Refused("invalid_grant", "Invalid JWT: Failed audience check.")
        if not _is_short_lived(begins_s, ends_s, self._clock_s()):
            raise Refused(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your "
                "iat and exp values in the JWT claim.",
            )
        if not SCOPES & set(str(token.claims.get("scope", "")).split()):
            raise Refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")


def _is_short_lived(begins_s: float, ends_s: float, now_s: float) -> bool:
    begun, over = begins_s < now_s + CLOCK_SLACK_S, ends_s < now_s - CLOCK_SLACK_S
    return begun and not over and ends_s <= begins_s + ASSERTION_LIFE_S
