"""In production we answer under our own names alone: a name that somebody else has made lead here gets nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from config.settings import Settings, load
from service.addresses import names
from service.api.at_once import AtOnceHttp
from service.listening import Listener, configure, listen
from service.store.embedded import EmbeddedStore
from tests.api.conftest import running, settings_for

PRODUCTION: dict[str, Any] = {"environment": "production", "public_url": "https://news.example"}
ROUTES = (
    "/v1/editions/en/ticker", "/v1/editions/en/ticker?limit=1", "/v1/editions/en/feed.rss", "/v1/editions",
    "/v1/alerts", "/demo", "/openapi.json", "/readyz", "/nowhere",
)  # fmt: skip


@asynccontextmanager
async def on_a_socket(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an API that is asked as from outside, the short way of page loads included."""
    async with running(settings) as process:
        config = configure(process.app, graceful_s=1, trusted_proxies=(), http=AtOnceHttp)
        listener = await Listener.start(config, listen("127.0.0.1", 0))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.port}") as client:
            yield client
        await listener.close()


async def test_another_name_is_told_nothing_whatever_it_asks_for(server: EmbeddedStore) -> None:
    async with on_a_socket(settings_for(server, **PRODUCTION)) as client:
        for route in ROUTES:
            for method in ("GET", "HEAD", "POST", "OPTIONS"):
                answer = await client.request(method, route, headers={"Host": "other.example"})
                assert answer.status_code == 421, (method, route)
        told = await client.get(ROUTES[0], headers={"Host": "other.example"})
        assert told.json()["type"] == "/problems/misdirected"
        assert told.headers["access-control-allow-origin"] == "*"
        assert told.headers["cache-control"] == "no-store"


async def test_our_own_name_and_who_asks_from_inside_are_answered(server: EmbeddedStore) -> None:
    async with on_a_socket(settings_for(server, **PRODUCTION)) as client:
        for host in ("news.example", "NEWS.example:443", "127.0.0.1", "localhost:8000"):
            for route in ROUTES[:4]:
                assert (await client.get(route, headers={"Host": host})).status_code == 200, (host, route)


async def test_on_a_developers_machine_any_name_will_do(server: EmbeddedStore) -> None:
    async with on_a_socket(settings_for(server)) as client:
        for route in ROUTES[:4]:
            assert (await client.get(route, headers={"Host": "other.example"})).status_code == 200


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, set()),
        ({"PUBLIC_URL": "https://news.example"}, set()),
        ({"ENVIRONMENT": "production"}, set()),
        ({"ENVIRONMENT": "production", "PUBLIC_URL": "https://News.example:8443/"}, {"news.example"}),
        (
            {"ENVIRONMENT": "production", "PUBLIC_URL": "https://news.example", "LIVE_URL": "wss://live.example"},
            {"news.example", "live.example"},
        ),
        ({"ENVIRONMENT": "production", "PUBLIC_URL": "https://news.example", "HOSTS": "a.example"}, {"a.example"}),
        ({"HOSTS": "a.example, B.example"}, {"a.example", "b.example"}),
    ],
)
def test_the_names_are_those_that_readers_are_told_or_those_of_the_list(
    environ: dict[str, str], expected: set[str]
) -> None:
    assert names(load({f"FLASHWIRE_{name}": value for name, value in environ.items()})) == expected
