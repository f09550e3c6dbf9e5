"""`flashwire backup` and `restore` refuse what would do harm, and say why."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.clock import now_ms
from service.store import refill
from service.store.connection import for_commands
from service.store.embedded import EmbeddedStore
from tests.entries import alert, append
from tests.processes import ROOT
from tests.stores import running_in


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("FLASHWIRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FLASHWIRE_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with running_in(tmp_path / "store") as made:
        yield made


def flashwire(server: EmbeddedStore, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"FLASHWIRE_REDIS_URL": server.url})


@pytest.mark.parametrize("file", [".", "/", ""])
def test_a_backup_into_a_folder_is_refused(server: EmbeddedStore, file: str) -> None:
    result = flashwire(server, "backup", file)
    assert result.exit_code == 1
    assert result.output.endswith("cannot be written: Is a directory\n")


def half_restored(server: EmbeddedStore) -> None:
    async def begin() -> None:
        store = for_commands(server.url, 5.0)
        await refill.begin(store, now_ms())
        await store.aclose()

    asyncio.run(begin())


def test_a_store_that_was_restored_by_half_says_so_until_it_is_restored(server: EmbeddedStore, tmp_path: Path) -> None:
    file = str(tmp_path / "backup")
    assert flashwire(server, "keys", "create", "--role", "duty", "--name", "night desk").exit_code == 0
    assert flashwire(server, "backup", file).exit_code == 0
    half_restored(server)
    for arguments in (("backup", str(tmp_path / "another")), ("restore", file)):
        result = flashwire(server, *arguments)
        assert (result.exit_code, "ended half way" in result.output) == (1, True), result.output
    assert [path.name for path in tmp_path.glob("another*")] == []
    assert "a restore has begun and not ended" in flashwire(server, "doctor", "--offline").output
    assert flashwire(server, "restore", "--force", file).exit_code == 0
    assert "a restore has begun" not in flashwire(server, "doctor", "--offline").output
    assert "night desk" in flashwire(server, "keys", "list").output


def test_a_place_that_cannot_be_written_or_read_is_named(server: EmbeddedStore, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere" / "backup")
    for verb, said in (("backup", "cannot be written"), ("restore", "cannot be read")):
        result = flashwire(server, verb, nowhere)
        assert (result.exit_code, f"{nowhere} {said}" in result.output) == (1, True), result.output


def test_a_backup_on_standard_output_leaves_no_room_for_json(server: EmbeddedStore) -> None:
    result = flashwire(server, "backup", "-", "--json")
    assert (result.exit_code, "without --json" in result.output) == (2, True)


def test_a_backup_on_standard_output_is_whole(server: EmbeddedStore, tmp_path: Path) -> None:
    result = flashwire(server, "backup", "-")
    assert result.exit_code == 0
    made = CliRunner().invoke(main, ("restore", "-"), input=result.stdout_bytes)
    assert made.exit_code == 0, made.output


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_backup_that_is_stopped_says_that_it_is_none(server: EmbeddedStore, unbuffered: str) -> None:
    filled_with(server, 50)
    command = [sys.executable, "-m", "service.cli", "backup", "-"]
    environ = {**os.environ, "FLASHWIRE_REDIS_URL": server.url, "PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(
        command, bufsize=0, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as backup:
        assert backup.stdout is not None
        backup.stdout.read(10)
        backup.send_signal(signal.SIGINT)
        _, said = backup.communicate(timeout=60)
    assert (backup.returncode, said.strip()) == (1, b"Aborted!")


def filled_with(server: EmbeddedStore, megabytes_tenth: int) -> None:
    """Alerts that take so many tenths of a megabyte: more than a pipe holds."""

    async def fill() -> None:
        store = for_commands(server.url, 60.0)
        for _ in range(megabytes_tenth):
            await append(store, alert(text="x" * 25_000))
        await store.aclose()

    asyncio.run(fill())
