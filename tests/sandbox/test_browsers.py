"""The browsers' stand-in takes a right request, and refuses each wrong one as the RFCs and Mozilla's service do."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.sandbox.conftest import Running
from tests.sandbox.requests_as_documented import (
    ALERT,
    Sent,
    base64url,
    encrypted,
    new_key,
    point,
    send,
    subscribe,
    to_browser,
    vapid,
)

KEY, ANOTHERS = new_key(), new_key()
Break = Callable[[Running, Sent, dict[str, str]], Sent]


def sent_by(key: Any = KEY, **changes: Any) -> Break:
    return lambda running, right, _: right.but(authorization=vapid(running, key, **changes))


def but(**headers: str | None) -> Break:
    return lambda _, right, __: right.but(**headers)


def encrypting(content: bytes = b"{}", **how: Any) -> Break:
    return lambda _, right, keys: right.saying(encrypted(content, keys, **how))


def tampered(_: Running, right: Sent, __: dict[str, str]) -> Sent:
    return right.saying(right.body[:-1] + bytes([right.body[-1] ^ 1]))


def to_nobody(running: Running, right: Sent, _: dict[str, str]) -> Sent:
    return replace(right, url=f"{running.where.webpush}/push/{base64url(bytes(28))}")


NOW_S = int(time.time())
WRONG: dict[str, tuple[Break, int, int, str]] = {
    "no sender": (but(authorization=None), 401, 109, "Authorization is missing"),
    "a sender of another kind": (but(authorization="WebPush x.y.z"), 401, 109, "Authorization must be"),
    "another audience": (sent_by(aud="https://push.example"), 403, 109, "aud must be https://localhost:"),
    "a token that is over": (sent_by(exp=NOW_S - 60), 403, 109, "exp is over"),
    "a token of two days": (sent_by(exp=NOW_S + 172_800), 403, 109, "exp is more than 24 hours away"),
    "nobody to write to": (sent_by(sub=None), 403, 109, "sub must be a mailto: or https: URL"),
    "another's signature": (sent_by(k=base64url(point(ANOTHERS))), 403, 109, "the signature does not fit"),
    "a key that is none": (sent_by(k=base64url(b"\4" + bytes(64))), 403, 109, "k is no point of P-256"),
    "another sender than the one subscribed to": (sent_by(ANOTHERS), 403, 109, "bound to another key"),
    "no life": (but(ttl=None), 400, 111, "TTL is missing"),
    "a life in words": (but(ttl="an hour"), 400, 112, "TTL must be"),
    "a topic of 33 characters": (but(topic="x" * 33), 400, 113, "Topic must be"),
    "a topic with a space": (but(topic="two words"), 400, 113, "Topic must be"),
    "an unknown urgency": (but(urgency="flash"), 400, 114, "Urgency must be"),
    "no encoding": (but(content_encoding=None), 400, 101, "Content-Encoding is missing"),
    "the encoding of the drafts": (but(content_encoding="aesgcm"), 400, 110, "Content-Encoding must be"),
    "4,097 bytes": (lambda _, right, __: right.saying(bytes(4097)), 413, 104, "At most 4096 bytes"),
    "bad padding": (encrypting(padding=b"\1"), 400, 110, "bad padding"),
    "no padding": (encrypting(b"", padding=b"\0\0"), 400, 110, "bad padding"),
    "a tampered content": (tampered, 400, 110, "does not fit the subscription's keys"),
    "too small a record": (encrypting(record_bytes=17), 400, 110, "record size"),
    "several records": (encrypting(bytes(100), record_bytes=50), 400, 110, "one record"),
    "no content but a header": (lambda _, right, __: right.saying(bytes(30)), 400, 110, "too short"),
    "nobody's endpoint": (to_nobody, 404, 102, "No such subscription"),
    "another method": (lambda _, right, __: replace(right, method="PUT"), 405, 999, "Only POST"),
}


async def test_each_wrong_request_is_refused_for_its_documented_reason(sandbox: Running) -> None:
    subscription = await subscribe(sandbox, KEY)
    right = to_browser(sandbox, subscription, KEY)
    for name, (change, status, errno, words) in WRONG.items():
        (answer,) = await send(sandbox, change(sandbox, right, subscription["keys"]))
        said = answer.json()
        assert (answer.status_code, said["code"], said["errno"]) == (status, status, errno), name
        assert words in said["message"], name
    assert await sandbox.phones() == []


async def test_a_right_request_is_located_and_shown(sandbox: Running) -> None:
    subscription = await subscribe(sandbox, KEY)
    (answer,) = await send(sandbox, to_browser(sandbox, subscription, KEY).but(ttl="9999999"))
    assert answer.status_code == 201
    assert answer.headers["location"].startswith(sandbox.where.webpush)
    assert answer.headers["ttl"] == "2592000"
    (phone,) = await sandbox.phones(f"?platform=webpush&alert={ALERT}")
    assert (phone["token"], phone["received"]) == (subscription["endpoint"], 1)
    assert phone["showing"][0]["title"] == "Urgent"


async def test_padding_of_zeros_and_a_message_without_content_are_right(sandbox: Running) -> None:
    subscription = await subscribe(sandbox)
    right = to_browser(sandbox, subscription, KEY)
    padded = right.saying(encrypted(b'{"title":"Urgent"}', subscription["keys"], padding=b"\2" + bytes(99)))
    answers = await send(sandbox, padded, right.saying(b"").but(content_encoding=None))
    assert [answer.status_code for answer in answers] == [201, 201]
    (phone,) = await sandbox.phones()
    assert (len(phone["showing"]), phone["received"]) == (1, 2)


async def test_who_may_send_to_an_open_subscription_is_anybody(sandbox: Running) -> None:
    subscription = await subscribe(sandbox)
    answers = await send(sandbox, *(to_browser(sandbox, subscription, key) for key in (KEY, ANOTHERS)))
    assert [answer.status_code for answer in answers] == [201, 201]


async def test_a_browser_shows_no_subtitle_whatever_the_worker_is_told(sandbox: Running) -> None:
    subscription = await subscribe(sandbox)
    await send(sandbox, to_browser(sandbox, subscription, KEY, subtitle="Example News"))
    (phone,) = await sandbox.phones()
    (entry,) = phone["showing"]
    assert (entry["title"], entry["subtitle"], entry["body"]) == ("Urgent", None, "Ferries resume")
