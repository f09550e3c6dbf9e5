"""Devices over HTTP: registered, read, changed, erased, and only by who holds their secret."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.crowd import Crowd
from service.domain.device import PLATFORMS, Device
from service.store import devices
from service.store.connection import Store
from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, serving, settings_for
from tests.processes import System
from tests.stores import BUSY_S

PHONE = {"platform": "fcm", "token": "token-of-a-phone-000001", "preferences": {"editions": ["en"]}}
NO_ID = "0" * 26
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
"""The client's key of RFC 8291, appendix A."""


def phone(name: int = 1, **changes: Any) -> dict[str, Any]:
    return {**PHONE, "token": f"token-of-a-phone-{name:06d}", **changes}


def browser(endpoint: str) -> dict[str, Any]:
    keys = {"p256dh": P256DH, "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
    return {
        "platform": "webpush",
        "subscription": {"endpoint": endpoint, "keys": keys},
        "preferences": {"editions": ["en"]},
    }


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def register(
    api: Api, body: Any = None, status: int = 201, headers: Mapping[str, str] | None = None
) -> dict[str, str]:
    answer = await api.client.post("/v1/devices", json=body or PHONE, headers=headers)
    assert answer.status_code == status, answer.text
    made: dict[str, str] = answer.json()
    return made


async def ask(api: Api, method: str, device_id: str, secret: str | None, body: Any = None) -> httpx.Response:
    headers = {} if secret is None else bearing(secret)
    return await api.client.request(method, f"/v1/devices/{device_id}", json=body, headers=headers)


def refused(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}"), answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    problem: dict[str, Any] = answer.json()
    return problem


async def all_devices(store: Store) -> list[Device]:
    return [device for platform in PLATFORMS for device in await devices.read_block(store, platform, 0)]


async def test_a_device_registers_and_reads_what_is_kept_of_it(api: Api) -> None:
    answer = await api.client.post("/v1/devices", json=PHONE)
    made = answer.json()
    assert answer.status_code == 201
    assert set(made) == {"id", "secret"}
    assert answer.headers["location"] == f"/v1/devices/{made['id']}"
    assert answer.headers["cache-control"] == "no-store"
    kept = (await ask(api, "GET", made["id"], made["secret"])).json()
    assert kept == {
        "id": made["id"], "platform": "fcm", "token": PHONE["token"],
        "preferences": {"editions": ["en"], "minLevel": "brief",
        "sections": [], "regions": [], "quiet": None, "mute": []},
    }  # fmt: skip


async def test_the_same_token_again_is_the_same_device_with_a_fresh_secret(api: Api) -> None:
    first = await register(api)
    again = await register(api, status=200)
    assert again["id"] == first["id"]
    assert (await ask(api, "GET", again["id"], again["secret"])).status_code == 200
    refused(await ask(api, "GET", again["id"], first["secret"]), 401, "device-unauthorized")


async def test_twenty_registrations_of_a_token_at_once_are_one_device(api: Api) -> None:
    answers = await asyncio.gather(*(api.client.post("/v1/devices", json=PHONE) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await all_devices(api.process.store)) == 1


async def test_what_is_read_can_be_put_and_replaces_everything(api: Api) -> None:
    made = await register(api, phone(locale="ar-LB", appVersion="4.2"))
    state = (await ask(api, "GET", made["id"], made["secret"])).json()
    assert state.pop("id") == made["id"]
    assert (await ask(api, "PUT", made["id"], made["secret"], state)).json() == {"id": made["id"]}
    assert (await ask(api, "GET", made["id"], made["secret"])).json() == {"id": made["id"], **state}
    assert (await ask(api, "PUT", made["id"], made["secret"], phone(2))).status_code == 200
    replaced = (await ask(api, "GET", made["id"], made["secret"])).json()
    assert replaced["token"] == phone(2)["token"]
    assert "locale" not in replaced


async def test_who_holds_a_token_is_rung_and_the_other_is_erased(api: Api) -> None:
    old, new = await register(api, phone(1)), await register(api, phone(2))
    assert (await ask(api, "PUT", new["id"], new["secret"], phone(1))).status_code == 200
    refused(await ask(api, "GET", old["id"], old["secret"]), 404, "not-found")
    assert [device.token for device in await all_devices(api.process.store)] == [phone(1)["token"]]


async def test_an_erased_device_is_nowhere(api: Api) -> None:
    made = await register(api)
    answer = await ask(api, "DELETE", made["id"], made["secret"])
    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("GET", "PUT", "DELETE"):
        refused(await ask(api, method, made["id"], made["secret"], PHONE), 404, "not-found")
    assert await all_devices(api.process.store) == []
    assert await devices.counts(api.process.store) == {}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_its_own_secret_opens_a_device(api: Api, method: str) -> None:
    made, other = await register(api, phone(1)), await register(api, phone(2))
    forged = f"fwd_{made['id']}_{'0' * 32}"
    spliced = f"fwd_{made['id']}_{other['secret'][-32:]}"
    for wrong in (
        None,
        "",
        "x",
        other["secret"],
        forged,
        spliced,
        made["secret"].lower(),
        made["secret"] + "0",
        api.keys["duty"],
    ):
        refused(await ask(api, method, made["id"], wrong, phone(1)), 401, "device-unauthorized")
    basic = await api.client.request(
        method, f"/v1/devices/{made['id']}", headers={"Authorization": f"Basic {made['secret']}"}
    )
    assert "Bearer" in basic.headers["www-authenticate"]
    refused(basic, 401, "device-unauthorized")
    assert len(await all_devices(api.process.store)) == 2


@pytest.mark.parametrize("device_id", [NO_ID, "x", "7" + "Z" * 25, "A" * 26, "%00", "é" * 26, "0" * 5000])
async def test_an_id_that_was_never_given_is_not_found(api: Api, device_id: str) -> None:
    made = await register(api)
    refused(await ask(api, "GET", device_id, made["secret"]), 404, "not-found")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_who_brings_no_secret_is_not_told_which_devices_there_are(api: Api, method: str) -> None:
    erased = await register(api)
    await ask(api, "DELETE", erased["id"], erased["secret"])
    for wrong in ("x", api.keys["duty"], "fwd_"):
        for device_id in (NO_ID, erased["id"]):
            refused(await ask(api, method, device_id, wrong, PHONE), 401, "device-unauthorized")


async def test_a_device_keeps_its_platform(api: Api) -> None:
    made = await register(api)
    problem = refused(
        await ask(api, "PUT", made["id"], made["secret"], {**PHONE, "platform": "apns", "token": "ab" * 32}),
        422,
        "invalid",
    )
    assert [error["pointer"] for error in problem["errors"]] == ["/platform"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (phone(token="x" * 4097), "/token"),
        (phone(token="x" * 15_000), "/token"),
        (phone(token="short"), "/token"),
        ({**PHONE, "platform": "apns"}, "/token"),
        (
            phone(preferences={"editions": ["en"], "quiet": {"from": "1", "to": "2", "zone": "Moon/Sea"}}),
            "/preferences/quiet/zone",
        ),
        (phone(preferences={"editions": ["xx"]}), "/preferences/editions/0"),
        (phone(preferences={}), "/preferences/editions"),
        (phone(unknown=1), "/unknown"),
        (browser("https://169.254.169.254/latest/meta-data/"), "/subscription/endpoint"),
        (browser("https://push.evil.example/x"), "/subscription/endpoint"),
        (browser("https://localhost/x"), "/subscription/endpoint"),
        ([], ""),
        ("x", ""),
    ],
)
async def test_what_breaks_a_rule_is_named_and_nothing_is_kept(api: Api, body: Any, pointer: str) -> None:
    problem = refused(await api.client.post("/v1/devices", json=body), 422, "invalid")
    assert problem["title"] == "The body breaks a rule"
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert await all_devices(api.process.store) == []


@pytest.mark.parametrize(
    ("content", "media", "status", "slug"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b'{"a":1,"a":2}', "application/json", 400, "malformed"),
        (b"", "application/json", 400, "malformed"),
        (b"{}", "text/plain", 415, "not-json"),
        (b" " * 16_385, "application/json", 413, "body-too-large"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/devices", "/v1/receipts"])
async def test_what_cannot_be_read_is_refused(
    api: Api, path: str, content: bytes, media: str, status: int, slug: str
) -> None:
    made = await register(api)
    headers = {"Content-Type": media, **bearing(made["secret"])}
    refused(await api.client.post(path, content=content, headers=headers), status, slug)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.floats(allow_nan=False) | st.text(max_size=30)
    | st.sampled_from(["en", "webpush", "apns", "fcm", "shown", "UTC", "23:00",
    NO_ID, P256DH, "https://fcm.googleapis.com/x"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["editions", "quiet", "from", "zone", "mute", "story", "keys",
    "endpoint"]), inner),
    max_leaves=8,
)  # fmt: skip
CHANGES = st.dictionaries(
    st.sampled_from(
        ["platform", "token", "subscription", "preferences", "environment", "topic", "locale", "alert", "at"]
    ),
    ANYTHING,
    max_size=4,
)


async def test_whatever_is_sent_gets_an_answer_that_was_meant(api: Api) -> None:
    """The fuzz draws first and asks then, since the app lives in this event loop."""
    drawn: list[Any] = []

    @settings(max_examples=60)
    @given(CHANGES, ANYTHING)
    def draw(changes: dict[str, Any], anything: Any) -> None:
        receipt = {"alert": NO_ID, "version": 1, "what": "shown", "at": "2026-11-18T14:02:11Z"}
        drawn.extend(
            [
                {**PHONE, **changes},
                {**browser("https://fcm.googleapis.com/x"), **changes},
                [{**receipt, **changes}],
                anything,
            ]
        )

    draw()
    made = await register(api, phone(7))
    for body in drawn:
        for method, path in (("POST", "/v1/devices"), ("PUT", f"/v1/devices/{made['id']}"), ("POST", "/v1/receipts")):
            headers = {"Content-Type": "application/json", **bearing(made["secret"])}
            answer = await api.client.request(method, path, content=json.dumps(body), headers=headers)
            assert answer.status_code in (200, 201, 400, 401, 403, 404, 422), (body, answer.text)
            if answer.status_code == 404:
                made = await register(api, phone(7))


async def test_a_test_device_needs_a_test_key(api: Api) -> None:
    body = phone(test=True)
    for headers in ({}, bearing(api.keys["duty"]), bearing(api.keys["admin"])):
        refused(await api.client.post("/v1/devices", json=body, headers=headers), 403, "test-key-needed")
    refused(await api.client.post("/v1/devices", json=body, headers=bearing("fw_test_x")), 401, "unauthorized")
    assert await all_devices(api.process.store) == []
    made = await register(api, body, headers=bearing(api.keys["drill"]))
    assert (await ask(api, "GET", made["id"], made["secret"])).json()["test"] is True
    assert (await ask(api, "PUT", made["id"], made["secret"], body)).status_code == 200
    assert [device.test for device in await all_devices(api.process.store)] == [True]


async def test_a_device_does_not_become_a_test_device_by_itself(api: Api) -> None:
    made = await register(api)
    refused(await ask(api, "PUT", made["id"], made["secret"], phone(test=True)), 403, "test-key-needed")
    assert [device.test for device in await all_devices(api.process.store)] == [False]


async def test_every_page_may_ask(api: Api) -> None:
    for path, methods in (
        ("/v1/devices", "OPTIONS, POST"),
        (f"/v1/devices/{NO_ID}", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("/v1/receipts", "OPTIONS, POST"),
    ):
        answer = await api.client.options(path)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-methods"] == answer.headers["allow"] == methods
        assert {"Authorization", "Content-Type"} <= set(answer.headers["access-control-allow-headers"].split(", "))
        refused(await api.client.patch(path), 405, "method-not-allowed")
    assert "access-control-allow-origin" not in (await api.client.options("/v1/alerts")).headers


async def test_without_a_store_it_says_so_in_time(api: Api, server: EmbeddedStore) -> None:
    made = await register(api)
    server.kill()
    started_at = asyncio.get_running_loop().time()
    answers = [
        await api.client.post("/v1/devices", json=phone(2)), await ask(api, "GET", made["id"], made["secret"]),
        await ask(api, "PUT", made["id"], made["secret"], PHONE), await ask(api, "DELETE", made["id"], made["secret"]),
        await api.client.post("/v1/receipts", json=[], headers=bearing(made["secret"])),
    ]  # fmt: skip
    for answer in answers:
        refused(answer, 503, "store-unavailable")
        assert int(answer.headers["retry-after"]) >= 1
    assert asyncio.get_running_loop().time() - started_at < 1.5 * len(answers) + BUSY_S


@asynccontextmanager
async def coming_from(api: Api, address: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(api.process.app, client=(address, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://news.example") as client:
        yield client


async def test_an_address_registers_so_many_a_minute_and_is_told_when_to_come_back(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, registrations_per_address_per_min=5)) as api:
        async with coming_from(api, "11.0.0.1") as crowded:
            answers = [await crowded.post("/v1/devices", json=phone(name)) for name in range(12)]
            assert [answer.status_code for answer in answers] == [201] * 5 + [429] * 7
            refused(answers[-1], 429, "too-many-registrations")
            assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
            made = answers[0].json()
            kept = await crowded.get(f"/v1/devices/{made['id']}", headers=bearing(made["secret"]))
            assert kept.status_code == 200, "only registering is limited"
        async with coming_from(api, "11.0.0.2") as other:
            assert (await other.post("/v1/devices", json=phone(20))).status_code == 201
        async with coming_from(api, "10.0.0.1") as private:
            answers = [await private.post("/v1/devices", json=phone(30)) for _ in range(8)]
            assert {answer.status_code for answer in answers} == {201, 200}
        assert len(await all_devices(api.process.store)) == 7


async def test_of_a_thousand_registrations_from_one_address_three_hundred_are_kept(api: Api) -> None:
    async with coming_from(api, "11.0.0.1") as crowded:
        statuses = [(await crowded.post("/v1/devices", json=phone(name))).status_code for name in range(1000)]
    assert (statuses.count(201), statuses.count(429)) == (300, 700)


def test_a_minute_begins_with_an_address_and_ends() -> None:
    crowd = Crowd(2)
    assert [crowd.wait_s("11.0.0.1", now_s) for now_s in (0.0, 10.0, 20.0)] == [0.0, 0.0, 40.0]
    assert crowd.wait_s("2a00:1::1", 20.0) == crowd.wait_s("2a00:1::2", 20.0) == 0.0
    assert crowd.wait_s("2a00:1::3", 20.0) == 60.0
    assert crowd.wait_s("11.0.0.1", 60.0) == 0.0


def test_what_is_no_address_is_counted_as_one() -> None:
    crowd = Crowd(2)
    assert [crowd.wait_s(word, 0.0) for word in ("unknown", "_hidden", "999.1.1.1")] == [0.0, 0.0, 60.0]
    assert [crowd.wait_s(private, 0.0) for private in ["10.0.0.1", "::1", "127.0.0.1"] * 3] == [0.0] * 9


def test_over_sockets_the_proxys_word_counts_and_no_secret_is_logged(tmp_path: Path) -> None:
    settings = {"registrations_per_address_per_min": 3, "trusted_proxies": "127.0.0.0/8", "log_level": "debug"}
    with System(tmp_path, **settings) as system, httpx.Client(base_url=system.url) as client:
        crowded = {"X-Forwarded-For": "203.0.114.9, 11.0.0.1"}
        answers = [client.post("/v1/devices", json=phone(name), headers=crowded) for name in range(5)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429, 429]
        unreadable = {"X-Forwarded-For": "203.0.114.9, nonsense"}
        answers_too = [client.post("/v1/devices", json=phone(name), headers=unreadable) for name in range(4)]
        assert [answer.status_code for answer in answers_too[-2:]] == [200, 429]
        answers[0] = answers_too[0]
        made = answers[0].json()
        path, bearer = f"/v1/devices/{made['id']}", bearing(made["secret"])
        assert client.put(path, json=phone(7), headers=bearer).status_code == 200
        assert client.get(path, headers=bearing(made["secret"][:-1] + "0")).status_code == 401
        receipt = [{"alert": NO_ID, "version": 1, "what": "shown", "at": "2026-11-18T14:02:11.204Z"}]
        assert client.post("/v1/receipts", json=receipt, headers=bearer).json() == {"counted": 0}
        endpoint = "https://fcm.googleapis.com/fcm/send/very-secret-endpoint"
        assert client.post("/v1/devices", json=browser(endpoint)).status_code == 201
        assert client.delete(path, headers=bearer).status_code == 204
        log = system.log()
    assert "/v1/devices" in log
    for secret in (
        made["secret"],
        made["secret"][-32:],
        "token-of-a-phone",
        "very-secret-endpoint",
        P256DH,
        "BTBZMqHH6r4Tts7J",
    ):
        assert secret not in log
