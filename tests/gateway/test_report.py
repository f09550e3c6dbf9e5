"""What a gateway tells of its sockets: each revision once, only who took it as it went out, and nobody waits for it."""

import asyncio
import time

import msgspec

from service.acting import Outcome
from service.domain import delivery
from service.domain.delivery import SocketReport
from service.ending import end
from service.store import figures, keys
from service.store.connection import for_commands
from service.store.embedded import EmbeddedStore
from tests.gateway.house import House, settings_for
from tests.gateway.house import house as open_house
from tests.gateway.revisions import published
from tests.gateway.test_slow import SMALL, TINY, lagging
from tests.stores import ANSWERS_WITHIN_S, BUSY_S, until
from workers.gateway import metrics
from workers.gateway.report import WAITING_MAX, Broadcast, Reporter
from workers.gateway.ring import Chunk

SOON_MS = 5000.0
"""Longer than a broadcast takes on the busiest machine, and shorter than anything that is wrong."""


async def said(house: House, of: Outcome, gateways: int = 1) -> list[SocketReport]:
    """What so many gateways say of a revision, once they have."""
    found: list[SocketReport] = []

    async def all_have() -> bool:
        found[:] = (await figures.read(house.store, of.alert_id, of.version)).sockets
        return len(found) == gateways

    await until(all_have)
    return found


def dropped() -> float:
    return float(metrics.REPORTS_DROPPED._value.get())


async def test_every_socket_that_took_a_revision_is_counted_with_its_time(house: House) -> None:
    readers = [await house.websocket(), await house.sse(), await house.websocket()]
    await house.websocket("edition=ar")
    for reader in readers:
        await reader.next()
    made = await house.post("Rain reaches the coast")
    (report,) = await said(house, made)
    assert (report.open, report.sent) == (3, 3)
    assert sum(report.times.values()) == 3
    assert max(map(delivery.upper, report.times)) < SOON_MS


async def test_each_version_has_figures_of_its_own(house: House) -> None:
    first = await house.websocket()
    made = await house.post("Rain reaches the coast")
    await first.until(1)
    await house.websocket()
    await house.settled(2)
    killed = await house.kill(made)
    await first.until(2)
    assert [report.sent for report in await said(house, made)] == [1]
    assert [report.sent for report in await said(house, killed)] == [2]


async def test_who_comes_later_and_gets_it_replayed_was_not_sent_it(house: House) -> None:
    reader = await house.websocket()
    life = (await reader.next())["cursor"].split(":")[0]
    made = await house.post("Rain reaches the coast")
    await said(house, made)
    late = await house.websocket(f"edition=en&after={life}:0")
    assert len(await late.until(1)) >= 1
    await house.post("Snow reaches the hills")
    await late.until(2)
    assert [(report.open, report.sent) for report in await said(house, made)] == [(1, 1)]


async def test_who_is_behind_is_open_and_was_not_sent_it(server: EmbeddedStore) -> None:
    async with open_house(server, **SMALL) as house:
        reading = await house.websocket()
        await house.websocket("edition=en&limit=1", **TINY)
        await lagging(house)
        made = await house.post("Rain reaches the coast")
        while "Rain" not in ((await reading.next()).get("alert") or {}).get("headline", ""):
            pass
        assert [(report.open, report.sent) for report in await said(house, made)] == [(2, 1)]


async def test_where_nobody_listens_nothing_is_told(house: House) -> None:
    made = await house.post("Rain reaches the coast")
    await until(lambda: house.gateway.newswire.hearing)
    reader = await house.websocket()
    await reader.next()
    await said(house, await house.post("Snow reaches the hills"))
    assert await house.store.hgetall(keys.sockets(made.alert_id)) == {}


async def test_two_gateways_add_up_and_a_restart_adds_nothing(house: House) -> None:
    other = House(house.server, house.store, settings_for(house.server))
    other.open_gateway()
    await other.serving()
    readers = [await house.websocket(), await house.sse(), await other.websocket()]
    for reader in readers:
        await reader.next()
    made = await house.post("Rain reaches the coast")
    total = delivery.sockets(await said(house, made, gateways=2))
    assert (total.open, total.sent) == (3, 3)
    await other.close_gateway()
    other.open_gateway()
    await other.serving()
    await (await other.websocket()).next()
    await said(house, await house.post("Snow reaches the hills"), gateways=2)
    assert delivery.sockets(await said(house, made, gateways=2)) == total
    await other.close_gateway()
    for reader in other.readers:
        reader.close()


async def test_what_leaves_in_one_write_is_told_of_each_revision() -> None:
    revisions = [published(7, "Rain"), published(8, "Snow"), published(9, "Hail")]
    broadcast = Broadcast(revisions, 5)
    broadcast.wrote(Chunk(b"", (), 6, 8), 3)
    broadcast.wrote(Chunk(b"", (), 6, 8), 0)
    broadcast.wrote(Chunk(b"", (), 8, 9), 2)
    assert [(broadcast.of(each).open, broadcast.of(each).sent) for each in revisions] == [(5, 3), (5, 3), (5, 2)]


async def test_a_store_that_is_away_costs_the_reports_and_nothing_else(server: EmbeddedStore) -> None:
    store, before = for_commands(server.url, ANSWERS_WITHIN_S), dropped()
    reporter = Reporter(store, 7)
    running = asyncio.create_task(reporter.run())
    server.kill()
    started_s = time.monotonic()
    reporter.take(Broadcast([published(1, "Rain")], 1))
    assert time.monotonic() - started_s < BUSY_S
    await until(lambda: dropped() == before + 1)
    server.start()
    reporter.take(Broadcast([published(2, "Snow")], 1))

    async def is_told() -> bool:
        return bool((await figures.read(store, f"{2:026d}", 1)).sockets)

    await until(is_told)
    await end([running])
    await store.aclose()


async def test_a_figure_that_makes_no_sense_ends_nothing(server: EmbeddedStore) -> None:
    store, before = for_commands(server.url, ANSWERS_WITHIN_S), dropped()
    reporter = Reporter(store, 7)
    running = asyncio.create_task(reporter.run())
    odd = published(1, "Rain")
    reporter.take(
        Broadcast([msgspec.structs.replace(odd, alert=msgspec.structs.replace(odd.alert, version_created=""))], 1)
    )
    await until(lambda: dropped() == before + 1)
    assert not running.done()
    await end([running])
    await store.aclose()


async def test_what_waits_for_the_store_is_bounded(server: EmbeddedStore) -> None:
    store, before = for_commands(server.url, ANSWERS_WITHIN_S), dropped()
    reporter = Reporter(store, 7)  # and nobody runs it
    for number in range(WAITING_MAX + 3):
        reporter.take(Broadcast([published(number + 1, "Rain")], 1))
    assert dropped() == before + 3
    await store.aclose()
