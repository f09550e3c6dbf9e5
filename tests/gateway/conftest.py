"""Fixtures of the gateway's tests: a store of their own, and a house on it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from service.store.embedded import EmbeddedStore
from tests.gateway.house import House
from tests.gateway.house import house as open_house
from tests.stores import running_in, server

__all__ = ["server"]


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The event loop that we run on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    with running_in(tmp_path_factory.mktemp("shared") / "data") as server:
        yield server


@pytest.fixture(scope="module")
async def shared(shared_server: EmbeddedStore) -> AsyncIterator[House]:
    """One house for all tests of a module that leave it as they found it. Its English wire has one alert."""
    async with open_house(shared_server) as made:
        await made.post("Rain reaches the coast")
        yield made


@pytest.fixture
async def house(server: EmbeddedStore) -> AsyncIterator[House]:
    """A desk and a gateway with the usual limits and short times."""
    async with open_house(server) as made:
        yield made
