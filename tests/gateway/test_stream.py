"""From the first message to live: in order, once, without a gap, whoever joins and leaves meanwhile (P3, P4)."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from service.store.embedded import EmbeddedStore
from tests.gateway.house import House, begin_another_life, request
from tests.gateway.house import house as open_house
from tests.gateway.reader import Reader, epoch, headlines, place
from tests.stores import until
from workers.gateway.ring import Ring

LEAVE_AFTER_MAX = 30


async def test_what_is_posted_after_the_snapshot_follows_it_in_order(house: House) -> None:
    await house.post("Regatta begins")
    readers = [await house.websocket(), await house.sse()]
    firsts = [await reader.next() for reader in readers]
    outcomes = [await house.post(f"Boat {number} finishes") for number in range(5)]
    for reader, first in zip(readers, firsts, strict=True):
        came = await reader.until(6)
        # the snapshot may have been taken before or after the tail had the first post
        assert [place(message) for message in came] == list(range(place(first) + 1, 7))
        assert [message["cursor"] for message in came[-5:]] == [outcome.cursor for outcome in outcomes]
        assert {message["type"] for message in came} == {"published"}
        assert {message["edition"] for message in came} == {"en"}


async def test_both_encodings_carry_the_very_same_bytes_as_the_wire(house: House) -> None:
    readers = [await house.websocket(), await house.sse()]
    for reader in readers:
        await reader.next()
    await house.post("Ένα, два, ثلاثة, 四 🌊")
    ((_, encoded),) = await house.wire()
    for reader in readers:
        while encoded not in reader.data:
            reader.data += await reader.read()
        assert (await reader.next())["alert"] == json.loads(encoded)


async def test_editions_are_streams_of_their_own(house: House) -> None:
    readers = {edition: await house.websocket(f"edition={edition}") for edition in ("en", "ar", "es")}
    for reader in readers.values():
        await reader.next()
    for edition in readers:
        await house.post("100", edition=edition)
    for edition, reader in readers.items():
        message = await reader.next()
        assert (message["edition"], message["alert"]["edition"], place(message)) == (edition, edition, 1)


async def test_many_posts_at_once_arrive_in_the_order_of_the_wire(house: House) -> None:
    readers = [await house.websocket(), await house.sse()]
    for reader in readers:
        await reader.next()
    await asyncio.gather(*(house.post(f"Runner {number} arrives") for number in range(150)))
    wire = [json.loads(alert)["headline"] for _, alert in await house.wire()]
    for reader in readers:
        came = await reader.until(150)
        assert [place(message) for message in came] == list(range(1, 151))
        assert headlines(came) == wire


@pytest.mark.parametrize("burst_bytes", [1024, 3000, 262_144])
async def test_readers_who_come_and_go_during_broadcasts_miss_and_double_nothing(
    server: EmbeddedStore, burst_bytes: int
) -> None:
    """The law: every reader's list is the wire's, from where it began, whatever else goes on."""
    chance = random.Random(burst_bytes)
    posts = 120
    async with open_house(server, broadcast_chunk_sockets=2, burst_max_bytes=burst_bytes) as house:
        joins = 0

        async def follow(number: int) -> list[int]:
            nonlocal joins
            seen: list[int] = []
            cursor = ""
            while not seen or seen[-1] < posts:
                opened: Callable[..., Awaitable[Reader]] = house.sse if number % 3 == 0 else house.websocket
                reader = await opened("edition=en" + (f"&after={cursor}" if cursor else "&limit=100"))
                joins += 1
                first = await reader.next()
                assert first["type"] == ("resumed" if cursor else "snapshot")
                if not cursor:
                    seen = list(range(1, place(first) + 1))
                for _ in range(chance.randrange(1, LEAVE_AFTER_MAX)):
                    if seen and seen[-1] == posts:
                        break
                    message = await reader.next()
                    assert place(message) == (seen[-1] if seen else 0) + 1
                    seen.append(place(message))
                    cursor = message["cursor"]
                cursor = cursor or first["cursor"]
                reader.close()
            return seen

        async def write() -> None:
            number = 0
            while number < posts:
                several = min(posts - number, chance.choice((1, 1, 2, 9)))
                await asyncio.gather(*(house.post(f"Wave {number + more} breaks") for more in range(several)))
                number += several
                await asyncio.sleep(chance.random() * 0.01)

        steady = [await house.websocket(), await house.sse()]
        writing = asyncio.create_task(write())
        lists = await asyncio.gather(*(follow(number) for number in range(24)))
        await writing
        assert lists == [list(range(1, posts + 1))] * 24
        assert joins > 100
        for reader in steady:
            first = await reader.next()
            assert [place(message) for message in await reader.until(posts)] == list(range(place(first) + 1, posts + 1))


async def test_heartbeats_carry_the_newest_cursor(server: EmbeddedStore) -> None:
    async with open_house(server, heartbeat_s=0.3) as house:
        await house.post("Fog lifts")
        for reader in (await house.websocket(), await house.sse()):
            first = await reader.next()
            assert first["heartbeat"] == 0.3
            message = first
            while message["type"] != "heartbeat":
                message = await reader.next()
            assert (message["stale"], message["edition"], epoch(message)) == (False, "en", epoch(first))
            assert place(message) == 1


async def test_another_life_of_the_wire_is_told_to_everybody_live(house: House) -> None:
    for number in range(3):
        await house.post(f"Old {number}")
    readers = [await house.websocket(), await house.sse()]
    for reader in readers:
        await reader.next()
    other = await house.websocket("edition=ar")
    await other.next()
    life = await begin_another_life(house)
    for reader in readers:
        message = await reader.next()
        while message["type"] == "published":  # the tail had not yet read them all
            message = await reader.next()
        assert (message["type"], message["reason"], message["cursor"]) == ("snapshot", "epoch", f"{life}:0")
        assert message["alerts"] == []
    await house.post("New 1")
    await house.post("١", edition="ar")
    for reader in readers:
        assert (await reader.next())["cursor"] == f"{life}:1"
    assert (await other.next())["type"] == "published"


async def poison(house: House, fields: dict[str, bytes], edition: str = "en") -> int:
    """Put an entry on the wire that no writer of ours would."""
    store = cast(Any, house.store)
    offset = int(await store.hincrby(f"head:{{{edition}}}", "offset", 1))
    life = await store.hget(f"head:{{{edition}}}", "epoch")
    await store.xadd(f"wire:{{{edition}}}", {"epoch": life, **fields}, id=f"{offset}-0")
    return offset


POISON = {
    "an empty entry": {"nothing": b""},
    "bad UTF-8": {"type": b"\xff", "alert": b"{}", "first": b"1", "push": b"1"},
    "no JSON": {"type": b"published", "alert": b"\xff\xfe", "first": b"1", "push": b"1"},
    "another type": {"type": b"exploded", "alert": b"{}", "first": b"1", "push": b"1"},
    "no epoch": {"epoch": b"", "type": b"published", "alert": b"{}", "first": b"1", "push": b"1"},
}


@pytest.mark.parametrize("fields", POISON.values(), ids=POISON.keys())
async def test_an_entry_that_cannot_be_read_keeps_its_offset(house: House, fields: dict[str, bytes]) -> None:
    await house.post("Before")
    readers = [await house.websocket(), await house.sse()]
    for reader in readers:
        if place(await reader.next()) < 1:
            await reader.until(1)
    assert await poison(house, fields) == 2
    await house.post("After")
    for reader in readers:
        came = await reader.until(3)
        assert [place(message) for message in came] == [2, 3]
        assert headlines(came) == ["Before", "After"]
    # a gateway that starts on such a wire serves it too
    await poison(house, fields)
    for reader in readers:
        reader.close()
    await house.close_gateway()
    house.open_gateway()
    await house.serving()
    reader = await house.websocket(f"edition=en&after={epoch(came[0])}:1")
    assert [place(await reader.next()) for _ in range(4)] == [1, 2, 3, 4]


async def test_a_giant_on_the_wire_is_not_read_out(house: House) -> None:
    await house.post("Before")
    ((_, encoded),) = await house.wire()
    reader = await house.websocket()
    if place(await reader.next()) < 1:
        await reader.until(1)
    alert = json.loads(encoded)
    giant = json.dumps({**alert, "id": "Z" * 26, "headline": "a" * 2**20}).encode()
    await poison(house, {"type": b"published", "alert": giant, "first": b"2", "push": b"0"})
    message = await reader.next()
    assert (place(message), message["alert"]["headline"]) == (2, "Before")


async def test_poison_on_an_empty_wire_is_a_snapshot(house: House) -> None:
    readers = [await house.websocket(), await house.sse()]
    for reader in readers:
        await reader.next()
    await poison(house, POISON["no JSON"])
    await house.post("After")
    for reader in readers:
        message = await reader.next()
        assert (message["type"], message["reason"]) == ("snapshot", "trimmed")
        if place(message) == 1:
            assert place(await reader.next()) == 2


@pytest.mark.parametrize("opened", ["websocket", "sse"])
async def test_a_killed_alert_is_replayed_under_its_offset_and_type_without_its_sentence(
    house: House, opened: str
) -> None:
    await house.post("Market opens")
    wrong = await house.post("Canary bridge collapses")
    await house.post("Market closes")
    killed = await house.kill(wrong)
    live = await house.websocket()
    if place(await live.next()) < 4:
        await live.until(4)
    reader = await getattr(house, opened)(f"edition=en&after={wrong.cursor.split(':')[0]}:0")
    assert (await reader.next())["replayed"] == 4
    came = [await reader.next() for _ in range(4)]
    assert [(place(message), message["type"]) for message in came] == [
        (1, "published"), (2, "published"), (3, "published"), (4, "canceled"),
    ]  # fmt: skip
    assert headlines(came) == ["Market opens", None, "Market closes", None]
    redacted = came[1]["alert"]
    assert (redacted["id"], redacted["version"], redacted["pubStatus"]) == (wrong.alert_id, 1, "canceled")
    assert redacted["notice"] == came[3]["alert"]["notice"] != ""
    snapshot = await (await getattr(house, opened)()).next()
    tombstone = next(alert for alert in snapshot["alerts"] if alert["id"] == wrong.alert_id)
    assert (tombstone["headline"], tombstone["version"]) == (None, killed.version)
    for message in (*came, snapshot):
        assert "Canary" not in json.dumps(message)
    # nothing that this process keeps says it any more
    for audience in house.gateway.hub.audiences:
        ring: Ring = audience.ring
        assert not any(b"Canary" in frame for frame in ring._frames.values())
        assert not any(b"Canary" in chunk.data for chunk in ring._chunks.values())


async def test_a_cut_at_every_byte_of_the_answer_leaves_nothing_behind(house: House) -> None:
    for number in range(3):
        await house.post(f"Gate {number} opens")
    probe = await house.websocket()
    life = epoch(await probe.next())
    await until(lambda: house.readers_inside == 1)
    for cut in range(1, 1200, 29):
        for upgrade in (True, False):
            reader = await house.knock(request(f"edition=en&after={life}:0", upgrade))
            missing = cut
            while missing > 0:
                missing -= len(await reader.read(missing))
            reader.close()
    await house.settled(1)
