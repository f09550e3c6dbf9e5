"""Whatever arrives gets the contract's answer, and nobody is disturbed by it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from config.settings import load
from service.api.editor import BODY_WITHIN_S
from service.api.problems import KINDS
from service.api.requests import Requests
from service.store import access
from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, serving, settings_for
from tests.stores import BUSY_S, until

GOOD = b'{"edition":"en","headline":"Snow falls"}'


async def refused(answer: Any, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == f"/problems/{slug}"
    assert problem["status"] == status
    assert problem["title"] == KINDS[slug].title
    assert answer.headers["x-request-id"]
    return problem


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[" * 9 + b"]" * 9, b'{"edition":"en","headline":NaN}', b'{"edition":"en","edition":"ar"}',
        b'{"a":"\xff"}', b"\xef\xbb\xbf" + GOOD, GOOD + b"x", b'{"headline":"\\ud800"}', b'{"x":9007199254740993}',
        b"[" * 8000, b'{"headline":"\\u0000"}', b'{"x":Infinity}', b'{"x":1e999}', b"\x00", b"'edition'",
    ],
)  # fmt: skip
async def test_what_is_not_json_is_malformed(api: Api, body: bytes) -> None:
    await refused(await api.post(body), 400, "malformed")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"edition": "xx"}, "/edition"),
        ({"edition": 7}, "/edition"),
        ({"edition": ["en"]}, "/edition"),
        ({"headline": 7}, "/headline"),
        ({"headline": ""}, "/headline"),
        ({"headline": "   "}, "/headline"),
        ({"headline": None}, "/headline"),
        ({"headline": "x" * 281}, "/headline"),
        ({"headline": "a\u202eb"}, "/headline"),
        ({"headline": "a\u0007b"}, "/headline"),
        ({"headline": "a\ue000b"}, "/headline"),
        ({"headline": "a" + "\u0301" * 9}, "/headline"),
        ({"text": "both are given"}, "/headline"),
        ({"level": "loud"}, "/level"),
        ({"level": None}, "/level"),
        ({"level": {}}, "/level"),
        ({"sections": "sports"}, "/sections"),
        ({"sections": ["sport"]}, "/sections/0"),
        ({"sections": [{}]}, "/sections/0"),
        ({"regions": [["asia"]]}, "/regions/0"),
        ({"link": "https://example.org"}, "/link"),
        ({"link": {"url": "javascript:alert(1)"}}, "/link/url"),
        ({"link": {"url": "https://who:secret@example.org/"}}, "/link/url"),
        ({"link": {"url": "https://"}}, "/link/url"),
        ({"link": {"url": 1}}, "/link/url"),
        ({"image": {"url": "http://example.org/a.png", "alt": "a"}}, "/image/url"),
        ({"places": [{"name": "Alder", "country": "Lebanon"}]}, "/places/0/country"),
        ({"places": {}}, "/places"),
        ({"attribution": {"kind": "rumour"}}, "/attribution/kind"),
        ({"attribution": {"kind": ["agency"]}}, "/attribution/kind"),
        ({"certainty": "sure"}, "/certainty"),
        ({"story": "short"}, "/story"),
        ({"expires": "tomorrow"}, "/expires"),
        ({"expires": 5}, "/expires"),
        ({"push": "yes"}, "/push"),
        ({"push": 1}, "/push"),
        ({"override": ["near-duplicate"]}, "/overrideReason"),
        ({"note": "x" * 1001}, "/note"),
        ({"colour": "red"}, "/colour"),
        ({"a/b~c": 1}, "/a~1b~0c"),
    ],
)  # fmt: skip
async def test_what_breaks_a_rule_is_named_with_its_place(api: Api, change: dict[str, Any], pointer: str) -> None:
    problem = await refused(await api.post(change), 422, "invalid")
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert all(error["detail"] for error in problem["errors"])


async def test_a_body_that_is_no_object_is_invalid(api: Api) -> None:
    for body in (b"[]", b"1", b'"text"', b"null", b"true"):
        await refused(await api.post(body), 422, "invalid")


async def test_a_kill_takes_a_reason_and_nothing_else(api: Api) -> None:
    made = await api.publish()
    name = made["alert"]["id"]
    await refused(await api.kill(name, body=b'{"why":"x"}'), 422, "invalid")
    await refused(await api.kill(name, body=b'{"reason":7}'), 422, "invalid")
    await refused(await api.kill(name, body=b"{"), 400, "malformed")
    await refused(await api.kill(name, body=b"{}", **{"Content-Type": "text/plain"}), 415, "not-json")


async def test_the_body_limit_is_counted(api: Api) -> None:
    full = GOOD[:-1] + b" " * (16_384 - len(GOOD)) + b"}"
    assert (await api.post(full)).status_code == 201
    await refused(await api.post(full[:-1] + b" }"), 413, "body-too-large")


async def test_the_body_limit_is_counted_without_a_length(api: Api) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * 1024

    headers = api.headers(**{"Content-Type": "application/json"})
    await refused(await api.client.post("/v1/alerts", content=chunks(), headers=headers), 413, "body-too-large")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201), ("application/json; charset=utf-8", 201), ('Application/JSON;charset="UTF-8"', 201),
        ("text/plain", 415), ("application/json; charset=latin-1", 415), ("application/jsonx", 415), ("", 415),
        ("application/x-www-form-urlencoded", 415), ("multipart/form-data; boundary=x", 415),
    ],
)  # fmt: skip
async def test_only_json_is_taken(api: Api, content_type: str, status: int) -> None:
    assert (await api.post(GOOD, **{"Content-Type": content_type})).status_code == status


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "schlüssel", "a\tb", "\x7f"])
async def test_an_idempotency_key_is_visible_ascii(api: Api, key: str) -> None:
    headers = [(name.encode(), value.encode()) for name, value in api.headers().items()]
    headers.append((b"Idempotency-Key", key.encode("latin-1")))
    await refused(await api.client.post("/v1/alerts", content=b"{", headers=headers), 400, "bad-idempotency-key")


async def test_the_idempotency_key_may_be_long_and_strange(api: Api) -> None:
    for key in ("x" * 128, "!~#:{}[]", "answer:*"):
        assert (await api.post(Idempotency_Key=key)).status_code == 201
        assert (await api.post(Idempotency_Key=key)).headers["idempotency-replayed"] == "true"


async def test_two_idempotency_keys_are_none(api: Api) -> None:
    headers = [*api.headers().items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    await refused(await api.client.post("/v1/alerts", json={}, headers=headers), 400, "bad-idempotency-key")


async def test_authentication_comes_before_everything(api: Api) -> None:
    live, other = api.keys["duty"], api.keys["editor"]
    for presented in (
        "", "Bearer", "Bearer ", live, f"Basic {live}", "Bearer fw_live_x", f"Bearer {live}x", f"Bearer {live[:-1]}",
        f"Bearer {live[:18]}{other[18:]}", f"Bearer {live.lower()}", f"Bearer {live.replace('live', 'test')}",
        "Bearer \xff\xfe", "Bearer " + "x" * 4000,
    ):  # fmt: skip
        headers = {b"Authorization": presented.encode("latin-1"), b"Idempotency-Key": b" "}
        for path in ("/v1/alerts", f"/v1/alerts/{'0' * 26}/kill"):
            answer = await api.client.post(path, content=b"{", headers=headers)
            await refused(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        for path in (f"/v1/alerts/{'0' * 26}", f"/v1/alerts/{'0' * 26}/versions"):
            await refused(await api.client.get(path, headers=headers), 401, "unauthorized")
    await refused(await api.client.post("/v1/alerts", content=GOOD), 401, "unauthorized")


async def test_a_revoked_key_is_refused_within_two_seconds(api: Api) -> None:
    assert (await api.post(role="editor")).status_code == 201
    key_id = api.keys["editor"].removeprefix("fw_live_")[:10]
    assert await access.revoke(api.process.store, key_id, 1)

    async def is_refused() -> bool:
        return bool((await api.post(role="editor")).status_code == 401)

    assert await until(is_refused) < 2 + BUSY_S


async def test_addresses_and_methods_that_are_not_there(api: Api) -> None:
    for path in (
        "/index.html",
        "/v1",
        "/v1/alerts/",
        "/v1/editions/",
        "/metrics",
        "/v1/editions/en/ticker/",
        "/../etc/passwd",
    ):
        await refused(await api.get(path), 404, "not-found")
    allowed = {
        "/v1/alerts": "GET, HEAD, OPTIONS, POST",
        f"/v1/alerts/{'0' * 26}": "GET, HEAD, OPTIONS",
        f"/v1/alerts/{'0' * 26}/kill": "OPTIONS, POST",
        "/v1/editions": "GET, HEAD, OPTIONS",
        "/v1/editions/en/ticker": "GET, HEAD, OPTIONS",
        "/healthz": "GET, HEAD, OPTIONS",
    }
    for path, methods in allowed.items():
        answer = await api.client.request("DELETE", path)
        await refused(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == methods
        answer = await api.client.options(path)
        assert (answer.status_code, answer.headers["allow"]) == (204, methods)


async def test_each_problem_has_its_page(api: Api) -> None:
    for slug, kind in KINDS.items():
        answer = await api.get(f"/problems/{slug}")
        assert answer.status_code == 200
        assert str(kind.status) in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    await refused(await api.get("/problems/none"), 404, "not-found")


async def test_request_ids_are_taken_only_where_they_can_be_logged(api: Api) -> None:
    for given_id, kept in (("abc-123", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("é", False)):
        for path in ("/v1/editions", "/v1/editions/en/ticker", "/nowhere"):
            answer = await api.client.get(path, headers={b"X-Request-Id": given_id.encode()})
            assert (answer.headers["x-request-id"] == given_id) is kept
            assert answer.headers["x-request-id"].isascii()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    "edition", "headline", "text", "level", "attribution", "sections", "regions", "places", "link", "image",
    "certainty", "story", "expires", "publishAt", "push", "note", "override", "overrideReason",
)  # fmt: skip
LIKELY = JSON | st.sampled_from(["en", "ar", "flash", "line", "none", "2030-01-01T00:00:00Z", "https://example.org/"])
ODD = st.dictionaries(st.sampled_from(FIELDS), LIKELY)
PLAIN = st.fixed_dictionaries(
    {"edition": st.just("en"), "headline": st.text(max_size=40)}, optional=dict.fromkeys(FIELDS[3:], LIKELY)
)
KINDS_OF_SPEAKERS = st.sampled_from(["official", "media", "none"]) | JSON
ATTRIBUTED = st.fixed_dictionaries({
    "edition": st.just("ar"),
    "attribution": st.fixed_dictionaries({"kind": KINDS_OF_SPEAKERS}, optional={"speaker": LIKELY, "text": LIKELY}),
    "text": st.text(max_size=60),
})  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=200),
    st.one_of(JSON, st.dictionaries(st.sampled_from(FIELDS), LIKELY), PLAIN, ATTRIBUTED)
    .map(json.dumps)
    .map(str.encode),
)


async def test_no_body_whatever_makes_a_500(api: Api) -> None:
    """The fuzz draws first and asks then, since the app lives in this event loop."""
    drawn: list[bytes] = []

    @settings(max_examples=400)
    @given(BODIES)
    def draw(body: bytes) -> None:
        drawn.append(body)

    draw()
    name = (await api.publish())["alert"]["id"]
    for body in drawn:
        for path in ("/v1/alerts", f"/v1/alerts/{name}/kill"):
            answer = await api.post(body, path=path)
            assert answer.status_code in (200, 201, 400, 409, 422), (body, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"


async def test_a_storm_of_bad_requests_disturbs_nobody(api: Api) -> None:
    bad = [api.post(b"{" * n, role=role) for n in range(1, 30) for role in ("duty", None)]
    answers = await asyncio.gather(*bad, api.post())
    assert answers[-1].status_code == 201


async def test_a_body_that_stops_coming_is_given_up(server: EmbeddedStore) -> None:
    async def stalling() -> AsyncIterator[bytes]:
        yield b'{"edition":'
        await asyncio.Event().wait()

    async with serving(settings_for(server), body_within_s=0.2) as api:
        headers = api.headers(**{"Content-Type": "application/json"})
        async with asyncio.timeout(30):
            answer = await api.client.post("/v1/alerts", content=stalling(), headers=headers)
        await refused(answer, 408, "slow-body")
        assert answer.headers["connection"] == "close"
        assert (await api.post()).status_code == 201


async def test_our_own_fault_is_a_500_that_says_nothing_of_it() -> None:
    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("the secret of the house")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(Requests(faulty)), base_url="http://a") as client:
        for path, origin in (("/v1/editions", "*"), ("/v1/alerts", None)):
            answer = await client.get(path)
            await refused(answer, 500, "internal")
            assert "secret" not in answer.text
            assert answer.headers.get("access-control-allow-origin") == origin


def test_a_body_has_as_long_as_a_kilobyte_a_second_takes() -> None:
    assert load({}).body_max_bytes / BODY_WITHIN_S >= 1024
