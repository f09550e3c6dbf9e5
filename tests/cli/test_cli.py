"""The command line: help for everything, exit codes 0, 1 and 2, and errors that name their remedy."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from config.settings import VALKEY_CONF
from service import client
from service.cli import main
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder
from tests.ports import free_ports
from tests.processes import ROOT
from tests.stores import OPEN_USERS


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the developer's own settings, a folder of our own, and nobody listening."""
    for name in [name for name in os.environ if name.startswith("FLASHWIRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FLASHWIRE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FLASHWIRE_API_PORT", str(free_ports(1)[0]))
    monkeypatch.setattr(client, "PATIENCE_S", 0.1)


@pytest.fixture
def running_store(tmp_path: Path) -> Iterator[None]:
    folder = DataFolder.hold(tmp_path / "data", "a test")
    store = EmbeddedStore(folder, VALKEY_CONF, OPEN_USERS)
    store.start()
    yield
    store.stop()
    folder.release()


def flashwire(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environ)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(commands(main)), ids=lambda path: " ".join(path) or "flashwire")
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    result = flashwire(*path, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output
    called = flashwire(*path, "--help", FLASHWIRE_PROGRAM="./run").output
    assert not re.search(r"flashwire\s+[a-z]", called), "it tells to type what was typed, also where a line ends in it"
    assert "..." not in result.output.partition("Commands:")[2], "a command's first sentence is too long for the list"


def test_the_version_is_that_of_the_package() -> None:
    assert "version 0." in flashwire("--version").output


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("post",),
        ("post", "x", "--level", "loud"),
        ("kill",),
        ("keys", "create", "--role", "duty"),
        ("keys", "create", "--role", "king", "--name", "x"),
        ("keys", "create", "--role", "duty", "--name", " "),
        ("gateway", "--processes", "0"),
        ("watch", "--limit", "0"),
        ("api",),
        ("gateway",),
    ],
)
def test_a_command_that_is_wrong_in_itself_exits_2(arguments: tuple[str, ...]) -> None:
    result = flashwire(*arguments)
    assert result.exit_code == 2, result.output


@pytest.mark.parametrize("command", ["up", "api", "gateway", "watch"])
def test_a_wrong_setting_stops_the_start_with_one_line(command: str) -> None:
    result = flashwire(command, FLASHWIRE_DURABILITY="maybe")
    assert result.exit_code == 2
    assert result.output == "Error: FLASHWIRE_DURABILITY='maybe': must be fsync, replica or relaxed\n"


@pytest.mark.parametrize("arguments", [("post", "x"), ("kill", "A1")])
def test_without_a_key_the_remedy_is_named(arguments: tuple[str, ...]) -> None:
    result = flashwire(*arguments)
    assert result.exit_code == 1
    assert "FLASHWIRE_KEY" in result.output


@pytest.mark.parametrize("arguments", [("post", "x"), ("kill", "A1"), ("watch",)])
def test_without_an_api_the_remedy_is_named(arguments: tuple[str, ...]) -> None:
    result = flashwire(*arguments, FLASHWIRE_KEY="fw_live_x")
    assert result.exit_code == 1
    assert "is `flashwire up` running?" in result.output


@pytest.mark.parametrize(
    "arguments", [("--help",), ("post", "--help"), ("devices", "seed", "--help"), ("keys", "list")]
)
def test_commands_to_type_have_the_name_that_was_typed(arguments: tuple[str, ...]) -> None:
    assert "./run " in flashwire(*arguments, FLASHWIRE_PROGRAM="./run").output
    assert "flashwire " not in flashwire(*arguments, FLASHWIRE_PROGRAM="./run").output
    assert "flashwire " in flashwire(*arguments).output  # and nothing is left behind


def test_run_says_how_it_was_called(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "run", home / "run")
    for path, does in {"setup": "", ".venv/bin/flashwire": 'echo "$FLASHWIRE_PROGRAM $1"'}.items():
        (home / path).write_text(f"#!/bin/sh\n{does}\n")
        (home / path).chmod(0o755)

    def said(*command: str, cwd: Path, **environ: str) -> str:
        return subprocess.run(
            command, cwd=cwd, env=os.environ | environ, capture_output=True, text=True, check=True
        ).stdout

    assert said("./run", cwd=home) == "./run up\n"
    assert said("home/run", "post", cwd=tmp_path) == "home/run post\n"
    assert said("sh", "run", "post", cwd=home) == "./run post\n"
    assert said("./run", "post", cwd=home, FLASHWIRE_PROGRAM="newsroom") == "newsroom post\n"


def test_the_local_key_is_never_sent_to_another_api(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "duty.key").write_text("fw_live_local\n")
    result = flashwire("post", "x", FLASHWIRE_URL="http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "no key: set FLASHWIRE_KEY" in result.output


@pytest.mark.parametrize(
    "url",
    ["ftp://news.example", "news.example", "http://", "http://a:b@news.example", "http://[", "http://127.0.0.1:99999"],
)
def test_a_wrong_address_is_a_usage_error(url: str) -> None:
    result = flashwire("post", "x", FLASHWIRE_URL=url, FLASHWIRE_KEY="fw_live_x")
    assert result.exit_code == 2
    assert "FLASHWIRE_URL must be" in result.output


@pytest.mark.parametrize(
    "arguments", [("post", "Gr\udcfc\udcdfe"), ("kill", "\udcff"), ("correct", "A", "--wrong", "\udce4")]
)
def test_an_argument_in_another_encoding_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    result = flashwire(*arguments, FLASHWIRE_KEY="fw_live_x")
    assert result.exit_code == 2
    assert result.output.startswith("Error: an argument is not UTF-8")


def test_a_pasted_line_in_another_encoding_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ("post", "-"), input=b"Gr\xfc\xdfe", env={"FLASHWIRE_KEY": "fw_live_x"})
    assert result.exit_code == 2
    assert result.output.startswith("Error: standard input is not UTF-8")


def test_a_wrong_key_is_not_repeated() -> None:
    result = flashwire("post", "x", FLASHWIRE_KEY="open sesame")
    assert result.exit_code == 2
    assert "sesame" not in result.output


def test_keys_need_a_running_store() -> None:
    result = flashwire("keys", "list")
    assert result.exit_code == 1
    assert "start `flashwire up`" in result.output


@pytest.mark.usefixtures("running_store")
def test_a_key_is_made_listed_and_revoked() -> None:
    made = json.loads(flashwire("keys", "create", "--role", "editor", "--name", "night desk", "--json").output)
    assert set(made) == {"id", "key", "role", "name"}
    assert made["key"].startswith(f"fw_live_{made['id']}")

    listed = flashwire("keys", "list").output
    assert made["id"] in listed
    assert "night desk" in listed
    assert made["key"] not in listed

    assert flashwire("keys", "revoke", made["id"]).exit_code == 0
    (key,) = json.loads(flashwire("keys", "list", "--json").output)
    assert key["revoked"]


@pytest.mark.usefixtures("running_store")
def test_a_key_is_rotated_and_its_overlap_is_said() -> None:
    made = json.loads(flashwire("keys", "create", "--role", "editor", "--name", "feed", "--json").output)
    output = flashwire("keys", "rotate", made["id"], "--overlap", "60").output
    assert output.startswith(f"fw_live_{made['id']}")
    assert made["key"] not in output
    assert "works for 60 s more" in output
    again = json.loads(flashwire("keys", "rotate", made["id"], "--overlap", "0", "--json").output)
    assert {**again, "key": made["key"]} == made
    for gone in ("NOSUCHKEY0", made["id"]):
        flashwire("keys", "revoke", made["id"])
        result = flashwire("keys", "rotate", gone)
        assert (result.exit_code, "flashwire keys list" in result.output) == (1, True)


@pytest.mark.usefixtures("running_store")
def test_a_key_expires_at_a_moment_or_after_a_span() -> None:
    for when in ("2127-01-31T12:00:00Z", "90d", "12h"):
        result = flashwire("keys", "create", "--role", "editor", "--name", "feed", "--expires", when)
        assert result.exit_code == 0
        assert "until 2" in result.output
    assert [key["expires"] is not None for key in json.loads(flashwire("keys", "list", "--json").output)] == [True] * 3
    assert "until 2127-01-31" in flashwire("keys", "list").output
    for wrong in ("2020-01-01T00:00:00Z", "soon", "0d", "-1d", "90", "9999-12-31"):
        result = flashwire("keys", "create", "--role", "editor", "--name", "feed", "--expires", wrong)
        assert (result.exit_code, "--expires" in result.output) == (2, True)


@pytest.mark.usefixtures("running_store")
def test_every_key_is_ended_at_once_and_the_owner_gets_back_in() -> None:
    for name in ("night desk", "day desk"):
        assert flashwire("keys", "create", "--role", "duty", "--name", name).exit_code == 0
    assert json.loads(flashwire("keys", "revoke-all", "--json").output) == {"revoked": 2}
    assert all(key["revoked"] for key in json.loads(flashwire("keys", "list", "--json").output))
    assert "flashwire keys create" in flashwire("keys", "revoke-all").output
    assert "./run keys create" in flashwire("keys", "revoke-all", FLASHWIRE_PROGRAM="./run").output
    assert flashwire("keys", "create", "--role", "duty", "--name", "night desk").exit_code == 0


@pytest.mark.usefixtures("running_store")
def test_more_keys_than_may_be_are_refused_with_the_remedy() -> None:
    for number in range(10):
        flashwire("keys", "create", "--role", "editor", "--name", f"desk {number}")
    result = flashwire("keys", "create", "--role", "editor", "--name", "one more", FLASHWIRE_KEYS_MAX="10")
    assert result.exit_code == 1
    assert "end some, or raise keys_max" in result.output


@pytest.mark.usefixtures("running_store")
def test_a_test_key_looks_like_one() -> None:
    output = flashwire("keys", "create", "--role", "duty", "--name", "drill", "--test").output
    assert output.startswith("fw_test_")


@pytest.mark.usefixtures("running_store")
def test_a_key_that_does_not_exist_cannot_be_revoked() -> None:
    result = flashwire("keys", "revoke", "NOSUCHKEY0")
    assert result.exit_code == 1
    assert "flashwire keys list" in result.output


def test_a_folder_in_use_is_said_with_its_holder(tmp_path: Path) -> None:
    folder = DataFolder.hold(tmp_path / "data", "flashwire up")
    result = flashwire("up")
    folder.release()
    assert result.exit_code == 1
    assert "is in use by flashwire up (process" in result.output
    assert "FLASHWIRE_DATA_DIR" in result.output
