"""docker-compose.yml is read by Docker Compose itself, and keeps the rules of a host that is left alone."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from redis.exceptions import ConnectionError, NoPermissionError

from config.settings import Settings, load
from service.store import durability
from service.store.connection import for_commands
from tests.deployment import composed
from tests.processes import ROOT
from tests.stores import ANSWERS_WITHIN_S

WHO = {
    "api": "api", "gateway-1": "gateway", "gateway-2": "gateway", "push": "push", "scheduler": "scheduler",
    "operator": "operator", "push-sandbox": "push",
}  # fmt: skip
"""Which user of the store each of ours is."""
OURS = (*WHO, "sandbox")
PASSWORD = "/run/store_password"
DRAIN_GONE_S = 20
"""A gateway is gone at the latest so long after it was told (P10)."""


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    return composed.services()


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
        assert service["restart"] == ("no" if name == "operator" else "unless-stopped"), name
        assert service.get("user", "flashwire") not in ("root", "0", "0:0"), name
    assert "USER flashwire" in (ROOT / "Dockerfile").read_text()


def test_the_world_reaches_caddy_and_nothing_else(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]


def test_each_says_when_it_is_of_use(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["operator"]


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
    assert environ["FLASHWIRE_STORE_PASSWORD_FILE"] == (PASSWORD if name in WHO else "")
    word = tmp_path / "word"
    word.write_text("sesame\n")
    # an unknown name or a wrong value would stop the start
    settings = load(environ | {"FLASHWIRE_STORE_PASSWORD_FILE": str(word)})
    assert settings.environment == ("development" if "sandbox" in name else "production")
    assert settings.public_url == "https://news.example"
    assert settings.live_url == "wss://news.example"
    assert settings.redis_url == (f"unix://{WHO[name]}:sesame@/run/valkey/store.sock" if name in WHO else None)
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


def test_whoever_speaks_to_the_store_is_given_its_own_password_alone(services: dict[str, dict[str, Any]]) -> None:
    given = {
        name: [(secret["source"], secret["target"]) for secret in service.get("secrets", ())]
        for name, service in services.items()
    }
    assert given.pop("valkey") == [(f"store_{user}", f"/run/store/{user}") for user in ordered(composed.USERS)]
    assert {name for name, secrets in given.items() if secrets} == set(WHO)
    assert {name: secrets for name, secrets in given.items() if secrets} == {
        name: [(f"store_{user}", PASSWORD)] for name, user in WHO.items()
    }
    # what a container sees as a folder holds none of them
    assert "store-secrets" not in str([service.get("volumes") for service in services.values()])


def test_the_store_is_in_no_network_and_its_door_is_for_those_of_ours_that_need_it(
    services: dict[str, dict[str, Any]],
) -> None:
    assert services["valkey"]["network_mode"] == "none"
    seeing = {name for name, service in services.items() if "store:/run/valkey:ro" in str(service.get("volumes"))}
    assert seeing == set(WHO)
    assert "store:/run/valkey:rw" in services["valkey"]["volumes"]


def ordered(users: Sequence[str]) -> list[str]:
    """As the file has them."""
    return sorted(users, key=("api", "gateway", "push", "scheduler", "operator").index)


def test_the_store_is_asked_for_its_health_by_a_user_who_is_let_in(services: dict[str, dict[str, Any]]) -> None:
    (_, words) = services["valkey"]["healthcheck"]["test"]
    assert '"$$(cat /run/store/operator)" valkey-cli -s /run/valkey/store.sock --user operator ping' in words


async def test_the_store_lets_nobody_in_without_a_password_of_his_and_syncs_before_it_answers(tmp_path: Path) -> None:
    with composed.running(tmp_path) as made:
        for stranger in ("", "api@", "api:sesame-of-push@", "default:sesame-of-api@", "nobody:sesame-of-api@"):
            store = for_commands(f"unix://{stranger}{made.place}", ANSWERS_WITHIN_S)
            # redis-py says of the one over a socket that it is no connection
            with pytest.raises(ConnectionError, match="FLASHWIRE_STORE_PASSWORD_FILE"):
                await store.ping()
            await store.aclose()
        for user in composed.USERS:
            store = for_commands(made.url(user), ANSWERS_WITHIN_S)
            assert await store.ping()
            with pytest.raises(NoPermissionError):
                await cast(Any, store).flushall()
            await store.aclose()
        store = for_commands(made.url("api"), ANSWERS_WITHIN_S)
        assert (await durability.read(store, "fsync", 1)).enough
        await store.aclose()
        assert (tmp_path / "own" / "valkey.conf").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [None, ""])
def test_a_store_whose_user_has_no_password_does_not_start(tmp_path: Path, content: str | None) -> None:
    composed.make_secrets(tmp_path)
    secret = tmp_path / "store" / "push"
    secret.unlink()
    if content is not None:
        secret.write_text(content)
    tried = subprocess.run(composed.command(tmp_path), capture_output=True, text=True, timeout=30)
    assert tried.returncode != 0
    assert "push" in tried.stderr


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
    assert [name for name, service in services.items() if "localhost" in str(service.get("healthcheck"))] == []


def test_credentials_come_neither_into_the_image_nor_into_a_commit() -> None:
    assert {"secrets", "store-secrets"} <= set((ROOT / ".dockerignore").read_text().splitlines())
    assert {"/secrets/", "/store-secrets/"} <= set((ROOT / ".gitignore").read_text().splitlines())


def test_the_image_is_made_by_the_steps_of_run() -> None:
    """There is no engine here to build it; what can be checked is that nothing of it is written twice."""
    steps = (ROOT / "Dockerfile").read_text()
    assert "RUN ./setup run" in steps
    assert "pip install" not in steps
    assert "./setup run" in (ROOT / "run").read_text()
