"""The opening request: the short way and the full parser agree; whoever sends something else is answered and gone."""

import asyncio
import logging
import re
import time
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Origin, Subprotocol

from service.store.embedded import EmbeddedStore
from tests.gateway.house import House, request
from tests.gateway.house import house as open_house
from workers.gateway import handshake
from workers.gateway.handshake import Opening, Refusal

PLAIN = request().decode()
LINE = "GET /v1/live?edition=en HTTP/1.1\r\n"
QUIET = logging.getLogger("quiet")

UPGRADES = {
    "plain": PLAIN,
    "lower-case names": PLAIN.replace("Upgrade: web", "upgrade: web").replace("Sec-W", "sec-w"),
    "upper-case values": PLAIN.replace("websocket\r", "WebSocket\r"),
    "several connection options": PLAIN.replace("Connection: Upgrade", "Connection: keep-alive, Upgrade"),
    "no space after colons": PLAIN.replace(": ", ":"),
    "spaces around values": PLAIN.replace(": websocket", ": \t websocket \t"),
    "a header twice": PLAIN.replace("Host:", "Via: 1.1 a\r\nVia: 1.1 b\r\nHost:"),
    "bytes beyond ASCII": PLAIN.replace("Host:", "Cookie: caf\u00e9\r\nHost:"),
    "no key": re.sub(r"Sec-WebSocket-Key.*\r\n", "", PLAIN),
    "two keys": PLAIN.replace("Host:", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nHost:"),
    "short key": PLAIN.replace("AAAAAAAA", "AAAA"),
    "bad key": PLAIN.replace("AAAAAAAA", "AAAA!AAA"),
    "no version": PLAIN.replace("Sec-WebSocket-Version: 13\r\n", ""),
    "wrong version": PLAIN.replace("Version: 13", "Version: 8"),
    "no connection": PLAIN.replace("Connection: Upgrade\r\n", ""),
    "wrong connection": PLAIN.replace("Connection: Upgrade", "Connection: not-upgrade"),
    "HTTP/1.0": PLAIN.replace("HTTP/1.1", "HTTP/1.0"),
    "HTTP/2.0": PLAIN.replace("HTTP/1.1", "HTTP/2.0"),
    "lower-case method": PLAIN.replace("GET", "get"),
    "folded header": PLAIN.replace("Host: news", "Host:\r\n news"),
    "space before colon": PLAIN.replace("Host:", "Host :"),
    "no colon": PLAIN.replace("Host:", "Host"),
    "a body": PLAIN.replace("Host:", "Content-Length: 5\r\nHost:"),
    "an empty body": PLAIN.replace("Host:", "Content-Length: 0\r\nHost:"),
    "two lengths": PLAIN.replace("Host:", "Content-Length: 0\r\nContent-Length: 5\r\nHost:"),
    "chunks": PLAIN.replace("Host:", "Transfer-Encoding: chunked\r\nHost:"),
    "too many headers": PLAIN.replace("Host:", "".join(f"X-{n}: 1\r\n" for n in range(130)) + "Host:"),
    "many headers": PLAIN.replace("Host:", "".join(f"X-{n}: 1\r\n" for n in range(110)) + "Host:"),
    "a NUL": PLAIN.replace("news.example", "news\0example"),
    "two spaces": PLAIN.replace("GET ", "GET  "),
    "a bare line end": PLAIN.replace("Host:", "X: 1\nHost:"),
}


def agrees(raw: bytes) -> None:
    """We open a WebSocket exactly where the full implementation does, and answer everything."""
    reference = ServerProtocol(logger=QUIET)
    reference.receive_data(raw)
    events = reference.events_received()
    response = reference.accept(cast(Request, events[0])) if events else None
    opening = handshake.read(raw, ())
    if isinstance(opening, Opening):
        if opening.encoding == "websocket":
            assert response is not None
            assert response.status_code == 101
            assert response.headers["Sec-WebSocket-Accept"].encode() in opening.reply
    else:
        assert re.match(rb"HTTP/1\.1 [2345]\d\d ", opening.reply)
        assert response is None or response.status_code != 101 or b"404" in opening.reply[:13]


@pytest.mark.parametrize("head", UPGRADES.values(), ids=UPGRADES.keys())
def test_we_open_a_websocket_exactly_where_the_full_implementation_does(head: str) -> None:
    agrees(head.encode("latin-1"))


@given(st.lists(st.tuples(st.integers(0, len(PLAIN) - 5), st.integers(0, 12), st.binary(max_size=12)), max_size=3))
def test_we_agree_on_requests_that_nobody_would_write(changes: list[tuple[int, int, bytes]]) -> None:
    raw = request()[:-4]
    for at, dropped, put in changes:
        raw = raw[:at] + put + raw[at + dropped :]
    agrees(raw.replace(b"\r\n\r\n", b"\r\n") + b"\r\n\r\n")


@given(st.binary(max_size=300))
def test_whatever_a_request_is_it_gets_an_answer(raw: bytes) -> None:
    agrees(raw.replace(b"\r\n\r\n", b"") + b"\r\n\r\n")


NAMES = st.sampled_from(["Host", "host", "X-A", "Upgrade", "a b", "", ":", "Sec-WebSocket-Key", "caf\u00e9", "x" * 65])
VALUES = st.text(st.sampled_from("aZ9,= \t:/\u00e9\0\r\n"), max_size=8)
ENDS = st.sampled_from(["\r\n"] * 8 + ["\n", "\r", "\r\n ", ""])
FIELDS = st.tuples(NAMES, st.sampled_from([":", ": ", ":\t ", " :", ""]), VALUES, ENDS).map("".join)


@given(st.sampled_from(["", " ", "X", "\n"]), st.lists(FIELDS, max_size=6))
def test_what_is_read_the_short_way_the_full_parser_reads_as_the_same(before: str, fields: list[str]) -> None:
    head = f"{LINE}{before}{''.join(fields)}".replace("\r\n\r\n", "\r\n").removesuffix("\r\n") + "\r\n\r\n"
    short = handshake._plain(head.encode("latin-1"))
    if short is not None:
        full = handshake._by_the_book(head.encode("latin-1"))
        assert not isinstance(full, Refusal)
        assert (short.method, short.target, short.headers) == (full.method, full.target, full.headers)


def test_a_browser_is_read_the_short_way() -> None:
    fields = "User-Agent: Mozilla/5.0 (X11)\r\nPragma: no-cache\r\nCookie: a=b; c=\r\nX-Empty:\r\n"
    short = handshake._plain(request(headers=fields))
    assert short is not None
    assert short.headers[b"cookie"] == b"a=b; c="
    assert short.headers[b"x-empty"] == b""


ANSWERS = [
    ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404, "problem+json"),
    ("GET /v1/live/?edition=en HTTP/1.1\r\nHost: x\r\n\r\n", 404, "problem+json"),
    ("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", 404, "problem+json"),
    (
        "POST /v1/live?edition=en HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        405,
        "Allow: GET, HEAD, OPTIONS",
    ),
    ("DELETE /v1/live?edition=en HTTP/1.1\r\nHost: x\r\n\r\n", 405, "Allow: GET, HEAD, OPTIONS"),
    ("OPTIONS /v1/live?edition=en HTTP/1.1\r\nHost: x\r\n\r\n", 204, "Access-Control-Allow-Methods: GET"),
    ("HEAD /v1/live?edition=en HTTP/1.1\r\nHost: x\r\n\r\n", 200, "Content-Type: text/event-stream"),
    ("HEAD /v1/live HTTP/1.1\r\nHost: x\r\n\r\n", 400, "problem+json"),
    ("GET /v1/live?edition=en HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 400, "problem+json"),
    ("GET /v1/live?edition=en HTTP/1.1\r\nHost: x\r\n\r\nmore", 400, "problem+json"),
    (f"{PLAIN}\x81\x80\0\0\0\0", 400, "problem+json"),
    ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "problem+json"),
    ("\0" * 20, 400, "problem+json"),
    ("\r\n\r\n", 400, "problem+json"),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, ""),
    ("hello\r\n\r\n", 400, ""),
    (f"{LINE}X: {'a' * 8192}\r\n\r\n", 431, "problem+json"),
    (f"{LINE}{'X' * 9000}", 431, "problem+json"),
]


@pytest.mark.parametrize(("raw", "status", "says"), ANSWERS)
async def test_what_is_no_stream_is_answered_and_ended(shared: House, raw: str, status: int, says: str) -> None:
    reader = await shared.knock(raw.encode("latin-1"))
    await reader.read_head()
    assert (reader.status, says in reader.head.decode()) == (status, True)
    body = await reader.rest()
    length = re.search(rb"Content-Length: (\d+)", reader.head)
    if raw.startswith("HEAD"):
        assert body == b""
    elif length:
        assert len(body) == int(length[1])


async def test_a_head_of_exactly_the_limit_is_read_and_one_byte_more_is_not(shared: House) -> None:
    limit = shared.settings.handshake_max_bytes
    for more, status in ((0, 101), (1, 431)):
        filler = f"X: {'a' * (limit - len(PLAIN) - 5 + more)}\r\n"
        raw = request(headers=filler)
        assert len(raw) == limit + more
        reader = await shared.knock(raw)
        await reader.read_head()
        assert reader.status == status


async def test_a_request_that_comes_byte_by_byte_is_read(shared: House) -> None:
    reader = await shared.knock()
    for byte in request():
        await reader.send(bytes([byte]))
        await asyncio.sleep(0)
    await reader.read_head()
    assert (await reader.next())["type"] == "snapshot"


async def test_half_a_handshake_is_ended_at_its_deadline(server: EmbeddedStore) -> None:
    async with open_house(server, handshake_timeout_s=0.5) as house:
        started_s = time.monotonic()
        readers = [await house.knock(begun) for begun in (b"", b"GET", LINE.encode(), request()[:-2])]
        assert [await reader.rest() for reader in readers] == [b""] * 4
        assert time.monotonic() - started_s > 0.4


async def test_one_byte_now_and_then_does_not_put_the_deadline_off(server: EmbeddedStore) -> None:
    async with open_house(server, handshake_timeout_s=0.5) as house:
        reader = await house.knock(LINE.encode())

        async def drip() -> None:
            while True:
                await reader.send(b"a")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        assert await reader.rest() == b""
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)


@pytest.mark.parametrize("cut", [0, 1, 40, len(PLAIN) - 1, len(PLAIN)])
async def test_whoever_leaves_in_the_middle_leaves_nothing_behind(shared: House, cut: int) -> None:
    reader = await shared.knock(request()[:cut])
    reader.close()
    await shared.settled(shared.readers_inside)


UNUSUAL = "Via: 1.1 a\r\nVia: 1.1 b\r\n"


@pytest.mark.parametrize("unusual", ["", UNUSUAL])
async def test_only_listed_origins_may_read_where_there_is_a_list(server: EmbeddedStore, unusual: str) -> None:
    async with open_house(server, origins=("https://news.example",)) as house:
        for headers, admitted in (
            ("", True),
            ("Origin: https://news.example\r\n", True),
            ("Origin: https://news.example.org\r\n", False),
            ("Origin: null\r\n", False),
            ("Origin: https://news.example\r\nOrigin: https://other.example\r\n", False),
        ):
            for upgrade in (True, False):
                reader = await house.refused("edition=en", upgrade=upgrade, headers=unusual + headers)
                assert reader.status == ((101 if upgrade else 200) if admitted else 403)


@pytest.mark.parametrize("unusual", ["", UNUSUAL])
async def test_in_production_a_stream_is_opened_under_our_own_names_alone(server: EmbeddedStore, unusual: str) -> None:
    async with open_house(server, environment="production", live_url="wss://news.example") as house:
        for host, admitted in (("news.example", True), ("127.0.0.1:8001", True), ("other.example", False)):
            for upgrade in (True, False):
                head = request("edition=en", upgrade, unusual).replace(b"news.example", host.encode())
                reader = await house.knock(head)
                await reader.read_head()
                assert reader.status == ((101 if upgrade else 200) if admitted else 421)


@pytest.mark.parametrize("unusual", ["", UNUSUAL])
async def test_compression_that_is_offered_is_not_taken(shared: House, unusual: str) -> None:
    """Each socket would keep tens of kilobytes for it."""
    offered = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    reader = await shared.websocket(headers=unusual + offered)
    assert b"extensions" not in reader.head.lower()
    assert (await reader.next())["type"] == "snapshot"


@pytest.mark.parametrize("unusual", ["", UNUSUAL])
async def test_the_subprotocol_is_taken_where_it_is_offered(shared: House, unusual: str) -> None:
    for offered, taken in (("flashwire.v1", True), ("chat, flashwire.v1", True), ("chat", False)):
        reader = await shared.websocket(headers=f"{unusual}Sec-WebSocket-Protocol: {offered}\r\n")
        assert (b"Sec-WebSocket-Protocol: flashwire.v1" in reader.head) == taken
        assert (await reader.next())["type"] == "snapshot"


@pytest.mark.parametrize(
    "headers",
    [
        "Cookie: a=1\r\nCookie: b=2\r\n",
        "Cookie: caf\u00e9\r\n",
        "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n",
        "Content-Length: 0\r\n",
    ],
)
async def test_an_event_stream_asked_for_in_an_unusual_way_is_opened(shared: House, headers: str) -> None:
    reader = await shared.sse(headers=headers)
    first = await reader.next()
    assert (first["type"], len(reader.retry_ms)) == ("snapshot", 1)
    for expected in ("Cache-Control: no-store", "Access-Control-Allow-Origin: *", "text/event-stream"):
        assert expected in reader.head.decode()


async def test_an_event_stream_through_a_proxy_that_speaks_http_1_0_is_opened(shared: House) -> None:
    reader = await shared.knock(request(upgrade=False).replace(b"HTTP/1.1", b"HTTP/1.0"))
    await reader.read_head()
    assert (await reader.next())["type"] == "snapshot"


async def test_the_websockets_client_reads_and_closes(shared: House) -> None:
    url = f"ws://127.0.0.1:{shared.settings.gateway_port}/v1/live?edition=en"
    async with connect(url, origin=Origin("https://any.example"), subprotocols=[Subprotocol("flashwire.v1")]) as client:
        assert client.subprotocol == "flashwire.v1"
        assert '"snapshot"' in str(await client.recv())
        await (await client.ping())
    assert (client.close_code, client.close_reason) == (1000, "")
    await shared.settled(shared.readers_inside)
