"""What a reader asks for, and what it gets first (contract §5)."""

import asyncio
import time

import pytest

from service.ids import new_epoch
from service.store.embedded import EmbeddedStore
from tests.gateway.house import House
from tests.gateway.house import house as open_house
from tests.gateway.reader import epoch, headlines, place
from tests.stores import BUSY_S

BAD = [
    ("", 4400, 400),
    ("limit=5", 4400, 400),
    ("edition=", 4400, 400),
    ("edition=xx", 4404, 404),
    ("edition=en%3Aexercise", 4404, 404),
    ("edition=%E4%B8%AD%E4%B8%AD" + "%F0%9F%8C%8A" * 60, 4404, 404),
    ("edition=%00%ff%22", 4404, 404),
    *((f"edition=en&limit={limit}", 4400, 400) for limit in ("0", "101", "-1", "1.5", "", "ten", "%D9%A3", "1000")),
    ("edition=en&exercise=2", 4400, 400),
    ("edition=en&exercise=yes", 4400, 400),
]


@pytest.mark.parametrize(("query", "code", "status"), BAD)
async def test_a_bad_query_is_told_by_a_close_code_or_a_status(
    shared: House, query: str, code: int, status: int
) -> None:
    websocket = await shared.websocket(query)
    messages, ended = await websocket.end()
    assert (messages, ended.code) == ([], code)
    event_stream = await shared.refused(query, upgrade=False)
    assert event_stream.status == status
    assert b"application/problem+json" in event_stream.head
    assert b"Access-Control-Allow-Origin: *" in event_stream.head
    assert b'"status":%d' % status in await event_stream.rest()


@pytest.mark.parametrize("unknown", ["&color=blue", "&&&", "&=", "&after", "&limit=7&limit=10", "&%65dition=xx"])
async def test_unknown_parameters_are_passed_over(shared: House, unknown: str) -> None:
    reader = await shared.websocket(f"edition=en{unknown}")
    assert (await reader.next())["reason"] == "cold"


async def test_a_cold_reader_gets_the_newest_first_and_as_many_as_it_asked_for(house: House) -> None:
    for number in range(4):
        await house.post(f"Ferry {number} leaves")
    await until_it_is_there(house, 4)
    for reader in (await house.websocket("edition=en&limit=3"), await house.sse("edition=en&limit=3")):
        snapshot = await reader.next()
        assert (snapshot["type"], snapshot["reason"], place(snapshot)) == ("snapshot", "cold", 4)
        assert [alert["headline"] for alert in snapshot["alerts"]] == [f"Ferry {number} leaves" for number in (3, 2, 1)]


async def until_it_is_there(house: House, offset: int, edition: str = "en") -> str:
    """Until this gateway serves `offset`; the wire's epoch."""
    reader = await house.websocket(f"edition={edition}&after=none")
    first = await reader.next()
    if place(first) < offset:
        await reader.until(offset)
    reader.close()
    return epoch(first)


@pytest.mark.parametrize(
    "after", ["1", "%00", "a:b", ":", "x:99999999999999999", "k%3A-1", "%F0%9F%8C%8A:1", "a" * 900]
)
async def test_a_malformed_or_foreign_cursor_gets_a_snapshot_of_this_epoch(shared: House, after: str) -> None:
    await until_it_is_there(shared, 1)
    for reader in (
        await shared.websocket(f"edition=en&after={after}"),
        await shared.sse(f"edition=en&after={after}"),
        await shared.websocket(f"edition=en&after={new_epoch()}:1"),
    ):
        first = await reader.next()
        assert (first["type"], first["reason"], len(first["alerts"])) == ("snapshot", "epoch", 1)


async def test_a_cursor_on_the_wire_is_resumed_with_the_exact_suffix(house: House) -> None:
    for number in range(6):
        await house.post(f"Train {number} arrives")
    life = await until_it_is_there(house, 6)
    for after in range(7):
        for reader in (
            await house.websocket(f"edition=en&after={life}:{after}"),
            await house.sse("edition=en&after=nonsense", headers=f"Last-Event-ID: {life}:{after}\r\n"),
        ):
            first = await reader.next()
            assert first["type"] == "resumed"
            assert (first["cursor"], first["replayed"]) == (f"{life}:{after}", 6 - after)
            came = [await reader.next() for _ in range(6 - after)]
            assert [place(message) for message in came] == list(range(after + 1, 7))
            assert headlines(came) == [f"Train {number} arrives" for number in range(after, 6)]


async def test_a_cursor_before_the_wire_begins_gets_the_whole_state(server: EmbeddedStore) -> None:
    async with open_house(server, wire_max_revisions=10) as house:
        for number in range(15):
            await house.post(f"Lake {number} freezes")
        life = await until_it_is_there(house, 15)
        trimmed = await (await house.websocket(f"edition=en&after={life}:4&limit=20")).next()
        assert (trimmed["type"], trimmed["reason"], place(trimmed)) == ("snapshot", "trimmed", 15)
        whole = await house.websocket(f"edition=en&after={life}:5")
        assert (await whole.next())["replayed"] == 10
        assert [place(await whole.next()) for _ in range(10)] == list(range(6, 16))


async def test_a_cursor_ahead_of_the_tail_waits_half_a_second_and_then_gets_a_snapshot(house: House) -> None:
    await house.post("Snow falls")
    life = await until_it_is_there(house, 1)
    started_s = time.monotonic()
    readers = [
        await house.knock(f"GET /v1/live?edition=en&after={life}:9 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        for _ in range(3)
    ]
    for reader in readers:
        await reader.read_head()
        first = await reader.next()
        assert (first["reason"], place(first)) == ("ahead", 1)
    assert 0.45 < time.monotonic() - started_s < 2 + BUSY_S


async def test_a_cursor_ahead_of_the_tail_is_resumed_when_the_tail_catches_up(server: EmbeddedStore) -> None:
    async with open_house(server, ahead_wait_ms=10_000) as house:
        await house.post("Snow falls")
        life = await until_it_is_there(house, 1)
        reader = await house.knock(f"GET /v1/live?edition=en&after={life}:3 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        left = await house.knock(f"GET /v1/live?edition=en&after={life}:3 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await asyncio.sleep(0.05)
        left.close()
        for number in range(3):
            await house.post(f"Snow {number} melts")
        await reader.read_head()
        first = await reader.next()
        assert (first["type"], first["cursor"]) == ("resumed", f"{life}:3")
        assert place((await reader.until(4))[-1]) == 4


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_drills_reach_test_keys_and_nobody_else(house: House, scheme: str) -> None:
    test_key, live_key = await house.key(test=True), await house.key(test=False)
    allowed = f"Authorization: {scheme} {test_key}\r\n"
    drills = [
        await house.websocket("edition=en&exercise=1", headers=allowed),
        await house.sse("edition=en&exercise=1", headers=allowed),
    ]
    public = [await house.websocket(), await house.sse(), await house.websocket("edition=en", headers=allowed)]
    for reader in (*drills, *public):
        assert (await reader.next())["alerts"] == []
    drill = await house.post("Drill: the dam holds", drill=True)
    for reader in drills:
        message = await reader.next()
        assert (message["alert"]["status"], message["cursor"]) == ("Exercise", drill.cursor)
    await house.post("Harbour opens")
    for reader in public:
        assert (await reader.next())["alert"]["headline"] == "Harbour opens"
    for wrong, status in (
        ("", 401), (f"Authorization: Bearer {test_key}x\r\n", 401), (f"Authorization: Basic {test_key}\r\n", 401),
        (f"Authorization: Bearer {live_key}\r\n", 403),
    ):  # fmt: skip
        _, ended = await (await house.websocket("edition=en&exercise=1", headers=wrong)).end()
        assert ended.code == 4000 + status
        event_stream = await house.refused("edition=en&exercise=1", upgrade=False, headers=wrong)
        assert event_stream.status == status


async def test_an_exercise_stream_whose_key_cannot_be_looked_up_is_told_to_come_back(house: House) -> None:
    key = await house.key(test=True)
    house.server.kill()
    reader = await house.refused("edition=en&exercise=1", headers=f"Authorization: Bearer {key}\r\n")
    assert reader.status == 503
    assert b"Retry-After: 3" in reader.head
