"""The acceptance tests in short form, and their checkers on planted faults: what cannot fail proves nothing."""

import asyncio
from typing import Any

import pytest

from tests.acceptance import acknowledged, fire, gaps, killed, takeback
from tests.acceptance.__main__ import NAMES, PLANTS, judge, main, observe, report

Run = tuple[Any, dict[str, float]]


@pytest.fixture(scope="module")
def runs() -> dict[str, Run]:
    """What one run of each recorded."""
    return {name: asyncio.run(observe(name, 7, short=True)) for name in NAMES}


def test_what_was_acknowledged_survives_kill_nine_of_api_and_store(runs: dict[str, Run]) -> None:
    facts, figures = runs["acknowledged"]
    assert judge("acknowledged", facts, None) == []
    assert figures["kills of the api"] + figures["kills of the store"] == acknowledged.SHORT["kills"]
    assert figures["acknowledged"] >= acknowledged.SHORT["alerts"]
    assert figures["repetitions answered the same"] > 0


def test_every_cursor_gets_the_exact_suffix_or_an_honest_snapshot(runs: dict[str, Run]) -> None:
    facts, figures = runs["gaps"]
    assert judge("gaps", facts, None) == []
    assert figures["cases"] == gaps.SHORT["cases"]
    assert min(figures[event] for event in ("gateways killed", "stores killed", "other lives")) >= 1
    assert all(figures[f"told {what}"] > 0 for what in ("resumed", "cold", "epoch", "trimmed", "ahead"))


def test_every_phone_shows_it_once_whoever_is_killed(runs: dict[str, Run]) -> None:
    facts, figures = runs["killed"]
    assert judge("killed", facts, None) == []
    assert [case.victim for case in facts] == list(killed.VICTIMS)
    assert figures["devices"] == killed.SHORT["devices"]


def test_push_under_fire_reaches_every_live_phone_and_presses_nobody(runs: dict[str, Run]) -> None:
    facts, figures = runs["fire"]
    assert judge("fire", facts, None) == []
    assert figures["worker kills"] == len(fire.VICTIMS)
    assert figures["phones reached"] + figures["gone"] <= figures["tokens"] == fire.SHORT["tokens"]
    assert all(figures[what] > 0 for what in ("gone", "cut after taken", "refused"))


def test_a_correction_and_a_kill_reach_exactly_those_who_were_given_the_error(runs: dict[str, Run]) -> None:
    facts, figures = runs["takeback"]
    assert judge("takeback", facts, None) == []
    assert [case.verb for case in facts] == list(takeback.VERBS)
    assert all(0 < figures[f"given before {verb}"] < figures["devices"] for verb in takeback.VERBS)


@pytest.mark.parametrize(("name", "fault"), [(name, fault) for name in NAMES for fault in PLANTS[name]])
def test_a_planted_fault_is_found(runs: dict[str, Run], name: str, fault: str) -> None:
    facts, figures = runs[name]
    assert report(name, facts, figures, None) == 0
    assert report(name, facts, figures, fault) == 1


def test_a_fault_that_nobody_knows_is_a_wrong_command() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["all", "--plant", "leak"])
    assert ended.value.code == 2
