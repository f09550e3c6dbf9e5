"""A store over TLS: reached by `rediss://`, and believed only under the name that its certificate has.

The server that comes along is built without TLS, so a door of TLS stands in front of it here, with real certificates.
"""

import asyncio
import contextlib
import dataclasses
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from arq.connections import create_pool
from redis.exceptions import ConnectionError

from config.settings import STORE_USERS, VALKEY_CONF
from service.domain.errors import StoreUnavailable
from service.ending import end
from service.store import embedded, lineage, stream
from service.store.connection import for_commands, for_tail, reaching_store
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder
from tests.entries import EN, alert, append
from tests.push import certificates
from workers import arq_ground

PIECE = 65_536


async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(PIECE):
        target.write(piece)
        await target.drain()
    target.close()


@contextlib.asynccontextmanager
async def door(place: Path, certificate: ssl.SSLContext) -> AsyncIterator[int]:
    """The port on which TLS leads to the socket."""
    pumps: set[asyncio.Task[None]] = set()

    async def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inside, into = await asyncio.open_unix_connection(place)
        for task in (asyncio.create_task(pump(reader, into)), asyncio.create_task(pump(inside, writer))):
            pumps.add(task)

    server = await asyncio.start_server(enter, "127.0.0.1", 0, ssl=certificate)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await end(pumps)


@pytest.fixture
async def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A store with the users of production, behind a certificate for `localhost` that this machine trusts."""
    made = certificates.make(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.leaf, made.key)
    folder = DataFolder.hold(tmp_path / "data", "a test")
    server = EmbeddedStore(folder, VALKEY_CONF, STORE_USERS)
    server.start()
    try:
        async with door(embedded.socket_path(folder.path), context) as port:
            yield port
    finally:
        server.kill()
        folder.release()


async def test_commands_tail_and_queues_reach_it(port: int) -> None:
    api = for_commands(f"rediss://api:any@localhost:{port}", 5.0)
    gateway = for_tail(f"rediss://gateway:any@localhost:{port}/0", 200)
    scheduler = await arq_ground.connect(f"rediss://scheduler:any@localhost:{port}")
    assert await lineage.change_epoch(api, EN, None, "e1") == "e1"
    await append(api, alert())
    assert (await stream.read_head(gateway, EN)) == stream.Head("e1", 1)
    assert await scheduler.zadd("desk", {"release:A:1": 1}) == 1
    for one in (api, gateway, scheduler):
        await one.aclose()


async def test_a_certificate_for_another_name_is_no_store_of_ours(port: int) -> None:
    api = for_commands(f"rediss://api:any@127.0.0.1:{port}", 5.0)
    with pytest.raises(StoreUnavailable, match="certificate"):
        async with reaching_store():
            await api.ping()
    await api.aclose()
    settings = arq_ground.redis_settings(f"rediss://scheduler:any@127.0.0.1:{port}")
    with pytest.raises(ConnectionError, match="certificate"):
        await create_pool(dataclasses.replace(settings, conn_retries=0))


async def test_a_certificate_of_nobody_that_is_trusted_is_no_store_of_ours(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    api = for_commands(f"rediss://api:any@localhost:{port}", 5.0)
    with pytest.raises(StoreUnavailable, match="certificate"):
        async with reaching_store():
            await api.ping()
    await api.aclose()
