"""Faults on demand: refused in the provider's own words, left hanging, cut, delayed; reproducible by their seed."""

import asyncio
import random
import time
from collections import Counter
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyreqwest.client import ClientBuilder

from service.ending import end
from tests.sandbox.conftest import Running
from tests.sandbox.requests_as_documented import (
    access_token,
    new_key,
    send,
    subscribe,
    to_apple,
    to_browser,
    to_google,
)
from workers.sandbox.faults import Faults

WORDS = {
    "apns": {
        "400": "BadDeviceToken", "403": "ExpiredProviderToken", "410": "Unregistered", "413": "PayloadTooLarge",
        "429": "TooManyRequests", "500": "InternalServerError", "503": "ServiceUnavailable",
    },
    "fcm": {
        "400": "INVALID_ARGUMENT", "401": "UNAUTHENTICATED", "403": "SENDER_ID_MISMATCH", "404": "UNREGISTERED",
        "429": "QUOTA_EXCEEDED", "500": "INTERNAL", "503": "UNAVAILABLE",
    },
    "webpush": {
        "400": "bad-crypto", "401": "unauthorized", "403": "forbidden", "404": "not-found", "410": "gone",
        "413": "too-large", "429": "too-many", "500": "internal", "503": "unavailable",
    },
}  # fmt: skip


def word(answer: httpx.Response) -> str:
    """The reason in a provider's own form."""
    said = answer.json()
    if "reason" in said:
        return str(said["reason"])
    if "errno" in said:
        return str(said["error"])
    details = said["error"].get("details", [])
    return str(details[0]["errorCode"] if details else said["error"]["status"])


async def cause(running: Running, **faults: Any) -> Any:
    return await running.ask("PUT", "/v1/faults", faults)


def tokens(count: int) -> list[str]:
    return [f"{number:064x}" for number in range(count)]


async def outcomes(running: Running, phones: list[str]) -> dict[str, int]:
    """What Apple says to one request for each phone, all at once."""
    right = to_apple(running)
    sent = [type(right)(f"{running.where.apns}/3/device/{token}", right.headers, right.body) for token in phones]
    return {token: answer.status_code for token, answer in zip(phones, await send(running, *sent), strict=True)}


async def test_every_status_is_said_in_the_providers_own_words(sandbox: Running) -> None:
    key = new_key()
    right = {
        "apns": to_apple(sandbox),
        "fcm": to_google(sandbox, await access_token(sandbox)),
        "webpush": to_browser(sandbox, await subscribe(sandbox, key), key),
    }
    for platform, words in WORDS.items():
        for status, reason in words.items():
            await cause(sandbox, **{platform: {status: 1}})
            (answer,) = await send(sandbox, right[platform])
            assert (answer.status_code, word(answer)) == (int(status), reason)
    assert await sandbox.phones() == []


async def test_a_token_that_is_gone_says_since_when_and_stays_gone_until_healed(sandbox: Running) -> None:
    await cause(sandbox, apns={"410": 0.5}, seed=7)
    first = await outcomes(sandbox, tokens(60))
    assert set(first.values()) == {200, 410}
    assert await outcomes(sandbox, tokens(60)) == first
    gone = next(token for token, status in first.items() if status == 410)
    (answer,) = await send(sandbox, to_apple(sandbox, gone))
    assert abs(answer.json()["timestamp"] - time.time() * 1000) < 60_000
    assert await cause(sandbox) == {}
    assert set((await outcomes(sandbox, tokens(60))).values()) == {200}


async def test_the_same_seed_gives_the_same_faults_in_whatever_order(sandbox: Running) -> None:
    faults = {"429": 0.2, "410": 0.1, "500": 0.1}
    await cause(sandbox, apns=faults, seed=1)
    first = await outcomes(sandbox, tokens(100))
    shuffled = random.Random(3).sample(tokens(100), 100)
    await cause(sandbox, apns=faults, seed=1)
    assert await outcomes(sandbox, shuffled) == first
    await cause(sandbox, apns=faults, seed=2)
    assert await outcomes(sandbox, tokens(100)) != first
    assert 20 < sum(status != 200 for status in first.values()) < 60


async def test_a_seed_that_was_not_given_is_told(sandbox: Running) -> None:
    told = await cause(sandbox, apns={"429": 0.5})
    assert isinstance(told["seed"], int)
    assert await sandbox.ask("GET", "/v1/faults") == told


async def test_who_is_told_to_wait_is_told_how_long_and_watched(sandbox: Running) -> None:
    await cause(sandbox, apns={"429": 1, "retryAfter": 300})
    (answer,) = await send(sandbox, to_apple(sandbox))
    assert answer.headers["retry-after"] == "300"
    bearer = await access_token(sandbox)
    await cause(sandbox, fcm={"503": 1, "retryAfter": 300, "retryAfterAs": "date"})
    (answer,) = await send(sandbox, to_google(sandbox, bearer))
    moment = parsedate_to_datetime(answer.headers["retry-after"]).timestamp()
    assert 200 < moment - time.time() < 301

    await cause(sandbox)
    await asyncio.sleep(0.6)  # longer than what may still be in flight
    await send(sandbox, to_apple(sandbox))
    told = (await sandbox.ask("GET", "/v1/counts"))["providers"]
    assert (told["apns"]["callsInsideRetryAfter"], told["fcm"]["callsInsideRetryAfter"]) == (1, 0)
    assert (len(told["apns"]["pauses"]), len(told["fcm"]["pauses"])) == (1, 1)


async def test_a_request_left_hanging_reaches_no_phone(sandbox: Running) -> None:
    await cause(sandbox, apns={"hang": 1})
    waiting = asyncio.create_task(send(sandbox, to_apple(sandbox)))
    async with asyncio.timeout(60):
        while not (await sandbox.ask("GET", "/v1/log"))["calls"]:
            await asyncio.sleep(0.01)
    assert (await sandbox.ask("GET", "/v1/counts"))["refused"] == {"hang": 1}
    assert not waiting.done()
    await end({waiting})
    assert await sandbox.phones() == []


@pytest.mark.parametrize("http1", [False, True], ids=["HTTP/2", "HTTP/1.1"])
async def test_what_is_cut_has_arrived_all_the_same(sandbox: Running, http1: bool) -> None:
    key = new_key()
    right = to_browser(sandbox, await subscribe(sandbox), key)
    await cause(sandbox, webpush={"reset": 1})
    with pytest.raises(httpx.TransportError):
        await send(sandbox, right, http1=http1)
    (phone,) = await sandbox.phones()
    assert phone["received"] == 1
    (call,) = (await sandbox.ask("GET", "/v1/log"))["calls"]
    assert (call["platform"], call["outcome"], call["version"]) == ("webpush", "reset", 1)


async def test_a_connection_that_is_going_away_answers_what_has_begun(sandbox: Running) -> None:
    """With a client that knows GOAWAY: what had begun is answered, and what comes later finds another connection."""
    await cause(sandbox, apns={"goaway": 0.2, "delayMs": 50}, seed=5)
    right, tokens_ = to_apple(sandbox), tokens(40)
    authority = Path(sandbox.where.provider_ca_file).read_bytes()
    async with ClientBuilder().add_root_certificate_pem(authority).http2_prior_knowledge().no_proxy().build() as client:

        async def post(token: str) -> int:
            url = f"{sandbox.where.apns}/3/device/{token}"
            answer = await client.post(url).headers(right.headers).body_bytes(right.body).build().send()
            return answer.status

        answers = await asyncio.gather(*map(post, tokens_))
    assert answers == [200] * 40
    assert [phone["received"] for phone in await sandbox.phones()] == [1] * 40
    calls = (await sandbox.ask("GET", "/v1/log"))["calls"]
    assert {call["outcome"] for call in calls} == {"accepted", "goaway"}


async def test_an_answer_can_be_late(sandbox: Running) -> None:
    await cause(sandbox, apns={"delayMs": 300})
    begun_s = time.monotonic()
    (answer,) = await send(sandbox, to_apple(sandbox))
    assert answer.status_code == 200
    assert time.monotonic() - begun_s >= 0.3


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"apple": {}}, "apple: unknown; allowed are apns, fcm, webpush and seed"),
        ({"apns": {"418": 0.1}}, "apns.418: unknown; allowed are shares of 400, 403, 410"),
        ({"apns": {"429": 1.5}}, "apns.429 must be a number from 0 to 1"),
        ({"apns": {"429": True}}, "apns.429 must be a number from 0 to 1"),
        ({"apns": {"429": 0.6, "410": 0.6}}, "the shares of apns come to more than 1"),
        ({"apns": 1}, "apns must be an object"),
        ({"apns": {"retryAfterAs": "weeks"}}, "apns.retryAfterAs must be seconds or date"),
        ({"apns": {"delayMs": -1}}, "apns.delayMs must be a number from 0 to"),
        ({"seed": "x"}, "seed must be a whole number"),
    ],
)
async def test_a_wish_that_is_none_changes_nothing_and_says_what_is_allowed(
    sandbox: Running, wish: dict[str, Any], words: str
) -> None:
    before = await cause(sandbox, apns={"500": 1}, seed=1)
    answer = await sandbox.reply("PUT", "/v1/faults", wish)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert await sandbox.ask("GET", "/v1/faults") == before


def test_shares_are_of_all_requests_those_for_gone_tokens_included() -> None:
    faults = Faults()
    faults.replace({"fcm": {"404": 0.5, "429": 0.25, "hang": 0.25}, "seed": 1})
    drawn = Counter(faults.draw("fcm", str(number)) for number in range(4000))
    assert set(drawn) == {"404", "429", "hang"}
    assert 1800 < drawn["404"] < 2200
    assert 850 < drawn["429"] < 1150
