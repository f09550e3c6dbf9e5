"""A process that is started alone and cannot go on says why and what mends it in one line, and in no traceback."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import load
from service.domain.newsroom import from_config
from service.ids import new_epoch
from service.store import keys, lineage
from service.store.connection import for_commands
from service.store.embedded import EmbeddedStore
from tests.ports import free_ports
from tests.processes import ROOT
from tests.stores import ANSWERS_WITHIN_S, server

__all__ = ["server"]

ENDS_WITHIN_S = 60.0


def ended(server: EmbeddedStore, folder: Path, *words: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """`flashwire <words>` on this store, which ends by itself."""
    api, gateway, sandbox, admin = free_ports(4)
    own = {
        "redis_url": server.url, "data_dir": folder, "api_port": api, "gateway_port": gateway, "sandbox_port": sandbox,
        "admin_port": admin, **settings,
    }  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
    environ = kept | {f"FLASHWIRE_{name.upper()}": str(value) for name, value in own.items()}
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *words], cwd=ROOT, env=environ, capture_output=True, text=True,
        timeout=ENDS_WITHIN_S,
    )  # fmt: skip


@pytest.fixture
def wires(server: EmbeddedStore) -> None:
    """Wires that have been given a life, as an API does: a gateway listens once it has read them."""

    async def give_birth() -> None:
        store = for_commands(server.url, ANSWERS_WITHIN_S)
        for name in keys.wires(from_config(load({}).newsroom).edition_names):
            await lineage.change_epoch(store, name, None, new_epoch())
        await store.aclose()

    asyncio.run(give_birth())


@pytest.mark.usefixtures("wires")
@pytest.mark.parametrize(
    ("words", "setting"),
    [
        (("api",), "api_port"),
        (("api",), "admin_port"),
        (("gateway", "--processes", "1"), "gateway_port"),
        (("gateway", "--processes", "1"), "admin_port"),
        (("push", "--part", "dispatcher"), "admin_port"),
        (("sandbox",), "sandbox_port"),
        (("sandbox",), "admin_port"),
    ],
)
def test_a_port_that_is_taken_is_told_with_the_setting_that_chooses_another(
    server: EmbeddedStore, tmp_path: Path, words: tuple[str, ...], setting: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        said = ended(server, tmp_path, *words, **{setting: held.getsockname()[1]})
        assert said.returncode == 1, said.stderr
        assert f"cannot listen on 127.0.0.1:{held.getsockname()[1]}: " in said.stderr
    assert f"FLASHWIRE_HOST and FLASHWIRE_{setting.upper()} choose another" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.usefixtures("wires")
def test_several_gateways_that_do_not_start_end_with_one_line(server: EmbeddedStore, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        said = ended(server, tmp_path, "gateway", "--processes", "2", gateway_port=held.getsockname()[1])
    assert said.returncode == 1
    assert said.stderr.rstrip().endswith("did not start; what it said stands above")
    assert "FLASHWIRE_GATEWAY_PORT choose another" in said.stderr
    assert "Traceback" not in said.stderr


def test_queues_behind_sentinel_are_refused_with_the_setting_that_they_need(
    server: EmbeddedStore, tmp_path: Path
) -> None:
    said = ended(server, tmp_path, "push", "--part", "dispatcher", redis_url="redis+sentinel://127.0.0.1:1/name")
    assert said.returncode == 1
    assert "name it with FLASHWIRE_QUEUE_URL" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("words", [("scheduler",), ("push", "--part", "dispatcher")])
def test_who_waits_for_a_store_that_is_not_there_ends_when_told_to(tmp_path: Path, words: tuple[str, ...]) -> None:
    store, admin = free_ports(2)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
    environ = kept | {
        "FLASHWIRE_REDIS_URL": f"redis://127.0.0.1:{store}", "FLASHWIRE_ADMIN_PORT": str(admin),
        "FLASHWIRE_DATA_DIR": str(tmp_path), "FLASHWIRE_LOG_FORMAT": "json",
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "service.cli", *words], cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            assert "retries remaining" in process.stderr.readline(), "it waits for the store"
            process.terminate()
            assert process.wait(ENDS_WITHIN_S / 6) == 0
        finally:
            process.kill()
