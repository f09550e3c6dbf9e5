"""A newsroom is backed up while it posts, lost, and restored: what was said stays said, and nobody is rung again."""

import asyncio
import json
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.house import request
from tests.gateway.reader import Reader, epoch
from tests.phones import Sandbox, house_style, seed
from tests.processes import DEADLINE_S, System, until

SOON_S = 0.2
HEADLINE = "A comet is seen over the northern islands"


def flashwire(environ: dict[str, str], *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "service.cli", *arguments]
    return subprocess.run(command, env=environ, input=given, capture_output=True, timeout=DEADLINE_S)


def post_as(system: System, key: str, idempotency_key: str) -> tuple[int, dict[str, Any]]:
    headers = {
        "Content-Type": "application/json", "Authorization": f"Bearer {key}", "Idempotency-Key": idempotency_key,
    }  # fmt: skip
    body = json.dumps({"edition": "es", "headline": "Abre el museo del clima", "level": "brief"}).encode()
    asked = urllib.request.Request(f"{system.url}/v1/alerts", body, headers)
    with urllib.request.urlopen(asked, timeout=DEADLINE_S) as answer:
        return answer.status, json.load(answer)


def ticker(system: System, edition: str) -> list[dict[str, Any]]:
    alerts: list[dict[str, Any]] = system.ask(f"/v1/editions/{edition}/ticker?limit=100")["alerts"]
    return alerts


def planned(system: System) -> set[str]:
    """The alerts of which the dispatcher has made jobs, by its log."""
    whole_lines, _, _ = system.log().rpartition("\n")
    lines = [json.loads(line) for line in whole_lines.splitlines() if '"planned"' in line]
    return {line["alert"] for line in lines if line["event"] == "planned"}


async def first_message(system: System, after: str, upgrade: bool) -> dict[str, Any]:
    reader = await Reader.connect(system.gateway_port)
    try:
        await reader.send(request(f"edition=en&after={after}", upgrade))
        await reader.read_head()
        return await reader.next()
    finally:
        reader.socket.close()


@dataclass
class Newsroom:
    """What was before, and the folder in which a backup of it was restored."""

    folder: Path
    file: Path
    environ: dict[str, str]
    key: str
    posted: dict[str, Any]
    killed: dict[str, Any]
    corrected: dict[str, Any]
    answer: dict[str, Any]
    cursor: str
    devices: dict[str, Any]
    vapid: bytes
    told: dict[str, Any]
    restored: dict[str, Any]


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Newsroom:
    """Posts, corrects, kills and seeds; backs up while a thread posts on; loses everything; restores."""
    folder = tmp_path_factory.mktemp("newsroom")
    file = folder / "backup"
    with System(folder, config=house_style(folder, SOON_S), push="auto") as system:
        asyncio.run(seed(system, 60))
        posted = system.post(HEADLINE)["alert"]
        killed = system.kill_alert(system.post("Night trains stand still")["alert"]["id"])["alert"]
        wrong = system.post("The regatta begins on Monday")["alert"]
        correction = {"text": "It begins on Tuesday", "severity": "major"}
        said = {"headline": "The regatta begins on Tuesday", "correction": correction}
        corrected = system.ask(f"/v1/alerts/{wrong['id']}/correct", said, if_match=1)["alert"]
        key = system.done("keys", "create", "--role", "editor", "--name", "night desk")["key"]
        _, answer = post_as(system, key, "museum-1")
        Sandbox(system).until_showing(posted["id"], 60)
        devices = system.done("devices", "stats")
        ends = threading.Event()

        def post_on() -> None:
            number = 0
            while not ends.is_set():
                system.post(f"Tide gauge reading number {number}", "ar", push=False)
                number += 1

        posting = threading.Thread(target=post_on)
        posting.start()
        try:
            until(lambda: len(ticker(system, "ar")) > 3, "somebody is posting")
            told = system.done("backup", str(file))
        finally:
            ends.set()
            posting.join(DEADLINE_S)
        cursor = system.post("What is posted after the backup is lost")["cursor"]
        vapid = (system.data_dir / "vapid.pem").read_bytes()
        environ = system.environ
    shutil.rmtree(folder / "data")
    done = flashwire(environ, "restore", str(file), "--json")
    assert done.returncode == 0, done.stderr
    return Newsroom(
        folder, file, environ, key, posted, killed, corrected, answer, cursor, devices, vapid, told,
        json.loads(done.stdout),
    )  # fmt: skip


@pytest.fixture(scope="module")
def system(newsroom: Newsroom) -> Iterator[System]:
    """The newsroom after its restoration."""
    with System(newsroom.folder, config=newsroom.folder / "style.toml", push="auto") as made:
        yield made


def test_the_file_is_for_its_owner_alone_and_nothing_else_is_left(newsroom: Newsroom) -> None:
    assert newsroom.file.stat().st_mode & 0o777 == 0o600
    assert newsroom.told["bytes"] == newsroom.file.stat().st_size
    assert not newsroom.file.with_name("backup.new").exists()


def test_the_history_is_what_it_was(newsroom: Newsroom, system: System) -> None:
    before = [newsroom.corrected, newsroom.killed, newsroom.posted]
    assert ticker(system, "en") == before
    assert newsroom.killed["pubStatus"] == "canceled"


def test_what_was_posted_meanwhile_is_whole_or_not_there_at_all(system: System) -> None:
    alerts = ticker(system, "ar")
    numbers = [int(alert["headline"].rpartition(" ")[2]) for alert in alerts]
    assert numbers == list(range(numbers[0], numbers[0] - len(numbers), -1))
    assert all(system.ask(f"/v1/alerts/{alert['id']}")["alert"]["version"] == 1 for alert in alerts)


@pytest.mark.parametrize("upgrade", [True, False], ids=["WebSocket", "SSE"])
def test_a_reader_of_before_is_told_of_another_life(newsroom: Newsroom, system: System, upgrade: bool) -> None:
    message = asyncio.run(first_message(system, newsroom.cursor, upgrade))
    assert (message["type"], message["reason"]) == ("snapshot", "epoch")
    assert epoch(message) == newsroom.restored["wires"]["{en}"] != newsroom.cursor.split(":")[0]


def test_keys_and_answers_hold(newsroom: Newsroom, system: System) -> None:
    assert post_as(system, newsroom.key, "museum-1") == (201, newsroom.answer)
    assert len(ticker(system, "es")) == 1


def test_devices_are_counted_as_before_and_browsers_know_us(newsroom: Newsroom, system: System) -> None:
    assert system.done("devices", "stats") == newsroom.devices
    pair = system.data_dir / "vapid.pem"
    assert (pair.read_bytes(), pair.stat().st_mode & 0o777) == (newsroom.vapid, 0o400)


def test_nobody_is_rung_by_a_restore_and_everybody_by_what_comes_next(newsroom: Newsroom, system: System) -> None:
    """The dispatcher reads its wires in order: when the new alert was planned, no old one can be any more."""
    posted = system.post("Skies clear after the storm")["alert"]["id"]
    until(lambda: posted in planned(system), "the new alert is planned")
    assert planned(system) == {posted}


def test_a_damaged_backup_is_refused_before_the_first_write(newsroom: Newsroom, tmp_path: Path) -> None:
    whole = newsroom.file.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    environ = {**newsroom.environ, "FLASHWIRE_DATA_DIR": str(tmp_path / "data")}
    for content in (bytes(flipped), whole[:-1]):
        done = flashwire(environ, "restore", "-", given=content)
        assert done.returncode == 1, done.stderr
        assert b"is not restored" in done.stderr
        assert not (tmp_path / "data").exists(), "nothing was begun"


def test_a_store_that_is_in_use_is_refused(newsroom: Newsroom, system: System) -> None:
    done = flashwire(newsroom.environ, "restore", str(newsroom.file), "--force")
    assert (done.returncode, b"in use by flashwire up" in done.stderr) == (1, True), done.stderr
    elsewhere = {"FLASHWIRE_DATA_DIR": str(newsroom.folder / "elsewhere"), "FLASHWIRE_REDIS_URL": system.store_url}
    done = flashwire({**newsroom.environ, **elsewhere}, "restore", str(newsroom.file), "--force")
    assert (done.returncode, b"runs on this store" in done.stderr) == (1, True), done.stderr


def test_a_store_that_holds_something_is_refused_and_emptied_by_force(newsroom: Newsroom, tmp_path: Path) -> None:
    environ = {**newsroom.environ, "FLASHWIRE_DATA_DIR": str(tmp_path / "data")}
    content = newsroom.file.read_bytes()
    assert flashwire(environ, "restore", "-", given=content).returncode == 0
    done = flashwire(environ, "restore", "-", given=content)
    assert (done.returncode, b"not empty" in done.stderr) == (1, True), done.stderr
    done = flashwire(environ, "restore", "-", "--force", "--json", given=content)
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert (again["vapid"], again["records"]) == ("kept", newsroom.restored["records"])
    assert again["wires"].keys() == newsroom.restored["wires"].keys()
    assert not set(again["wires"].values()) & set(newsroom.restored["wires"].values())


def test_another_key_pair_is_not_overwritten(newsroom: Newsroom, tmp_path: Path) -> None:
    pair = tmp_path / "data" / "vapid.pem"
    pair.parent.mkdir()
    pair.write_bytes(b"another pair")
    environ = {**newsroom.environ, "FLASHWIRE_DATA_DIR": str(pair.parent)}
    done = flashwire(environ, "restore", str(newsroom.file))
    assert (done.returncode, b"is not the backup's key pair" in done.stderr) == (1, True), done.stderr
    assert pair.read_bytes() == b"another pair"
    assert not (pair.parent / "store").exists()
