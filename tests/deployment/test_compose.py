"""docker-compose.yml is read by Docker Compose itself, and keeps the rules of a host that is left alone."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own, for one call
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as RedisConnectionError

from config.settings import Settings, load
from service.store import durability
from service.store.connection import for_commands
from service.store.embedded import find_servers
from tests.ports import free_ports
from tests.processes import ROOT
from tests.stores import until

OURS = ("api", "gateway-1", "gateway-2", "push", "scheduler", "sandbox", "push-sandbox")
PASSWORD = "/run/store_password"
DRAIN_GONE_S = 20
"""A gateway is gone at the latest so long after it was told (P10)."""


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """Every service as Compose understands it, the sandbox's profile included."""
    compose = shutil.which("docker-compose")
    assert compose is not None, "this test needs Docker Compose: sudo apt-get install docker-compose"
    read = subprocess.run(
        [compose, "--profile", "sandbox", "config"], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "FLASHWIRE_SITE": "news.example"},
    )  # fmt: skip
    assert read.returncode == 0, read.stderr
    found: dict[str, dict[str, Any]] = yaml.safe_load(read.stdout)["services"]
    return found


def seconds(text: str) -> int:
    """`1m5s` and `25s`, as Compose writes them."""
    minutes, _, rest = text.rpartition("m")
    return int(minutes or 0) * 60 + int(rest.rstrip("s") or 0)


def test_everything_that_serves_is_there(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == {*OURS, "valkey", "caddy"}


def test_nothing_may_write_where_it_need_not_or_become_what_it_is_not(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert service.get("user", "flashwire") not in ("root", "0", "0:0"), name
    assert "USER flashwire" in (ROOT / "Dockerfile").read_text()


def test_the_world_reaches_caddy_and_nothing_else(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]


def test_each_says_when_it_is_of_use(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "healthcheck" not in service] == []


def test_each_has_the_time_that_it_needs_to_leave(services: dict[str, dict[str, Any]]) -> None:
    for name in ("gateway-1", "gateway-2"):
        assert seconds(services[name]["stop_grace_period"]) > DRAIN_GONE_S
    assert seconds(services["api"]["stop_grace_period"]) >= 10
    assert seconds(services["caddy"]["stop_grace_period"]) > DRAIN_GONE_S


@pytest.mark.parametrize("name", OURS)
def test_every_setting_is_one_and_production_is_what_it_says(
    services: dict[str, dict[str, Any]], tmp_path: Path, name: str
) -> None:
    environ = {key: str(value) for key, value in services[name]["environment"].items()}
    assert environ["FLASHWIRE_STORE_PASSWORD_FILE"] == PASSWORD
    word = tmp_path / "word"
    word.write_text("sesame\n")
    # an unknown name or a wrong value would stop the start
    settings = load(environ | {"FLASHWIRE_STORE_PASSWORD_FILE": str(word)})
    assert settings.environment == ("development" if "sandbox" in name else "production")
    assert settings.public_url == "https://news.example"
    assert settings.live_url == "wss://news.example"
    assert settings.redis_url == "redis://:sesame@valkey:6379/0"
    assert settings.trusted_proxies, "or every reader would be Caddy"
    assert settings.drain_abort_s <= DRAIN_GONE_S
    assert isinstance(settings, Settings)


def test_the_store_is_as_durable_as_the_embedded_one_and_keeps_its_files(
    services: dict[str, dict[str, Any]],
) -> None:
    volumes = " ".join(services["valkey"]["volumes"])
    assert "config/valkey.conf:/etc/flashwire/valkey.conf:ro" in volumes
    assert "wire:/data" in volumes
    assert "marks:/flashwire/data" in " ".join(services["api"]["volumes"])


def test_whoever_speaks_to_the_store_is_given_its_password_by_a_file(services: dict[str, dict[str, Any]]) -> None:
    holders = [
        name for name, service in services.items()
        if any(given["target"] == PASSWORD for given in service.get("secrets", ()))
    ]  # fmt: skip
    assert sorted(holders) == sorted([*OURS, "valkey"])


def started(command: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


async def test_the_store_lets_nobody_in_without_the_password_and_syncs_before_it_answers(
    services: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """The container's own command, by the same shell, with the paths of this machine."""
    (program,) = find_servers(os.environ)[:1]
    (port,) = free_ports(1)
    for folder in ("own", "data"):
        (tmp_path / folder).mkdir()
    (tmp_path / "word").write_text("sesame\n")
    (script,) = services["valkey"]["command"]
    for theirs, here in {
        "$$": "$", "/etc/flashwire/valkey.conf": ROOT / "config" / "valkey.conf", PASSWORD: tmp_path / "word",
        "/run/own": tmp_path / "own", "--dir /data": f"--dir {tmp_path / 'data'} --port {port}",
        "0.0.0.0": "127.0.0.1", "exec valkey-server": f"exec {program.path}",
    }.items():  # fmt: skip
        assert theirs in script
        script = script.replace(theirs, str(here))
    process = started([*services["valkey"]["entrypoint"], script])
    stranger, known = (for_commands(f"redis://{word}127.0.0.1:{port}", 1.0) for word in ("", ":sesame@"))

    async def answers() -> bool:
        assert process.poll() is None
        with contextlib.suppress(RedisConnectionError):
            return await known.ping()
        return False

    try:
        await until(answers)
        with pytest.raises(AuthenticationError):
            await stranger.ping()
        assert (await durability.read(known, "fsync", 1)).enough
        assert (tmp_path / "own" / "valkey.conf").stat().st_mode & 0o077 == 0
    finally:
        process.kill()
        process.wait()
        await stranger.aclose()
        await known.aclose()


def test_caddy_without_root_may_listen_and_owns_what_it_keeps(services: dict[str, dict[str, Any]]) -> None:
    """Without new privileges its program's capability does not count, and its image's own folders belong to root."""
    caddy = services["caddy"]
    assert str(caddy["sysctls"]["net.ipv4.ip_unprivileged_port_start"]) == "0"
    assert caddy["cap_add"] == ["NET_BIND_SERVICE"]
    steps = (ROOT / "Dockerfile").read_text()
    kept = [volume.split(":")[1] for volume in caddy["volumes"] if not volume.endswith(":ro")]
    assert sorted(kept) == ["/caddy/config", "/caddy/data"]
    assert f"chown -R {caddy['user']} /caddy" in steps


def test_what_asks_for_health_names_no_host_of_two_families(services: dict[str, dict[str, Any]]) -> None:
    """`localhost` may mean ::1, where nobody listens."""
    assert [name for name, service in services.items() if "localhost" in str(service["healthcheck"])] == []


def test_credentials_come_neither_into_the_image_nor_into_a_commit() -> None:
    assert "secrets" in (ROOT / ".dockerignore").read_text().splitlines()
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_image_is_made_by_the_steps_of_run() -> None:
    """There is no engine here to build it; what can be checked is that nothing of it is written twice."""
    steps = (ROOT / "Dockerfile").read_text()
    assert "RUN ./setup run" in steps
    assert "pip install" not in steps
    assert "./setup run" in (ROOT / "run").read_text()
