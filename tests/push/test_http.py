"""What became of a request: answered, surely not sent, or in doubt; against a true HTTP/2 server and broken ones."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from h2.errors import ErrorCodes

from service.domain.outcome import Lost, NotSent
from tests.push import certificates
from tests.push.certificates import Certificates
from tests.push.h2_server import Act, Answer, Cut, Decide, GoAway, H2Server, Request, Reset, serving
from tests.stores import until
from workers.push import http
from workers.push.http import ANSWER_MAX_BYTES, Http, Window, retry_after_s

TIMEOUT_S = 2.0
SECRET = "a-token-that-must-not-be-told"


@contextlib.asynccontextmanager
async def client(trusted: Certificates, *, only_http2: bool = True) -> AsyncIterator[Http]:
    made = Http(TIMEOUT_S, trusted.authorities(), only_http2=only_http2)
    try:
        yield made
    finally:
        await made.close()


def always(act: Act) -> Decide:
    async def decide(_: Request) -> Act:
        return act

    return decide


async def never(_: Request) -> Act:
    await asyncio.Event().wait()
    raise AssertionError


async def post(http: Http, server: H2Server) -> http.Answer | NotSent | Lost:
    return await http.post(f"{server.url}/{SECRET}", (("x-name", "value"),), b"body")


@pytest.mark.parametrize("only_http2", [True, False])
async def test_a_request_is_carried_and_its_answer_brought_back(trusted: Certificates, only_http2: bool) -> None:
    async with serving(trusted, always(Answer(201, b"made"))) as server, client(trusted, only_http2=only_http2) as ours:
        assert await post(ours, server) == http.Answer(201, b"made")
        (request,) = server.requests
        assert (request.method, request.path, request.body) == ("POST", f"/{SECRET}", b"body")
        assert request.headers["x-name"] == "value"


async def test_a_redirect_is_an_answer_and_is_not_followed(trusted: Certificates) -> None:
    async with serving(trusted, always(Answer(200))) as elsewhere, client(trusted) as ours:
        redirect = Answer(307, headers={"location": f"{elsewhere.url}/inside"})
        async with serving(trusted, always(redirect)) as server:
            assert await post(ours, server) == http.Answer(307, b"")
        assert elsewhere.connections == 0


async def test_no_proxy_of_the_environment_is_heeded(trusted: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        async with serving(trusted, always(Answer())) as server, client(trusted) as ours:
            assert await post(ours, server) == http.Answer(200, b"")
        proxy.settimeout(0)
        with pytest.raises(BlockingIOError):
            proxy.accept()


async def test_of_a_long_answer_only_the_beginning_is_read(trusted: Certificates) -> None:
    async with serving(trusted, always(Answer(400, b"z" * 16_000))) as server, client(trusted) as ours:
        answer = await post(ours, server)
        assert isinstance(answer, http.Answer)
        assert 0 < len(answer.body) <= ANSWER_MAX_BYTES


async def test_a_server_that_is_silent_leaves_the_request_in_doubt(trusted: Certificates) -> None:
    async with serving(trusted, never) as server, client(trusted) as ours:
        assert await post(ours, server) == Lost("operation timed out")


@pytest.mark.parametrize(
    "act",
    [Reset(ErrorCodes.INTERNAL_ERROR), Reset(ErrorCodes.CANCEL), Cut(), GoAway(None, Cut())],
    ids=["reset", "canceled", "cut", "named by the good-bye, then cut"],
)
async def test_what_ends_after_the_request_had_arrived_is_in_doubt(trusted: Certificates, act: Act) -> None:
    async with serving(trusted, always(act)) as server, client(trusted) as ours:
        found = await post(ours, server)
        assert isinstance(found, Lost)
        assert len(server.requests) == 1
        assert SECRET not in found.why


@pytest.mark.parametrize("act", [Reset(ErrorCodes.REFUSED_STREAM), GoAway(0)], ids=["refused", "beyond the good-bye"])
async def test_what_the_server_vouches_not_to_have_touched_is_not_sent(trusted: Certificates, act: Act) -> None:
    async with serving(trusted, always(act)) as server, client(trusted) as ours:
        found = await post(ours, server)
        assert isinstance(found, NotSent)
        assert SECRET not in found.why


async def test_after_a_good_bye_the_answers_still_come_and_the_next_request_takes_a_new_connection(
    trusted: Certificates,
) -> None:
    async with serving(trusted, always(GoAway(None, Answer(200, b"last")))) as server, client(trusted) as ours:
        assert await post(ours, server) == http.Answer(200, b"last")
        server.decide = always(Answer())
        assert await post(ours, server) == http.Answer(200, b"")
        assert [request.connection for request in server.requests] == [1, 2]


async def test_an_idle_connection_that_says_good_bye_costs_nothing(trusted: Certificates) -> None:
    async with serving(trusted, always(Answer())) as server, client(trusted) as ours:
        await post(ours, server)
        for connection in server.live:
            connection.go_away()
        assert await post(ours, server) == http.Answer(200, b"")


@pytest.mark.parametrize(("served_each", "unsent_most"), [(100, 0), (20, 300)])
async def test_good_byes_in_the_middle_of_a_burst_lose_nothing_and_double_nothing(
    trusted: Certificates, served_each: int, unsent_most: int
) -> None:
    """Apple does so whenever it likes: what lies beyond the named stream is sent anew, and nothing else is. From a
    server that does nothing else but say good-bye, some come back as not sent, and those it has not seen to."""
    on_connection: Counter[int] = Counter()

    async def decide(request: Request) -> Act:
        on_connection[request.connection] += 1
        done = Answer(200, request.body)
        return GoAway(None, done) if on_connection[request.connection] == served_each else done

    async with serving(trusted, decide) as server, client(trusted) as ours:
        bodies = [b"%d" % number for number in range(300)]
        answers = await asyncio.gather(*(ours.post(server.url, (), body) for body in bodies))
        served = Counter(request.body for request in server.requests)
        for body, answer in zip(bodies, answers, strict=True):
            assert (answer == http.Answer(200, body) and served[body] == 1) or (
                isinstance(answer, NotSent) and served[body] == 0
            )
        assert len(bodies) - len(served) <= unsent_most
        assert server.connections >= 3


async def test_a_push_service_that_speaks_only_http_1_1_is_spoken_to(trusted: Certificates) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(4) == b"body"
        assert head.startswith(b"POST /")
        writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\nretry-after: 3\r\nconnection: close\r\n\r\ndone")
        writer.close()

    shown = trusted.server()
    shown.set_alpn_protocols(["http/1.1"])
    listener = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=shown)
    async with listener, client(trusted, only_http2=False) as ours:
        port = listener.sockets[0].getsockname()[1]
        assert await ours.post(f"https://localhost:{port}/x", (), b"body") == http.Answer(201, b"done", 3.0)


async def test_a_burst_on_a_cold_client_opens_one_connection_and_keeps_to_the_limit_of_streams(
    trusted: Certificates,
) -> None:
    async def slowly(_: Request) -> Act:
        await asyncio.sleep(0.005)
        return Answer()

    for only_http2 in (True, False):
        async with (
            serving(trusted, slowly, streams_max=10) as server,
            client(trusted, only_http2=only_http2) as ours,
        ):
            answers = await asyncio.gather(*(post(ours, server) for _ in range(100)))
            assert answers == [http.Answer(200, b"")] * 100
            assert server.connections == 1
            assert server.open_streams_max <= 10


async def test_a_limit_of_streams_that_falls_in_the_middle_is_kept(trusted: Certificates) -> None:
    released = asyncio.Event()

    async def held(_: Request) -> Act:
        await released.wait()
        return Answer()

    async with serving(trusted, always(Answer())) as server, client(trusted) as ours:
        await post(ours, server)
        for connection in server.live:
            connection.limit(3)
        await post(ours, server)  # by its answer the new limit is known
        server.decide, server.open_streams_max = held, 0
        posting = asyncio.gather(*(post(ours, server) for _ in range(30)))
        await until(lambda: server.open_streams_max >= 3)
        await asyncio.sleep(0.1)  # in which more could come
        released.set()
        assert await posting == [http.Answer(200, b"")] * 30
        assert server.open_streams_max == 3


async def test_nothing_is_sent_where_nobody_listens(trusted: Certificates) -> None:
    async with client(trusted) as ours:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        found = await ours.post(f"https://127.0.0.1:{port}/{SECRET}", (), b"")
        assert isinstance(found, NotSent)
        assert "refused" in found.why
        assert SECRET not in found.why


async def test_nothing_is_sent_to_a_name_that_does_not_exist(trusted: Certificates) -> None:
    async with client(trusted) as ours:
        assert isinstance(await ours.post(f"https://nowhere.invalid/{SECRET}", (), b""), NotSent)


async def test_nothing_is_sent_without_tls(trusted: Certificates) -> None:
    async with serving(trusted, always(Answer())) as server, client(trusted) as ours:
        found = await ours.post(f"http://localhost:{server.port}/{SECRET}", (), b"")
        assert isinstance(found, NotSent)
        assert SECRET not in found.why
        assert server.connections == 0


async def test_nothing_is_sent_to_a_server_with_a_foreign_certificate(trusted: Certificates, tmp_path: Path) -> None:
    foreign = certificates.make(tmp_path, "localhost")
    async with serving(foreign, always(Answer())) as server, client(trusted) as ours:
        assert isinstance(await post(ours, server), NotSent)
        assert server.requests == []


async def test_a_server_that_accepts_and_says_nothing_gets_nothing(trusted: Certificates) -> None:
    with socket.create_server(("localhost", 0)) as mute:
        async with client(trusted) as ours:
            found = await ours.post(f"https://localhost:{mute.getsockname()[1]}/", (), b"")
            assert isinstance(found, NotSent)


async def test_those_who_wait_for_a_first_connection_wait_as_long_as_one_request_may_take(
    trusted: Certificates,
) -> None:
    async with serving(trusted, never) as server, client(trusted) as ours:
        found = await asyncio.wait_for(asyncio.gather(*(post(ours, server) for _ in range(50))), 1.5 * TIMEOUT_S)
        assert len(server.requests) <= 2
        assert sum(isinstance(one, NotSent) for one in found) >= 48


async def test_a_checked_address_is_used_whatever_the_name_says(trusted: Certificates) -> None:
    async with serving(trusted, always(Answer())) as server:
        ours = Http(TIMEOUT_S, trusted.authorities(), address=("push.example.test", "127.0.0.1", server.port))
        answer = await ours.post(f"https://push.example.test:{server.port}/", (), b"")
        await ours.close()
        assert answer == http.Answer(200, b"")
        assert server.requests[0].authority == f"push.example.test:{server.port}"


async def test_a_full_window_is_waited_for_but_not_for_long() -> None:
    window = Window(2, 0.05)
    assert await window.enter() is not None
    assert await window.enter() is not None
    assert await window.enter() is None
    window.leave()
    assert await window.enter() is not None


async def test_what_has_waited_too_long_is_not_sent_any_more(trusted: Certificates) -> None:
    async with serving(trusted, always(Answer())) as server, client(trusted) as ours:
        almost_now_s = asyncio.get_running_loop().time() + 0.1 * TIMEOUT_S
        assert isinstance(await ours.post(server.url, (), b"", almost_now_s), NotSent)
        assert server.connections == 0


async def test_time_spent_waiting_is_taken_from_the_requests_own(trusted: Certificates) -> None:
    async with serving(trusted, always(Answer())) as server, client(trusted) as ours:
        await post(ours, server)
        server.decide = never
        begun_s = asyncio.get_running_loop().time()
        assert isinstance(await ours.post(server.url, (), b"", begun_s + 0.3 * TIMEOUT_S), Lost)
        assert asyncio.get_running_loop().time() - begun_s < 0.8 * TIMEOUT_S


NOW_S = 1_794_997_600.0  # 2026-11-18T10:26:40Z


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("999999999", 86_400.0),
        ("Wed, 18 Nov 2026 10:27:40 GMT", 60.0),
        ("Wed, 18 Nov 2026 10:27:40 -0000", 60.0),
        ("Wed, 18 Nov 2026 09:00:00 GMT", 0.0),
        ("Fri, 18 Nov 2099 09:00:00 GMT", 86_400.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        ("Wed, 99 Nov 2026 10:27:40 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, seconds: float | None) -> None:
    assert retry_after_s(said, NOW_S) == seconds
