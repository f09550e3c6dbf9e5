"""The API gives epochs, and other ones where history was lost or forked; a plain restart keeps them (P5)."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from service.api.high_water import FILE_NAME, HighWater
from service.domain.lineage import Mark
from service.store import keys, lineage, stream
from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, serving, settings_for
from tests.entries import EN, alert, append
from tests.stores import until


def epoch_of(answer: dict[str, Any]) -> str:
    return str(answer["cursor"].split(":")[0])


async def shows_epoch(api: Api, other_than: str) -> str:
    """The epoch that the history shows once it is another one."""
    found = other_than

    async def is_another() -> bool:
        nonlocal found
        found = epoch_of(await api.ticker())
        return found != other_than

    await until(is_another)
    return found


@asynccontextmanager
async def again(server: EmbeddedStore) -> AsyncIterator[Api]:
    """Another life of the API on the same folder and store, ready."""
    async with serving(settings_for(server)) as api:
        yield api


def keep(server: EmbeddedStore, place: Path) -> None:
    """Put the store's files aside, as a backup does."""
    server.kill()
    shutil.copytree(server.data_dir / "store", place)
    server.start()


def put_back(server: EmbeddedStore, place: Path) -> None:
    """Put them back in place of what is there."""
    server.kill()
    shutil.rmtree(server.data_dir / "store")
    shutil.copytree(place, server.data_dir / "store")
    server.start()


async def test_a_plain_restart_of_everything_keeps_the_epoch(server: EmbeddedStore) -> None:
    async with again(server) as api:
        made = await api.publish()
    server.kill()
    server.start()
    async with again(server) as api:
        assert epoch_of(await api.ticker()) == epoch_of(made)
        assert (await api.publish())["cursor"] == f"{epoch_of(made)}:2"


async def test_an_emptied_store_begins_another_life_at_once(api: Api, server: EmbeddedStore) -> None:
    made = await api.publish()
    async with api.process.store.pipeline(transaction=False) as pipe:
        pipe.flushall()
        await pipe.execute()
    await shows_epoch(api, epoch_of(made))
    assert (await api.ticker())["alerts"] == []


async def test_an_old_store_put_back_under_a_running_api_begins_another_life(
    api: Api, server: EmbeddedStore, tmp_path: Path
) -> None:
    first = await api.publish()
    await asyncio.to_thread(keep, server, tmp_path / "kept")
    await until(lambda: api.process.readiness().ready)
    lost = await api.publish()
    await asyncio.to_thread(put_back, server, tmp_path / "kept")
    cursors: set[str] = set()

    async def is_taken() -> bool:
        answer = await api.post({"headline": f"Wind {len(cursors)}"})
        if answer.status_code == 201:
            cursors.add(answer.json()["cursor"])
        return bool(cursors)

    await until(is_taken)
    assert {cursor.split(":")[0] for cursor in cursors}.isdisjoint({epoch_of(first)}), "no offset is given twice"
    shown = {one["id"] for one in (await api.ticker())["alerts"]}
    assert first["alert"]["id"] in shown
    assert lost["alert"]["id"] not in shown


async def test_an_old_store_put_back_while_everything_is_down_is_noticed_at_the_start(
    server: EmbeddedStore, tmp_path: Path
) -> None:
    async with again(server) as api:
        first = await api.publish()
    await asyncio.to_thread(keep, server, tmp_path / "kept")
    async with again(server) as api:
        lost = await api.publish()
        assert epoch_of(lost) == epoch_of(first)
        await until(lambda: marked(server) == 2)
    await asyncio.to_thread(put_back, server, tmp_path / "kept")
    async with again(server) as api:
        assert epoch_of(await api.ticker()) != epoch_of(first)
        assert (await api.publish())["cursor"].split(":")[1] == "2"


def marked(server: EmbeddedStore) -> int:
    """How far the file says that the English wire had come."""
    found = HighWater(server.data_dir).read().get(EN)
    return found.offset if found else 0


async def test_another_tail_may_dispute_what_the_api_has_not_seen(api: Api) -> None:
    made = await api.publish()
    await lineage.dispute(api.process.store, EN, "foreign")
    await lineage.dispute(api.process.store, EN, epoch_of(made))
    epoch = await shows_epoch(api, epoch_of(made))
    assert (await api.publish())["cursor"] == f"{epoch}:2"


async def test_a_wire_whose_next_offset_is_taken_is_mended(api: Api) -> None:
    made = await api.publish()
    async with api.process.store.pipeline(transaction=False) as pipe:
        pipe.xadd(keys.wire(EN), {"nothing": "known"}, id="9-0")
        await pipe.execute()
    epoch = await shows_epoch(api, epoch_of(made))
    assert (await api.publish())["cursor"] == f"{epoch}:10"


async def test_nothing_is_published_on_top_of_lost_history(api: Api) -> None:
    made = await api.publish()
    store = api.process.store
    mark = Mark(epoch_of(made), 1000, "x")
    api.process.newswire.places[EN] = mark  # as if this process had seen a thousand
    answer = await api.post()
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/store-unavailable")
    assert (await stream.read_head(store, EN)) == stream.Head(mark.epoch, 1)


@pytest.mark.parametrize("text", [b"", b"{", b'[{"edition":"en"}]', b"\xff" * 100, b"[" * 10_000])
async def test_marks_that_nobody_can_read_are_said_and_are_no_end(server: EmbeddedStore, text: bytes) -> None:
    (server.data_dir / FILE_NAME).write_bytes(text)
    async with again(server) as api:
        await api.publish()
        await until(lambda: marked(server) == 1)


async def test_the_file_outlives_a_process_that_dies_while_it_is_written(tmp_path: Path) -> None:
    file = HighWater(tmp_path)
    file.write({EN: Mark("e1", 7, "d")})
    (tmp_path / f"{FILE_NAME}.99999").write_bytes(b'[{"edition"')
    assert HighWater(tmp_path).read() == {EN: Mark("e1", 7, "d")}
    assert json.loads((tmp_path / FILE_NAME).read_bytes())[0]["edition"] == "en"


async def test_a_folder_that_cannot_be_written_is_no_end(server: EmbeddedStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    async with serving(settings_for(server, data_dir=tmp_path / "file")) as api:
        assert (await api.publish())["cursor"].endswith(":1")


async def test_entries_of_an_earlier_life_are_history_and_not_replayed(server: EmbeddedStore) -> None:
    async with again(server) as api:
        made = await api.publish()
        await lineage.change_epoch(api.process.store, EN, epoch_of(made), "second")
        await append(api.process.store, alert("Wind"))
        await until(lambda: str(api.process.wires.get(EN).cursor) == "second:2")  # type: ignore[union-attr]
    async with again(server) as api:
        wire = api.process.wires.get(EN)
        assert wire is not None
        assert (wire.backlog.first, str(wire.cursor), len(wire.ticker)) == (2, "second:2", 2)
