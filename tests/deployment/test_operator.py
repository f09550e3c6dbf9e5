"""The command line as `operator` on the store of docker-compose.yml: it has the rights for all that it does."""

import asyncio
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner, Result

from service.cli import main
from service.clock import now_ms
from service.domain.shards import Job
from service.store import plans
from service.store.connection import for_commands
from tests.deployment import composed
from tests.deployment.composed import ComposedStore
from tests.entries import alert, append

SEEDED = 20


def flashwire(store: ComposedStore, folder: Path, *arguments: str) -> Result:
    environ = {
        "FLASHWIRE_REDIS_URL": store.address("operator"), "FLASHWIRE_DATA_DIR": str(folder / "data"),
        "FLASHWIRE_STORE_PASSWORD_FILE": str(store.password_file("operator")),
    }  # fmt: skip
    return CliRunner().invoke(main, arguments, env=environ)


def done(store: ComposedStore, folder: Path, *arguments: str) -> str:
    told = flashwire(store, folder, *arguments)
    assert told.exit_code == 0, (arguments, told.output)
    return told.output


def refused(store: ComposedStore) -> list[dict[str, object]]:
    """What the store has refused anybody."""
    with redis.Redis.from_url(store.url("operator")) as operator:
        log: list[dict[str, object]] = operator.acl_log()
        return log


async def something_in(store: ComposedStore) -> None:
    """An alert and a dead letter, each by whose business it is."""
    api, push = (for_commands(store.url(user), 5.0) for user in ("api", "push"))
    await append(api, alert())
    await plans.give_up(push, Job("A", 1, "apns", 0), "a test", now_ms())
    await api.aclose()
    await push.aclose()


def test_every_command_of_the_operators_is_within_its_rights(tmp_path: Path) -> None:
    with composed.running(tmp_path / "first") as store, composed.running(tmp_path / "second") as empty:
        asyncio.run(something_in(store))
        for arguments in (
            ("keys", "create", "--role", "duty", "--name", "desk"), ("keys", "list"), ("keys", "revoke-all"),
            ("devices", "seed", str(SEEDED), "--platform", "fcm"), ("devices", "stats"), ("devices", "export"),
            ("dead-letters",), ("dead-letters", "--retry"), ("audit", "export"),
            ("backup", str(tmp_path / "kept")),
        ):  # fmt: skip
            done(store, tmp_path, *arguments)
        done(empty, tmp_path, "restore", str(tmp_path / "kept"))
        done(empty, tmp_path, "restore", "--force", str(tmp_path / "kept"))
        assert f"{SEEDED:,}" in done(empty, tmp_path, "devices", "stats")
        for each in (store, empty):
            assert "each user has what it needs and no more" in flashwire(each, tmp_path, "doctor", "--offline").output
            assert refused(each) == []


@pytest.mark.parametrize("what", [("keys", "list"), ("backup", "kept")])
def test_the_command_line_under_another_name_is_told_what_is_missing(tmp_path: Path, what: tuple[str, ...]) -> None:
    with composed.running(tmp_path / "store") as store:
        environ = {"FLASHWIRE_REDIS_URL": store.url("push"), "FLASHWIRE_DATA_DIR": str(tmp_path / "data")}
        told = CliRunner().invoke(main, what, env=environ)
        assert told.exit_code == 1
        assert "config/store-users.acl" in told.output
        assert "Traceback" not in told.output
