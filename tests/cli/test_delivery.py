"""`flashwire delivery`: a picture that fits any terminal, and a report that goes on until it is complete."""

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.commands.delivery_picture import FULL_BLOCKS, PLAIN_BLOCKS, Picture
from service.domain.delivery import bucket
from service.store.connection import for_commands
from service.store.embedded import EmbeddedStore
from service.store.ledger import Block, Ledger, Settled
from tests import guards
from tests.api.test_process import ROOT, Running, started
from tests.stores import ANSWERS_WITHIN_S, running_in

PART: dict[str, Any] = {
    "eligible": 9000, "undecided": 0, "held": {}, "queued": 0, "accepted": 4500, "failed": {}, "shown": 0, "opened": 0,
    "t50": None, "t90": None, "t99": None, "histogram": [],
}  # fmt: skip
NOBODY = {**PART, "eligible": 0, "accepted": 0}
REPORT: dict[str, Any] = {
    "alert": "7Q0F8R2K5M9TB4W6YE3XCZ01JV", "edition": "en", "version": 2, "state": "published",
    "sockets": {"open": 10_000, "sent": 9998, "p50Ms": 4.1, "p99Ms": 9.0}, "corrections": [],
    "fuseUntil": None, "complete": False, "push": {"apns": PART, "fcm": NOBODY, "webpush": NOBODY},
}  # fmt: skip
FULL = {
    **REPORT,
    "state": "canceled",
    "push": {
        "apns": {
            **PART, "held": {"muted": 7, "level": 2, "withdrawn": 4000},
            "failed": {"unregistered": 3, "unconfirmed": 497}, "shown": 4000, "opened": 50, "t50": 3.1, "t90": 3.4,
            "t99": 4.0,
        },
        "fcm": {**PART, "queued": 4500, "undecided": 2000}, "webpush": NOBODY,
    },
    "corrections": [{"version": 2, "needed": 4500, "reached": 4480}],
    "complete": True,
}  # fmt: skip


def drawn(report: dict[str, Any], columns: int = 80) -> list[str]:
    return Picture(columns, colours=False).lines(report)


def test_a_bar_fills_with_what_is_accepted() -> None:
    for accepted, share in ((0, 0.0), (4500, 0.5), (9000, 1.0)):
        (line,) = [
            line
            for line in drawn({**REPORT, "push": {"apns": {**PART, "accepted": accepted}}})
            if "█" in line or "░" in line
        ]
        full, empty = line.count("█"), line.count("░")
        assert full / (full + empty) == pytest.approx(share, abs=0.02)
        assert line.endswith(f" {accepted:,}/9,000 accepted")


def test_a_bar_is_not_full_while_some_are_undecided() -> None:
    lines = drawn({**REPORT, "push": {"apns": {**PART, "accepted": 9000, "undecided": 1000}}})
    assert any("░" in line and "9,000/10,000 accepted" in line for line in lines)


@pytest.mark.parametrize(
    ("state", "complete", "ending"),
    [
        ("published", False, "going out"),
        ("published", True, "complete"),
        ("withheld", False, "on hold: waits for a decision"),
        ("undone", True, "complete"),
    ],
)
def test_it_says_whether_anything_is_to_come(state: str, complete: bool, ending: str) -> None:
    assert drawn({**REPORT, "state": state, "complete": complete})[-1] == ending


def test_while_the_fuse_burns_it_says_until_when() -> None:
    assert drawn({**REPORT, "fuseUntil": "2026-11-18T14:02:11.204Z"})[-1] == "fuse burns until 14:02:11 UTC"


def test_only_shares_that_have_been_reached_have_times() -> None:
    said = "\n".join(drawn({**REPORT, "push": {"apns": {**PART, "t50": 3.1}}}))
    assert "half in 3.1 s" in said
    assert "90 %" not in said


def test_bars_are_equally_long() -> None:
    push = {"apns": PART, "fcm": {**PART, "accepted": 1, "eligible": 3}}
    lengths = {line.count("█") + line.count("░") for line in drawn({**FULL, "push": push})}
    assert len(lengths - {0}) == 1


def test_everything_is_said_in_words() -> None:
    said = "\n".join(drawn(FULL))
    for words in (
        "WITHDRAWN", "version 2", "9,998 of 10,000 at once, half in 4.1 ms, 99 % in 9 ms",
        "half in 3.1 s, 90 % in 3.4 s, 99 % in 4 s", "shown 4,000, opened 50", "queued 4,500, undecided 2,000",
        "failed 500: unconfirmed 497, unregistered 3", "held 4,009: withdrawn 4,000, muted 7, level 2",
        "4,480/4,500 reached", "webpush  nobody", "complete",
    ):  # fmt: skip
        assert words in said


@pytest.mark.parametrize("report", [REPORT, FULL], ids=["short", "full"])
@pytest.mark.parametrize("columns", [1, 7, 20, 33, 40, 80, 300])
def test_no_line_is_longer_than_the_terminal_is_wide(report: dict[str, Any], columns: int) -> None:
    assert max(map(len, drawn(report, columns))) <= columns


def test_colours_change_no_word() -> None:
    plain, coloured = (Picture(60, colours=colours).lines(FULL) for colours in (False, True))
    assert "\x1b" not in "".join(plain)
    assert "\x1b[3" in "".join(coloured)
    assert [re.sub(r"\x1b\[\d+m", "", line) for line in coloured] == plain


def test_a_server_cannot_write_to_the_terminal() -> None:
    part = {**PART, "failed": {"\x1b[2J": 1}}
    assert "\x1b" not in "".join(drawn({**REPORT, "state": "\x1b[2J", "push": {"\x1b]": part}}))


# --- the command, with an API that is real


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    with running_in(tmp_path_factory.mktemp("shared") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def running(server: EmbeddedStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(server, tmp_path_factory.mktemp("api")) as running:
        yield running


def publish(running: Running) -> str:
    """An alert that pushes nothing by itself; its figures are the test's."""
    headers = {"Authorization": f"Bearer {running.key}"}
    body = {"edition": "en", "headline": f"Snow falls {os.urandom(4).hex()}", "push": False}
    return str(running.client.post("/v1/alerts", json=body, headers=headers).json()["alert"]["id"])


def kill(running: Running, alert_id: str) -> None:
    headers = {"Authorization": f"Bearer {running.key}"}
    assert running.client.post(f"/v1/alerts/{alert_id}/kill", headers=headers).status_code == 200


def ring(server: EmbeddedStore, alert_id: str, eligible: int, accepted: int) -> None:
    async def write() -> None:
        store = for_commands(server.url, ANSWERS_WITHIN_S)
        ledger, block = Ledger(store, sends_max=3, kept_days=7), Block(alert_id, "apns", 0)
        await ledger.note(block, "seen", (1 << eligible) - 1, {"eligible:apns": eligible})
        settled = Settled(accepted=(1 << accepted) - 1, counts={f"t:{bucket(2.0)}:apns": accepted})
        await ledger.settle(block, 1, "accepted:apns", settled)
        await store.aclose()

    asyncio.run(write())


def command(running: Running, *arguments: str) -> dict[str, Any]:
    """How to start it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLASHWIRE_", "NO_COLOR"))}
    environ = {**kept, "FLASHWIRE_URL": f"http://127.0.0.1:{running.port}", "FLASHWIRE_KEY": running.key}
    return {"args": [sys.executable, "-m", "service.cli", "delivery", *arguments], "env": environ, "cwd": ROOT}


def said(running: Running, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(**command(running, *arguments), capture_output=True, text=True, timeout=60)
    assert ended.returncode == code, ended.stderr
    return ended


def test_outside_a_terminal_it_is_printed_once(running: Running, server: EmbeddedStore) -> None:
    alert_id = publish(running)
    ring(server, alert_id, 10, 7)
    output = said(running, alert_id).stdout
    assert "7/10 accepted" in output
    assert "\x1b" not in output
    assert json.loads(said(running, alert_id, "--json").stdout)["push"]["apns"]["accepted"] == 7


def test_an_unknown_alert_is_refused_in_one_line(running: Running) -> None:
    for how in ("--once", "--watch"):
        ended = said(running, "0" * 26, how, code=1)
        assert ended.stderr.startswith("Error: refused (404): no alert of this id is out")
        assert "Traceback" not in ended.stderr


def test_each_report_is_one_line_until_it_is_complete(running: Running, server: EmbeddedStore) -> None:
    alert_id = publish(running)
    with subprocess.Popen(
        **command(running, alert_id, "--watch", "--json"), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["push"]["apns"]["accepted"] == 0
        ring(server, alert_id, 10, 7)
        assert json.loads(process.stdout.readline())["push"]["apns"]["accepted"] == 7
        kill(running, alert_id)
        last = json.loads(process.stdout.readline())
        assert (last["state"], last["complete"], last["push"]["apns"]["held"]) == ("canceled", True, {"withdrawn": 3})
        assert process.stdout.read() == ""
        assert process.wait(60) == 0


def test_it_goes_on_when_the_api_comes_back(server: EmbeddedStore, tmp_path: Path) -> None:
    with started(server, tmp_path) as first:
        alert_id = publish(first)
        arguments = command(first, alert_id, "--watch", "--json")
        with subprocess.Popen(**arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            first.process.kill()
            first.process.wait()
            ring(server, alert_id, 10, 7)
            first.process = subprocess.Popen(first.process.args, env=environ_of(server, first), cwd=ROOT)
            try:
                assert json.loads(process.stdout.readline())["push"]["apns"]["accepted"] == 7
                process.send_signal(signal.SIGINT)
                assert process.wait(60) == 0
            finally:
                process.kill()
                first.process.kill()
                first.process.wait()


def environ_of(server: EmbeddedStore, running: Running) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
    admin = running.admin.rpartition(":")[2]
    own = {"FLASHWIRE_REDIS_URL": server.url, "FLASHWIRE_API_PORT": str(running.port), "FLASHWIRE_ADMIN_PORT": admin,
           "FLASHWIRE_CONFIG": str(guards.config_file(server.data_dir.parent, "off"))}  # fmt: skip
    return kept | own


def in_a_terminal(running: Running, alert_id: str, server: EmbeddedStore, **environ: str) -> str:
    """All that a terminal gets until the command is interrupted, which happens when it has drawn the second picture."""
    ours, theirs = pty.openpty()
    how = command(running, alert_id)
    how["env"] |= {"TERM": "xterm", "COLUMNS": "60", "LINES": "40", **environ}
    process = subprocess.Popen(**how, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    written, changed = "", False
    with contextlib.suppress(OSError):  # how a terminal says that nobody is there any more
        while part := os.read(ours, 65_536):
            written += part.decode()
            if "\x1b[J" in written and not changed:  # the first picture is whole
                changed = True
                ring(server, alert_id, 10, 7)
            if "7/10 accepted" in written and written.rstrip().endswith("\x1b[J"):
                process.send_signal(signal.SIGINT)
    os.close(ours)
    assert process.wait(60) == 0
    return written


def test_in_a_terminal_it_is_drawn_again_in_its_place(running: Running, server: EmbeddedStore) -> None:
    written = in_a_terminal(running, publish(running), server)
    first, second = written.split("\x1b[J")[:2]
    height = first.count("\n")
    assert f"\x1b[{height}A" in second
    assert "█" in second
    assert "\x1b[32m" in second
    assert "Abort" not in written


def test_without_colours_it_is_drawn_in_black_and_white(running: Running, server: EmbeddedStore) -> None:
    written = in_a_terminal(running, publish(running), server, NO_COLOR="1", PYTHONIOENCODING="ascii")
    assert not re.search(r"\x1b\[\d*m", written)
    assert FULL_BLOCKS[0] not in written
    assert PLAIN_BLOCKS[0] * 5 in written
