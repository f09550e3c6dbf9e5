"""kill -9 of the API wherever a verb can be cut off, and the same request again.

Nothing in the API knows of this: between it and the store stands a relay that holds script calls before the store has
them, or their replies once it has done them; the HTTP answer is lost on its way to the client. All cases of one point
are cut off by the same kill.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx

from service.domain.alert import State
from service.domain.lifecycle import Verb
from service.ending import end
from service.store import embedded
from service.store.connection import Store, for_commands
from tests import guards
from tests.processes import ROOT, environ_for
from tests.stores import running_in, until

Point = Literal["before the store", "after the store", "before the client"]
Case = tuple[State | None, Verb]
T = TypeVar("T")
Prepare = Callable[["Api", Case, str], Awaitable["Request"]]
"""Brings an alert to where a case begins, and gives the request; the last argument is a name of its own."""

HELD_MAX_S = 60.0
"""How long the API waits for a store whose replies are held: until it is killed, also on a busy machine."""
PATIENT = f"""
from service.api import store_time
store_time.STORE_WITHIN_S = {HELD_MAX_S}
from service.cli import main
main()
"""
LONG_FUSE = guards.config_text("off").replace("fuse_s = 10", "fuse_s = 600")
"""A restart on a busy machine must not be what ends an undo."""


class Relay:
    """Between API and store. `holds` says what it keeps back from now on; `held` counts what it did keep."""

    def __init__(self, path: Path, store_path: Path) -> None:
        self.path = path
        self.holds: Point | None = None
        self.held = 0
        self._store_path = store_path
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncio.start_unix_server(self._accept, self.path)
        yield
        server.close()
        await self.cut()
        await server.wait_closed()

    async def cut(self) -> None:
        """Break every connection, with what is held."""
        await end(self._tasks)
        for writer in self._writers:
            writer.close()
        self._tasks, self._writers, self.holds, self.held = [], [], None, 0

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._tasks.append(asyncio.create_task(self._connect(reader, writer)))

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_store, to_store = await asyncio.open_unix_connection(self._store_path)
        self._writers.append(to_store)
        replies_held = asyncio.Event()
        ways = [
            asyncio.create_task(self._forth(reader, to_store, replies_held)),
            asyncio.create_task(self._back(from_store, writer, replies_held)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end(ways)
            writer.close()
            to_store.close()

    async def _forth(
        self, reader: asyncio.StreamReader, to_store: asyncio.StreamWriter, replies_held: asyncio.Event
    ) -> None:
        while chunk := await reader.read(65_536):
            if _is_a_verb(chunk) and self.holds == "before the store":
                await self._hold()
            if _is_a_verb(chunk) and self.holds == "after the store":
                replies_held.set()
            to_store.write(chunk)

    async def _back(
        self, from_store: asyncio.StreamReader, writer: asyncio.StreamWriter, replies_held: asyncio.Event
    ) -> None:
        while chunk := await from_store.read(65_536):
            if replies_held.is_set():
                await self._hold()
            writer.write(chunk)

    async def _hold(self) -> None:
        self.held += 1
        await asyncio.Event().wait()


def _is_a_verb(chunk: bytes) -> bool:
    """Whether a script is called that does what an editor asked for: only those take Idempotency-Keys."""
    return b"EVALSHA" in chunk and b"answers:" in chunk


class Api:
    """`flashwire api` on a port of its own; killed and started again, and a client that repeats by hand."""

    def __init__(self, folder: Path, relay: Relay, key: str) -> None:
        config = folder / "flashwire.toml"
        config.write_text(LONG_FUSE)
        self._environ = environ_for(
            folder / "data",
            redis_url=f"unix://{relay.path}",
            config=config,
            log_format="json",
            store_timeout_s=HELD_MAX_S,
        )
        self._url = f"http://127.0.0.1:{self._environ['FLASHWIRE_API_PORT']}"
        self._key = key
        self._log = folder / "api.log"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._spawn()
        self._client = httpx.AsyncClient(base_url=self._url, timeout=HELD_MAX_S)
        await until(self._is_ready, within_s=HELD_MAX_S)

    def _spawn(self) -> None:
        with self._log.open("ab") as log:
            command = [sys.executable, "-c", PATIENT, "api"]
            self._process = subprocess.Popen(command, env=self._environ, cwd=ROOT, stdout=log, stderr=log)

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        await self._client.aclose()

    async def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        with suppress(httpx.TransportError):
            return (await self._client.get("/readyz")).status_code == 200
        return False

    async def send(self, request: "Request") -> httpx.Response | None:
        """The answer, or None where the connection broke before it was whole."""
        key = request.key.replace(" ", "-")
        headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": key, **request.headers}
        try:
            return await self._client.post(request.path, json=request.body, headers=headers)
        except httpx.TransportError:
            return None


@dataclass(frozen=True)
class Request:
    """One write, as it is sent each time."""

    path: str
    body: Any
    key: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """What came of one case: the answer that was lost on its way (None: none had left), then two repetitions, and the
    same verb on another alert while nothing went wrong.
    """

    lost: httpx.Response | None
    repeated: httpx.Response
    again: httpx.Response
    undisturbed: httpx.Response


async def answered(api: Api, request: Request) -> httpx.Response:
    answer = await api.send(request)
    assert answer is not None
    assert answer.status_code in (200, 201, 202), answer.text
    return answer


async def cut_off(
    api: Api,
    relay: Relay,
    point: Point,
    cases: Sequence[Case],
    prepared: Callable[[Api, Case, str], Awaitable[Request]],
) -> dict[Case, Cut]:
    """Every one of `cases` cut off at this point by one kill, then repeated twice. `prepared` brings an alert to where
    the case begins, and gives the request.
    """
    requests = await asyncio.gather(*(prepared(api, case, name_of(case, point)) for case in cases))
    twins = await asyncio.gather(*(prepared(api, case, f"{name_of(case, point)} undisturbed") for case in cases))
    undisturbed = await asyncio.gather(*(answered(api, request) for request in twins))
    relay.holds = point
    sending = [asyncio.create_task(api.send(request)) for request in requests]
    if point == "before the client":
        await asyncio.wait(sending)
    else:
        await until(lambda: relay.held == len(cases), within_s=HELD_MAX_S / 2)
    await api.kill()
    await relay.cut()
    lost = [await task for task in sending]
    await api.start()
    repeated = await asyncio.gather(*(answered(api, request) for request in requests))
    again = await asyncio.gather(*(answered(api, request) for request in requests))
    return dict(zip(cases, map(Cut, lost, repeated, again, undisturbed), strict=True))


def name_of(case: Case, point: Point) -> str:
    return f"{case[0]} {case[1]} {point}"


def on_a_store(path: Path, besiege: Callable[[Path, Path, Store], Awaitable[T]]) -> T:
    """What `besiege(path, the store's socket, the store)` gives, on a store of its own."""
    with running_in(path / "store") as server:

        async def run() -> T:
            store = for_commands(server.url, 5.0)
            try:
                return await besiege(path, embedded.socket_path(path / "store"), store)
            finally:
                await store.aclose()

        return asyncio.run(run())
