"""The API's eye on the disk: one alarm when it is nearly full, told beside the readiness, until there is room."""

import asyncio
from pathlib import Path

import structlog
from prometheus_client import REGISTRY

from service.api.disk import DiskWatch
from service.ending import end
from service.store.embedded import EmbeddedStore
from tests.api.conftest import serving, settings_for
from tests.small_disk import fill, small_disk
from tests.stores import until

MIB = 1_048_576


def counted(name: str) -> float | None:
    return REGISTRY.get_sample_value(name)


async def test_a_disk_that_fills_up_is_alarmed_once_and_its_end_is_told(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "4m"), structlog.testing.capture_logs() as lines:
        watch = DiskWatch(tmp_path / "disk", 2 * MIB, every_s=0.01)
        following = asyncio.create_task(watch.follow())
        await until(lambda: watch.free_bytes is not None)
        assert not watch.low
        fill(tmp_path / "disk" / "filling")
        await until(lambda: counted("flashwire_disk_free_bytes") == 0)
        assert counted("flashwire_disk_low") == 1
        (tmp_path / "disk" / "filling").unlink()
        await until(lambda: not watch.low)
        assert counted("flashwire_disk_low") == 0
        await end([following])
    assert [line["log_level"] for line in lines] == ["error", "info"]
    assert "flashwire doctor" in lines[0]["remedy"]


async def test_a_disk_that_is_nearly_full_turns_nobody_away(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, disk_free_min_bytes=2**50)) as api:
        await until(lambda: api.process.disk.low)
        readyz = await api.get("/readyz")
        assert (readyz.status_code, readyz.json()["disk"]) == (200, {"low": True})
        assert (await api.post()).status_code == 201


async def test_a_folder_that_is_made_later_is_found_without_an_alarm(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as lines:
        watch = DiskWatch(tmp_path / "later", 0, every_s=0.01)
        following = asyncio.create_task(watch.follow())
        await asyncio.to_thread((tmp_path / "later").mkdir)
        await until(lambda: watch.free_bytes is not None)
        await end([following])
    assert not lines
