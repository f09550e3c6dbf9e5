"""`flashwire sandbox` as a process: it says where everything is, ends in order, and is the same one after a restart."""

import json
import socket
import stat
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.processes import ROOT, environ_for
from tests.sandbox.conftest import open_sandbox
from tests.sandbox.process import sandbox_process
from tests.sandbox.requests_as_documented import new_key, send, subscribe, to_browser
from workers.sandbox.certificates import Certificates

PORTS = ("apns", "fcm", "webpush", "autopush")


def test_it_says_where_everything_is_and_keeps_secrets_to_this_user(tmp_path: Path) -> None:
    with sandbox_process(tmp_path) as (where, environ):
        folder = tmp_path / "data" / "sandbox"
        assert where["page"] == f"http://127.0.0.1:{environ['FLASHWIRE_SANDBOX_PORT']}/"
        assert [where[name].rpartition(":")[0] for name in PORTS] == ["https://localhost"] * 3 + ["ws://127.0.0.1"]
        assert where["webpush_hosts"] == [where["webpush"].removeprefix("https://")]
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} <= {0o400, 0o600}
        account = json.loads(Path(where["fcm_credentials_file"]).read_text())
        assert (account["type"], account["token_uri"]) == ("service_account", f"{where['fcm']}/token")
        with urllib.request.urlopen(f"http://127.0.0.1:{environ['FLASHWIRE_ADMIN_PORT']}/readyz") as answer:
            assert json.load(answer)["ready"] is True


def test_after_a_restart_it_is_the_same_one(tmp_path: Path) -> None:
    with sandbox_process(tmp_path) as (first, _):
        kept = {name: Path(first[name]).read_bytes() for name in ("apns_key_file", "provider_ca_file")}
    with sandbox_process(tmp_path) as (second, _):
        assert {name: value for name, value in second.items() if name not in ("pid", "page")} == {
            name: value for name, value in first.items() if name not in ("pid", "page")
        }
        assert {name: Path(second[name]).read_bytes() for name in kept} == kept


def test_a_port_that_is_taken_is_replaced_by_another(tmp_path: Path) -> None:
    with sandbox_process(tmp_path) as (first, _):
        pass
    taken = int(first["webpush"].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", taken)), sandbox_process(tmp_path) as (second, _):
        assert second["webpush"] != first["webpush"]
        assert second["apns"] == first["apns"]


def test_a_sandbox_port_that_is_taken_is_named(tmp_path: Path) -> None:
    environ = environ_for(tmp_path / "data")
    with socket.create_server(("127.0.0.1", int(environ["FLASHWIRE_SANDBOX_PORT"]))):
        command = [sys.executable, "-m", "service.cli", "sandbox"]
        ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{environ['FLASHWIRE_SANDBOX_PORT']}" in ended.stderr


def test_it_does_not_start_in_production(tmp_path: Path) -> None:
    environ = environ_for(tmp_path / "data", environment="production")
    command = [sys.executable, "-m", "service.cli", "sandbox"]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, "the sandbox is for development" in ended.stderr) == (2, True)


async def test_a_subscription_of_yesterday_still_works(tmp_path: Path) -> None:
    key = new_key()
    async with open_sandbox(tmp_path) as running:
        subscription = await subscribe(running, key)
    async with open_sandbox(tmp_path) as running:
        answers = await send(
            running, to_browser(running, subscription, key), to_browser(running, subscription, new_key())
        )
    assert [answer.status_code for answer in answers] == [201, 403]


@pytest.mark.parametrize(("days", "is_remade"), [(1, False), (363, False), (365, True)])
def test_a_certificate_is_remade_before_it_expires(tmp_path: Path, days: int, is_remade: bool) -> None:
    certificates, now = Certificates(tmp_path), datetime.now(UTC)
    certificates.ensure(now)
    first = certificates.ca_file.read_bytes()
    certificates.ensure(now + timedelta(days=days))
    assert (certificates.ca_file.read_bytes() != first) is is_remade


def test_the_page_names_commands_as_they_are_typed(tmp_path: Path) -> None:
    with sandbox_process(tmp_path, program="./run") as (where, _), urllib.request.urlopen(where["page"]) as answer:
        page = answer.read().decode()
    assert "<code>./run devices seed " in page
    assert "<code>flashwire " not in page
