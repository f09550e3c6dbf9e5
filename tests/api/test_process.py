"""The API as a real process on real sockets: slow and broken clients, its admin port, its log, its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import redis

from config.settings import VALKEY_CONF
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder
from tests import guards
from tests.ports import free_ports
from tests.stores import BUSY_S, OPEN_USERS

ROOT = Path(__file__).parents[2]
ALERT = b'{"edition":"en","headline":"Snow falls"}'


@dataclass
class Running:
    """`flashwire api` as an operator runs it."""

    process: subprocess.Popen[bytes]
    port: int
    admin: str
    key: str
    log: Path
    client: httpx.Client

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def head(self, length: str) -> bytes:
        return (
            f"POST /v1/alerts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\n{length}\r\n\r\n"
        ).encode()

    def lines(self) -> list[dict[str, object]]:
        """A line that is being written is not one yet."""
        return [json.loads(line) for line in self.log.read_text().split("\n")[:-1]]


def wait_for(fact: "object", within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not fact():  # type: ignore[operator]
        assert time.monotonic() < deadline, "not true in time"
        time.sleep(0.01)


@contextmanager
def started(server: EmbeddedStore, folder: Path) -> Iterator[Running]:
    api_port, admin_port = free_ports(2)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
    environ |= {
        "FLASHWIRE_REDIS_URL": server.url, "FLASHWIRE_API_PORT": str(api_port), "FLASHWIRE_LOG_FORMAT": "json",
        "FLASHWIRE_ADMIN_PORT": str(admin_port), "FLASHWIRE_DATA_DIR": str(server.data_dir),
        "FLASHWIRE_CONFIG": str(guards.config_file(folder, "off")),
    }  # fmt: skip
    command = [sys.executable, "-m", "service.cli"]
    made = subprocess.run(
        [*command, "keys", "create", "--role", "duty", "--name", "t", "--json"], env=environ, cwd=ROOT, check=True,
        capture_output=True,
    )  # fmt: skip
    log = folder / "api.log"
    with log.open("wb") as output:
        process = subprocess.Popen([*command, "api"], env=environ, cwd=ROOT, stderr=output)
    url = f"http://127.0.0.1:{api_port}"
    with httpx.Client(base_url=url, timeout=30) as client:
        running = Running(
            process, api_port, f"http://127.0.0.1:{admin_port}", json.loads(made.stdout)["key"], log, client
        )

        def is_ready() -> bool:
            try:
                return client.get("/readyz").status_code == 200
            except httpx.TransportError:
                assert process.poll() is None, log.read_text()
                return False

        wait_for(is_ready)
        yield running
    process.kill()
    process.wait()


@pytest.fixture
def running(server: EmbeddedStore, tmp_path: Path) -> Iterator[Running]:
    """A process of the test's own: it may end it, and count what it does."""
    with started(server, tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One process for all the tests that only talk to it."""
    folder = tmp_path_factory.mktemp("shared")
    held = DataFolder.hold(folder / "data", "a test")
    server = EmbeddedStore(held, VALKEY_CONF, OPEN_USERS)
    server.start()
    with started(server, folder) as running:
        yield running
    server.kill()
    held.release()


def answer(connection: socket.socket) -> bytes:
    """All that comes until the other side closes, or one whole answer."""
    received = b""
    while part := connection.recv(65536):
        received += part
        head, _, body = received.partition(b"\r\n\r\n")
        length = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if length and len(body) >= length[0]:
            break
    return received


def test_a_body_in_many_small_chunks_is_taken(shared: Running) -> None:
    with shared.connect() as connection:
        connection.sendall(shared.head("Transfer-Encoding: chunked"))
        for start in range(0, len(ALERT), 3):
            part = ALERT[start : start + 3]
            connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        connection.sendall(b"0\r\n\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 201 ")


def test_chunks_over_the_limit_are_refused_while_they_come(shared: Running) -> None:
    with shared.connect() as connection:
        connection.sendall(shared.head("Transfer-Encoding: chunked"))
        connection.sendall((b"400\r\n" + b" " * 1024 + b"\r\n") * 17)
        received = answer(connection)
        assert received.startswith(b"HTTP/1.1 413 ")
        assert b"application/problem+json" in received


def test_a_length_over_the_limit_is_refused_before_the_body(shared: Running) -> None:
    with shared.connect() as connection:
        connection.sendall(shared.head("Content-Length: 16385"))
        assert answer(connection).startswith(b"HTTP/1.1 413 ")


def test_who_leaves_in_the_middle_of_a_body_disturbs_nobody(running: Running) -> None:
    for _ in range(10):
        with running.connect() as connection:
            connection.sendall(running.head("Content-Length: 100") + b'{"edition"')
    headers = {"Authorization": f"Bearer {running.key}", "Content-Type": "application/json"}
    assert running.client.post("/v1/alerts", content=ALERT, headers=headers).status_code == 201
    wait_for(lambda: sum(line.get("status") == 499 for line in running.lines()) == 10)
    assert "Traceback" not in running.log.read_text()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000, 431),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 4000 + b"\r\n", 431),
        (b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (b"BREW /v1/alerts HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"PROPFIND /v1/alerts HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"GET /v1/editions HTTP/1.0\r\nHost: a\r\n\r\n", 200),
        (b"GET /v1/editions HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 200),
    ],
)
def test_what_comes_on_a_socket_is_answered_in_form(shared: Running, sent: bytes, status: int) -> None:
    with shared.connect() as connection:
        connection.sendall(sent)
        received = answer(connection)
        assert received.startswith(b"HTTP/1.1 %d " % status), received[:200]
        assert status == 200 or b"application/problem+json" in received
    assert "Traceback" not in shared.log.read_text()


def test_a_head_that_never_ends_is_cut_off(shared: Running) -> None:
    started_at = time.monotonic()
    with shared.connect() as silent, shared.connect() as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost")
        assert answer(slow).startswith(b"HTTP/1.1 408 ")
        assert answer(silent).startswith(b"HTTP/1.1 408 ")
        assert 8 < time.monotonic() - started_at < 13 + BUSY_S


PAGE = b"GET /v1/editions/en/ticker HTTP/1.1\r\nHost: a\r\nX-Request-Id: one\r\n"


def test_the_short_way_and_the_long_way_give_the_same_answer(shared: Running) -> None:
    headers = {"Authorization": f"Bearer {shared.key}", "Content-Type": "application/json"}
    assert shared.client.post("/v1/alerts", content=ALERT, headers=headers).status_code == 201
    etag = shared.client.get("/v1/editions/en/ticker").headers["etag"].encode()

    def ask(more: bytes) -> dict[bytes, bytes]:
        with shared.connect() as connection:
            connection.sendall(PAGE + more + b"\r\n")
            head, _, body = answer(connection).partition(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        named = dict(line.split(b": ", 1) for line in lines)
        named.pop(b"connection", None)
        named.pop(b"date")
        return {b"status": status, b"body": body, **named}

    short, long = ask(b""), ask(b"Connection: close\r\n")
    assert short == long
    assert short[b"x-request-id"] == b"one"
    assert b"Snow falls" in short[b"body"]
    unchanged = b"If-None-Match: " + etag + b"\r\nConnection: close\r\n"
    assert ask(unchanged)[b"status"] == b"HTTP/1.1 304 Not Modified"


def test_many_pages_on_one_connection_are_answered_in_order(shared: Running) -> None:
    asked = [
        PAGE, PAGE + b"If-None-Match: *\r\n", b"GET /v1/editions HTTP/1.1\r\nHost: a\r\n", PAGE,
        PAGE + b"Content-Length: 2\r\n", b"HEAD" + PAGE[3:], PAGE.replace(b"/en/", b"/xx/"), PAGE,
        PAGE.replace(b"ticker", b"ticker?limit=0"), PAGE.replace(b"/en/", b"/%65n/"), PAGE + b"Upgrade: h2c\r\n",
        PAGE + b"Connection: close\r\n",
    ]  # fmt: skip
    with shared.connect() as connection:
        connection.sendall(b"".join(one + b"\r\n" + (b"{}" if b"Content-Length" in one else b"") for one in asked))
        received = b""
        while part := connection.recv(65536):
            received += part
    statuses = [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [200, 304, 200, 200, 200, 200, 404, 200, 400, 200, 200, 200]
    assert "Traceback" not in shared.log.read_text()


def test_poison_on_the_wire_ends_no_process(running: Running, server: EmbeddedStore) -> None:
    headers = {"Authorization": f"Bearer {running.key}", "Content-Type": "application/json"}
    made = running.client.post("/v1/alerts", content=ALERT, headers=headers).json()
    epoch = made["cursor"].partition(":")[0]
    poison = {**made["alert"], "expires": "tomorrow", "versionCreated": "never"}
    with redis.Redis.from_url(server.url) as store:
        entry = {"epoch": epoch, "type": "published", "first": 2, "push": 1, "alert": json.dumps(poison)}
        store.xadd("wire:{en}", entry, id="2-0")
        store.hset("head:{en}", "offset", 2)
    after = running.client.post("/v1/alerts", content=ALERT, headers=headers)
    assert (after.status_code, after.json()["cursor"]) == (201, f"{epoch}:3")
    page = running.client.get("/v1/editions/en/ticker").json()
    assert (page["cursor"], len(page["alerts"])) == (f"{epoch}:3", 2)
    assert running.process.poll() is None
    wait_for(lambda: any("cannot be read" in str(line.get("event")) for line in running.lines()))


def test_metrics_are_on_the_admin_port_alone(running: Running) -> None:
    running.client.get("/v1/editions/en/ticker")
    running.client.get("/nowhere")
    headers = {"Authorization": f"Bearer {running.key}", "Content-Type": "application/json"}
    running.client.post("/v1/alerts", content=ALERT, headers=headers)
    assert running.client.get("/metrics").status_code == 404
    said = httpx.get(f"{running.admin}/metrics").text
    route = 'flashwire_http_requests_total{method="GET",route="/v1/editions/{edition}/ticker",status="200"} 1.0'
    assert route in said
    assert 'flashwire_http_requests_total{method="GET",route="none",status="404"} 2.0' in said
    assert 'flashwire_appends_total{again="false",verb="publish"} 1.0' in said
    for name in ("flashwire_tail_lag_seconds", "flashwire_tail_hearing 1.0", "flashwire_durability_enough 1.0"):
        assert name in said
    for path in ("/healthz", "/readyz", "/version"):
        assert httpx.get(running.admin + path).status_code == 200


def test_each_request_is_one_line_in_the_log_without_secrets(running: Running) -> None:
    headers = {"Authorization": f"Bearer {running.key}", "X-Request-Id": "morning-7"}
    running.client.post("/v1/alerts", json={"edition": "en", "headline": "Snow\nfalls"}, headers=headers)
    running.client.get("/%0aevil%1b%5b31m", headers=headers)
    wait_for(lambda: sum(line.get("request_id") == "morning-7" for line in running.lines()) == 2)
    line = next(line for line in running.lines() if line.get("path") == "/v1/alerts")
    assert (line["method"], line["status"], line["key"]) == ("POST", 201, running.key[8:18])
    assert line["address"] == "127.0.0.1"
    said = running.log.read_text()
    assert running.key not in said
    assert running.key[18:] not in said
    assert "falls" not in said
    assert "\x1b" not in said


def test_it_ends_in_order_when_told_to(running: Running) -> None:
    with running.connect() as connection:
        connection.sendall(running.head(f"Content-Length: {len(ALERT)}") + ALERT[:10])
        wait_for(lambda: running.client.get("/healthz").status_code == 200)
        running.process.send_signal(signal.SIGTERM)
        wait_for(lambda: httpx.get(f"{running.admin}/readyz").status_code == 503)
        assert "stopping" in httpx.get(f"{running.admin}/readyz").text
        wait_for(lambda: not accepts(running.port))
        connection.sendall(ALERT[10:])
        assert answer(connection).startswith(b"HTTP/1.1 201 ")
    assert running.process.wait(30) == 0


def test_a_request_that_does_not_end_does_not_hold_it_up(running: Running) -> None:
    with running.connect() as connection:
        connection.sendall(running.head("Content-Length: 100"))
        wait_for(lambda: running.client.get("/healthz").status_code == 200)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) == 0


def test_it_ends_in_order_when_interrupted(running: Running) -> None:
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(30) == 0
    assert "Traceback" not in running.log.read_text()


def test_a_port_that_is_taken_is_said_in_one_line(running: Running, server: EmbeddedStore) -> None:
    environ = {**os.environ, "FLASHWIRE_REDIS_URL": server.url, "FLASHWIRE_API_PORT": str(running.port)}
    environ |= {"FLASHWIRE_ADMIN_PORT": str(free_ports(1)[0]), "FLASHWIRE_LOG_FORMAT": "json"}
    ended = subprocess.run(
        [sys.executable, "-m", "service.cli", "api"], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{running.port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
