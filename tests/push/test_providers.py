"""Finished messages on their way to each provider, and what it said: against a true HTTP/2 server."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from config.settings import Settings
from service import vapid
from service.domain.device import Device, Platform, Preferences, Subscription
from service.domain.outcome import Lost, NotSent, Reply
from service.domain.payloads.notification import Message
from tests.push.certificates import Certificates
from tests.push.credentials import TokenServer, account, opened, pem, point
from tests.push.h2_server import Act, Answer, H2Server, Request, serving
from tests.stores import until
from workers.push.http import Http, Window
from workers.push.providers import Off, Provider, connect
from workers.push.providers.apns import Apns, Credentials
from workers.push.tokens import CredentialsError

TOKEN = "0123456789abcdef" * 4
MESSAGES: dict[Platform, Message] = {
    "apns": Message((("apns-push-type", "alert"), ("apns-collapse-id", "AN-ALERT")), b'{"aps":{}}'),
    "fcm": Message((("content-type", "application/json"),), b'{"message":{"token":"","data":{"alert":"AN-ALERT"}}}'),
    "webpush": Message((("ttl", "60"), ("topic", "AN-ALERT"), ("urgency", "high")), b"plain text of the alert"),
}


class Provided:
    """What a server plays for all three: Apple, Google with its token server, and a push service."""

    def __init__(self) -> None:
        self.answer: Act = Answer(200, b"")
        self.tokens = TokenServer()
        self.said: list[Request] = []
        self.decide: Callable[[Request], Act] = lambda _: self.answer

    async def __call__(self, request: Request) -> Act:
        if request.path == "/token":
            return await self.tokens.decide(request)
        self.said.append(request)
        return self.decide(request)


class World:
    """Settings with credentials for a server of ours, and the devices of each platform."""

    def __init__(self, server: H2Server, provided: Provided, folder: Path, trusted: Certificates) -> None:
        self.server = server
        self.provided = provided
        self.p8 = folder / "key.p8"
        self.p8.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
        self.account = account(folder, rsa.generate_private_key(65537, 2048), f"{server.url}/token")
        self.vapid = folder / "vapid.pem"
        vapid.load_or_make(self.vapid)
        self.settings = replace(
            Settings(),
            apns_key_file=self.p8,
            apns_key_id="KEY4567890",
            apns_team_id="TEAM567890",
            apns_topic="org.example.news",
            apns_url=server.url,
            fcm_credentials_file=self.account,
            fcm_url=server.url,
            vapid_key_file=self.vapid,
            provider_ca_file=trusted.authority,
            webpush_hosts=(f"localhost:{server.port}",),
            push_timeout_s=5.0,
        )
        browser = ec.generate_private_key(ec.SECP256R1()).public_key()
        self.subscription = Subscription(f"{server.url}/wp/{TOKEN}", point(browser), b"s" * 16)

    def device(self, platform: Platform, **more: Any) -> Device:
        fields: dict[str, Any] = {
            "number": 1,
            "platform": platform,
            "token": "" if platform == "webpush" else TOKEN,
            "subscription": self.subscription if platform == "webpush" else None,
            "preferences": Preferences(editions=("en",)),
            "registered_ms": 1,
        }
        return Device(**{**fields, **more})


@pytest.fixture
async def world(trusted: Certificates, tmp_path: Path) -> AsyncIterator[World]:
    provided = Provided()
    async with serving(trusted, provided) as server:
        yield World(server, provided, tmp_path, trusted)


@asynccontextmanager
async def provider(world: World, platform: Platform, **settings: Any) -> AsyncIterator[Provider]:
    made = connect(replace(world.settings, **settings), [platform])[platform]
    assert not isinstance(made, Off), made
    try:
        yield made
    finally:
        await made.close()


PLATFORMS: tuple[Platform, ...] = ("apns", "fcm", "webpush")


# --- each in its own words


async def test_apple_gets_token_topic_and_the_message_as_it_is(world: World) -> None:
    async with provider(world, "apns") as apns:
        assert await apns.send(world.device("apns"), MESSAGES["apns"]) == Reply(status=200)
    (request,) = world.provided.said
    assert (request.method, request.path) == ("POST", f"/3/device/{TOKEN}")
    assert request.body == b'{"aps":{}}'
    assert request.headers["apns-collapse-id"] == "AN-ALERT"
    assert request.headers["apns-topic"] == "org.example.news"
    scheme, _, token = request.headers["authorization"].partition(" ")
    assert scheme == "bearer"
    assert opened(token, vapid.load(world.p8).public_key())["iss"] == "TEAM567890"


async def test_a_devices_own_topic_goes_before_ours(world: World) -> None:
    async with provider(world, "apns") as apns:
        await apns.send(world.device("apns", topic="org.example.weather"), MESSAGES["apns"])
    assert world.provided.said[0].headers["apns-topic"] == "org.example.weather"


async def test_without_any_topic_it_is_apple_who_says_so(world: World) -> None:
    async with provider(world, "apns", apns_topic=None) as apns:
        await apns.send(world.device("apns"), MESSAGES["apns"])
    assert "apns-topic" not in world.provided.said[0].headers


async def test_a_token_that_is_no_token_stays_in_its_place_of_the_path(world: World) -> None:
    async with provider(world, "apns") as apns:
        await apns.send(world.device("apns", token="../../4?x#y"), MESSAGES["apns"])
    assert world.provided.said[0].path == "/3/device/..%2F..%2F4%3Fx%23y"


async def test_apples_expired_token_is_replaced_once_and_the_message_tried_again(
    world: World, trusted: Certificates
) -> None:
    expired = Answer(403, b'{"reason":"ExpiredProviderToken"}')
    seen: list[str] = []

    def decide(request: Request) -> Act:
        token = request.headers["authorization"]
        issued = jwt.decode(token.split()[1], options={"verify_signature": False})["iat"]
        seen.append(token)
        return expired if issued % 2400 == 0 else Answer(200)

    world.provided.decide = decide
    half_an_hour_later = 2400.0 * 750_000 + 1800
    apns = Apns(
        Credentials(world.p8, "KEY4567890", "TEAM567890", "org.example.news"),
        lambda: Http(5.0, trusted.authorities(), only_http2=True),
        Window(10, 5.0),
        world.server.url,
        lambda: half_an_hour_later,
    )
    assert await apns.send(world.device("apns"), MESSAGES["apns"]) == Reply(status=200)
    assert len(set(seen)) == 2
    world.provided.decide = lambda _: expired
    assert await apns.send(world.device("apns"), MESSAGES["apns"]) == Reply(status=403, reason="ExpiredProviderToken")
    await apns.close()


async def test_google_gets_the_message_with_the_token_in_it(world: World) -> None:
    async with provider(world, "fcm") as fcm:
        assert await fcm.send(world.device("fcm"), MESSAGES["fcm"]) == Reply(status=200)
    (request,) = world.provided.said
    assert (request.method, request.path) == ("POST", "/v1/projects/an-invented-project/messages:send")
    assert json.loads(request.body) == {"message": {"token": TOKEN, "data": {"alert": "AN-ALERT"}}}
    assert request.headers["authorization"] == "Bearer token-1"


async def test_a_token_that_google_refuses_is_replaced_and_the_message_tried_again(world: World) -> None:
    refusal = Answer(401, b'{"error":{"code":401,"status":"UNAUTHENTICATED"}}')
    world.provided.decide = lambda request: refusal if request.headers["authorization"].endswith("-1") else Answer(200)
    async with provider(world, "fcm") as fcm:
        sent = await asyncio.gather(*(fcm.send(world.device("fcm"), MESSAGES["fcm"]) for _ in range(20)))
        assert sent == [Reply(status=200)] * 20
        assert world.provided.tokens.given == 2


async def test_nothing_is_sent_to_google_without_a_token(world: World) -> None:
    world.provided.tokens.refusal = Answer(400, b'{"error":"invalid_grant"}')
    async with provider(world, "fcm") as fcm:
        found = await fcm.send(world.device("fcm"), MESSAGES["fcm"])
        assert isinstance(found, NotSent)
        assert found.why == "no access token: the token server answered 400 invalid_grant"
        assert found.pause_s == pytest.approx(5, abs=1)
    assert world.provided.said == []


async def test_a_browser_gets_ciphertext_and_a_header_made_out_to_its_push_service(world: World) -> None:
    world.provided.answer = Answer(201)
    async with provider(world, "webpush") as webpush:
        assert await webpush.send(world.device("webpush"), MESSAGES["webpush"]) == Reply(status=201)
    (request,) = world.provided.said
    assert (request.method, request.path) == ("POST", f"/wp/{TOKEN}")
    assert b"plain text" not in request.body
    wanted = {"ttl": "60", "topic": "AN-ALERT", "urgency": "high", "content-encoding": "aes128gcm"}
    assert wanted.items() <= request.headers.items()
    header = request.headers["authorization"]
    found = re.fullmatch(r"vapid t=([\w.-]+), k=([\w-]{87})", header)
    assert found
    claims = opened(found[1], vapid.load(world.vapid).public_key())
    assert claims["aud"] == world.server.url
    assert claims["sub"] == "mailto:push@flashwire.example"


# --- what they say


@pytest.mark.parametrize(
    ("platform", "answer", "reply"),
    [
        ("apns", Answer(410, b'{"reason":"Unregistered","timestamp":1794996000000}'),
         Reply(status=410, reason="Unregistered", since_ms=1_794_996_000_000)),
        ("apns", Answer(400, b'{"reason":"BadDeviceToken"}'), Reply(status=400, reason="BadDeviceToken")),
        ("apns", Answer(429, b'{"reason":"TooManyRequests"}', {"retry-after": "7"}),
         Reply(status=429, reason="TooManyRequests", retry_after_s=7.0)),
        ("apns", Answer(503, b"<html>busy"), Reply(status=503)),
        ("apns", Answer(400, b'["reason"]'), Reply(status=400)),
        ("apns", Answer(400, b'{"reason":7,"timestamp":true}'), Reply(status=400)),
        ("apns", Answer(500, b"\xff\xfe"), Reply(status=500)),
        ("apns", Answer(400, b"[" * 4096), Reply(status=400)),
        ("fcm", Answer(404, b'{"error":{"code":404,"status":"NOT_FOUND","details":[{"@type":"type.googleapis.com/'
                       b'google.firebase.fcm.v1.FcmError","errorCode":"UNREGISTERED"}]}}'),
         Reply(status=404, reason="UNREGISTERED")),
        ("fcm", Answer(429, b'{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis'
                       b'.com/google.rpc.QuotaFailure"},{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError"'
                       b',"errorCode":"QUOTA_EXCEEDED"}]}}', {"retry-after": "60"}),
         Reply(status=429, reason="QUOTA_EXCEEDED", retry_after_s=60.0)),
        ("fcm", Answer(400, b'{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.'
                       b'com/google.rpc.BadRequest"}]}}'), Reply(status=400, reason="INVALID_ARGUMENT")),
        ("fcm", Answer(401, b'{"error":{"status":"UNAUTHENTICATED","details":[{"@type":"type.googleapis.com/google.'
                       b'firebase.fcm.v1.FcmError","errorCode":"THIRD_PARTY_AUTH_ERROR"}]}}'),
         Reply(status=401, reason="THIRD_PARTY_AUTH_ERROR")),
        ("fcm", Answer(503, b"<html>busy"), Reply(status=503)),
        ("fcm", Answer(500, b'{"error":"text"}'), Reply(status=500)),
        ("fcm", Answer(500, b'{"error":{"status":{},"details":{}}}'), Reply(status=500)),
        ("fcm", Answer(500, b"[" * 4096), Reply(status=500)),
        ("webpush", Answer(201), Reply(status=201)),
        ("webpush", Answer(410, b'{"code":410,"errno":106}'), Reply(status=410)),
        ("webpush", Answer(429, b"", {"retry-after": "30"}), Reply(status=429, retry_after_s=30.0)),
        ("webpush", Answer(307, b"", {"location": "https://169.254.169.254/"}), Reply(status=307)),
    ],
)  # fmt: skip
async def test_an_answer_is_brought_back_as_it_was_meant(
    world: World, platform: Platform, answer: Answer, reply: Reply
) -> None:
    world.provided.answer = answer
    async with provider(world, platform) as ours:
        assert await ours.send(world.device(platform), MESSAGES[platform]) == reply
    assert len(world.provided.said) == 1


# --- bounds


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_no_more_requests_fly_than_the_window_lets(world: World, platform: Platform) -> None:
    released = asyncio.Event()

    async def decide(request: Request) -> Act:
        if request.path == "/token":
            return await world.provided.tokens.decide(request)
        world.provided.said.append(request)
        await released.wait()
        return Answer(200)

    async with provider(world, platform, push_window=5) as ours:
        await ours.send(world.device(platform), MESSAGES[platform])
        world.server.decide, world.server.open_streams_max = decide, 0
        sending = asyncio.gather(*(ours.send(world.device(platform), MESSAGES[platform]) for _ in range(20)))
        await until(lambda: world.server.open_streams_max >= 5)
        await asyncio.sleep(0.2)  # in which more could come
        released.set()
        assert await sending == [Reply(status=200)] * 20
        assert world.server.open_streams_max == 5


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_silent_provider_costs_each_message_one_time_out_whatever_it_waits_for(
    world: World, platform: Platform
) -> None:
    async def decide(request: Request) -> Act:
        if request.path == "/token":
            return await world.provided.tokens.decide(request)
        await asyncio.Event().wait()
        raise AssertionError

    async with provider(world, platform, push_window=5, push_timeout_s=2.0) as ours:
        await ours.send(world.device(platform), MESSAGES[platform])
        world.server.decide = decide
        begun_s = asyncio.get_running_loop().time()
        sent = await asyncio.gather(*(ours.send(world.device(platform), MESSAGES[platform]) for _ in range(20)))
        assert asyncio.get_running_loop().time() - begun_s < 2.0 + 1.8
        assert {type(one) for one in sent} == {Lost, NotSent}
        assert sum(isinstance(one, Lost) for one in sent) == 5


# --- credentials


def test_a_provider_without_credentials_is_off_and_names_the_setting() -> None:
    off = connect(Settings())
    assert off == {
        "apns": Off("FLASHWIRE_APNS_KEY_FILE is not set"),
        "fcm": Off("FLASHWIRE_FCM_CREDENTIALS_FILE is not set"),
        "webpush": Off("FLASHWIRE_VAPID_KEY_FILE is not set"),
    }


async def test_credentials_that_cannot_be_used_switch_their_provider_off_and_no_other(world: World) -> None:
    world.p8.write_bytes(b"SECRET")
    found = connect(replace(world.settings, vapid_key_file=Path("/nowhere")))
    assert isinstance(found["apns"], Off)
    assert found["apns"].broken
    assert found["apns"].why.startswith("FLASHWIRE_APNS_KEY_FILE: ")
    assert "SECRET" not in found["apns"].why
    assert isinstance(found["webpush"], Off)
    assert found["webpush"].why.startswith("FLASHWIRE_VAPID_KEY_FILE: ")
    assert not isinstance(found["fcm"], Off)
    await found["fcm"].close()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"apns_key_id": None}, "FLASHWIRE_APNS_KEY_ID"),
        ({"apns_team_id": None}, "FLASHWIRE_APNS_TEAM_ID"),
        ({"provider_ca_file": Path("/nowhere")}, "FLASHWIRE_PROVIDER_CA_FILE"),
    ],
)
async def test_half_of_the_credentials_is_told_as_a_fault(world: World, change: Mapping[str, Any], word: str) -> None:
    off = connect(replace(world.settings, **change), ["apns"])["apns"]
    assert isinstance(off, Off)
    assert off.broken
    assert off.why.startswith(word)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_new_key_is_taken_at_reload_and_a_broken_one_is_not(world: World, platform: Platform) -> None:
    file = {"apns": world.p8, "fcm": world.account, "webpush": world.vapid}[platform]
    async with provider(world, platform) as ours:
        await ours.send(world.device(platform), MESSAGES[platform])
        kept = file.read_bytes()
        file.chmod(0o600)
        file.write_bytes(b"broken")
        with pytest.raises(CredentialsError):
            ours.reload()
        assert await ours.send(world.device(platform), MESSAGES[platform]) == Reply(status=200)
        if platform == "fcm":
            file.write_bytes(kept.replace(b"an-invented-project", b"another-project"))
        else:
            file.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
        ours.reload()
        assert await ours.send(world.device(platform), MESSAGES[platform]) == Reply(status=200)
    before, _, after = world.provided.said
    assert (before.headers["authorization"], before.path) != (after.headers["authorization"], after.path)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_nothing_secret_is_ever_told(world: World, platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    for act in (Answer(400, TOKEN.encode()), Answer(307, b"", {"location": f"https://localhost/{TOKEN}"})):
        world.provided.answer = act
        async with provider(world, platform) as ours:
            told.append(repr(await ours.send(world.device(platform), MESSAGES[platform])))
            told.append(repr(ours) + str(vars(ours)))
    async with provider(world, platform, push_timeout_s=0.2) as ours:
        world.server.decide = _never
        told.append(repr(await ours.send(world.device(platform), MESSAGES[platform])))
    told += [record.getMessage() for record in caplog.records if record.name != "hpack.hpack"]  # our server's
    for secret in (TOKEN, "PRIVATE KEY", "eyJ", "token-1", "plain text"):
        assert secret not in "\n".join(told)


async def _never(_: Request) -> Act:
    await asyncio.Event().wait()
    raise AssertionError
