"""Apple's stand-in takes a right request, and refuses each wrong one for its documented reason."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt

from tests.sandbox.conftest import Running
from tests.sandbox.requests_as_documented import PHONE, Sent, new_key, provider_token, send, to_apple

Break = Callable[[Running, Sent], Sent]


def signed(**changes: Any) -> Break:
    return lambda running, right: right.but(authorization=f"bearer {provider_token(running, **changes)}")


def unsigned(running: Running, right: Sent) -> Sent:
    return right.but(authorization=f"bearer {jwt.encode({'iss': running.where.apns_team_id}, '', 'none')}")


def but(**headers: str | None) -> Break:
    return lambda _, right: right.but(**headers)


def of_size(size_bytes: int) -> Break:
    def change(_: Running, right: Sent) -> Sent:
        content = json.loads(right.body)
        content["filler"] = ""
        content["filler"] = "x" * (size_bytes - len(json.dumps(content)))
        return right.saying(content)

    return change


def at(path: str) -> Break:
    return lambda running, right: replace(right, url=running.where.apns + path)


WRONG: dict[str, tuple[Break, int, str]] = {
    "no token": (but(authorization=None), 403, "MissingProviderToken"),
    "another key's id": (signed(kid="ABCDE12345"), 403, "InvalidProviderToken"),
    "another team": (signed(iss="ABCDE12345"), 403, "InvalidProviderToken"),
    "another key": (signed(key=new_key()), 403, "InvalidProviderToken"),
    "no algorithm": (unsigned, 403, "InvalidProviderToken"),
    "a token of an hour ago": (signed(iat=int(time.time()) - 3700), 403, "ExpiredProviderToken"),
    "a token of tomorrow": (signed(iat=int(time.time()) + 86_400), 403, "InvalidProviderToken"),
    "a token without a date": (signed(iat="now"), 403, "InvalidProviderToken"),
    "no topic": (but(apns_topic=None), 400, "MissingTopic"),
    "a topic that is none": (but(apns_topic="org example"), 400, "BadTopic"),
    "another app's topic": (but(apns_topic="org.example.other"), 400, "TopicDisallowed"),
    "4,097 bytes": (of_size(4097), 413, "PayloadTooLarge"),
    "100,000 bytes": (of_size(100_000), 413, "PayloadTooLarge"),
    "no payload": (lambda _, right: right.saying(b""), 400, "PayloadEmpty"),
    "a payload without aps": (lambda _, right: right.saying({"alert": "x"}), 400, "PayloadEmpty"),
    "an unknown push type": (but(apns_push_type="news"), 400, "InvalidPushType"),
    "a collapse id of 65 bytes": (but(apns_collapse_id="x" * 65), 400, "BadCollapseId"),
    "priority 7": (but(apns_priority="7"), 400, "BadPriority"),
    "an urgent background push": (but(apns_push_type="background"), 400, "BadPriority"),
    "an expiration in words": (but(apns_expiration="tomorrow"), 400, "BadExpirationDate"),
    "an id that is no UUID": (but(apns_id="42"), 400, "BadMessageId"),
    "a header twice": (lambda _, right: replace(right, more=[("apns-priority", "5")]), 400, "DuplicateHeaders"),
    "a short device token": (at("/3/device/a1a1"), 400, "BadDeviceToken"),
    "no device token": (at("/3/device/"), 400, "MissingDeviceToken"),
    "another path": (at(f"/2/device/{PHONE}"), 404, "BadPath"),
    "another method": (lambda _, right: replace(right, method="PUT"), 405, "MethodNotAllowed"),
}


async def test_each_wrong_request_is_refused_for_its_documented_reason(sandbox: Running) -> None:
    right = to_apple(sandbox)
    for name, (change, status, reason) in WRONG.items():
        (answer,) = await send(sandbox, change(sandbox, right))
        assert (answer.status_code, answer.json()) == (status, {"reason": reason}), name
    assert await sandbox.phones() == []
    counts = await sandbox.ask("GET", "/v1/counts")
    assert counts["accepted"] == 0
    assert sum(counts["refused"].values()) == len(WRONG)


async def test_a_right_request_is_answered_with_its_id_and_shown(sandbox: Running) -> None:
    right = to_apple(sandbox, versionCreated="2026-11-18T14:02:11.204Z")
    (answer,) = await send(sandbox, right)
    assert (answer.status_code, answer.content, answer.http_version) == (200, b"", "HTTP/2")
    assert answer.headers["apns-id"] == right.headers["apns-id"]
    (phone,) = await sandbox.phones("?platform=apns")
    (entry,) = phone.pop("showing")
    assert phone == {"token": PHONE, "platform": "apns", "received": 1}
    assert entry.pop("at").endswith("Z")
    assert entry == {
        "collapse": right.headers["apns-collapse-id"], "alert": right.headers["apns-collapse-id"], "version": 1,
        "title": "Urgent", "subtitle": "Example News", "body": "Ferries resume", "level": "urgent", "edition": "en",
        "sound": True,
    }  # fmt: skip


async def test_4096_bytes_are_taken_and_a_missing_id_is_made(sandbox: Running) -> None:
    (answer,) = await send(sandbox, of_size(4096)(sandbox, to_apple(sandbox)).but(apns_id=None))
    assert answer.status_code == 200
    assert len(answer.headers["apns-id"]) == 36
