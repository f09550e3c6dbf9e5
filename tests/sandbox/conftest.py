"""A sandbox of its own for each test that wants one: real ports, a folder that goes with the test."""

import asyncio
import contextlib
import json
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.settings import Settings
from service.ending import end
from tests.ports import free_ports
from workers.sandbox import credentials, folder
from workers.sandbox.serve import Sandbox, Whereabouts

DEADLINE_S = 60.0


class Running:
    """A sandbox that serves. `ask` talks to its own port."""

    def __init__(self, where: Whereabouts) -> None:
        self.where = where
        self.trust = ssl.create_default_context(cafile=where.provider_ca_file)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; the request must succeed."""
        answer = await self.reply(method, path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def reply(self, method: str, path: str, body: Any = None) -> httpx.Response:
        async with httpx.AsyncClient(
            base_url=self.where.page, verify=self.trust, trust_env=False, timeout=DEADLINE_S
        ) as client:
            return await client.request(method, path, json=body)

    async def phones(self, query: str = "") -> list[dict[str, Any]]:
        """What the phones show."""
        told = await self.ask("GET", f"/v1/phones{query}")
        found: list[dict[str, Any]] = told["phones"]
        return found


@contextlib.asynccontextmanager
async def open_sandbox(data_dir: Path, **settings: Any) -> AsyncIterator[Running]:
    """One that serves on this folder."""
    sandbox = Sandbox(Settings(data_dir=data_dir, sandbox_port=free_ports(1)[0], **settings))
    stop = asyncio.Event()
    running = asyncio.create_task(sandbox.run(stop))
    try:
        async with asyncio.timeout(DEADLINE_S):
            while sandbox.whereabouts is None and not running.done():
                await asyncio.sleep(0.005)
        assert sandbox.whereabouts is not None, running.result()
        yield Running(sandbox.whereabouts)
    finally:
        stop.set()
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.wait({running})
        await end({running})
    running.result()


@pytest.fixture(scope="session")
def credentials_made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sandbox's folder with its keys, which take a while to make."""
    place = folder.private(tmp_path_factory.mktemp("credentials"))
    credentials.apns(place)
    credentials.service_account(place, token_port=1)
    credentials.seed(place)
    return place


@pytest.fixture
async def sandbox(tmp_path: Path, credentials_made_once: Path) -> AsyncIterator[Running]:
    shutil.copytree(credentials_made_once, tmp_path / folder.NAME)
    async with open_sandbox(tmp_path) as running:
        yield running


def read_json(path: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(Path(path).read_text())
    return told
