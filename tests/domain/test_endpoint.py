"""Where a Web Push may go: a table of what was tried elsewhere, and what is allowed."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from service.domain.endpoint import endpoint_fault, host_and_port, is_named, is_on_p256, is_public

ALLOWED = ("fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "localhost:8444", "127.0.0.1:8444")


@pytest.mark.parametrize(
    "url",
    [
        "https://fcm.googleapis.com/fcm/send/dQw:APA91b-_x",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAAA",
        "HTTPS://FCM.googleapis.com/x",
        "https://fcm.googleapis.com:443/x",
        "https://db5p.notify.windows.com/w/?token=BQYAAAD%2b",
        "https://fcm.googleapis.com",
        "https://localhost:8444/push/abc",
        "https://127.0.0.1:8444/push/abc",
        "https://fcm.googleapis.com/" + "x" * 2021,
    ],
)
def test_a_push_service_is_allowed(url: str) -> None:
    assert endpoint_fault(url, ALLOWED) is None


@pytest.mark.parametrize(
    "url",
    [
        "", "fcm.googleapis.com/x", "http://fcm.googleapis.com/x", "ftp://fcm.googleapis.com/x",
        "//fcm.googleapis.com/x",
        "https:/fcm.googleapis.com/x", "https:fcm.googleapis.com/x", " https://fcm.googleapis.com/x",
        "https://fcm.googleapis.com/x ", "https://fcm.googleapis.com/x\n", "https://fcm.googleapis.com/\r\nHost:x",
        "https://fcm.googleapis.com\t/x", "https://fcm.googleapis.com\\@169.254.169.254/",
        "https:\\\\fcm.googleapis.com/",
        "https://xfcm.googleapis.com/x", "https://evilfcm.googleapis.com.evil.example/",
        "https://fcm.googleapis.com.evil.example/",
        "https://fcm.googleapis.com@evil.example/", "https://user:pass@fcm.googleapis.com/x",
        "https://@fcm.googleapis.com/",
        "https://evil.example#@fcm.googleapis.com/", "https://evil.example?@fcm.googleapis.com/",
        "https://fcm.googleapis.com/x#y",
        "https://fcm.googleapis.com:8443/x", "https://fcm.googleapis.com:80/x", "https://fcm.googleapis.com:/x",
        "https://fcm.googleapis.com:0443x/", "https://fcm.googleapis.com:65979/", "https://fcm.googleapis.com:443:80/",
        "https://fcm.googleapis.com./x", "https://.fcm.googleapis.com/x", "https://a..fcm.googleapis.com/x",
        "https://-.fcm.googleapis.com/x", "https://fcm%2egoogleapis.com/x", "https://fcm。googleapis。com/x",
        "https://ｆcm.googleapis.com/x", "https://xn--fm-hma.googleapis.com.example/", "https://googleapis.com/x",
        "https://com/",
        "https://localhost/x", "https://localhost:8445/x", "https://127.0.0.1/x", "https://127.0.0.1:443/x",
        "https://169.254.169.254/latest/meta-data/", "https://2130706433/", "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/", "https://0/", "https://[::1]/", "https://[::ffff:169.254.169.254]/",
        "https://[fe80::1%25eth0]/",
        "https://10.0.0.1/", "https://8.8.8.8/", "https://metadata.google.internal/", "https://fcm.googleapis.com/é",
        "https://fcm.googleapis.com/<x>",
        "https://fcm.googleapis.com/" + "x" * 2022, "https://" + "a." * 200 + "fcm.googleapis.com/",
        "javascript:alert(1)", "file:///etc/passwd", "https://", "https:///x", "https://?",
        "gopher://fcm.googleapis.com:443/_x",
        "https://localhost:8444@evil.example/", "https://localhost:8444.evil.example/",
        "https://fcm.googleapis.com,evil.example/",
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_words(url: str) -> None:
    fault = endpoint_fault(url, ALLOWED)
    assert fault
    assert "googleapis" not in fault, "a refusal does not repeat what was sent"


def test_nothing_is_allowed_by_an_empty_list() -> None:
    assert endpoint_fault("https://fcm.googleapis.com/x", ()) is not None


def test_only_the_exact_place_is_named() -> None:
    assert is_named("localhost", 8444, ALLOWED)
    assert not is_named("localhost", 8443, ALLOWED)
    assert not is_named("fcm.googleapis.com", 443, ALLOWED)
    assert not is_named("a.localhost", 8444, ALLOWED)


@given(
    st.text(max_size=80), st.sampled_from(["https://fcm.googleapis.com", "https://", "https://fcm.googleapis.com:", ""])
)
def test_whatever_is_allowed_leads_to_an_allowed_host(rest: str, start: str) -> None:
    url = start + rest
    if endpoint_fault(url, ALLOWED) is None:
        place = host_and_port(url)
        assert place is not None
        host, port = place
        assert is_named(host, port, ALLOWED) or (
            port == 443 and any(host == suffix or host.endswith("." + suffix) for suffix in ALLOWED)
        )


@pytest.mark.parametrize("address", ["8.8.8.8", "142.250.74.10", "1.1.1.1", "2a00:1450:4001:80b::200a", "2600:1901::1"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:8.8.8.8",
        "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1",
        "2001:db8::1", "2002:7f00:1::", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1",
        "fe80::1%eth0",
        "2600::1%1", "fec0::1", "ff02::1", "", "localhost", "8.8.8", "0177.0.0.1", "8.8.8.8 ", "2130706433",
        "0x7f.0.0.1",
    ],
)  # fmt: skip
def test_any_other_address_is_not(address: str) -> None:
    assert not is_public(address)


def public_point(curve: ec.EllipticCurve, form: PublicFormat = PublicFormat.UncompressedPoint) -> bytes:
    return ec.generate_private_key(curve).public_key().public_bytes(Encoding.X962, form)


def test_the_points_of_the_curve_are_known() -> None:
    for _ in range(20):
        point = public_point(ec.SECP256R1())
        assert is_on_p256(point)
        moved = point[:-1] + bytes([point[-1] ^ 1])
        assert not is_on_p256(moved)


@pytest.mark.parametrize(
    "point",
    [
        b"", b"\4",
        b"\4" + bytes(64), bytes(65), b"\4" + b"\xff" * 64, b"\2" + bytes(32), b"\4" + bytes(63), b"\4" + bytes(65),
        public_point(ec.SECP256K1()), public_point(ec.SECP256R1(), PublicFormat.CompressedPoint),
    ],
    ids=[
        "nothing", "head-alone", "zeros", "zero-head", "beyond-the-field", "compressed-zeros", "too-short", "too-long",
        "of-another-curve", "compressed",
    ],
)  # fmt: skip
def test_what_is_no_point_of_the_curve_is_refused(point: bytes) -> None:
    assert not is_on_p256(point)
