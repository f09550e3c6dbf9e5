"""kill -9 of the API wherever a verb can be cut off: who repeats it with the same key gets one revision and one answer.

The cases come from the lifecycle's table. Nothing in the API knows of this test: between it and the store stands a
relay that holds script calls before the store has them, or their replies once it has done them; the HTTP answer is lost
on its way to the client. All cases of one point are cut off by the same kill.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import httpx
import pytest

from config.settings import VALKEY_CONF
from service.domain.alert import State
from service.domain.lifecycle import CHANGE_VERBS, TABLE, Verb
from service.domain.revision import Revision
from service.ending import end
from service.store import access, embedded, stream
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder
from tests import guards
from tests.entries import EN, NOW_MS
from tests.processes import ROOT, environ_for
from tests.stores import until
from tests.verbs import BODIES, STATES

Point = Literal["before the store", "after the store", "before the client"]
Case = tuple[State | None, Verb]

OVER_HTTP = ("publish", *CHANGE_VERBS)
CASES: list[Case] = [(state, verb) for state, verb in TABLE if verb in OVER_HTTP and (state is None or state in STATES)]
LONG_FUSE = guards.config_text("off").replace("fuse_s = 10", "fuse_s = 600")
"""A restart on a busy machine must not be what ends an undo."""


def cut_at(point: Point) -> list[Case]:
    """The cases that have such a point: what changes nothing calls no script."""
    return [case for case in CASES if point == "before the client" or TABLE[case] is not None]


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
        self._environ = environ_for(folder / "data", redis_url=f"unix://{relay.path}", config=config, log_format="json")
        self._url = f"http://127.0.0.1:{self._environ['FLASHWIRE_API_PORT']}"
        self._key = key
        self._log = folder / "api.log"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._spawn()
        self._client = httpx.AsyncClient(base_url=self._url, timeout=30)
        await until(self._is_ready, within_s=30)

    def _spawn(self) -> None:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "service.cli", "api"]
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


def headline(name: str) -> str:
    return f"Ferry {name} sails"


def post(name: str) -> Request:
    return Request("/v1/alerts", {"edition": "en", "headline": headline(name)}, f"post {name}")


def change(verb: str, alert: dict[str, Any], key: str) -> Request:
    path, version = f"/v1/alerts/{alert['id']}/{verb}", f'"{alert["version"]}"'
    return Request(path, BODIES.get(verb) or {}, key, {"If-Match": version})


async def prepared(api: Api, case: Case, name: str) -> Request:
    """The request of a case, with an alert in the state that it begins in."""
    state, verb = case
    if state is None:
        return post(name)
    alert = await accepted(api, post(name))
    for step in STATES[state]:
        alert = await accepted(api, change(step, alert, f"{step} {name}"))
    return change(verb, alert, f"at last {verb} {name}")


async def answered(api: Api, request: Request) -> httpx.Response:
    answer = await api.send(request)
    assert answer is not None
    assert answer.status_code in (200, 201), answer.text
    return answer


async def accepted(api: Api, request: Request) -> dict[str, Any]:
    alert: dict[str, Any] = (await answered(api, request)).json()["alert"]
    return alert


async def cut_off(api: Api, relay: Relay, point: Point) -> dict[Case, Cut]:
    """Every case that has this point, cut off there by one kill, then repeated twice."""
    cases = cut_at(point)
    requests = await asyncio.gather(*(prepared(api, case, name_of(case, point)) for case in cases))
    twins = await asyncio.gather(*(prepared(api, case, f"{name_of(case, point)} undisturbed") for case in cases))
    undisturbed = await asyncio.gather(*(answered(api, request) for request in twins))
    relay.holds = point
    sending = [asyncio.create_task(api.send(request)) for request in requests]
    if point == "before the client":
        await asyncio.wait(sending)
    else:
        await until(lambda: relay.held == len(cases), within_s=10)
    await api.kill()
    await relay.cut()
    lost = [await task for task in sending]
    await api.start()
    repeated = await asyncio.gather(*(answered(api, request) for request in requests))
    again = await asyncio.gather(*(answered(api, request) for request in requests))
    return dict(zip(cases, map(Cut, lost, repeated, again, undisturbed), strict=True))


def name_of(case: Case, point: Point) -> str:
    return f"{case[0]} {case[1]} {point}"


@dataclass
class Siege:
    """What came of every case at every point, and what then stands on the wire."""

    cuts: dict[Point, dict[Case, Cut]]
    wire: dict[int, Revision]


async def besiege(folder: Path, store_path: Path, store: Store) -> Siege:
    key = (await access.create(store, "a test", "duty", False, NOW_MS)).key
    relay = Relay(folder / "relay.sock", store_path)
    api = Api(folder, relay, key)
    async with relay.open():
        await api.start()
        try:
            cuts = {point: await cut_off(api, relay, point) for point in get_args(Point)}
        finally:
            await api.kill()
    entries = [entry for _, entry in await stream.read_wire(store, EN, 0)]
    return Siege(cuts, {entry.offset: entry for entry in entries if isinstance(entry, Revision)})


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siege]:
    path = tmp_path_factory.mktemp("siege")
    folder = DataFolder.hold(path / "store", "a test")
    server = EmbeddedStore(folder, VALKEY_CONF)
    server.start()

    async def run() -> Siege:
        store = for_commands(server.url, 5.0)
        try:
            return await besiege(path, embedded.socket_path(path / "store"), store)
        finally:
            await store.aclose()

    try:
        yield asyncio.run(run())
    finally:
        server.kill()
        folder.release()


def in_general(answer: httpx.Response, name: str) -> Any:
    """An answer without what must differ from one alert to another: ids, places, moments."""
    said = json.loads(answer.text.replace(headline(name), "…"))
    alert = said["alert"]
    for passing in ("id", "story", "firstCreated", "versionCreated", "expires"):
        assert alert.pop(passing)
    alert["references"] = [reference["version"] for reference in alert["references"]]
    return answer.status_code, {**said, "cursor": "…", "undoUntil": said["undoUntil"] is not None}


EVERY = [(point, *case) for point in get_args(Point) for case in cut_at(point)]


@pytest.mark.parametrize(("point", "state", "verb"), EVERY)
def test_what_was_cut_off_and_repeated_is_done_once_and_answered_alike(
    siege: Siege, point: Point, state: State | None, verb: Verb
) -> None:
    case, name = (state, verb), name_of((state, verb), point)
    cut = siege.cuts[point][case]
    assert (cut.lost is None) == (point != "before the client")
    assert in_general(cut.repeated, name) == in_general(cut.undisturbed, f"{name} undisturbed")
    assert cut.repeated.text == cut.again.text
    assert cut.lost is None or cut.lost.text == cut.repeated.text

    changes = TABLE[case] is not None
    was_done = changes and point != "before the store"
    assert cut.repeated.headers.get("idempotency-replayed") == ("true" if was_done else None)
    assert cut.again.headers.get("idempotency-replayed") == ("true" if changes else None)

    said = cut.repeated.json()
    alert, offset = said["alert"], int(said["cursor"].split(":")[1])
    assert json.loads(siege.wire[offset].encoded) == alert
    steps = 0 if state is None else 1 + len(STATES[state])
    versions = [one.alert.version for one in siege.wire.values() if one.alert.id == alert["id"]]
    assert versions == list(range(1, steps + changes + 1))


def test_a_post_that_was_cut_off_has_not_left_a_second_alert_behind(siege: Siege) -> None:
    headlines = [one.alert.headline for one in siege.wire.values() if one.type == "published"]
    assert len(set(headlines)) == len(headlines)


def test_offsets_have_no_holes(siege: Siege) -> None:
    assert sorted(siege.wire) == list(range(1, len(siege.wire) + 1))
