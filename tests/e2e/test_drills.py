"""Drills stay among those who drill: nothing public has a word of one, wherever one looks."""

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests import crawl
from tests.crawl import Unfillable
from tests.ears import WITHIN_S, Ears
from tests.processes import System

CANARY = "Zephyrine"
ARABIC_CANARY = "زفيرين"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("drills")) as system:
        yield system


@pytest.fixture(scope="module")
def test_key(system: System) -> str:
    return str(system.done("keys", "create", "--role", "duty", "--name", "drill", "--test")["key"])


def drilled(system: System, key: str, edition: str, headline: str, **more: Any) -> dict[str, Any]:
    """A drill's whole life short of its withdrawal; the alert as it was published."""
    body = {
        "edition": edition,
        "headline": headline,
        "level": "urgent",
        "link": {"url": f"https://news.example/{CANARY}"},
    }
    alert: dict[str, Any] = system.ask("/v1/alerts", {**body, **more}, key=key)["alert"]
    change = {"headline": f"{headline} again", "correction": {"text": f"{headline} once", "severity": "major"}}
    system.ask(f"/v1/alerts/{alert['id']}/correct", change, if_match=1, key=key)
    return alert


def test_a_drill_is_nowhere_in_public_and_moves_nothing_there(system: System, test_key: str) -> None:
    live = system.post("Harbour opens after the storm")["alert"]
    words = [CANARY, ARABIC_CANARY]
    with Ears(system) as ears:
        before = crawl.marks(system, [live["id"]])
        drills = [
            drilled(system, test_key, "en", f"Drill {CANARY}: sirens at noon", note=f"{CANARY} is invented"),
            drilled(system, test_key, "ar", f"{ARABIC_CANARY}: تمرين على الصفارات"),
        ]
        ids = [drill[name] for drill in drills for name in ("id", "story")]
        assert crawl.marks(system, [live["id"]]) == before
        system.kill_alert(drills[1]["id"])
        assert crawl.marks(system, [live["id"]]) == before
        heard = ears.heard()
    assert crawl.crawl(system, words, ids, heard) == []
    drill = system.ask(f"/v1/alerts/{drills[0]['id']}", key=test_key)["alert"]
    assert CANARY in drill["headline"], "whoever holds a test key reads it"


def test_the_crawl_finds_what_is_public_in_every_kind_of_place(system: System) -> None:
    with Ears(system) as ears:
        before = crawl.marks(system)
        alert = system.post(f'Ferry "{CANARY} Two" sails')["alert"]
        moved = {place for place, mark in crawl.marks(system).items() if before[place] != mark}
        ticker = f":{system.api_port}/v1/editions/en/ticker?limit=100"
        first = {ticker, "ws edition=en&limit=100", "sse edition=en&limit=100"}
        assert moved >= first
        heard = ears.heard()
    found = {hit.place for hit in crawl.crawl(system, [f'"{CANARY} Two"'], [alert["id"]], heard)}
    life = alert_life(system)
    assert found >= {
        *first, f":{system.api_port}/a/{alert['id']}", f"ws edition=en&after={life}:0",
        f"sse edition=en&after={life}:0", "heard by ws en", "heard by sse en",
    }  # fmt: skip
    assert not any("/v1/editions/es" in place or "edition=ar" in place for place in found)
    assert {hit.place for hit in crawl.crawl(system, [alert["id"]])} >= {"the log"}
    metrics = {hit.place for hit in crawl.crawl(system, ["flashwire_tail_hearing"])}
    assert {f":{system.admin_port + number}/metrics" for number in (0, 1)} <= metrics


def alert_life(system: System) -> str:
    return str(system.ask("/v1/editions/en/ticker")["cursor"]).partition(":")[0]


def test_every_page_of_a_list_is_read(system: System) -> None:
    for number in range(3):
        system.post(f"Lake {number} freezes", level="line")
    pages = list(crawl._pages(system.api_port, "/v1/editions/en/ticker?limit=1"))
    assert len(pages) >= 3
    assert len({page.body for page in pages}) == len(pages)


def test_what_wants_a_key_is_asked_for_without_one_whatever_it_may_be_asked(system: System) -> None:
    asked = {"parameters": [{"in": "query", "name": "q", "schema": {"type": "string", "maxLength": 9}}]}
    keyed = {**asked, "security": [{"key": []}]}
    assert list(crawl.fillings("/v1/towers/{tower}", keyed, ["A", "B"])) == ["/v1/towers/A", "/v1/towers/B"]
    public: tuple[Any, ...] = ([], [{}, {"key": []}])
    for security in public:
        with pytest.raises(Unfillable):
            list(crawl.fillings("/v1/towers", {**asked, "security": security}, []))
    statuses = {seen.place.partition("/")[2]: seen.head[:3] for seen in crawl.public(system, ["0" * 26])}
    assert (statuses["v1/alerts"], statuses[f"v1/alerts/{'0' * 26}"], statuses["v1/editions"]) == ("401", "401", "200")


@pytest.mark.parametrize(
    ("template", "parameters"),
    [
        ("/v1/towers/{tower}", [{"in": "path", "name": "tower", "schema": {"type": "string"}}]),
        ("/v1/towers/{tower}", []),
        ("/v1/towers", [{"in": "query", "name": "height", "schema": {"type": "integer"}}]),
    ],
)
def test_an_address_that_cannot_be_filled_in_fails_the_crawl(template: str, parameters: list[dict[str, Any]]) -> None:
    with pytest.raises(Unfillable, match="teach"):
        list(crawl.fillings(template, {"parameters": parameters}, ["7Q0F8R2K5M9TB4W6YE3XCZ01JV"]))


def test_an_exercise_stream_and_its_ticket_leave_no_trace_in_public(system: System, test_key: str) -> None:
    ticket = str(system.ask("/v1/tickets", {}, key=test_key)["ticket"])
    live = f"{system.ready['live']}?edition=en&exercise=1&ticket={ticket}"
    with connect(live) as stream:
        assert json.loads(stream.recv(WITHIN_S))["type"] == "snapshot"
        drill = drilled(system, test_key, "en", "Drill Melisande: all clear")
        while "Melisande" not in (said := str(stream.recv(WITHIN_S))):
            pass
        assert json.loads(said)["alert"]["id"] == drill["id"]
        with connect(live) as again, pytest.raises(ConnectionClosed):
            again.recv(WITHIN_S)
        assert again.close_code == 4401
        secret = test_key.rpartition("_")[2][10:]
        assert crawl.crawl(system, [ticket, secret, "Melisande"], [drill["id"], drill["story"]]) == []


def test_who_drills_at_a_terminal_is_told_so(system: System, test_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(system.environ, "FLASHWIRE_KEY", test_key)
    with system.flashwire("watch", "--exercise", "--json") as watching:
        try:
            assert watching.stdout is not None
            assert json.loads(watching.stdout.readline())["type"] == "snapshot"
            with system.flashwire("post", "Sirens at noon", "--level", "urgent") as posting:
                told, problems = posting.communicate(timeout=WITHIN_S)
            assert posting.returncode == 0, problems
            first, second, *_ = told.splitlines()
            assert first.startswith("EXERCISE: alert ")
            assert first.endswith(" is published on en as urgent (version 1).")
            assert second == "This key makes drills: only test keys, test devices and exercise streams get this one."
            heard = json.loads(watching.stdout.readline())
            assert (heard["type"], heard["alert"]["id"]) == ("published", first.split()[2])
        finally:
            watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=WITHIN_S)
    monkeypatch.setitem(system.environ, "FLASHWIRE_KEY", system.key)
    with system.flashwire("watch", "--exercise") as refused:
        _, problems = refused.communicate(timeout=WITHIN_S)
    assert refused.returncode == 1
    assert "this key is for news" in problems.lower()
