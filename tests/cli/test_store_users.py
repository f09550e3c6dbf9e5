"""`flashwire store-users`: a store that somebody else starts takes our users, and so does its replica."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner, Result

from config.settings import VALKEY_CONF
from service.cli import main
from service.clock import now_ms
from service.store import access, lineage
from service.store.access import Bounds
from service.store.connection import for_commands
from service.store.embedded import find_servers
from service.store.users import User
from tests.deployment.composed import USERS, make_secrets
from tests.entries import EN
from tests.ports import free_ports
from tests.processes import until

COPIER = "user replica on >copies +psync +replconf +ping\n"


def store_users(folder: Path) -> Result:
    return CliRunner().invoke(main, ("store-users", str(folder)))


@contextmanager
def running(folder: Path, port: int, *more: str) -> Iterator[None]:
    """A server on our configuration with the users that are printed; it says of itself when it is there."""
    folder.mkdir()
    printed = store_users(folder.parent / "store")
    assert printed.exit_code == 0, printed.output
    conf = folder / "valkey.conf"
    own = f"bind 127.0.0.1\nport {port}\nrepl-diskless-sync-delay 0\n"
    conf.write_text(f"{VALKEY_CONF.read_text()}\n{own}{printed.output}{COPIER}")
    program = find_servers(os.environ)[0].path
    process = subprocess.Popen([program, conf, "--dir", folder, *more], stdout=subprocess.DEVNULL)

    def answers() -> bool:
        assert process.poll() is None, "it has ended at once"
        try:
            return bool(redis.Redis.from_url(url("operator", port)).ping())
        except redis.ConnectionError:
            return False

    try:
        until(answers, "it answers")
        yield
    finally:
        process.kill()
        process.wait()


def url(user: User, port: int) -> str:
    return f"redis://{user}:sesame-of-{user}@127.0.0.1:{port}/0"


async def test_a_store_and_its_replica_take_our_users_and_a_change_waits_for_the_copy(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    first, second = free_ports(2)
    follow = ("--replicaof", f"127.0.0.1 {first}", "--masteruser", "replica", "--masterauth", "copies")
    with running(tmp_path / "first", first), running(tmp_path / "second", second, *follow):
        with redis.Redis.from_url(url("operator", second)) as replica:
            until(lambda: replica.info("replication")["master_link_status"] == "up", "the replica follows")
        store, behind = for_commands(url("api", first), 5.0), for_commands(url("gateway", second), 5.0)
        key = await access.create(store, "desk", "duty", False, now_ms(), bounds=Bounds(replicas_min=1))
        assert await lineage.change_epoch(store, EN, None, "e1") == "e1"
        assert await access.standing(behind, {key.id}, now_ms()) == {key.id}
        (standing,) = (await lineage.read(behind, {EN: None})).values()
        assert standing.epoch in ("e1", None), "the copy of what nobody waited for may be on its way"
        await store.aclose()
        await behind.aclose()


def test_digests_are_printed_and_no_password(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    printed = store_users(tmp_path / "store").output
    assert {line.split()[1] for line in printed.splitlines()} == {"default", *USERS}
    assert "sesame" not in printed
    assert "nopass" not in printed


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_user_without_a_password_is_refused_by_name(tmp_path: Path, content: str | None) -> None:
    make_secrets(tmp_path)
    file = tmp_path / "store" / "push"
    file.unlink()
    if content is not None:
        file.write_text(content)
    told = store_users(tmp_path / "store")
    assert told.exit_code == 1
    assert str(file) in told.output
    assert "openssl" in told.output
