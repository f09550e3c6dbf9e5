"""The delivery report over HTTP: once as JSON, and as a stream that says what changes and is bounded on every side."""

import json
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api import delivery, events
from service.api.at_once import AtOnceHttp
from service.api.serve import GRACEFUL_S
from service.clock import now_ms
from service.domain.delivery import SocketReport, bucket
from service.domain.device import Platform
from service.domain.shards import Job
from service.listening import Listener, configure, listen
from service.store import access, figures, plans
from service.store.embedded import EmbeddedStore
from service.store.ledger import Block, Ledger, Settled
from tests.api.conftest import Api
from tests.api.test_process import started
from tests.stores import BUSY_S, until

SSE = {"Accept": "text/event-stream"}


def path(alert_id: str) -> str:
    return f"/v1/alerts/{alert_id}/delivery"


async def told(api: Api, alert_id: str, role: str = "correspondent") -> Any:
    answer = await api.get(path(alert_id), role)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ring(api: Api, alert_id: str, eligible: int, accepted: int, platform: Platform = "apns") -> None:
    """What a worker writes down: so many are meant, and so many of them have it after 2 s."""
    ledger, block = Ledger(api.process.store, sends_max=3, kept_days=7), Block(alert_id, platform, 0)
    await ledger.note(
        block, "seen", (1 << eligible) - 1, {f"eligible:{platform}": eligible, f"held:muted:{platform}": 4}
    )
    settled = Settled(accepted=(1 << accepted) - 1, counts={f"t:{bucket(2.0)}:{platform}": accepted})
    await ledger.settle(block, 1, f"accepted:{platform}", settled)


# --- once


async def test_a_fresh_alert_has_a_report_of_noughts(api: Api) -> None:
    made = await api.publish()
    report = await told(api, made["alert"]["id"])
    assert {name: report[name] for name in ("alert", "edition", "version", "state", "complete")} == {
        "alert": made["alert"]["id"], "edition": "en", "version": 1, "state": "published", "complete": False,
    }  # fmt: skip
    assert report["sockets"] == {"open": 0, "sent": 0, "p50Ms": None, "p99Ms": None}
    assert report["corrections"] == []
    assert report["fuseUntil"] == made["undoUntil"]
    assert set(report["push"]) == {"apns", "fcm", "webpush"}
    assert report["push"]["fcm"] == {
        "eligible": 0, "undecided": 0, "held": {}, "queued": 0, "accepted": 0, "failed": {}, "shown": 0, "opened": 0,
        "t50": None, "t90": None, "t99": None, "histogram": [],
    }  # fmt: skip


async def test_what_workers_and_gateways_write_down_is_reported(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    await ring(api, alert_id, 10, 7)
    said = SocketReport(12, 11, {bucket(3.0): 11})
    await figures.write_sockets(api.process.store, "g1", {(alert_id, 1): said}, 7)
    report = await told(api, alert_id)
    apns = report["push"]["apns"]
    assert (apns["eligible"], apns["accepted"], apns["queued"], apns["held"]) == (10, 7, 3, {"muted": 4})
    assert 2.0 <= apns["t50"] <= 2.1
    assert (apns["t90"], apns["t99"]) == (None, None)
    assert [count for _, count in apns["histogram"]] == [7]
    assert report["sockets"]["sent"] == 11
    assert 3.0 <= report["sockets"]["p50Ms"] <= 3.15


@pytest.mark.parametrize(("verb", "cause"), [("hold", "withheld"), ("kill", "withdrawn")])
async def test_what_was_stopped_is_not_queued(api: Api, verb: str, cause: str) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    await ring(api, alert_id, 10, 7)
    assert (await api.change(verb, alert_id)).status_code == 200
    report = await told(api, alert_id)
    assert (report["version"], report["push"]["apns"]["queued"]) == (2, 0)
    assert report["push"]["apns"]["held"] == {"muted": 4, cause: 3}


async def test_an_alert_that_rings_nobody_is_complete_once_it_is_withdrawn(api: Api) -> None:
    alert_id = (await api.publish({"push": False}))["alert"]["id"]
    assert not (await told(api, alert_id))["complete"]
    await api.kill(alert_id)
    assert (await told(api, alert_id))["complete"]


async def test_a_kill_is_complete_when_its_blocks_have_ended(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    await plans.plan(api.process.store, alert_id, {"apns": 10}, 7)
    await api.kill(alert_id)
    assert not (await told(api, alert_id))["complete"]
    jobs = [Job(alert_id, 2, "apns", 0)]
    await plans.open_jobs(api.process.store, jobs, now_ms(), 7)
    assert not (await told(api, alert_id))["complete"]
    await plans.finish(api.process.store, jobs[0], done=False)
    assert (await told(api, alert_id))["complete"]


async def test_strangers_and_unknown_alerts_get_no_report(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    drill = (await api.publish(role="drill"))["alert"]["id"]
    assert (await api.get(path(alert_id))).status_code == 401
    assert (await api.get(path(alert_id), Authorization="Bearer fw_live_no")).status_code == 401
    assert (await api.get(path(alert_id), "drill")).status_code == 404
    assert (await api.get(path(drill), "drill")).status_code == 200
    for unknown in ("0" * 26, "no-id"):
        assert (await api.get(path(unknown), "duty")).status_code == 404
    assert (await api.post(b"", "duty", path(alert_id))).status_code == 405


# --- as it goes


@asynccontextmanager
async def on_sockets(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """The same API on a real port, since an answer without an end needs a real connection."""
    config = configure(api.process.app, graceful_s=20, http=AtOnceHttp)
    listener = await Listener.start(config, listen("127.0.0.1", 0))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.port}", timeout=30) as client:
        yield client
    started_s = time.monotonic()
    await listener.close()
    assert time.monotonic() - started_s < 10, "a stream was still there"


@asynccontextmanager
async def following(
    client: httpx.AsyncClient, alert_id: str, key: str | None, query: str = ""
) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """A stream's events; comments are events named ':'."""
    headers = SSE if key is None else {**SSE, "Authorization": f"Bearer {key}"}
    async with client.stream("GET", path(alert_id) + query, headers=headers) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
        async with aclosing(_events(answer)) as found:
            yield found


async def _events(answer: httpx.Response) -> AsyncGenerator[tuple[str, Any], None]:
    event = ""
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)
        elif line.startswith(":"):
            yield ":", None


async def test_a_stream_says_how_it_stands_at_once_and_again_when_it_has_changed(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    async with on_sockets(api) as client, following(client, alert_id, api.keys["editor"]) as found:
        assert await anext(found) == ("delivery", await told(api, alert_id))
        await ring(api, alert_id, 10, 7)
        event, report = await anext(found)
        assert (event, report["push"]["apns"]["accepted"]) == ("delivery", 7)
        await api.change("hold", alert_id)
        event, report = await anext(found)
        assert (event, report["version"], report["state"]) == ("delivery", 2, "withheld")


async def test_a_stream_ends_when_the_delivery_is_complete(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "SETTLED_S", 0.3)
    alert_id = (await api.publish({"push": False}))["alert"]["id"]
    await api.kill(alert_id)
    async with on_sockets(api) as client, following(client, alert_id, api.keys["editor"]) as found:
        said = [each async for each in found]
    assert [event for event, _ in said] == ["delivery", "complete"]
    assert said[0][1] == said[1][1]


async def test_a_stream_ends_after_its_time_and_claims_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "STREAM_MAX_S", 0.1)
    alert_id = (await api.publish())["alert"]["id"]
    async with on_sockets(api) as client, following(client, alert_id, api.keys["editor"]) as found:
        assert [event async for event, _ in found] == ["delivery"]


async def test_a_stream_ends_when_its_key_is_revoked(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    issued = await access.create(api.process.store, "leaver", "editor", False, now_ms())
    async with on_sockets(api) as client, following(client, alert_id, issued.key) as found:
        assert (await anext(found))[0] == "delivery"
        await access.revoke(api.process.store, issued.id, now_ms())
        started_s = time.monotonic()
        assert [each async for each in found] == []
        assert time.monotonic() - started_s < 2.5 + BUSY_S


async def ticket(api: Api, key: str) -> str:
    answer = await api.client.post("/v1/tickets", headers={"Authorization": f"Bearer {key}"})
    return str(answer.json()["ticket"])


async def test_a_ticket_opens_one_stream_where_no_header_can_be_set(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    query = f"?ticket={await ticket(api, api.keys['correspondent'])}"
    async with on_sockets(api) as client:
        async with following(client, alert_id, None, query) as found:
            assert await anext(found) == ("delivery", await told(api, alert_id))
        again = await client.get(path(alert_id) + query, headers=SSE)
        assert (again.status_code, again.json()["type"]) == (401, "/problems/unauthorized")
        assert "WWW-Authenticate" in again.headers


async def test_a_ticket_shows_what_its_key_may_see_and_is_no_key(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    drills = await ticket(api, api.keys["drill"])
    assert (await api.get(f"{path(alert_id)}?ticket={drills}", **SSE)).status_code == 404
    unused = await ticket(api, api.keys["duty"])
    assert (await api.get(f"{path(alert_id)}?ticket={unused}")).status_code == 401, "it opens streams and nothing else"
    assert (await api.get(f"/v1/alerts/{alert_id}?ticket={unused}", **SSE)).status_code == 401


async def test_a_stream_of_a_ticket_ends_when_its_key_is_revoked(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    issued = await access.create(api.process.store, "leaver", "editor", False, now_ms())
    query = f"?ticket={await ticket(api, issued.key)}"
    async with on_sockets(api) as client, following(client, alert_id, None, query) as found:
        assert (await anext(found))[0] == "delivery"
        await access.revoke(api.process.store, issued.id, now_ms())
        assert [each async for each in found] == []


async def test_a_quiet_stream_says_that_it_is_there(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.1)
    alert_id = (await api.publish())["alert"]["id"]
    async with on_sockets(api) as client, following(client, alert_id, api.keys["editor"]) as found:
        assert [(await anext(found))[0] for _ in range(3)] == ["delivery", ":", ":"]


async def test_an_outage_of_the_store_is_a_pause(api: Api, server: EmbeddedStore) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    async with on_sockets(api) as client, following(client, alert_id, api.keys["editor"]) as found:
        assert (await anext(found))[0] == "delivery"
        server.kill()
        refused = await client.get(path(alert_id), headers=api.headers("admin"))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        server.start()
        await until(lambda: api.process.readiness().ready)
        await ring(api, alert_id, 10, 7)
        assert (await anext(found))[1]["push"]["apns"]["accepted"] == 7


async def test_there_are_only_so_many_streams_and_who_leaves_makes_room(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "STREAMS_MAX", 1)
    alert_id = (await api.publish())["alert"]["id"]
    headers = {**SSE, **api.headers("editor")}

    async def has_room() -> bool:
        async with client.stream("GET", path(alert_id), headers=headers) as answer:
            return answer.status_code == 200

    async with on_sockets(api) as client:
        async with following(client, alert_id, api.keys["duty"]) as found:
            assert (await anext(found))[0] == "delivery"
            full = await client.get(path(alert_id), headers=headers)
            assert (full.status_code, full.headers["retry-after"]) == (503, "5")
            assert full.json()["type"] == "/problems/too-many-streams"
            assert (await client.get(path(alert_id), headers=api.headers("editor"))).status_code == 200
        await until(has_room)


async def test_a_head_is_answered_and_not_streamed(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    async with on_sockets(api) as client:
        answer = await client.head(path(alert_id), headers={**SSE, **api.headers("editor")})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


def test_an_open_stream_does_not_hold_up_the_end_of_the_process(server: EmbeddedStore, tmp_path: Path) -> None:
    with started(server, tmp_path) as running:
        headers = {"Authorization": f"Bearer {running.key}"}
        made = running.client.post("/v1/alerts", json={"edition": "en", "headline": "Snow falls"}, headers=headers)
        address = path(made.json()["alert"]["id"])
        with running.client.stream("GET", address, headers={**headers, **SSE}) as answer:
            lines = answer.iter_lines()
            assert next(line for line in lines if line.startswith("event")) == "event: delivery"
            running.process.send_signal(signal.SIGTERM)
            told_s = time.monotonic()
            assert not [line for line in lines if line.startswith("event")]  # it ends, and in order
        assert running.process.wait(30) == 0
        assert time.monotonic() - told_s < GRACEFUL_S, "it was not waited for"
        assert "Traceback" not in running.log.read_text()
