"""`flashwire alerts` finds an alert by its words, whatever became of it, and says its id."""

import asyncio
import json
import os
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from service.api.search import ASKED_MAX
from service.cli import main
from service.clock import now_ms
from service.domain import moment
from service.store.connection import for_commands
from service.store.embedded import EmbeddedStore
from tests import entries
from tests.api.test_process import Running, started, wait_for
from tests.stores import running_in


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    with running_in(tmp_path_factory.mktemp("shared") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def running(server: EmbeddedStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(server, tmp_path_factory.mktemp("api")) as running:
        yield running


def alerts(running: Running, *arguments: str, code: int = 0) -> Result:
    return typed(running, "alerts", *arguments, code=code)


def typed(running: Running, *arguments: str, code: int = 0) -> Result:
    kept: dict[str, str | None] = {name: None for name in os.environ if name.startswith("FLASHWIRE_")}
    environ = {**kept, "FLASHWIRE_URL": f"http://127.0.0.1:{running.port}", "FLASHWIRE_KEY": running.key}
    result = CliRunner().invoke(main, arguments, env=environ)
    assert result.exit_code == code, result.output
    return result


def published(running: Running, headline: str, edition: str = "en") -> str:
    headers = {"Authorization": f"Bearer {running.key}"}
    body = {"edition": edition, "headline": headline, "push": False}
    return str(running.client.post("/v1/alerts", json=body, headers=headers).json()["alert"]["id"])


def test_words_find_an_alert_and_its_state(running: Running) -> None:
    kept, killed = published(running, "Málaga harbour opens"), published(running, "Malaga harbour closes")
    published(running, "Se abre el puerto de Málaga", "es")
    running.client.post(f"/v1/alerts/{killed}/kill", headers={"Authorization": f"Bearer {running.key}"})
    lines = alerts(running, "malaga", "harb").stdout.splitlines()
    assert [(line.split()[0], line.split()[3]) for line in lines] == [(killed, "canceled"), (kept, "published")]
    assert lines[0].endswith("Malaga harbour closes")
    (line,) = alerts(running, "malaga", "--edition", "es").stdout.splitlines()
    assert line.endswith("Se abre el puerto de Málaga")
    (line,) = alerts(running, "--state", "canceled", "--limit", "1").stdout.splitlines()
    assert line.startswith(killed)
    assert json.loads(alerts(running, "opens", "--json").stdout)["alerts"][0]["alert"]["id"] == kept


def test_who_schedules_an_alert_and_moves_it_finds_its_moment(running: Running) -> None:
    day = moment.to_text(now_ms() + 86_400_000)[:10]
    said = typed(running, "post", "Lantern feast begins", "--publish-at", f"{day}T18:00:00Z").stdout.splitlines()
    alert_id = said[0].split()[1]
    assert said[-1] == f"Now: flashwire release {alert_id}   Never: flashwire kill {alert_id}"
    moved = ("update", alert_id, "--publish-at", f"{day}T19:30:00Z", "--level", "urgent")
    assert typed(running, *moved).stdout.splitlines()[0] == f"Alert {alert_id} waits for its moment (version 2)."
    (line,) = alerts(running, "--state", "scheduled").stdout.splitlines()
    assert (line.split()[0], line.split("  ")[3:]) == (
        alert_id, [f"scheduled for {day}T19:30Z", "Lantern feast begins"]
    )  # fmt: skip
    assert json.loads(alerts(running, "lantern", "--json").stdout)["alerts"][0]["alert"]["level"] == "urgent"
    assert typed(running, "kill", alert_id).stdout.endswith("is taken back; nobody has seen it (version 3).\n")


def test_who_kills_what_was_undone_is_told_that_it_was(running: Running) -> None:
    alert_id = published(running, "Kite festival is called off")
    for verb in ("undo", "kill"):
        assert typed(running, verb, alert_id).stdout == f"Alert {alert_id} is undone (version 2).\n"


def test_who_is_shown_a_part_is_told_so(running: Running) -> None:
    for word in ("first", "second"):
        published(running, f"Whale number {word} is seen")
    assert "There may be more" in alerts(running, "whale", "--limit", "1").stderr
    assert alerts(running, "whale").stderr == ""


def test_nothing_found_is_said_and_a_wrong_state_is_refused(running: Running) -> None:
    assert alerts(running, "nowhere").stdout == "Nothing is found.\n"
    assert json.loads(alerts(running, "nowhere", "--json").stdout) == {"alerts": [], "next": None}
    assert "state: must be one or more of" in alerts(running, "--state", "lost", code=1).output


def test_it_goes_on_where_a_page_is_short(running: Running, server: EmbeddedStore) -> None:
    oldest = published(running, "Needle in the oldest place")

    async def withdraw() -> None:
        store = for_commands(server.url, 5.0)
        await entries.append_withdrawn(store, ASKED_MAX + 1)
        await store.aclose()

    asyncio.run(withdraw())
    wait_for(lambda: f"Withdrawn {ASKED_MAX}" in alerts(running, "--limit", "1").stdout)
    assert alerts(running, "needle").stdout.startswith(oldest)
