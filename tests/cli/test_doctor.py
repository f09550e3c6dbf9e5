"""`flashwire doctor`: each fault is found, named with its remedy, and told by the exit code."""

import json
import os
import resource
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

import pytest
import redis
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from redis.exceptions import NoPermissionError

from config.settings import STORE_USERS, VALKEY_CONF, Settings, load
from service import vapid
from service.cli import main
from service.doctor import examine
from service.findings import Finding
from service.store import users
from service.store.connection import for_commands
from service.store.embedded import EmbeddedStore, find_servers
from tests.ports import free_ports
from tests.push import certificates
from tests.push.credentials import account, pem
from tests.push.h2_server import Act, Answer, Request, serving
from tests.stores import running_in, until


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("FLASHWIRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FLASHWIRE_DATA_DIR", str(tmp_path / "data"))
    for name, port in zip(("API", "GATEWAY", "SANDBOX", "ADMIN"), free_ports(4), strict=True):
        monkeypatch.setenv(f"FLASHWIRE_{name}_PORT", str(port))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with running_in(tmp_path / "data") as made:
        yield made


def flashwire(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environ)


async def findings(settings: Settings, *, offline: bool = False) -> dict[str, Finding]:
    return {finding.check: finding for finding in await examine(settings, offline=offline)}


def settings_of_the_test(**changes: object) -> Settings:
    return replace(load(os.environ), **changes)  # type: ignore[arg-type]


def test_all_is_well_beside_a_running_store(tmp_path: Path) -> None:
    with with_users(tmp_path, STORE_USERS.read_text()):
        result = flashwire("doctor", "--json", FLASHWIRE_SOCKETS_MAX="10", FLASHWIRE_DISK_FREE_MIN_BYTES="0")
    assert result.exit_code == 0, result.output
    findings = json.loads(result.stdout)
    told = {finding["check"]: finding for finding in findings}
    assert len(told) == len(findings), "each is said once"
    kernel = {name: told.pop(name)["state"] for name in ("backlog", "overcommit", "hugepages") if name in told}
    assert set(kernel.values()) <= {"ok", "warning"}, "what this machine is set to; tests/cli/test_kernel.py"
    assert {name: finding["state"] for name, finding in told.items()} == {
        "settings": "ok", "versions": "ok", "newsroom": "ok", "store": "ok", "durability": "ok", "clock": "ok",
        "apns": "off", "fcm": "off", "webpush": "off", "secrets": "ok", "limits": "ok", "rights": "ok",
        "ports": "ok", "memory": "ok", "disk": "ok", "descriptors": "ok",
    }  # fmt: skip
    assert told["durability"]["says"] == "a 201 means: fsync (asked for: fsync)"


def test_a_port_that_somebody_else_has_is_told_with_the_setting_that_chooses_another() -> None:
    with socket.create_server(("127.0.0.1", int(os.environ["FLASHWIRE_API_PORT"]))) as held:
        told = {one["check"]: one for one in json.loads(flashwire("doctor", "--json").stdout)}
        assert told["ports"]["state"] == "warning"
        assert f"{held.getsockname()[1]}: Address already in use (FLASHWIRE_API_PORT)" in told["ports"]["says"]
    told = {one["check"]: one for one in json.loads(flashwire("doctor", "--json").stdout)}
    assert told["ports"] == {"check": "ports", "state": "ok", "says": "free", "remedy": None}


def test_for_people_every_fault_has_its_remedy_in_the_next_line() -> None:
    result = flashwire("doctor")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    (fault,) = (number for number, line in enumerate(lines) if line.startswith("failed"))
    assert "store" in lines[fault]
    assert "→ start `flashwire up`" in lines[fault + 1]


def test_a_wrong_setting_is_a_finding_too() -> None:
    result = flashwire("doctor", "--json", FLASHWIRE_API_PORT="none")
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)
    assert (finding["check"], finding["state"]) == ("settings", "failed")
    assert "FLASHWIRE_API_PORT" in finding["says"]


async def test_a_store_that_is_not_there_is_told_once() -> None:
    found = await findings(settings_of_the_test(redis_url="redis://127.0.0.1:1"))
    assert found["store"].state == "failed"
    assert "FLASHWIRE_REDIS_URL" in (found["store"].remedy or "")
    assert {"durability", "clock"}.isdisjoint(found)


async def test_a_store_less_durable_than_asked_for_is_a_failure(store: EmbeddedStore) -> None:
    found = await findings(settings_of_the_test(durability="replica", replicas_min=2))
    assert found["durability"].state == "failed"
    assert found["durability"].remedy == "0 of 2 replicas are connected"


@contextmanager
def with_users(folder: Path, text: str) -> Iterator[EmbeddedStore]:
    """A store with those users."""
    file = folder / "store-users.acl"
    file.write_text(text)
    with running_in(folder / "data", users=file) as server:
        yield server


async def rights(settings: Settings) -> list[Finding]:
    return [finding for finding in await examine(settings, offline=True) if finding.check == "rights"]


async def test_users_with_the_rights_that_they_need_are_well(tmp_path: Path) -> None:
    with with_users(tmp_path, STORE_USERS.read_text()) as server:
        (found,) = await rights(settings_of_the_test(environment="production"))
        assert (found.state, "`operator`" in found.says) == ("ok", True)
        (found,) = await rights(settings_of_the_test(redis_url=users.named(server.url, "gateway")))
        assert (found.state, "`gateway`" in found.says) == ("ok", True)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("(~ticket:* +getdel)", "", "`gateway` may not do GETDEL ticket:0"),
        ("(~dead:push +xadd)", "(~dead:push +xadd) +flushall", "`push` may do FLUSHALL, which it never needs"),
        ("~desk ~desk:*", "~desk:*", "`scheduler` may not do ZADD desk 0 a"),
    ],
)
async def test_a_user_who_lacks_a_right_or_has_one_too_many_is_told_with_its_remedy(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    text = STORE_USERS.read_text()
    assert before in text
    with with_users(tmp_path, text.replace(before, after)):
        (found,) = await rights(settings_of_the_test())
    assert (found.says, found.state) == (says, "warning" if "never" in says else "failed")
    assert "config/store-users.acl" in (found.remedy or "")


async def test_what_the_store_has_refused_lately_is_told(tmp_path: Path) -> None:
    with with_users(tmp_path, STORE_USERS.read_text()) as server:
        push = for_commands(users.named(server.url, "push"), 1.0)
        with pytest.raises(NoPermissionError):
            await push.hget("pending:A", "pending")
        await push.aclose()
        (found,) = await rights(settings_of_the_test())
    assert found.state == "warning"
    assert found.says.startswith("the store has refused `push`")


@pytest.mark.parametrize(("environment", "state"), [("development", "ok"), ("production", "warning")])
async def test_one_user_for_all_who_may_do_everything_over_the_net_is_warned_of_in_production(
    tmp_path: Path, environment: Literal["development", "production"], state: str
) -> None:
    """As on a managed store that knows one user."""
    (port,) = free_ports(1)
    conf = tmp_path / "valkey.conf"
    conf.write_text(f"{VALKEY_CONF.read_text()}\nport {port}\n")
    program = find_servers(os.environ)[0].path
    server = started([program, conf, "--dir", tmp_path, "--bind", "127.0.0.1"])
    try:
        settings = settings_of_the_test(redis_url=f"redis://127.0.0.1:{port}", environment=environment)
        await until(lambda: answers(port))
        (found,) = await rights(settings)
    finally:
        server.kill()
        server.wait()
    assert (found.state, "we are `default`, who may do FLUSHALL" in found.says) == (state, True)
    assert ("docs/deployment.md" in (found.remedy or "")) == (state == "warning")


def started(command: list[str | Path]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def answers(port: int) -> bool:
    try:
        with redis.Redis(port=port) as connection:
            return bool(connection.ping())
    except redis.ConnectionError:
        return False


async def set_in_the_store(server: EmbeddedStore, name: str, value: str | int) -> None:
    store = for_commands(server.url, 1.0)
    await cast(Any, store).config_set(name, value)
    await store.aclose()


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("appendfsync", "everysec", "set in the store: appendfsync always"),
        ("appendonly", "no", "set in the store: appendonly yes"),
        ("no-appendfsync-on-rewrite", "yes", "set in the store: no-appendfsync-on-rewrite no"),
        ("maxmemory-policy", "allkeys-lru", "the store may evict the wire: set maxmemory-policy noeviction"),
    ],
)
async def test_a_store_that_was_set_wrong_is_a_failure_with_its_remedy(
    store: EmbeddedStore, name: str, value: str, remedy: str
) -> None:
    await set_in_the_store(store, name, value)
    durability = (await findings(settings_of_the_test()))["durability"]
    assert (durability.state, durability.remedy) == ("failed", remedy)


@pytest.mark.parametrize(("used_share", "state"), [(0.5, "ok"), (0.87, "warning"), (1.1, "failed")])
async def test_a_store_that_is_nearly_full_is_told(store: EmbeddedStore, used_share: float, state: str) -> None:
    before = for_commands(store.url, 1.0)
    used = (await before.info("memory"))["used_memory"]
    await before.aclose()
    await set_in_the_store(store, "maxmemory", int(used / used_share))
    memory = (await findings(settings_of_the_test()))["memory"]
    assert memory.state == state, memory.says
    assert (memory.remedy is None) == (state == "ok")


async def test_a_disk_with_less_room_than_is_wanted_is_a_failure(store: EmbeddedStore) -> None:
    assert (await findings(settings_of_the_test(disk_free_min_bytes=2**50)))["disk"].state == "failed"
    assert (await findings(settings_of_the_test(disk_free_min_bytes=0)))["disk"].state == "ok"


async def test_more_sockets_than_files_may_be_opened_are_warned_of() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 0 < soft <= hard
    found = (await findings(settings_of_the_test(sockets_max=hard)))["descriptors"]
    assert found.state == "warning"
    assert "FLASHWIRE_SOCKETS_MAX" in (found.remedy or "")
    assert (await findings(settings_of_the_test(sockets_max=1)))["descriptors"].state == "ok"


@pytest.mark.parametrize(("ahead_s", "state"), [(0.5, "ok"), (10, "warning"), (-10, "warning"), (3600, "failed")])
async def test_a_clock_that_differs_from_the_stores_is_told(store: EmbeddedStore, ahead_s: float, state: str) -> None:
    found = await examine(settings_of_the_test(), now_s=lambda: time.time() + ahead_s)
    assert [finding.state for finding in found if finding.check == "clock"] == [state]


async def test_keys_that_others_can_read_are_warned_of(store: EmbeddedStore, tmp_path: Path) -> None:
    key = tmp_path / "key.p8"
    key.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    key.chmod(0o644)
    found = await findings(settings_of_the_test(apns_key_file=key), offline=True)
    assert found["secrets"].state == "warning"
    assert found["secrets"].remedy == f"chmod 600 {key}"
    key.chmod(0o400)
    assert (await findings(settings_of_the_test(apns_key_file=key), offline=True))["secrets"].state == "ok"


async def test_half_of_apples_credentials_is_a_failure(store: EmbeddedStore, tmp_path: Path) -> None:
    found = await findings(settings_of_the_test(apns_key_file=tmp_path / "key.p8"))
    assert found["apns"] == Finding(
        "apns", "failed", "FLASHWIRE_APNS_KEY_ID is not set", "mend it, or unset all of its settings"
    )


async def test_the_key_pair_that_up_has_made_is_looked_at(store: EmbeddedStore, tmp_path: Path) -> None:
    path = tmp_path / "data" / vapid.FILE_NAME
    path.write_text("broken")
    path.chmod(0o600)
    assert (await findings(settings_of_the_test()))["webpush"].state == "failed"
    path.unlink()
    vapid.load_or_make(path)
    assert (await findings(settings_of_the_test()))["webpush"] == Finding(
        "webpush", "ok", "its credentials can be read"
    )


async def test_who_is_exempt_from_the_limits_is_said() -> None:
    limits = (await findings(settings_of_the_test(registrations_per_address_per_min=7)))["limits"]
    assert limits.says.startswith("from one address: 7 registrations a minute, 2,000 sockets")
    assert limits.says.endswith("loopback and private addresses are exempt")


async def test_a_primary_that_takes_alerts_alone_is_warned_of_where_replicas_are_asked_for(
    store: EmbeddedStore,
) -> None:
    settings = settings_of_the_test(durability="replica", redis_url=store.url)
    assert (await findings(settings))["replicas"].state == "warning"
    commands = cast(Any, for_commands(store.url, 1.0))
    await commands.config_set("min-replicas-to-write", 1)
    await commands.aclose()
    assert (await findings(settings))["replicas"].state == "ok"
    assert "replicas" not in await findings(replace(settings, durability="fsync"))


async def test_a_production_that_answers_under_any_name_is_warned_of() -> None:
    production = settings_of_the_test(environment="production")
    assert (await findings(production))["hosts"].state == "warning"
    named = replace(production, public_url="https://news.example")
    assert (await findings(named))["hosts"].says.startswith("asked for under news.example")


async def test_a_public_address_without_trusted_proxies_is_warned_of() -> None:
    public = settings_of_the_test(public_url="https://news.example")
    assert (await findings(public))["proxy"].state == "warning"
    trusting = replace(public, trusted_proxies=("10.0.0.1",))
    assert (await findings(trusting))["proxy"].state == "ok"


LET_IN = Answer(400, b'{"reason":"BadDeviceToken"}'), Answer(400, b'{"error":{"status":"INVALID_ARGUMENT"}}')
STRANGERS = Answer(403, b'{"reason":"InvalidProviderToken"}'), Answer(403, b'{"error":{"status":"PERMISSION_DENIED"}}')
BUSY = Answer(503, b'{"reason":"ServiceUnavailable"}'), Answer(503, b'{"error":{"status":"UNAVAILABLE"}}')
WRONG_APP = Answer(400, b'{"reason":"TopicDisallowed"}'), Answer(403, b'{"error":{"status":"SENDER_ID_MISMATCH"}}')


@pytest.mark.parametrize(
    ("answers", "state"), [(LET_IN, "ok"), (STRANGERS, "failed"), (BUSY, "warning"), (WRONG_APP, "failed")]
)
async def test_providers_are_asked_whether_they_let_us_in(
    tmp_path: Path, answers: tuple[Answer, Answer], state: str
) -> None:
    async def decide(request: Request) -> Act:
        if request.path == "/token":
            return Answer(200, b'{"access_token":"a-token","expires_in":3600}')
        assert b"validate_only" in request.body or request.path.startswith("/3/device/")
        return answers[0] if request.path.startswith("/3/device/") else answers[1]

    trusted = certificates.make(tmp_path, "localhost")
    key = tmp_path / "key.p8"
    key.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    async with serving(trusted, decide) as server:
        settings = settings_of_the_test(
            provider_ca_file=trusted.authority,
            apns_key_file=key,
            apns_key_id="KEY4567890",
            apns_team_id="TEAM567890",
            apns_url=server.url,
            fcm_credentials_file=account(tmp_path, rsa.generate_private_key(65537, 2048), f"{server.url}/token"),
            fcm_url=server.url,
        )
        found = await findings(settings)
        asked = len(server.requests)
        assert (await findings(settings, offline=True))["apns"].state == "ok"
        assert len(server.requests) == asked
    assert (found["apns"].state, found["fcm"].state) == (state, state)
    unreachable = await findings(settings)
    assert {unreachable["apns"].state, unreachable["fcm"].state} == {"failed"}
    assert "refused" in unreachable["apns"].says
