"""The acceptance tests in short form, and their checkers on planted faults: what cannot fail proves nothing."""

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.acceptance.__main__ import TESTS, judge, main

Runs = Callable[[str], tuple[Any, dict[str, float]]]


@pytest.fixture(scope="module")
def runs() -> Runs:
    """What one run of each recorded."""
    return cache(lambda name: asyncio.run(TESTS[name].observe(7, **TESTS[name].SHORT)))


@pytest.mark.parametrize("name", TESTS)
def test_the_promise_is_kept_and_the_run_did_what_it_was_to_do(runs: Runs, name: str) -> None:
    assert judge(TESTS[name], *runs(name), TESTS[name].SHORT) == []


@pytest.mark.parametrize(("name", "fault"), [(name, fault) for name, test in TESTS.items() for fault in test.PLANTS])
def test_a_planted_fault_is_found(runs: Runs, name: str, fault: str) -> None:
    facts, _ = runs(name)
    assert TESTS[name].check(facts) == []
    assert TESTS[name].check(TESTS[name].plant(facts, fault)) != []


@pytest.mark.parametrize("name", TESTS)
def test_a_run_that_did_nothing_proves_nothing(runs: Runs, name: str) -> None:
    _, figures = runs(name)
    assert TESTS[name].uncovered(dict.fromkeys(figures, 0), TESTS[name].SHORT) != []


def test_a_fault_that_nobody_knows_is_a_wrong_command() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["all", "--plant", "leak-nothing"])
    assert ended.value.code == 2
