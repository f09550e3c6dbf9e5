"""Tickets over HTTP: for any key, shown once, bounded, and of no use to whoever looks into store or log."""

import re
import time
from typing import Any, cast

import pytest

from service.domain import moment
from service.domain.roles import ROLES
from service.store import tickets
from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, serving, settings_for

TICKET = re.compile("fwt_[0-9A-HJKMNP-TV-Z]{40}")


async def ticket(api: Api, role: str | None = "duty", body: bytes = b"", **more: str) -> Any:
    return await api.post(body, role, "/v1/tickets", **more)


@pytest.mark.parametrize("role", [*ROLES, "drill"])
async def test_any_key_gets_a_ticket_that_is_good_for_a_minute(api: Api, role: str) -> None:
    before_ms = time.time_ns() // 1_000_000
    answer = await ticket(api, role)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert "access-control-allow-origin" not in answer.headers
    made = answer.json()
    assert made.keys() == {"ticket", "expires"}
    assert TICKET.fullmatch(made["ticket"])
    assert 59_000 <= moment.from_text(made["expires"]) - before_ms <= 61_000
    (name,) = [name async for name in cast(Any, api.process.store).scan_iter("ticket:*")]
    assert 58_000 < await cast(Any, api.process.store).pttl(name) <= 60_000
    bearer = await tickets.redeem(api.process.store, made["ticket"], before_ms)
    assert bearer is not None
    assert (bearer.role, bearer.test) == ("duty" if role == "drill" else role, role == "drill")
    assert await tickets.redeem(api.process.store, made["ticket"], before_ms) is None


@pytest.mark.parametrize("key", [None, "fw_live_0000000000" + "0" * 40, "fwt_" + "0" * 40])
async def test_without_a_key_there_is_no_ticket(api: Api, key: str | None) -> None:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    answer = await api.client.post("/v1/tickets", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthorized")


async def test_a_ticket_says_nothing_of_its_key_and_the_store_nothing_of_the_ticket(api: Api) -> None:
    made = (await ticket(api)).json()["ticket"]
    key = api.keys["duty"]
    assert not any(key[start : start + 6] in made for start in range(8, len(key) - 5))
    store = cast(Any, api.process.store)
    for name in [name async for name in store.scan_iter("ticket*")]:
        value = await store.get(name)
        assert made.encode() not in name + value
        assert made.encode()[4:] not in name + value


async def test_a_repetition_is_another_ticket_since_no_secret_is_kept(api: Api) -> None:
    first, second = [(await ticket(api, Idempotency_Key="one")).json()["ticket"] for _ in range(2)]
    assert first != second
    for each in (first, second):
        assert await tickets.redeem(api.process.store, each, 0) is not None
    refused = await ticket(api, Idempotency_Key="no spaces")
    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/bad-idempotency-key")


async def test_a_key_that_asks_for_ever_is_stopped_and_no_other(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, tickets_per_key_per_min=3)) as api:
        statuses = [(await ticket(api)).status_code for _ in range(4)]
        assert statuses == [201, 201, 201, 429]
        refused = await ticket(api)
        assert refused.json()["type"] == "/problems/too-many-tickets"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert len([name async for name in cast(Any, api.process.store).scan_iter("ticket:*")]) == 3
        assert (await ticket(api, "editor")).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"), [(b"{}", 201), (b"null", 201), (b'{"edition":"en"}', 422), (b"[]", 422), (b"{", 400)]
)
async def test_there_is_nothing_to_say_to_it(api: Api, body: bytes, status: int) -> None:
    assert (await ticket(api, body=body)).status_code == status


async def test_without_a_store_there_is_no_ticket_and_no_wait(api: Api, server: EmbeddedStore) -> None:
    assert (await ticket(api)).status_code == 201
    server.kill()
    answer = await ticket(api)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
