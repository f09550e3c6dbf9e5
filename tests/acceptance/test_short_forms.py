"""The acceptance tests in short form, and their checkers on planted faults: what cannot fail proves nothing.

The rule to remember: the short forms assert no times, so two run beside each other, each in a process of its own.
"""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from tests.acceptance.__main__ import TESTS, judge, main, observe

Runs = Callable[[str], tuple[Any, dict[str, float]]]
AT_ONCE = 2
SEED = 7


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    """What one run of each recorded; only of those that a chosen test asks for."""
    asked = {item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")}
    with ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("spawn")) as pool:
        running = {name: pool.submit(observe, name, SEED, short=True) for name in TESTS if name in asked}
        yield lambda name: running[name].result()


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
