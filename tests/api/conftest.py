"""Fixtures of the API's tests: the whole process in memory on a real store, and keys of every role."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from config.settings import Settings, load
from service.api import store_time
from service.api.serve import Process
from service.clock import now_ms
from service.domain.roles import ROLES, Role
from service.ending import end
from service.store import access
from service.store.embedded import EmbeddedStore
from tests import guards
from tests.stores import ANSWERS_WITHIN_S, server, store, until

__all__ = ["server", "store"]

ALERT = {"edition": "en", "headline": "Snow closes the northern pass"}


@dataclass
class Api:
    """An API process in memory with a client of it."""

    process: Process
    client: httpx.AsyncClient
    keys: dict[str, str]

    def headers(self, role: str | None = "duty", **more: str) -> dict[str, str]:
        given = {name.replace("_", "-"): value for name, value in more.items()}
        return given if role is None else {"Authorization": f"Bearer {self.keys[role]}", **given}

    async def post(self, body: Any = None, role: str | None = "duty", path: str = "/v1/alerts", **more: str) -> Any:
        """POST `body` (ALERT with changes where it is a mapping without an edition, as it is where it is bytes)."""
        headers = self.headers(role, **more)
        if isinstance(body, bytes):
            headers.setdefault("Content-Type", "application/json")
            return await self.client.post(path, content=body, headers=headers)
        return await self.client.post(path, json={**ALERT, **(body or {})}, headers=headers)

    async def publish(self, body: Mapping[str, Any] | None = None, role: str = "duty") -> dict[str, Any]:
        answer = await self.post(body, role)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def kill(self, alert_id: str, role: str | None = "duty", body: bytes = b"", **more: str) -> Any:
        return await self.post(body, role, f"/v1/alerts/{alert_id}/kill", **more)

    async def change(
        self, verb: str, alert_id: str, body: Mapping[str, Any] | None = None, role: str = "duty", **more: str
    ) -> Any:
        """POST a verb; `body` None sends none. An update or a correction names its version by `If_Match`."""
        return await self.post(
            b"" if body is None else json.dumps(body).encode(), role, f"/v1/alerts/{alert_id}/{verb}", **more
        )

    async def get(self, path: str, role: str | None = None, **more: str) -> Any:
        return await self.client.get(path, headers=self.headers(role, **more))

    async def ticker(self, query: str = "", edition: str = "en") -> Any:
        answer = await self.get(f"/v1/editions/{edition}/ticker{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()


def settings_for(server: EmbeddedStore, **changes: Any) -> Settings:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
    settings = load({**environ, "FLASHWIRE_REDIS_URL": server.url})
    # quick tails and looks, so that tests need not wait for what operators may wait for
    # and patience where outages are not the subject: a disk that stalls under the store for a second is none
    quick = {
        "store_timeout_s": ANSWERS_WITHIN_S,
        "tail_block_ms": 100,
        "durability_check_s": 0.1,
        "stale_after_s": 0.5,
        "key_used_every_s": 0.1,
    }
    # what posts one line again and again proves something else than the guard, whose tests switch it on
    unguarded = guards.newsroom("off")
    many = dict.fromkeys(("wrong_keys_per_address_per_min", "wrong_keys_per_id_per_min"), 100_000)
    return replace(settings, **{"data_dir": server.data_dir, "newsroom": unguarded, **quick, **many, **changes})


@asynccontextmanager
async def running(settings: Settings, *, ready: bool = True, **options: Any) -> AsyncIterator[Process]:
    """An API process without sockets; waits until it is ready unless told not to."""
    process = Process(settings, **options)
    background = [asyncio.create_task(part) for part in process.background()]
    try:
        if ready:
            await until(lambda: process.readiness().ready)
        yield process
    finally:
        await end(background)
        await process.close()


async def issue(process: Process, role: Role = "duty", test: bool = False) -> str:
    return (await access.create(process.store, f"{role} desk", role, test, now_ms())).key


@asynccontextmanager
async def serving(settings: Settings, **options: Any) -> AsyncIterator[Api]:
    async with running(settings, ready=True, **options) as process:
        keys = {str(role): await issue(process, role) for role in ROLES}
        keys["drill"] = await issue(process, "duty", test=True)
        transport = httpx.ASGITransport(process.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://news.example") as client:
            yield Api(process, client, keys)


@pytest.fixture(autouse=True)
def store_time_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a request waits for the store. Where outages are the subject, a module has a fixture of this name."""
    monkeypatch.setattr(store_time, "STORE_WITHIN_S", ANSWERS_WITHIN_S)


@pytest.fixture
async def api(server: EmbeddedStore) -> AsyncIterator[Api]:
    async with serving(settings_for(server)) as api:
        yield api
