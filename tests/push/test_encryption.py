"""Our encryption against the examples of the RFCs and the decryption of others."""

import os
from base64 import urlsafe_b64decode

import http_ece  # type: ignore[import-untyped]
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from service.domain.device import Subscription
from service.domain.payloads.notification import BYTES_MAX
from service.domain.payloads.webpush import ENCRYPTION_BYTES, PLAINTEXT_BYTES_MAX
from workers.push.encryption import encrypt, seal

ENDPOINT = "https://push.example/1"


def octets(base64url: str) -> bytes:
    return urlsafe_b64decode(base64url + "=" * (-len(base64url) % 4))


def private_key(base64url: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(octets(base64url), "big"), ec.SECP256R1())


class Browser:
    """A subscription with its private half."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | None = None, auth: bytes | None = None) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.auth = auth or os.urandom(16)
        public = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.subscription = Subscription(ENDPOINT, public, self.auth)

    def decrypt(self, body: bytes) -> bytes:
        """As others decrypt it."""
        opened: bytes = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        return opened


def test_the_example_of_rfc_8291() -> None:
    """Section 5 and appendix A, to the byte."""
    browser = Browser(
        private_key("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"),
        octets("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    assert browser.subscription.p256dh == octets(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    )
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        browser.subscription,
        private_key=private_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=octets("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert body == octets(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
        "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_example_of_rfc_8188() -> None:
    """Section 3.1: the record by itself."""
    sealed = seal(b"I am the walrus", octets("yqdlZ-tYemfogSmv7Ws5PQ"), b"", octets("I1BsxtFttlv3u_Oo94xnmw"))
    assert sealed == octets("I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg")


@given(plaintext=st.binary(max_size=PLAINTEXT_BYTES_MAX))
def test_others_can_read_whatever_we_encrypt(plaintext: bytes) -> None:
    browser = Browser()
    body = encrypt(plaintext, browser.subscription)
    assert browser.decrypt(body) == plaintext
    assert len(body) == len(plaintext) + ENCRYPTION_BYTES


def test_the_longest_message_is_as_long_as_a_push_service_takes() -> None:
    browser = Browser()
    body = encrypt(b"x" * PLAINTEXT_BYTES_MAX, browser.subscription)
    assert len(body) == BYTES_MAX
    assert browser.decrypt(body) == b"x" * PLAINTEXT_BYTES_MAX
    with pytest.raises(ValueError, match="3994 bytes to encrypt, and a push service takes 3993"):
        encrypt(b"x" * (PLAINTEXT_BYTES_MAX + 1), browser.subscription)


def test_every_message_has_a_salt_and_a_key_of_its_own() -> None:
    browser = Browser()
    bodies = [encrypt(b"the same", browser.subscription) for _ in range(50)]
    assert len({body[:16] for body in bodies}) == len({body[21:86] for body in bodies}) == 50


def test_nobody_else_can_read_it() -> None:
    browser, other = Browser(), Browser()
    body = encrypt(b"for one alone", browser.subscription)
    with pytest.raises((http_ece.ECEException, InvalidTag)):
        other.decrypt(body)
    with pytest.raises((http_ece.ECEException, InvalidTag)):
        browser.decrypt(body[:-1] + bytes([body[-1] ^ 1]))


@pytest.mark.parametrize(
    "p256dh", [b"", b"\x00", b"\x04" * 64, b"\x04" + b"\x01" * 64], ids=["empty", "zero", "short", "off"]
)
def test_a_key_that_is_no_point_of_the_curve_is_refused(p256dh: bytes) -> None:
    with pytest.raises(ValueError, match=r"(?i)key|point|byte string"):
        encrypt(b"news", Subscription(ENDPOINT, p256dh, os.urandom(16)))
