"""Exercise streams: a test key opens them, or one ticket each; they resume like any other; they end with their key."""

import asyncio
import json
import os
import signal
from typing import Any, cast

import pytest

from service.clock import now_ms
from service.store import access, tickets
from service.store.access import IssuedKey
from service.store.embedded import EmbeddedStore
from tests.gateway.house import STALE_SOON, House, request
from tests.gateway.house import house as open_house
from tests.gateway.reader import Ended, Reader, headlines, place
from tests.stores import BUSY_S, until
from workers.gateway import handshake
from workers.gateway.door import KEYS_ASKED_MAX
from workers.gateway.drills import LOOK_EVERY_S

DRILLS = "edition=en&exercise=1"


async def key_of(house: House, *, test: bool = True) -> IssuedKey:
    return await access.create(house.store, "a tester", "editor", test, now_ms())


async def ticket_of(house: House, key: IssuedKey) -> str:
    known = await access.verify(house.store, key.key, now_ms())
    assert known is not None
    return (await tickets.issue(house.store, known, 100, now_ms())).ticket


def bearing(key: IssuedKey) -> str:
    return f"Authorization: Bearer {key.key}\r\n"


async def code_of(house: House, query: str, headers: str = "") -> int | None:
    """The code that a WebSocket of this query is closed with before it is told anything."""
    told, ended = await (await house.websocket(query, headers=headers)).end()
    assert told == []
    return ended.code


async def until_told(house: House, reader: Reader, headline: str) -> None:
    while True:
        message = await reader.next()
        if message.get("alert", {}).get("headline") == headline:
            return


@pytest.mark.parametrize("upgrade", [True, False])
async def test_a_ticket_opens_one_stream_and_no_second(house: House, upgrade: bool) -> None:
    query = f"{DRILLS}&ticket={await ticket_of(house, await key_of(house))}"
    reader = await (house.websocket(query) if upgrade else house.sse(query))
    assert (await reader.next())["type"] == "snapshot"
    drill = await house.post("Drill: the dam holds", drill=True)
    assert (await reader.next())["cursor"] == drill.cursor
    assert await code_of(house, query) == 4401
    refused = await house.refused(query, upgrade=False)
    problem = json.loads(await refused.rest())
    assert (refused.status, problem["type"]) == (401, "/problems/unauthorized")
    assert "unknown, used or expired" in problem["detail"]


async def test_of_many_who_bring_the_same_ticket_at_once_one_is_let_in(house: House) -> None:
    query = f"{DRILLS}&ticket={await ticket_of(house, await key_of(house))}"
    readers = await asyncio.gather(*(house.websocket(query) for _ in range(12)))

    async def first(reader: Reader) -> Any:
        try:
            return (await reader.next())["type"]
        except Ended as ended:
            return ended.code

    assert sorted(map(str, await asyncio.gather(*map(first, readers)))) == [*["4401"] * 11, "snapshot"]


async def test_a_ticket_that_is_unknown_expired_or_not_of_a_test_key_opens_nothing(house: House) -> None:
    key = await key_of(house)
    expired = await ticket_of(house, key)
    (name,) = [name async for name in cast(Any, house.store).scan_iter("ticket:*")]
    await cast(Any, house.store).pexpire(name, 1)
    await until(lambda: gone(house, name))
    live = await ticket_of(house, await key_of(house, test=False))
    for ticket in (expired, "fwt_" + "0" * 40, "fwt_short", key.key):
        assert await code_of(house, f"{DRILLS}&ticket={ticket}") == 4401
    assert (await house.refused(f"{DRILLS}&ticket={expired}", upgrade=False)).status == 401
    assert await code_of(house, f"{DRILLS}&ticket={live}") == 4403
    assert await code_of(house, f"{DRILLS}&ticket={live}") == 4401, "it was used up"
    spent = await ticket_of(house, await key_of(house, test=False))
    assert (await house.refused(f"{DRILLS}&ticket={spent}", upgrade=False)).status == 403


async def gone(house: House, name: bytes) -> bool:
    return await house.store.get(name.decode()) is None


async def test_a_ticket_of_a_key_that_was_revoked_since_opens_nothing(house: House) -> None:
    key = await key_of(house)
    ticket = await ticket_of(house, key)
    await access.revoke(house.store, key.id, now_ms())
    assert await code_of(house, f"{DRILLS}&ticket={ticket}") == 4401


async def test_a_ticket_is_left_alone_where_none_is_needed(house: House) -> None:
    key = await key_of(house)
    ticket = await ticket_of(house, key)
    assert (await (await house.websocket(f"edition=en&ticket={ticket}")).next())["type"] == "snapshot"
    reader = await house.websocket(f"{DRILLS}&ticket={ticket}", headers=bearing(key))
    assert (await reader.next())["type"] == "snapshot"
    assert (await (await house.websocket(f"{DRILLS}&ticket={ticket}")).next())["type"] == "snapshot"


def test_an_address_with_a_ticket_is_not_remembered() -> None:
    before = handshake._known.cache_info()
    opening = handshake.read(request(f"{DRILLS}&ticket=fwt_1&limit=7"), ())
    assert isinstance(opening, handshake.Opening)
    assert opening.wants is not None
    assert (opening.wants.ticket, opening.wants.limit) == ("fwt_1", 7)
    assert handshake._known.cache_info() == before


@pytest.mark.parametrize("upgrade", [True, False])
async def test_an_exercise_stream_resumes_where_its_reader_was(house: House, upgrade: bool) -> None:
    headers = bearing(await key_of(house))
    drills = [await house.post(f"Drill {number}", drill=True) for number in range(4)]
    await house.post("Harbour opens")
    life = drills[0].cursor.split(":")[0]
    reader = await (house.websocket if upgrade else house.sse)(f"{DRILLS}&limit=100", headers=headers)
    first = await reader.next()
    if place(first) < 4:
        await reader.until(4)
    after, asked = f"&after={drills[1].cursor}", headers
    if not upgrade:
        after, asked = "&after=elsewhere:9", headers + f"Last-Event-ID: {drills[1].cursor}\r\n"
    again = await (house.websocket if upgrade else house.sse)(f"{DRILLS}{after}", headers=asked)
    resumed = await again.next()
    assert (resumed["type"], resumed["cursor"], resumed["replayed"]) == ("resumed", f"{life}:2", 2)
    assert headlines(await again.until(4)) == ["Drill 2", "Drill 3"]
    foreign = await (house.websocket if upgrade else house.sse)(f"{DRILLS}&after=elsewhere:9", headers=headers)
    assert (await foreign.next())["reason"] == "epoch"


@pytest.mark.parametrize("upgrade", [True, False])
async def test_an_exercise_stream_has_heartbeats_and_is_told_to_come_back(server: EmbeddedStore, upgrade: bool) -> None:
    async with open_house(server, heartbeat_s=0.3) as house:
        reader = await (house.websocket if upgrade else house.sse)(DRILLS, headers=bearing(await key_of(house)))
        assert (await reader.next())["type"] == "snapshot"
        while (message := await reader.next())["type"] != "heartbeat":
            pass
        assert (message["edition"], message["stale"]) == ("en", False)
        leaving = asyncio.create_task(house.close_gateway())
        told, ended = await reader.end()
        assert (told[-1]["type"], told[-1]["reason"]) == ("bye", "deploy")
        assert ended.code == (1012 if upgrade else None)
        await leaving


async def test_the_streams_of_a_revoked_key_end_and_no_others(house: House) -> None:
    ended_key, other_key = await key_of(house), await key_of(house)
    ticket = await ticket_of(house, ended_key)
    leaving = [
        await house.websocket(DRILLS, headers=bearing(ended_key)),
        await house.websocket(f"{DRILLS}&ticket={ticket}"),
        await house.sse(DRILLS, headers=bearing(ended_key)),
    ]
    staying = [await house.websocket(DRILLS, headers=bearing(other_key)), await house.websocket()]
    for reader in (*leaving, *staying):
        assert (await reader.next())["type"] == "snapshot"
    await access.revoke(house.store, ended_key.id, now_ms())
    async with asyncio.timeout(2 + BUSY_S):
        codes = [(await reader.end())[1].code for reader in leaving]
    assert codes == [4401, 4401, None]
    await house.post("Drill: sirens at noon", drill=True)
    await until_told(house, staying[0], "Drill: sirens at noon")
    await house.post("Harbour opens")
    await until_told(house, staying[1], "Harbour opens")
    again = await house.refused(DRILLS, upgrade=False, headers=bearing(ended_key))
    assert again.status == 401


async def test_an_open_stream_outlives_a_store_that_does_not_answer_for_its_key(server: EmbeddedStore) -> None:
    async with open_house(server, **STALE_SOON) as house:
        reader = await house.websocket(DRILLS, headers=bearing(await key_of(house)))
        assert (await reader.next())["type"] == "snapshot"
        server.kill()
        while (message := await reader.next())["type"] != "heartbeat" or not message["stale"]:
            pass
        await asyncio.sleep(2 * LOOK_EVERY_S)  # for nothing to happen there is no fact to wait for
        server.start()
        drill = await posted(house, "Drill: the dam holds")
        assert (await reader.until(drill))[-1]["alert"]["headline"] == "Drill: the dam holds"


async def posted(house: House, headline: str) -> int:
    async def post() -> bool:
        try:
            made.append(await house.post(headline, drill=True))
        except Exception:
            return False
        return True

    made: list[Any] = []
    await until(post)
    return int(made[0].cursor.split(":")[1])


async def test_a_ticket_that_cannot_be_looked_up_is_told_to_come_back(house: House) -> None:
    ticket = await ticket_of(house, await key_of(house))
    house.server.kill()
    for upgrade in (True, False):
        reader = await house.refused(f"{DRILLS}&ticket={ticket}", upgrade)
        assert (reader.status, b"Retry-After: 3" in reader.head) == (503, True)


async def test_a_crowd_with_keys_is_bounded_and_news_do_not_wait_for_it(house: House) -> None:
    asking = bearing(await key_of(house))
    assert house.server.pid is not None
    os.kill(house.server.pid, signal.SIGSTOP)
    try:
        crowd = [await house.knock(request(DRILLS, True, asking)) for _ in range(KEYS_ASKED_MAX)]
        await until(lambda: len(house.gateway._door._tasks) == KEYS_ASKED_MAX)
        refused = await house.refused(DRILLS, headers=asking)
        assert (refused.status, b"Retry-After: 1" in refused.head) == (503, True)
        assert (await (await house.websocket()).next())["type"] == "snapshot"
        for reader in crowd:
            await reader.read_head()
            assert reader.status == 503
    finally:
        os.kill(house.server.pid, signal.SIGCONT)
    assert (await (await house.websocket(DRILLS, headers=asking)).next())["type"] == "snapshot"
