"""`POST /v1/alerts/check` over HTTP: what would be published, for whom, and nothing of it happens."""

import asyncio
import time
from typing import Any, cast

import msgspec
import pytest

from service.api.census import FRESH_MAX, Census
from service.clock import now_ms
from service.domain import moment, text
from service.domain.census import shape_of
from service.domain.device import Preferences
from service.store import devices, keys
from service.store.connection import Store
from service.store.embedded import EmbeddedStore
from tests import guards
from tests.api.conftest import Api, serving, settings_for
from tests.domain.making import make_alert

CHECK = "/v1/alerts/check"
EXPIRES_S = 86_400
KEY_RECORDS = b"key:"
PLATFORMS = ("apns", "fcm", "webpush")


async def checked(api: Api, body: Any = None, role: str = "editor") -> Any:
    answer = await api.post(body, role, CHECK)
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(said: Any) -> set[str]:
    return {warning["code"] for warning in said["warnings"]}


async def all_that_is_kept(api: Api) -> dict[bytes, tuple[bytes, Any]]:
    """Every key of the store with its content, but for those that tell when an API key was last used."""
    store = cast(Any, api.process.store)
    names = [name for name in await store.keys("*") if not name.startswith(KEY_RECORDS)]
    return {name: (await store.type(name), await store.dump(name)) for name in names}


async def register(api: Api, name: int, role: str | None = None, **preferences: Any) -> None:
    wanted = {"editions": ["en"], **preferences}
    phone = {"platform": "fcm", "token": f"token-of-a-phone-{name:06d}", "preferences": wanted}
    headers = api.headers(role)
    answer = await api.client.post("/v1/devices", json=phone | ({"test": True} if role else {}), headers=headers)
    assert answer.status_code == 201, answer.text


async def test_an_editor_sees_the_alert_as_it_would_be_published(api: Api) -> None:
    body = {"level": "urgent", "sections": ["environment"], "attribution": {"kind": "correspondent", "place": "Alder"}}
    said = await checked(api, body)
    made = await api.publish(body)
    assert set(said) == {"alert", "warnings", "duplicates", "previews", "audience"}
    own = {"id", "story", "firstCreated", "versionCreated", "expires"}
    for name, value in made["alert"].items():
        assert name in own or said["alert"][name] == value, name
    assert said["alert"].keys() == made["alert"].keys()
    alert = said["alert"]
    lives_ms = moment.from_text(alert["expires"]) - moment.from_text(alert["firstCreated"])
    assert lives_ms == EXPIRES_S * 1000
    assert said["warnings"] == made["warnings"]


async def test_the_id_of_a_check_is_of_no_alert(api: Api) -> None:
    ids = {(await checked(api))["alert"]["id"] for _ in range(5)}
    assert len(ids) == 5
    for name in ids:
        assert (await api.get(f"/v1/alerts/{name}", "duty")).status_code == 404


@pytest.mark.parametrize("role", ["correspondent", "editor", "duty", "admin", "drill"])
async def test_whoever_has_a_key_may_check_and_nothing_is_kept(api: Api, role: str) -> None:
    await api.publish()
    await api.get(f"/v1/alerts/{'0' * 26}", role)  # its key is known, and its use noted
    before, ticker = await all_that_is_kept(api), await api.ticker()
    for body in (
        {},
        {"level": "flash"},
        {"push": False},
        {"text": "Our correspondent in Oslo: snow falls"},
        {"headline": 1},
    ):
        for more in ({}, {"Idempotency_Key": "once"}):
            status = (await api.post(body if "text" not in body else _bytes(body), role, CHECK, **more)).status_code
            assert status == (422 if body == {"headline": 1} else 200)
    assert await all_that_is_kept(api) == before
    assert await api.ticker() == ticker
    await api.publish({"headline": "Rain reaches the coast"})
    assert await all_that_is_kept(api) != before, "a comparison that sees nothing proves nothing"


def _bytes(body: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"edition": "en", **body})


async def test_a_check_asks_the_store_no_command_that_writes(api: Api) -> None:
    await checked(api)  # from now on its key is known
    store = cast(Any, api.process.store)
    writes = {
        name.upper() for name, said in (await store.command()).items() if "write" in {str(f) for f in said["flags"]}
    }
    seen: set[str] = set()
    async with store.monitor() as monitor:
        await checked(api, {"level": "flash"})
        await store.set("the end", "1")
        async for command in monitor.listen():
            name = command["command"].split()[0].upper()
            if command["command"].startswith("SET the end"):
                break
            if f" {KEY_RECORDS.decode()}" not in command["command"]:
                seen.add(name)
    assert {"SET", "HSET", "XADD", "ZADD", "EXPIRE"} <= writes, "of a list without them nothing would be a write"
    assert "HSCAN" in seen, "what heard no command proves nothing"
    assert not seen & writes


async def test_an_idempotency_key_of_a_check_is_free_for_the_alert(api: Api) -> None:
    await api.post({}, "editor", CHECK, Idempotency_Key="morning-1")
    made = await api.post({}, "editor", Idempotency_Key="morning-1")
    assert made.status_code == 201
    assert "idempotency-replayed" not in made.headers


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (b"{", 400, "malformed"),
        (b'{"edition":"en"}', 422, "invalid"),
        ({"headline": ""}, 422, "invalid"),
        ({"mood": "good"}, 422, "invalid"),
        ({"override": ["near-duplicate"]}, 422, "invalid"),
        ({"publishAt": "2001-01-01T00:00:00Z"}, 422, "invalid"),
        ({"expires": "2001-01-01T00:00:00Z"}, 422, "invalid"),
        ({"headline": "x" * 20_000}, 413, "body-too-large"),
    ],
)
async def test_what_could_not_be_published_is_refused_as_it_would_be(
    api: Api, body: Any, status: int, slug: str
) -> None:
    for path in (CHECK, "/v1/alerts"):
        answer = await api.post(body, "duty", path)
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}"), path


async def test_a_check_without_a_key_and_with_another_method_is_refused(api: Api) -> None:
    assert (await api.post({}, None, CHECK)).status_code == 401
    answer = await api.get(CHECK, "duty")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
    assert (await api.post(b"{}", "duty", CHECK, Content_Type="text/plain")).status_code == 415


async def test_a_pasted_line_is_taken_apart_and_shown_on_every_channel(api: Api) -> None:
    line = "Ferry service resumes, sources tell Example Wire"
    said = await checked(api, _bytes({"text": line}))
    assert (said["alert"]["text"], said["alert"]["headline"]) == (line, "Ferry service resumes")
    assert said["alert"]["attribution"]["kind"] == "sources"
    previews = said["previews"]
    assert set(previews) == {"ios", "android", "web", "ticker"}
    assert previews["ios"]["subtitle"] == "Sources tell Example Wire"
    assert previews["ios"]["body"] == "Ferry service resumes"
    assert previews["android"]["body"] == previews["ticker"]["text"] == line
    assert previews["ticker"]["graphemes"] == text.graphemes(line)
    for name in ("ios", "android", "web"):
        assert set(previews[name]) == {"title", "subtitle", "body", "bytes", "cutAt"}
        assert previews[name]["bytes"] > 400
    assert codes(said) == set()


async def test_an_editor_is_warned_of_what_would_wait(api: Api) -> None:
    override = {"override": ["second-approval"], "overrideReason": "alone on the desk"}
    later = moment.to_text(now_ms() + 3_600_000)
    for role, body, waits in (
        ("editor", {}, set()),
        ("editor", {"level": "flash"}, {"approval-needed"}),
        ("editor", {"level": "flash", **override}, {"approval-needed", "override-refused"}),
        ("duty", {"level": "flash"}, {"approval-needed"}),
        ("duty", {"level": "flash", **override}, set()),
        ("correspondent", {}, {"approval-needed"}),
        ("editor", {"publishAt": later}, {"scheduled"}),
    ):
        said = await checked(api, body, role)
        assert codes(said) - {"no-source"} == waits, (role, body)
    said = await checked(api, {"publishAt": later})
    assert said["alert"]["firstCreated"] == said["alert"]["versionCreated"] == later


async def test_an_editor_is_warned_of_a_story_that_is_not_there(api: Api) -> None:
    assert "unknown-story" in codes(await checked(api, {"story": "0" * 26}))
    story = (await api.publish())["alert"]["story"]
    said = await checked(api, {"story": story})
    assert "unknown-story" not in codes(said)
    assert said["alert"]["story"] == story


async def test_a_person_alone_is_warned_of_the_brake(api: Api) -> None:
    alone = {"level": "flash", "override": ["second-approval"], "overrideReason": "alone on the desk"}
    for edition in ("en", "es", "ar"):
        assert codes(await checked(api, alone, "duty")) == {"no-source"}
        await api.publish({**alone, "edition": edition})
    assert codes(await checked(api, alone, "duty")) == {"no-source", "approval-needed", "brake"}
    assert codes(await checked(api, alone, "drill")) == {"no-source"}, "drills have a brake of their own"
    released = {**alone, "override": ["second-approval", "brake"]}
    assert codes(await checked(api, released, "duty")) == {"no-source"}
    waits = await api.post(alone)
    assert (waits.status_code, codes(waits.json()) & {"brake"}) == (202, {"brake"})


async def test_an_editor_is_warned_of_a_line_that_is_worth_a_look(api: Api) -> None:
    said = await checked(api, {"headline": "SNOW CLOSES ALL NORTHERN ROADS 1 ٢.", "level": "flash"}, "duty")
    assert codes(said) == {"no-source", "all-caps", "mixed-digits", "full-stop", "approval-needed"}
    assert codes(await checked(api, {"headline": "x" * 91, "level": "flash"})) >= {"long"}


async def test_the_audience_is_who_would_be_rung(api: Api) -> None:
    await register(api, 1)
    await register(api, 2, minLevel="flash")
    await register(api, 3, sections=["sports"])
    await register(api, 4, regions=["asia"], sections=["sports"])
    await register(api, 5, editions=["ar"])
    await register(api, 6, "drill")
    for body, role, rung in (
        ({}, "editor", 3),
        ({"level": "flash"}, "editor", 4),
        ({"sections": ["economy"]}, "editor", 1),
        ({"sections": ["sports", "economy"], "regions": ["europe"]}, "editor", 2),
        ({"level": "line"}, "editor", 0),
        ({"push": False}, "editor", 0),
        ({"edition": "es"}, "editor", 0),
        ({"edition": "ar"}, "editor", 1),
        ({}, "drill", 1),
    ):
        said = await checked(api, body, role)
        assert said["audience"] == {"apns": 0, "fcm": rung, "webpush": 0}, (body, role)
    await register(api, 7)
    assert (await checked(api))["audience"]["fcm"] == 4, "a device counts at once"


async def test_an_editor_sees_what_has_just_been_said(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, newsroom=guards.newsroom("block"))) as api:
        again = {"headline": "Northern pass closed by snow"}
        assert (await checked(api, again))["duplicates"] == []
        made = await api.publish()
        [found] = (await checked(api, again))["duplicates"]
        refused = await api.post(again)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/near-duplicate")
        [blocking] = refused.json()["duplicates"]
        assert {**found, "ageS": 0} == {**blocking, "ageS": 0}
        assert set(found) == {"id", "version", "headline", "ageS", "score", "reasons"}
        assert (found["id"], found["version"]) == (made["alert"]["id"], 1)
        assert (await checked(api, {"headline": "Rain reaches the coast"}))["duplicates"] == []
        assert (await checked(api, again, "drill"))["duplicates"] == []
        for line in (
            "Our correspondent in Alder Bay: snow closes the northern pass",
            "Snow closes the northern pass, sources tell Example Wire",
            "ALDER BAY (Example Wire) — Snow closes the northern pass",
        ):
            [found] = (await checked(api, _bytes({"text": line})))["duplicates"]
            assert (found["id"], found["score"]) == (made["alert"]["id"], 1.0), "who says it makes it no other news"


async def test_a_check_says_nothing_of_what_readers_may_not_see(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, newsroom=guards.newsroom("block"))) as api:
        made = await api.publish()
        for verb in ("hold", "kill"):
            done = await api.change(verb, made["alert"]["id"], {"reason": "not sure"})
            assert done.status_code == 200
            answer = await api.post({}, "correspondent", CHECK)
            assert (answer.status_code, answer.json()["duplicates"]) == (200, [])


async def wishes(store: Store, count: int) -> None:
    """Counts of `count` readers who each want something else, as the registry would have kept them."""
    editions = [f"e{number}" for number in range(count)]
    fields = {f"fcm|{shape_of(Preferences((edition, 'en')), False)}": 1 for edition in editions}
    await cast(Any, store).hset(keys.DEVICE_COUNTS, mapping=fields)


async def test_readers_who_all_want_something_else_are_all_counted_and_once_in_a_while(api: Api) -> None:
    store, alert = api.process.store, make_alert(level="brief", sections=(), regions=())
    census = Census(store)
    await wishes(store, FRESH_MAX)
    assert (await census.audience(alert)).devices["fcm"] == FRESH_MAX
    await wishes(store, FRESH_MAX + 500)
    assert (await census.audience(alert)).devices["fcm"] == FRESH_MAX + 500
    asked_at = time.monotonic()
    found = await asyncio.gather(*(census.audience(alert) for _ in range(20)))
    assert {each.devices["fcm"] for each in found} == {FRESH_MAX + 500}
    await wishes(store, FRESH_MAX + 600)
    later = (await census.audience(alert)).devices["fcm"]
    assert later == FRESH_MAX + 500 or time.monotonic() - asked_at > 10


async def test_counting_stops_at_its_bound_and_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await wishes(api.process.store, 5_000)
    pages = [page async for page in devices.pages_of_counts(api.process.store, 2)]
    assert len(pages) == 2
    assert sum(map(len, pages)) < 5_000
    whole = [page async for page in devices.pages_of_counts(api.process.store, 100)]
    assert sum(map(len, whole)) == 5_000
    assert len({name for page in whole for name in page}) == 5_000
    assert "audience-at-least" not in codes(await checked(api))
    monkeypatch.setattr("service.api.census.PAGES_MAX", 2)
    monkeypatch.setattr("service.api.census.KEPT_S", 0.0)
    assert "audience-at-least" not in codes(await checked(api, {"push": False}))


async def test_a_store_that_is_away_is_told_in_time(api: Api, server: EmbeddedStore) -> None:
    await checked(api)
    server.kill()
    started_at = time.monotonic()
    answer = await api.post({}, "editor", CHECK)
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert time.monotonic() - started_at < 10
