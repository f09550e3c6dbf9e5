"""Connections of clients that are slow, wrong, greedy or gone, on real sockets and with short patience."""

import asyncio
import errno
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import uvloop
from starlette.types import Receive, Scope, Send

from service.api.at_once import AtOnceHttp, Headers, Plain
from service.http_bounds import PIECE_BYTES
from service.listening import Listener, configure, listen

PAGE = b"GET /v1/editions/en/ticker HTTP/1.1\r\nHost: a\r\n\r\n"
BIG = b"n" * 50_000
DEADLINE_S = 20.0


class Hurried(AtOnceHttp):
    """The real thing, with less patience than it has for real clients."""

    head_within_s = 0.4
    unmoved_max_s = 1.5
    look_every_s = 0.1
    latest: "Hurried"

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        Hurried.latest = self
        self.timeout_keep_alive = 1


class App:
    """Echoes bodies at /echo, answers pages at once, and answers everything else without looking at it.

    /enough ends the connection with its answer.
    """

    def __init__(self) -> None:
        self.begun = 0
        self.let_go = asyncio.Event()

    def at_once(self, path: str, query: bytes, headers: Headers) -> Plain | None:
        return Plain(b"HTTP/1.1 200 OK\r\n", b"content-length: %d\r\n\r\n" % len(BIG), BIG)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun += 1
        status, body = (200, BIG) if scope["path"].endswith("/ticker") else (404, b"none")
        if scope["path"] == "/wait":
            await self.let_go.wait()
        if scope["path"] == "/echo":
            status, body = 200, b""
            while (message := await receive())["type"] == "http.request":
                body += message["body"]
                if not message["more_body"]:
                    break
            else:
                return
        headers = [(b"content-length", b"%d" % len(body))]
        if scope["path"] == "/enough":
            status, headers = 413, [*headers, (b"connection", b"close")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Served:
    """The app behind the protocol, on a loop of its own as in production."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(30)

    async def _serve(self) -> None:
        self.app = App()
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        listener = await Listener.start(configure(self.app, graceful_s=1, http=Hurried), listen("127.0.0.1", 0))
        self.port = listener.port
        self._ready.set()
        await self._told.wait()
        await listener.close()

    def let_go(self) -> None:
        self._loop.call_soon_threadsafe(self.app.let_go.set)

    def connect(self, receive_bytes: int | None = None) -> socket.socket:
        made = socket.socket()
        made.settimeout(DEADLINE_S)
        if receive_bytes is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        made.connect(("127.0.0.1", self.port))
        return made

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._told.set)
        self._thread.join()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with closing(Served()) as served:
        yield served


def read(connection: socket.socket, until: bytes) -> bytes:
    received = b""
    while until not in received:
        part = connection.recv(65536)
        assert part, received
        received += part
    return received


def to_the_end(connection: socket.socket) -> bytes:
    """All that comes until the other side has closed, which it must within the socket's deadline."""
    received = b""
    try:
        while part := connection.recv(1_000_000):
            received += part
    except ConnectionResetError:
        pass
    return received


def send_for(connection: socket.socket, seconds: float) -> None:
    started_at = time.monotonic()
    while time.monotonic() - started_at < seconds:
        connection.sendall(b"b" * 10_000)
        time.sleep(0.01)


def statuses(received: bytes) -> list[int]:
    return [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]


def post(path: bytes, more: bytes, body: bytes = b"") -> bytes:
    return b"POST %s HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n%s" % (path, more, body)


@pytest.mark.parametrize("first", [post(b"/nope", b"Content-Length: 9"), PAGE, post(b"/echo", b"Content-Length: 0")])
@pytest.mark.parametrize("more", [b"x", b"\r\n", b"\r", b"GET / HTTP/1.1\r\nHo", b""])
def test_nothing_that_is_sent_after_an_answer_stops_the_clock(served: Served, first: bytes, more: bytes) -> None:
    with served.connect() as connection:
        connection.sendall(first)
        read(connection, b"\r\n\r\n")
        connection.sendall(more)
        to_the_end(connection)


def test_a_trickled_body_that_was_answered_is_cut_off(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(post(b"/nope", b"Content-Length: 100000"))
        read(connection, b"none")
        connection.settimeout(0.05)
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            try:
                connection.sendall(b"x")
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
        raise AssertionError("still open")


def test_who_is_still_sending_when_the_answer_ends_the_connection_gets_the_answer(served: Served) -> None:
    """A reset would reach it in the middle of its sending, and most clients and proxies then forget what they heard."""
    for _ in range(10):
        with served.connect() as connection:
            connection.sendall(post(b"/enough", b"Content-Length: 100000"))
            answer = read(connection, b"none")
            for _ in range(10):
                connection.sendall(b"b" * 10_000)
            assert statuses(answer + to_the_end(connection)) == [413]


def test_who_never_stops_sending_after_such_an_answer_is_cut_off(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(post(b"/enough", b"Content-Length: 3000000000"))
        assert statuses(to_the_end(connection)) == [413], "the answer ends at once, whatever is still sent"
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            send_for(connection, DEADLINE_S)


def test_a_body_that_follows_its_answer_in_time_keeps_the_connection(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(post(b"/nope", b"Content-Length: 9"))
        read(connection, b"none")
        connection.sendall(b"x" * 9 + post(b"/echo", b"Content-Length: 3", b"two"))
        assert read(connection, b"two").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "upgrade",
    [
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==",
        b"Upgrade: h2c",
        b"upgrade: a\r\nUPGRADE: b\r\nconnection: upgrade",
    ],
)
def test_a_wish_for_another_protocol_is_ignored_and_the_body_is_read(served: Served, upgrade: bytes) -> None:
    for framing, body in (
        (b"Content-Length: 5", b"storm"),
        (b"Transfer-Encoding: chunked", b"2\r\nst\r\n3\r\norm\r\n0\r\n\r\n"),
    ):
        whole = post(b"/echo", upgrade + b"\r\n" + framing, body)
        for cut in (len(whole), whole.index(b"\r\n\r\n") + 4, 40, len(whole) - 1):
            with served.connect() as connection:
                connection.sendall(whole[:cut])
                connection.sendall(whole[cut:] + whole + post(b"/echo", b"Content-Length: 4", b"last"))
                assert statuses(received := read(connection, b"last")) == [200, 200, 200]
                assert received.count(b"storm") == 2


def test_only_its_own_bytes_count_for_a_head(served: Served) -> None:
    one = post(b"/echo", b"Content-Length: 20000", b"b" * 20_000)
    with served.connect() as connection:
        for start in (0, 25):
            connection.sendall(one[start:] + one[:25])
            assert statuses(read(connection, b"b" * 20_000)) == [200]


def test_a_pipelined_head_is_bounded_too(served: Served) -> None:
    with served.connect() as connection:
        endless = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 30_000
        connection.sendall(post(b"/echo", b"Content-Length: 1", b"b") + endless)
        assert statuses(to_the_end(connection)) in ([200, 431], [200])


@pytest.mark.parametrize(
    "wrong",
    [
        post(b"/echo", b"Transfer-Encoding: chunked", b"zz\r\nab"),
        post(b"/echo", b"Transfer-Encoding: chunked", b"2\r\nab\r\n0\r\nContent-Length: 3\r\n\r\n"),
        post(b"/echo", b"Transfer-Encoding: xchunked", b"ab"),
        post(b"/echo", b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"abc"),
    ],
)
def test_what_breaks_in_a_body_is_answered(served: Served, wrong: bytes) -> None:
    for before, expected in ((b"", [400]), (post(b"/echo", b"Content-Length: 3", b"one"), [200, 400])):
        with served.connect() as connection:
            connection.sendall(before + wrong)
            received = to_the_end(connection)
            assert statuses(received) == expected
            assert b"application/problem+json" in received


def test_garbage_after_a_request_is_refused_once_that_was_answered(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(post(b"/echo", b"Content-Length: 3", b"one") + b"{garbage}\r\n\r\n")
        received = to_the_end(connection)
        assert statuses(received) == [200, 400]
        assert received.index(b"one") < received.index(b"problem+json")


def test_nothing_is_said_into_an_answer_that_was_given(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(post(b"/nope", b"Transfer-Encoding: chunked"))
        read(connection, b"none")
        connection.sendall(b"zz\r\n")
        assert to_the_end(connection) == b""


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nauthorization: y\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: x\r\nContent-Type: x\r\nContent-Length: 0\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_heads_that_can_be_read_in_two_ways_are_refused(served: Served, head: bytes) -> None:
    with served.connect() as connection:
        connection.sendall(head)
        received = to_the_end(connection)
    assert statuses(received) == [400]
    assert b"/problems/bad-request" in received


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("page", [PAGE, PAGE.replace(b"GET", b"PUT"), PAGE[:-2] + b"Content-Length: 0\r\n\r\n"])
def test_who_resets_amid_many_answers_makes_no_error(
    served: Served, page: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            connection = served.connect(receive_bytes=4096)
            connection.sendall(page * 80)
            connection.recv(1)
            reset(connection)
        with served.connect() as connection:
            connection.sendall(PAGE)
            read(connection, BIG)
    assert [record for record in caplog.records if record.name != "asyncio"] == []
    assert "Exception" not in caplog.text


def test_who_reads_nothing_is_cut_off(served: Served) -> None:
    with served.connect(receive_bytes=4096) as connection:
        connection.sendall(PAGE * 400)
        within(DEADLINE_S, lambda: connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET)


def test_who_reads_slowly_but_does_read_gets_everything(served: Served) -> None:
    with served.connect(receive_bytes=65_536) as connection:
        connection.sendall(PAGE * 200)
        received = 0
        while received < 200 * len(BIG):
            part = connection.recv(200_000)
            assert part
            received += len(part)
            time.sleep(0.01)


def test_few_requests_wait_behind_one_that_is_being_answered(served: Served) -> None:
    many = 5000
    served.app.let_go.clear()
    with served.connect() as connection:
        begun = served.app.begun
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        within(DEADLINE_S, lambda: served.app.begun == begun + 1)
        asked = b"GET / HTTP/1.1\r\nHost:a\r\n\r\n"
        connection.sendall(asked * many)
        within(DEADLINE_S, lambda: len(Hurried.latest.pipeline) > 0)
        assert len(Hurried.latest.pipeline) <= PIECE_BYTES // len(asked) + 1
        served.let_go()
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert statuses(to_the_end(connection)) == [404] * (many + 2)
        assert served.app.begun - begun == many + 2


def within(deadline_s: float, fact: Callable[[], bool]) -> None:
    until = time.monotonic() + deadline_s
    while not fact():
        assert time.monotonic() < until, "not true in time"
        time.sleep(0.005)


async def test_a_proxy_is_trusted_where_every_interface_of_both_families_is_listened_on() -> None:
    """On `::` the kernel calls 127.0.0.1 ::ffff:127.0.0.1, which is in no network of IPv4."""

    async def who(scope: Scope, receive: Receive, send: Send) -> None:
        told = scope["client"][0].encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": told})

    config = configure(who, graceful_s=1, trusted_proxies=("127.0.0.0/8",), http=AtOnceHttp)
    listener = await Listener.start(config, listen("::", 0))
    try:
        for said, address in ((b"", b"127.0.0.1"), (b"X-Forwarded-For: 11.0.0.1\r\n", b"11.0.0.1")):
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n" + said + b"\r\n")
            assert (await reader.read()).endswith(b"\r\n" + address + b"\r\n0\r\n\r\n")
            writer.close()
            await writer.wait_closed()
    finally:
        await listener.close()
