"""The sandbox decrypts the RFC's own example, and what an independent library encrypts."""

import os

import http_ece  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.sandbox.requests_as_documented import point, unbase64url
from workers.sandbox.decryption import Undecryptable, decrypt
from workers.sandbox.subscriptions import Keys, Subscriptions

# RFC 8291, section 5 and appendix A
PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
CONTENT = b"When I grow up, I want to be a watermelon"


def rfc_keys() -> Keys:
    private = ec.derive_private_key(int.from_bytes(unbase64url(PRIVATE), "big"), ec.SECP256R1())
    assert point(private) == unbase64url(PUBLIC)
    return Keys(private, unbase64url(PUBLIC), unbase64url(AUTH))


def test_the_example_of_the_rfc() -> None:
    assert decrypt(unbase64url(BODY), rfc_keys()) == CONTENT


def test_what_an_independent_library_encrypts() -> None:
    keys = Subscriptions(os.urandom(32)).keys("an-endpoint")
    sender = ec.generate_private_key(ec.SECP256R1())
    body = http_ece.encrypt(CONTENT, private_key=sender, dh=keys.public, auth_secret=keys.auth, version="aes128gcm")
    assert decrypt(body, keys) == CONTENT


def test_any_bit_that_is_changed_is_noticed() -> None:
    right, keys = unbase64url(BODY), rfc_keys()
    for place in range(0, len(right), 3):
        if place in (18, 19):
            continue  # within the record size, which is larger than needed
        wrong = bytearray(right)
        wrong[place] ^= 1
        with pytest.raises(Undecryptable):
            decrypt(bytes(wrong), keys)


def test_keys_follow_from_the_secret_and_the_endpoint_alone() -> None:
    secret = os.urandom(32)
    first, again, other = (Subscriptions(secret).keys(name) for name in ("a", "a", "b"))
    assert (first.public, first.auth) == (again.public, again.auth)
    assert first.public != other.public
    assert first.auth != other.auth
    assert Subscriptions(os.urandom(32)).keys("a").public != first.public
