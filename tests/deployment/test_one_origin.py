"""Page, socket, events, history and editors under one name over TLS, and restarts that nobody notices."""

import asyncio
import random
from collections.abc import Iterator
from functools import partial

import httpx
import pytest

from service.api.problems import KINDS
from service.domain.revision import Revision
from service.ending import end
from service.store import stream
from service.store.connection import for_commands
from tests.acceptance import lists
from tests.acceptance.crowd import Given, Page, all_at, all_gone, all_reading, jittered
from tests.acceptance.editors import new_key
from tests.deployment import composed
from tests.deployment.topology import Topology
from tests.entries import EN
from tests.gateway.house import request
from tests.gateway.reader import Reader
from tests.processes import until
from tests.push import certificates
from tests.stores import BUSY_S

CAP = 3


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    folder = tmp_path_factory.mktemp("site")
    made = certificates.make(folder, "localhost")
    with (
        composed.running(folder / "store") as store,
        Topology(folder, store, made, sockets_per_address_max=CAP) as site,
    ):
        yield site


def client(site: Topology, *, http2: bool = False) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=site.url, verify=site.tls, http2=http2, timeout=30)


async def post(site: Topology, asking: httpx.AsyncClient, headline: str, key: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {site.key}", "Idempotency-Key": key or new_key()}
    body = {"edition": "en", "headline": headline, "level": "line"}
    return await asking.post("/v1/alerts", json=body, headers=headers)


@pytest.mark.parametrize("http2", [False, True])
async def test_everything_is_under_one_name(site: Topology, http2: bool) -> None:
    async with client(site, http2=http2) as asking:
        made = await post(site, asking, "Ferries sail again")
        assert made.status_code == 201, made.text
        assert made.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        editions = (await asking.get("/v1/editions")).json()["editions"]
        assert {edition["live"].split("/v1")[0] for edition in editions} == {site.url.replace("https", "wss")}
        page = await asking.get("/demo")
        assert "flash-ticker" in page.text
        widget = await asking.get("/ticker.js", headers={"Accept-Encoding": "gzip"})
        assert (widget.headers["content-encoding"], widget.headers["cache-control"]) == ("gzip", "public, max-age=300")
        for form in ("ticker.html", "feed.json", "feed.rss"):
            news = await asking.get(f"/v1/editions/en/{form}", headers={"Accept-Encoding": "gzip"})
            assert f"{site.url}/a/{made.json()['alert']['id']}" in news.text
            assert (news.headers["content-encoding"], news.headers["cache-control"].split(",")[1]) == (
                "gzip",
                " max-age=2",
            )
            kept = await asking.get(f"/v1/editions/en/{form}", headers={"If-None-Match": news.headers["etag"]})
            assert kept.status_code == 304
        history = await asking.get("/v1/editions/en/ticker")
        assert made.json()["alert"]["id"] in {alert["id"] for alert in history.json()["alerts"]}
        same = await asking.get("/v1/editions/en/ticker", headers={"If-None-Match": history.headers["etag"]})
        assert same.status_code == 304
        assert "server" not in page.headers or "uvicorn" not in page.headers["server"]
        async with asking.stream("GET", "/v1/live?edition=en") as events:
            assert events.headers["content-type"].startswith("text/event-stream")
            assert "content-encoding" not in events.headers
            async for line in events.aiter_lines():
                if line == "event: snapshot":
                    break


async def test_a_socket_and_an_event_stream_hear_at_once_what_is_posted(site: Topology) -> None:
    pages = [Page(site.port, number, lambda page: None, tls=site.tls) for number in (0, 1)]
    for page in pages:
        page.begin()
    await all_reading(pages)
    async with client(site) as asking:
        cursor = (await post(site, asking, "Rain by noon")).json()["cursor"]
    assert await all_at(pages, cursor) < 5 + BUSY_S
    assert [page.got[-1].cursor for page in pages] == [cursor, cursor]
    await all_gone(pages)


async def test_what_a_reader_says_of_his_address_is_not_believed(site: Topology) -> None:
    forged = {"X-Forwarded-For": "11.22.33.44", "Forwarded": "for=11.22.33.44"}

    async def opens(asking: httpx.AsyncClient) -> int:
        answer = await asking.send(asking.build_request("GET", "/v1/live?edition=en", headers=forged), stream=True)
        streams.append(answer)
        return answer.status_code

    streams: list[httpx.Response] = []
    async with client(site) as asking:  # behind Caddy all of them come from loopback, which has no cap
        assert [await opens(asking) for _ in range(2 * CAP + 2)] == [200] * (2 * CAP + 2)
        for answer in streams:
            await answer.aclose()
    # had the gateway been told so by a proxy it trusts, it would have counted them
    readers = []
    for _ in range(CAP + 1):
        reader = await Reader.connect(site.gateway_ports[0])
        head = request("edition=en", upgrade=False, headers="X-Forwarded-For: 11.22.33.44\r\n")
        await reader.send(head.replace(b"news.example", b"localhost"))
        await reader.read_head()
        readers.append(reader)
    assert [reader.status for reader in readers] == [200] * CAP + [503]
    for reader in readers:
        reader.close()


async def test_every_gateway_restarts_and_no_reader_misses_anything(site: Topology) -> None:
    chance = random.Random(5)
    pages = [Page(site.port, number, jittered(chance), tls=site.tls) for number in range(30)]
    for page in pages:
        page.begin()
    await all_reading(pages)

    async def keep_posting() -> None:
        async with client(site) as asking:
            for number in range(10_000):
                key = new_key()
                while await _try(site, asking, f"Tide table {number}", key) is None:
                    await asyncio.sleep(0.05)
                await asyncio.sleep(0.05)

    posting = asyncio.create_task(keep_posting())
    for gateway in site.gateways:
        await site.restart(gateway)
        await all_reading(pages)
    assert not posting.done(), posting.exception()
    await end([posting])
    entries = await _wire(site)
    await all_at(pages, entries[-1].cursor)
    assert [page.partings for page in pages if not page.partings] == [], "everybody was sent away once at least"
    assert [why for page in pages for why in lists.read(page).differs(entries)] == []
    await all_gone(pages)


async def test_the_api_restarts_and_no_post_is_lost_or_done_twice(site: Topology) -> None:
    before = len(await _wire(site))
    told: dict[str, str] = {}
    restarted = asyncio.Event()

    async def editor(number: int) -> None:
        async with client(site) as asking:
            for serial in range(10_000):
                headline, key = f"Ferry times {number}-{serial}", new_key()
                while (answer := await _try(site, asking, headline, key)) is None:
                    await asyncio.sleep(0.05)
                told[headline] = answer
                if restarted.is_set():
                    return

    def has_told(count: int) -> bool:
        return len(told) >= count

    editors = [asyncio.create_task(editor(number)) for number in range(4)]
    for _ in range(2):
        await asyncio.to_thread(until, partial(has_told, len(told) + 4), "posts are taken")
        await site.restart(site.api)
    restarted.set()
    await asyncio.gather(*editors)
    assert sorted(given.id for given in (await _wire(site))[before:]) == sorted(told.values())
    assert len(told) > 8


async def test_what_the_proxy_logs_of_a_request_holds_neither_key_nor_ticket(site: Topology) -> None:
    headers = {"Authorization": f"Bearer {site.key}"}
    async with client(site) as asking:
        ticket = (await asking.post("/v1/tickets", headers=headers)).json()["ticket"]
        for query in (f"exercise=1&ticket={ticket}&edition=es", f"edition=es&exercise=1&ticket={ticket}"):
            answer = await asking.get(f"/v1/live?{query}")
            assert answer.status_code in (401, 403), "a live key's ticket, and one that is used"
        await asyncio.to_thread(until, lambda: site.caddy_log().count("edition=es") >= 2, "it says who asked")
    assert ticket not in site.caddy_log()
    assert site.key not in site.caddy_log()


async def test_where_nobody_listens_the_answer_says_when_to_come_back(site: Topology) -> None:
    for gateway in site.gateways:
        assert await asyncio.to_thread(gateway.stop) == 0
    try:
        async with client(site) as asking:
            answer = await asking.get("/v1/live?edition=en")
            page = await asking.get(answer.json()["type"])
        assert answer.status_code == 503
        assert (answer.headers["retry-after"], answer.headers["access-control-allow-origin"]) == ("2", "*")
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json()["status"], answer.json()["title"]) == (503, KINDS["unreachable"].title)
        assert page.status_code == 200
        assert KINDS["unreachable"].meaning.split(".")[0] in page.text
    finally:
        for gateway in site.gateways:
            await asyncio.to_thread(gateway.start)


async def _try(site: Topology, asking: httpx.AsyncClient, headline: str, key: str) -> str | None:
    try:
        answer = await post(site, asking, headline, key)
    except httpx.TransportError:
        return None
    if answer.status_code == 503:
        return None
    assert answer.status_code == 201, answer.text
    return str(answer.json()["alert"]["id"])


async def _wire(site: Topology) -> tuple[Given, ...]:
    store = for_commands(site.store_url, 5.0)
    try:
        entries = await stream.read_wire(store, EN, 0)
    finally:
        await store.aclose()
    return lists.wire([(epoch, entry) for epoch, entry in entries if isinstance(entry, Revision)])
