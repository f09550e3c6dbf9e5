"""`flashwire audit`: an export that holds every line and says what it leaves out, and a look at the chain."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.domain import audit as acts
from service.domain import moment
from service.domain.audit import Act, By
from service.store import audit, keys
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedStore
from tests.entries import alert, append
from tests.processes import ROOT
from tests.stores import running_in

DESK = By(name="night desk", key_id="K", role="duty", address="127.0.0.1", request_id="r")
DAY_MS = moment.from_text("2026-11-18T00:00:00Z")
HOUR_MS = 3_600_000
TOGETHER = 500
WITHIN_S = 60.0
"""How long a step may take on a busy machine."""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("FLASHWIRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FLASHWIRE_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with running_in(tmp_path / "store") as made:
        yield made


def flashwire(server: EmbeddedStore, *arguments: str) -> Result:
    return CliRunner().invoke(main, ("audit", *arguments), env={"FLASHWIRE_REDIS_URL": server.url})


def on_store(server: EmbeddedStore, act: Callable[[Store], Awaitable[None]]) -> None:
    async def on_it() -> None:
        store = for_commands(server.url, WITHIN_S)
        await act(store)
        await store.aclose()

    asyncio.run(on_it())


def written(server: EmbeddedStore, count: int, *, apart_ms: int = HOUR_MS) -> None:
    """So many lines, the first at the beginning of the day, an hour apart."""

    async def act(store: Store) -> None:
        for start in range(0, count, TOGETHER):
            async with store.pipeline(transaction=False) as pipe:
                for number in range(start, min(start + TOGETHER, count)):
                    at = moment.to_text(DAY_MS + number * apart_ms)
                    audit.add(pipe, Act(at=at, verb="create-key", by=DESK, key=f"{number}"))
                await pipe.execute()

    on_store(server, act)


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_what_is_exported_is_every_line_with_its_link(server: EmbeddedStore) -> None:
    assert lines(flashwire(server, "export")) == []
    written(server, 3)
    found = lines(flashwire(server, "export"))
    assert [line["key"] for line in found] == ["0", "1", "2"]
    assert found[0]["by"] == {"name": "night desk", "keyId": "K", "role": "duty", "address": "127.0.0.1",
                              "requestId": "r"}  # fmt: skip
    assert [line["chain"].partition(":")[0] for line in found] == ["1", "2", "3"]
    assert lines(flashwire(server, "export", "--json")) == found


def test_keys_that_are_made_and_ended_at_a_terminal_say_who_sat_there(server: EmbeddedStore) -> None:
    environ = {"FLASHWIRE_REDIS_URL": server.url}
    made = CliRunner().invoke(main, ["keys", "create", "--role", "duty", "--name", "night desk", "--json"], env=environ)
    issued = json.loads(made.stdout)
    CliRunner().invoke(main, ["keys", "revoke", issued["id"]], env=environ)
    found = lines(flashwire(server, "export"))
    assert [line["verb"] for line in found] == ["create-key", "revoke-key"]
    assert {line["key"] for line in found} == {issued["id"]}
    for line in found:
        assert line["by"].keys() == {"name", "account", "address"}
        assert line["by"]["name"] == "command line"
    assert issued["key"][18:] not in flashwire(server, "export").output


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("--since", "2026-11-18"), "0 1 2 3 4 5"), (("--since", "2026-11-19"), ""),
        (("--since", "2026-11-18T03:00:00Z"), "3 4 5"), (("--since", "2026-11-18T05:00:00+02:00"), "3 4 5"),
        (("--until", "2026-11-18T03:00:00Z"), "0 1 2"), (("--until", "2026-11-18"), ""),
        (("--since", "2026-11-18T02:00:00Z", "--until", "2026-11-18T04:00:00Z"), "2 3"),
    ],
)  # fmt: skip
def test_an_export_of_some_hours_holds_those(server: EmbeddedStore, arguments: tuple[str, ...], found: str) -> None:
    at_their_hour(server, 6)
    assert " ".join(line["key"] for line in lines(flashwire(server, "export", *arguments))) == found


def at_their_hour(server: EmbeddedStore, count: int) -> None:
    """Lines as a store has them that took each at the moment that it says."""

    async def act(store: Store) -> None:
        async with store.pipeline(transaction=False) as pipe:
            for number in range(count):
                at_ms = DAY_MS + number * HOUR_MS
                entry = acts.encode(Act(at=moment.to_text(at_ms), verb="create-key", by=DESK, key=f"{number}"))
                pipe.xadd(keys.AUDIT, {"entry": entry}, id=f"{at_ms}-0")
            await pipe.execute()

    on_store(server, act)


def test_the_audit_of_one_alert_is_its_own(server: EmbeddedStore) -> None:
    made, other = alert(), alert()

    async def act(store: Store) -> None:
        await append(store, made)
        await append(store, other)

    on_store(server, act)
    written(server, 2)
    assert [line["alert"] for line in lines(flashwire(server, "export", "--alert", made.id))] == [made.id]
    result = flashwire(server, "export", "--alert", "A" * 26)
    assert (result.exit_code, "nothing of an alert" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("export", "--since", "yesterday"), "--since"), (("export", "--until", "2026-11-18T03:00:00"), "--until"),
        (("export", "--since", "2026-13-01"), "--since"), (("export", "--alert", "x"), "--alert"),
        (("verify", "--held", "7"), "--held"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(server: EmbeddedStore, arguments: tuple[str, ...], says: str) -> None:
    result = flashwire(server, *arguments)
    assert (result.exit_code, f"Error: {says}: " in result.output) == (2, True), result.output


def test_lines_that_are_no_longer_kept_are_told_of_where_they_are_asked_for(server: EmbeddedStore) -> None:
    written(server, 250)

    async def trim(store: Store) -> None:
        async with store.pipeline(transaction=False) as pipe:
            pipe.xtrim(keys.AUDIT, maxlen=240, approximate=False)
            await pipe.execute()

    on_store(server, trim)
    result = flashwire(server, "export")
    assert len(lines(result)) == 240
    assert "Lines 1 to 10 are no longer kept: audit_max_entries says how many are." in result.stderr
    assert "The oldest is of 2026-11-18T10:00:00.000Z." in result.stderr
    assert "no longer kept" in flashwire(server, "export", "--since", "2026-11-18T09:00:00Z").stderr
    assert "no longer kept" not in flashwire(server, "export", "--since", "2026-11-18T10:00:00Z").stderr
    assert "Lines 1 to 10 are no longer kept" in flashwire(server, "verify").output


def test_a_line_that_is_no_act_of_ours_is_told_all_the_same(server: EmbeddedStore) -> None:
    async def slip(store: Store) -> None:
        async with store.pipeline(transaction=False) as pipe:
            for entry in ("{}", "[1]", b"\xff\x00", ""):
                pipe.xadd(keys.AUDIT, {"entry": entry})
            await pipe.execute()

    on_store(server, slip)
    assert lines(flashwire(server, "export")) == [{}, {"unreadable": "[1]"}, {"unreadable": "\\xff\x00"},
                                                  {"unreadable": ""}]  # fmt: skip


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_who_stops_a_long_export_has_whole_lines_and_is_told_so(server: EmbeddedStore, unbuffered: str) -> None:
    written(server, 5_000, apart_ms=1)
    command = [sys.executable, "-m", "service.cli", "audit", "export"]
    environ = {**os.environ, "FLASHWIRE_REDIS_URL": server.url, "PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(
        command, bufsize=0, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as export:
        assert export.stdout is not None
        first = export.stdout.read(10)
        export.send_signal(signal.SIGINT)
        rest, said = export.communicate(timeout=WITHIN_S)
    assert export.returncode == 1, said
    told = [json.loads(line) for line in (first + rest).splitlines()]
    assert len(told) < 5_000
    assert said.decode() == f"Error: stopped after {len(told):,} lines; there may be more\n"


def test_an_audit_as_it_was_written_is_praised_and_names_its_newest_link(server: EmbeddedStore) -> None:
    assert flashwire(server, "verify").output == "The audit has no line yet.\n"
    written(server, 12)
    result = flashwire(server, "verify", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["lines"], told["oldest"], told["faults"]) == (0, 12, 1, [])
    assert told["newest"].startswith("12:")
    written(server, 3)
    kept = flashwire(server, "verify", "--held", told["newest"])
    assert (kept.exit_code, kept.output.startswith("15 lines, each as it was written. Newest: 15:")) == (0, True)


def test_an_audit_that_somebody_changed_fails_and_says_where(server: EmbeddedStore) -> None:
    written(server, 12)

    async def take(store: Store) -> None:
        ids = [entry_id for entry_id, _ in await store.xrange(keys.AUDIT, "-")]
        async with store.pipeline(transaction=False) as pipe:
            pipe.xdel(keys.AUDIT, ids[4])
            await pipe.execute()

    on_store(server, take)
    result = flashwire(server, "verify")
    assert result.exit_code == 1
    assert result.output == "Error: the audit is not as it was written:\n  line 5 is missing\n"
    told = flashwire(server, "verify", "--json")
    assert (told.exit_code, json.loads(told.stdout)["faults"]) == (1, ["line 5 is missing"])


def test_without_a_store_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(main, ["audit", "export"])
    assert (result.exit_code, "start `flashwire up`" in result.output) == (1, True)
