"""Tokens of three kinds, read by independent code: who made them, for whom, how long, and how seldom."""

import asyncio
import itertools
import json
from pathlib import Path
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from service import vapid
from service.domain.outcome import NotSent
from tests.push.certificates import Certificates
from tests.push.credentials import NOON_S, Clock, TokenServer, account, opened, pem
from tests.push.h2_server import Answer, serving
from workers.push.http import Http
from workers.push.tokens import AccessToken, ApnsToken, CredentialsError, ServiceAccount, Vapid


@pytest.fixture
def clock() -> Clock:
    return Clock()


# --- Apple


@pytest.fixture
def p8(tmp_path: Path) -> Path:
    path = tmp_path / "key.p8"
    path.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    return path


def test_apples_token_names_key_and_team(p8: Path, clock: Clock) -> None:
    token = ApnsToken(p8, "KEY4567890", "TEAM567890", clock).token()
    claims = opened(token, vapid.load(p8).public_key())
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "KEY4567890"}
    assert claims.keys() == {"iss", "iat"}
    assert claims["iss"] == "TEAM567890"
    assert 0 <= clock.now_s - claims["iat"] < 2400


def test_two_processes_make_the_very_same_token(p8: Path, clock: Clock) -> None:
    first = ApnsToken(p8, "KEY4567890", "TEAM567890", clock)
    made = first.token()
    clock.now_s += 60
    assert ApnsToken(p8, "KEY4567890", "TEAM567890", clock).token() == made == first.token()


def test_in_a_day_apples_token_is_never_older_than_40_minutes_nor_changed_within_20(p8: Path, clock: Clock) -> None:
    token = ApnsToken(p8, "KEY4567890", "TEAM567890", clock)
    changes, last = [], ""
    for _ in range(24 * 60):
        clock.now_s += 60
        now = token.token()
        claims = jwt.decode(now, options={"verify_signature": False})
        assert 0 <= clock.now_s - claims["iat"] <= 40 * 60
        if now != last:
            changes.append(clock.now_s)
            last = now
    assert min(later - earlier for earlier, later in itertools.pairwise(changes)) >= 20 * 60
    assert len(changes) <= 37


def test_a_refused_token_is_renewed_once_for_all_who_used_it(p8: Path, clock: Clock) -> None:
    token = ApnsToken(p8, "KEY4567890", "TEAM567890", clock)
    clock.now_s += 1300
    old = token.token()
    assert token.renew(old)
    new = token.token()
    assert new != old
    assert token.renew(old)  # another request that had used the old one: there is a new one already
    assert token.token() == new


def test_a_young_token_that_is_refused_is_not_renewed(p8: Path, clock: Clock) -> None:
    """Our clock is wrong then; new tokens every second would only have Apple refuse those as well."""
    token = ApnsToken(p8, "KEY4567890", "TEAM567890", clock)
    clock.now_s += 1300
    first = token.token()
    assert token.renew(first)
    clock.now_s += 600
    assert not token.renew(token.token())


def test_a_new_key_file_is_taken_at_reload_and_a_broken_one_is_not(p8: Path, clock: Clock) -> None:
    token = ApnsToken(p8, "KEY4567890", "TEAM567890", clock)
    old = token.token()
    p8.write_bytes(b"broken")
    with pytest.raises(CredentialsError):
        token.reload()
    assert token.token() == old
    p8.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    token.reload()
    opened(token.token(), vapid.load(p8).public_key())


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----", None])
def test_a_key_that_cannot_be_used_is_named_without_its_content(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "key.p8"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CredentialsError) as caught:
        ApnsToken(path, "KEY4567890", "TEAM567890")
    assert str(path) in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)], ids=["P-384", "RSA"]
)
def test_a_key_of_another_kind_is_refused(tmp_path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    path = tmp_path / "key.p8"
    path.write_bytes(pem(key))
    with pytest.raises(CredentialsError, match="P-256"):
        ApnsToken(path, "KEY4567890", "TEAM567890")


# --- Google


async def given(token: AccessToken) -> str | NotSent:
    """With time enough."""
    return await token.token(asyncio.get_running_loop().time() + 5)


@pytest.fixture(scope="module")
def google() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


async def test_googles_token_is_asked_for_with_a_signed_assertion_and_once_for_all(
    trusted: Certificates, tmp_path: Path, google: rsa.RSAPrivateKey, clock: Clock
) -> None:
    desk = TokenServer()
    async with serving(trusted, desk.decide) as server:
        uri = f"{server.url}/token"
        http = Http(2.0, trusted.authorities())
        token = AccessToken(ServiceAccount.read(account(tmp_path, google, uri)), http, clock)
        assert await asyncio.gather(*(given(token) for _ in range(200))) == ["token-1"] * 200
        (request,) = server.requests
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        form = parse_qs(request.body.decode(), strict_parsing=True)
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        (assertion,) = form["assertion"]
        assert jwt.get_unverified_header(assertion) == {"alg": "RS256", "typ": "JWT", "kid": "0123456789abcdef"}
        claims = opened(assertion, google.public_key())
        assert claims == {
            "iss": "push@an-invented-project.example",
            "scope": "https://www.googleapis.com/auth/firebase.messaging",
            "aud": uri,
            "iat": int(NOON_S),
            "exp": int(NOON_S) + 3600,
        }
        await token.close()
        await http.close()


async def test_the_old_token_serves_while_a_new_one_is_fetched_and_never_after_its_end(
    trusted: Certificates, tmp_path: Path, google: rsa.RSAPrivateKey, clock: Clock
) -> None:
    desk = TokenServer()
    async with serving(trusted, desk.decide) as server:
        http = Http(2.0, trusted.authorities())
        token = AccessToken(ServiceAccount.read(account(tmp_path, google, f"{server.url}/token")), http, clock)
        assert await given(token) == "token-1"
        desk.open.clear()
        clock.now_s += 3400
        assert await given(token) == "token-1"  # at once, though nobody answers
        clock.now_s += 195
        waiting = asyncio.create_task(given(token))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        desk.open.set()
        assert await waiting == "token-2"
        await token.close()
        await http.close()


async def test_a_token_that_google_takes_no_more_is_replaced_once(
    trusted: Certificates, tmp_path: Path, google: rsa.RSAPrivateKey, clock: Clock
) -> None:
    desk = TokenServer()
    async with serving(trusted, desk.decide) as server:
        http = Http(2.0, trusted.authorities())
        token = AccessToken(ServiceAccount.read(account(tmp_path, google, f"{server.url}/token")), http, clock)
        used = await given(token)
        assert isinstance(used, str)
        token.renew(used)
        assert await given(token) == "token-2"
        token.renew(used)  # a late answer to the old one
        assert await given(token) == "token-2"
        await token.close()
        await http.close()


@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        (Answer(400, b'{"error":"invalid_grant","error_description":"SECRET"}'), "answered 400 invalid_grant"),
        (Answer(503, b"<html>SECRET"), "answered 503"),
        (Answer(200, b'{"access_token":"SECRET\\n","expires_in":3600}'), "answered 200"),
        (Answer(200, b'{"access_token":"SECRET","expires_in":-1}'), "answered 200"),
        (Answer(200, b'["SECRET"]'), "answered 200"),
    ],
)
async def test_a_refusal_is_told_without_its_content_and_not_asked_for_again_at_once(
    trusted: Certificates, tmp_path: Path, google: rsa.RSAPrivateKey, clock: Clock, refusal: Answer, why: str
) -> None:
    desk = TokenServer()
    desk.refusal = refusal
    async with serving(trusted, desk.decide) as server:
        http = Http(2.0, trusted.authorities())
        token = AccessToken(ServiceAccount.read(account(tmp_path, google, f"{server.url}/token")), http, clock)
        found = await given(token)
        assert found == NotSent(f"no access token: the token server {why}", 5.0)
        assert await given(token) == found
        assert len(server.requests) == 1
        desk.refusal = None
        clock.now_s += 5
        assert await given(token) == "token-1"
        await token.close()
        await http.close()


@pytest.mark.parametrize(
    "change",
    [
        {"private_key": "SECRET"},
        {"private_key": None},
        {"private_key": pem(ec.generate_private_key(ec.SECP256R1())).decode()},
        {"project_id": 7},
        {"token_uri": "http://localhost/token"},
    ],
)
def test_a_service_account_that_cannot_be_used_is_named_without_its_content(
    tmp_path: Path, google: rsa.RSAPrivateKey, change: dict[str, object]
) -> None:
    path = account(tmp_path, google, "https://localhost/token")
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(CredentialsError) as caught:
        ServiceAccount.read(path)
    assert str(path) in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert "BEGIN" not in str(caught.value)


def test_a_service_account_does_not_show_its_key(tmp_path: Path, google: rsa.RSAPrivateKey) -> None:
    assert "key=" not in repr(ServiceAccount.read(account(tmp_path, google, "https://localhost/token")))


# --- browsers


def test_the_vapid_header_is_made_out_to_one_origin_and_signed_by_the_key_it_shows(clock: Clock) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    header = Vapid(key, "mailto:push@flashwire.example", clock).authorization("https://push.example.test")
    scheme, _, rest = header.partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(", "))
    assert scheme == "vapid"
    assert parts.keys() == {"t", "k"}
    shown = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), jwt.utils.base64url_decode(parts["k"]))
    claims = opened(parts["t"], shown)
    assert shown == key.public_key()
    assert claims["aud"] == "https://push.example.test"
    assert claims["sub"] == "mailto:push@flashwire.example"
    assert 0 < claims["exp"] - clock.now_s <= 24 * 3600
    assert jwt.get_unverified_header(parts["t"])["alg"] == "ES256"


def test_the_vapid_header_is_reused_for_hours_and_never_near_its_end(clock: Clock) -> None:
    made = Vapid(ec.generate_private_key(ec.SECP256R1()), "mailto:push@flashwire.example", clock)
    headers = set()
    for _ in range(48):
        header = made.authorization("https://push.example.test")
        headers.add(header)
        claims = jwt.decode(header.split("t=")[1].split(",")[0], options={"verify_signature": False})
        assert claims["exp"] - clock.now_s >= 3600
        clock.now_s += 1800
    assert len(headers) == 4
    assert made.authorization("https://other.example.test") not in headers
