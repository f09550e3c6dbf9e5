"""`flashwire devices`: counted, moved and invented, on a real store and with a real sandbox."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.domain.device import PLATFORMS
from tests.ports import free_ports
from tests.processes import ROOT, System
from tests.stores import running_in

PHONE = {"platform": "fcm", "token": "token-of-a-phone-000001", "preferences": {"editions": ["en"]}}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FLASHWIRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FLASHWIRE_SANDBOX_PORT", str(free_ports(1)[0]))


def running_on(folder: Path) -> Iterator[Path]:
    with running_in(folder):
        yield folder


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Path]:
    """The data folder of a running store."""
    yield from running_on(tmp_path / "one")


@pytest.fixture
def other_house(tmp_path: Path) -> Iterator[Path]:
    yield from running_on(tmp_path / "two")


def flashwire(folder: Path, *arguments: str, given: str | bytes = "", **environ: str) -> Result:
    environ = {"FLASHWIRE_DATA_DIR": str(folder), **environ}
    return CliRunner().invoke(main, ("devices", *arguments), input=given, env=environ)


def stats(folder: Path) -> dict[str, Any]:
    result = flashwire(folder, "stats", "--json")
    assert result.exit_code == 0, result.output
    counted: dict[str, Any] = json.loads(result.stdout)
    return counted


def lines(*bodies: Any) -> str:
    return "".join(f"{json.dumps(body)}\n" for body in bodies)


def test_an_empty_registry_says_so(house: Path) -> None:
    nobody = dict.fromkeys(PLATFORMS, 0)
    assert stats(house) == {"devices": nobody, "editions": {}, "test": 0, "tombstones": 0}
    assert flashwire(house, "export").stdout == ""


def test_devices_are_imported_and_those_that_are_known_stay(house: Path) -> None:
    other = {**PHONE, "token": "token-of-a-phone-000002", "preferences": {"editions": ["en", "ar"]}, "test": True}
    assert (
        "2 devices imported, 0 known already, 0 lines refused."
        in flashwire(house, "import", "-", given=lines(PHONE, other)).stdout
    )
    changed = {**PHONE, "preferences": {"editions": ["es"]}}
    result = flashwire(house, "import", "-", "--json", given=lines(changed))
    assert json.loads(result.stdout) == {"imported": 0, "known": 1, "refused": 0}
    counted = stats(house)
    assert counted["devices"]["fcm"] == 2
    assert {name: row["fcm"] for name, row in counted["editions"].items()} == {"ar": 1, "en": 2}
    assert counted["test"] == 1
    table = flashwire(house, "stats").stdout
    assert [line.split() for line in table.splitlines()[:2]] == [["apns", "fcm", "webpush"], ["ar", "0", "1", "0"]]


def test_a_line_that_is_refused_is_named_and_the_others_go_on(house: Path) -> None:
    bad = [b"{", b'{"platform":"fcm"}', b"x" * 20_000, b"\xff", b'{"a":1,"a":2}', b"[]"]
    given = b"\n".join([lines(PHONE).strip().encode(), *bad, b"", lines({**PHONE, "token": "y" * 30}).encode()])
    result = flashwire(house, "import", "-", "--json", given=given)
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"imported": 2, "known": 0, "refused": 6}
    told = result.stderr.splitlines()
    assert [line.partition(":")[0] for line in told] == [f"line {number}" for number in range(2, 8)]
    assert "/token: is missing" in told[1]
    assert stats(house)["devices"]["fcm"] == 2


def test_no_message_repeats_a_token(house: Path) -> None:
    secret = "very-secret-token-of-a-phone"
    given = lines(
        {**PHONE, "token": f"{secret} x"}, {**PHONE, "token": secret}, {**PHONE, "token": secret, "locale": "?"}
    )
    result = flashwire(house, "import", "-", given=given)
    assert result.exit_code == 1
    assert secret not in result.output


def test_what_is_exported_can_be_imported_elsewhere(house: Path, other_house: Path) -> None:
    assert flashwire(house, "seed", "1200").exit_code == 0
    full = {
        "platform": "apns", "token": "ab" * 32, "environment": "development", "topic": "org.example.news",
        "preferences": {
            "editions": ["ar", "en"], "minLevel": "urgent", "sections": ["sports"], "regions": ["mena"],
            "quiet": {"from": "23:00", "to": "07:00", "zone": "Asia/Beirut", "flashBreaks": False},
            "mute": [{"story": "0" * 26, "until": "2026-11-19T08:00:00.000Z"}],
        },
        "appVersion": "4.2", "locale": "ar-LB", "test": True,
    }  # fmt: skip
    assert flashwire(house, "import", "-", given=lines(full)).exit_code == 0
    exported = flashwire(house, "export").stdout
    assert json.loads(exported.splitlines()[600]) == full, "the last of APNs"
    file = other_house.parent / "devices.jsonl"
    file.write_text(exported)
    assert flashwire(other_house, "import", str(file)).exit_code == 0
    assert flashwire(other_house, "export").stdout == exported
    assert stats(other_house) == stats(house)


def test_without_a_sandbox_there_are_no_browsers_and_it_says_so(house: Path) -> None:
    result = flashwire(house, "seed", "100", "--json")
    assert result.exit_code == 0
    assert "No sandbox" in result.stderr
    assert json.loads(result.stdout) == {"seeded": {"apns": 50, "fcm": 50, "webpush": 0}}
    alone = flashwire(house, "seed", "10", "--platform", "webpush")
    assert (alone.exit_code, "no sandbox" in alone.output) == (1, True)


def test_seeds_can_be_of_one_edition_and_platform(house: Path) -> None:
    assert flashwire(house, "seed", "700", "--platform", "fcm", "--edition", "ar").exit_code == 0
    assert stats(house)["editions"] == {"ar": {"apns": 0, "fcm": 700, "webpush": 0}}
    assert flashwire(house, "seed", "3", "--edition", "xx").exit_code == 1
    tokens = {json.loads(line)["token"] for line in flashwire(house, "export").stdout.splitlines()}
    assert (len(tokens), {len(token) for token in tokens}) == (700, {163})


def test_nothing_is_invented_in_production(house: Path) -> None:
    result = flashwire(house, "seed", "10", FLASHWIRE_ENVIRONMENT="production")
    assert result.exit_code == 1
    assert "production" in result.output
    assert stats(house)["devices"] == dict.fromkeys(PLATFORMS, 0)


def test_the_sandbox_gives_browsers_that_can_be_sent_to(tmp_path: Path) -> None:
    with System(tmp_path, push="auto") as system:
        command = [sys.executable, "-m", "service.cli", "devices"]
        seeded = subprocess.run(
            [*command, "seed", "400", "--json"], env=system.environ, cwd=ROOT, capture_output=True, check=True
        )
        assert json.loads(seeded.stdout) == {"seeded": {"apns": 180, "fcm": 180, "webpush": 40}}
        exported = subprocess.run([*command, "export"], env=system.environ, cwd=ROOT, capture_output=True, check=True)
        bodies = [json.loads(line) for line in exported.stdout.splitlines()]
        endpoints = {body["subscription"]["endpoint"] for body in bodies if body["platform"] == "webpush"}
        assert len(endpoints) == 40
        assert all(endpoint.startswith("https://") for endpoint in endpoints)
