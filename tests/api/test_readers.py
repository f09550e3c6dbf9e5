"""What readers fetch: the history and its pages, filters and caches; editions, widget and demo page."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service import vapid
from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, serving, settings_for
from tests.stores import until

TICKER = "/v1/editions/en/ticker"


def headlines(page: dict[str, Any]) -> list[str]:
    return [alert["headline"] for alert in page["alerts"]]


async def test_an_empty_history(api: Api) -> None:
    page = await api.ticker()
    assert (page["edition"], page["alerts"], page["next"]) == ("en", [], None)
    assert page["cursor"].endswith(":0")


async def test_a_page_has_the_headers_of_the_contract(api: Api) -> None:
    answer = await api.get(TICKER)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=2, stale-while-revalidate=3, stale-if-error=60"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "ETag, Date"
    assert answer.headers["etag"].startswith('"')
    head = await api.client.head(TICKER)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == answer.headers["etag"]
    assert int(head.headers["content-length"]) == len(answer.content)


async def test_an_unchanged_page_is_not_sent_again(api: Api) -> None:
    await api.publish()
    etag = (await api.get(TICKER)).headers["etag"]
    for given in (etag, f"W/{etag}", f'"other", {etag}', "*", f' W/"x" ,{etag} '):
        answer = await api.get(TICKER, If_None_Match=given)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert answer.headers["access-control-allow-origin"] == "*"
    for given in ('"other"', etag.strip('"'), ""):
        assert (await api.get(TICKER, If_None_Match=given)).status_code == 200
    await api.publish()
    assert (await api.get(TICKER, If_None_Match=etag)).status_code == 200


async def test_pages_follow_each_other_without_gap_or_double(api: Api) -> None:
    for number in range(25):
        await api.publish({"headline": f"Train {number} leaves"})
    seen, query = [], "?limit=10"
    while True:
        page = await api.ticker(query)
        seen += headlines(page)
        if page["next"] is None:
            break
        await api.publish({"headline": "A late train"})
        query = f"?limit=10&before={page['next']}"
    assert seen == [f"Train {number} leaves" for number in range(24, -1, -1)]


async def test_the_last_full_page_has_no_next(api: Api) -> None:
    for _ in range(3):
        await api.publish()
    assert (await api.ticker("?limit=3"))["next"] is None
    assert (await api.ticker("?limit=2"))["next"]
    assert len((await api.ticker("?limit=100"))["alerts"]) == 3


async def test_filters(api: Api) -> None:
    await api.publish({"headline": "a", "sections": ["sports"], "regions": ["asia"], "level": "urgent"})
    await api.publish({"headline": "b", "sections": ["economy", "sports"], "regions": ["mena"], "level": "line"})
    await api.publish({"headline": "c", "sections": ["health"], "level": "brief"})
    cases = {
        "?section=sports": ["b", "a"], "?section=sports,health": ["c", "b", "a"], "?section=sports&region=asia": ["a"],
        "?region=asia,mena": ["b", "a"], "?level=urgent": ["a"], "?level=brief": ["c", "a"],
        "?level=line": ["c", "b", "a"],
        "?level=flash": [], "?level=flash,brief": ["c", "a"], "?section=sports&section=health": ["c", "b", "a"],
        "?section=": ["c", "b", "a"], "?colour=red&limit=1": ["c"], "?section=sports&limit=1": ["b"],
    }  # fmt: skip
    for query, expected in cases.items():
        assert (query, headlines(await api.ticker(query))) == (query, expected)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=101", "limit=-1", "limit=ten", "limit=1&limit=2", "limit=%D9%A1", "limit=1.0", "level=loud",
        "level=urgent,loud", "section=sport", "region=moon", "before=1", "before=!!", "before=%ff", "before=a3M6MQ==x",
        "limit=", "before=",
        "before=" + "A" * 5000, "&".join(f"a{n}=1" for n in range(60)),
    ],
)  # fmt: skip
async def test_wrong_query_values_are_refused_to_every_origin(api: Api, query: str) -> None:
    answer = await api.get(f"{TICKER}?{query}")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-query")
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_an_unknown_edition_is_not_found_by_every_origin(api: Api) -> None:
    for edition in ("xx", "EN", "%00", "en%2Far"):
        answer = await api.get(f"/v1/editions/{edition}/ticker")
        assert answer.status_code == 404
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_readers_routes_are_open_to_other_origins_and_editors_routes_are_not(api: Api) -> None:
    for path in ("/v1/editions", TICKER, "/ticker.js"):
        answer = await api.client.options(path, headers={"Origin": "https://paper.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "If-None-Match" in answer.headers["access-control-allow-headers"]
    made = await api.publish()
    for answer in (
        await api.client.options("/v1/alerts", headers={"Origin": "https://paper.example"}),
        await api.post(Origin="https://paper.example"),
        await api.post(b"{", Origin="https://paper.example"),
        await api.get(f"/v1/alerts/{made['alert']['id']}", "duty", Origin="https://paper.example"),
        await api.client.delete("/v1/alerts"),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_tombstone_goes_after_its_time(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, tombstone_s=1)) as api:
        made = await api.publish()
        await api.kill(made["alert"]["id"])
        page = await api.ticker()
        assert [alert["pubStatus"] for alert in page["alerts"]] == ["canceled"]

        async def is_gone() -> bool:
            return bool((await api.ticker())["alerts"] == [])

        await until(is_gone)


async def test_an_expired_alert_leaves_a_kept_answer(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, expires_default_s=1)) as api:
        await api.publish()
        assert len((await api.ticker())["alerts"]) == 1

        async def is_gone() -> bool:
            return bool((await api.ticker())["alerts"] == [])

        await until(is_gone)


async def test_editions_stay_apart(api: Api) -> None:
    await api.publish()
    arabic = await api.publish({"edition": "ar", "headline": "ثلوج تغلق الممر الشمالي"})
    assert (await api.ticker(edition="ar"))["alerts"] == [arabic["alert"]]
    assert (await api.ticker(edition="es"))["alerts"] == []


async def test_editions_say_all_that_a_ticker_needs(api: Api) -> None:
    answer = await api.get("/v1/editions")
    editions = {edition["edition"]: edition for edition in answer.json()["editions"]}
    assert list(editions) == ["en", "ar", "es"]
    assert (editions["ar"]["dir"], editions["ar"]["language"]) == ("rtl", "ar")
    for edition in editions.values():
        assert set(edition) >= {"name", "labels", "notices", "sections", "regions", "levels", "live"}
        assert set(edition["labels"]["sections"]) >= set(edition["sections"])
        assert edition["levels"] == {"flash": 1, "urgent": 2, "brief": 4, "line": 6}
    assert (await api.get("/v1/editions", If_None_Match=answer.headers["etag"])).status_code == 304


async def test_the_list_of_editions_carries_the_key_that_browsers_subscribe_with(
    server: EmbeddedStore, tmp_path: Path
) -> None:
    path = tmp_path / vapid.FILE_NAME
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    wanted = {path: vapid.public_key(vapid.load_or_make(path)), broken: None, None: None}
    for file, key in wanted.items():
        async with serving(replace(settings_for(server), vapid_key_file=file)) as api:
            assert (await api.get("/v1/editions")).json()["webPush"] == {"publicKey": key}


async def test_the_live_url_is_where_this_client_reaches_us(api: Api, server: EmbeddedStore) -> None:
    for host, live in (
        ("localhost:8000", "ws://localhost:8001/v1/live"), ("127.0.0.1:9", "ws://127.0.0.1:8001/v1/live"),
        ("[::1]:8000", "ws://[::1]:8001/v1/live"), ("news.example", "ws://news.example:8001/v1/live"),
    ):  # fmt: skip
        answer = await api.get("/v1/editions", Host=host)
        assert answer.json()["editions"][0]["live"] == live
    for host in ("", "a b", '"><script>', "x:y:z"):
        assert (await api.get("/v1/editions", Host=host)).status_code == 400
    given = replace(settings_for(server), live_url="https://live.news.example/")
    async with serving(given) as other:
        answer = await other.get("/v1/editions")
        assert answer.json()["editions"][0]["live"] == "wss://live.news.example/v1/live"


async def test_what_a_person_types_first_leads_to_the_demo_page(api: Api) -> None:
    answer = await api.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/demo")


async def test_the_demo_page_may_load_us_and_nothing_else(api: Api) -> None:
    answer = await api.get("/demo", Host="localhost:8000")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "connect-src 'self' ws://localhost:8001 http://localhost:8001;" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<flash-ticker" in answer.text
    script = "text/javascript"
    files = {"/demo.css": "text/css", "/demo.svg": "image/svg+xml", "/ticker.js": script, "/alerts.js": script}
    for path, media in files.items():
        file = await api.get(path)
        assert (file.status_code, file.headers["content-type"].partition(";")[0]) == (200, media)
        assert (await api.get(path, If_None_Match=file.headers["etag"])).status_code == 304


async def test_the_service_worker_is_of_the_whole_site_and_never_an_old_one(api: Api) -> None:
    for path in ("/sw.js", "/device.js"):
        answer = await api.get(path)
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
    worker = await api.get("/sw.js")
    assert worker.headers["service-worker-allowed"] == "/"
    assert "connect-src 'self'" in worker.headers["content-security-policy"]


async def test_the_widget_is_kept_five_minutes_and_its_named_form_for_ever(api: Api) -> None:
    widget = await api.get("/ticker.js")
    assert widget.headers["cache-control"] == "public, max-age=300"
    assert widget.headers["access-control-allow-origin"] == "*"
    named = await api.get(f"/ticker-{widget.headers['etag'].strip(chr(34))}.js")
    assert named.content == widget.content
    assert "immutable" in named.headers["cache-control"]


async def test_kept_answers_are_bounded(api: Api) -> None:
    for number in range(600):
        await api.ticker(f"?x={number}")
    assert (await api.ticker("?x=1"))["alerts"] == []
