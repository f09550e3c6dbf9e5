"""Who sends a Web Push message: VAPID (RFC 8292), written from the RFC and from nothing of ours.

The rule to remember: the key that signs is named by the sender itself, so a right signature says little. What counts is
whether the subscription was bound to that key, and that the token was made for this push service and not for another.
"""

import re
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec

from workers.sandbox.tokens import BadToken, Known, Token, decode, es256, from_base64url

LIFE_MAX_S = 86_400
_PAIR = re.compile(r'\s*([a-z]+)\s*=\s*"?([A-Za-z0-9_.-]+)"?\s*')


class Unknown(Exception):
    """401: no sender, or none that we can read."""


class Forbidden(Exception):
    """403: a sender that is not what it says, or may not send here (RFC 8292, 2 and 4.2)."""


class Senders:
    """Checks the Authorization of each request, whose token may come many times."""

    def __init__(self, origin: str, clock_s: Callable[[], float]) -> None:
        self._origin, self._clock_s = origin, clock_s
        self._known = Known()

    def key(self, authorization: str | None) -> bytes:
        """The sender's public key (65 bytes). Raises Unknown and Forbidden."""
        given = _parameters(authorization)
        try:
            key = from_base64url(given["k"])
            token = self._known.get(f"{given['t']} {given['k']}", lambda _: _verified(given["t"], key))
            self._check(token)
        except BadToken as bad:
            raise Forbidden(str(bad)) from None
        return key

    def _check(self, token: Token) -> None:
        if token.claims.get("aud") != self._origin:
            raise Forbidden(f"aud must be {self._origin}")
        left_s = token.number("exp") - self._clock_s()
        if left_s <= 0:
            raise Forbidden("exp is over")
        if left_s > LIFE_MAX_S:
            raise Forbidden("exp is more than 24 hours away")
        subject = token.claims.get("sub")
        if not isinstance(subject, str) or not subject.startswith(("mailto:", "https:")):
            raise Forbidden("sub must be a mailto: or https: URL")


def _parameters(authorization: str | None) -> dict[str, str]:
    """`vapid t=token, k=key` (RFC 8292, 3)."""
    if authorization is None:
        raise Unknown("Authorization is missing")
    scheme, _, rest = authorization.partition(" ")
    pairs = [_PAIR.fullmatch(part) for part in rest.split(",")]
    given = {pair[1]: pair[2] for pair in pairs if pair is not None}
    if scheme.lower() != "vapid" or not {"t", "k"} <= set(given):
        raise Unknown("Authorization must be `vapid t=…, k=…`")
    return given


def _verified(text: str, key: bytes) -> Token:
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    except ValueError:
        raise BadToken("k is no point of P-256") from None
    if len(key) != 65:
        raise BadToken("k must be uncompressed")
    return decode(text, "ES256", es256(public))
