"""An embargoed alert is out at its moment, once, whatever dies just then; and what is over is ended."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from service.clock import now_ms
from service.domain import moment
from tests.processes import System, until

ON_THE_DOT_S = 1.0
"""On a machine that is busy; alone it is some 60 ms."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("embargo")) as system:
        yield system


def at(seconds: float) -> str:
    return moment.to_text(now_ms() + round(seconds * 1000))


def scheduled(system: System, headline: str, seconds: float, **more: Any) -> str:
    answer = system.post(headline, publishAt=at(seconds), **more)
    assert answer["state"] == "scheduled"
    return str(answer["alert"]["id"])


def shown(system: System) -> dict[str, dict[str, Any]]:
    return {alert["id"]: alert for alert in system.ask("/v1/editions/en/ticker?limit=100")["alerts"]}


def test_an_embargo_ends_on_the_dot(system: System) -> None:
    soon, sooner = scheduled(system, "Tides run high in the estuary", 3), scheduled(system, "Ferry sails at noon", 1.5)
    assert not {soon, sooner} & shown(system).keys()
    until(lambda: {soon, sooner} <= shown(system).keys(), "both are out")
    for alert_id in (soon, sooner):
        seen = system.ask(f"/v1/alerts/{alert_id}")
        alert, audit = seen["alert"], seen["state"]
        due = system.ask(f"/v1/alerts/{alert_id}/versions")["versions"]
        assert (audit, alert["version"], len(due)) == ("published", 2, 1), "readers never saw the first version"
        assert alert["firstCreated"] == alert["versionCreated"]


def test_what_was_moved_or_taken_back_does_not_go_out(system: System) -> None:
    moved, gone = scheduled(system, "Lighthouse opens to visitors", 2), scheduled(system, "Market closes early", 2)
    system.ask(f"/v1/alerts/{moved}/update", {"publishAt": at(3600)}, if_match=1)
    system.ask(f"/v1/alerts/{gone}/kill", {})
    marker = scheduled(system, "Observatory reports an aurora", 2.5)
    until(lambda: marker in shown(system), "a later one is out")
    assert not {moved, gone} & shown(system).keys()


@pytest.mark.parametrize("victims", [("scheduler",), ("api", "scheduler"), ("store", "scheduler", "api"), ("store",)])
def test_whatever_dies_at_the_moment_it_is_out_once(system: System, victims: tuple[str, ...]) -> None:
    before = len(shown(system))
    due = now_ms() + 2500
    ids = {
        str(system.post(f"Bus line {number} changes its route, says {'+'.join(victims)}", publishAt=moment.to_text(due),
                        override=["near-duplicate"], overrideReason="a test")["alert"]["id"])
        for number in range(5)
    }  # fmt: skip
    time.sleep(max(0.0, (due - now_ms()) / 1000))  # the moment itself is what is tested
    assert [victim for victim in victims if system.end(victim)] == list(victims)

    def out() -> set[str]:
        try:
            return ids & shown(system).keys()
        except OSError:  # the API is being started again
            return set()

    until(lambda: out() == ids, "all are out")
    assert len(shown(system)) == before + len(ids)
    for alert_id in ids:
        assert len(system.ask(f"/v1/alerts/{alert_id}/versions")["versions"]) == 1
    assert "has not yet said" not in system.log(), "a scheduler that starts looks at the store first"


def test_an_alert_whose_time_is_over_is_ended_on_every_ticker(system: System) -> None:
    alert_id = str(system.post("Road works until the evening", expires=at(2))["alert"]["id"])
    assert alert_id in shown(system)
    until(lambda: system.ask(f"/v1/alerts/{alert_id}")["state"] == "expired", "it has expired")
    assert alert_id not in shown(system)
