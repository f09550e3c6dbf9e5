"""The acceptance tests in short form, and their checkers on planted faults: what cannot fail proves nothing."""

import pytest

from tests.acceptance import acknowledged, gaps

pytestmark = pytest.mark.anyio


async def test_what_was_acknowledged_survives_kill_nine_of_api_and_store_and_its_checker_finds_every_planted_fault(
) -> None:  # fmt: skip
    facts, figures = await acknowledged.observe(seed=7, kills=3, alerts=300)
    assert acknowledged.check(facts) == []
    assert figures["kills"] == 3
    assert figures["acknowledged"] >= 300
    for fault in acknowledged.PLANTS:
        assert acknowledged.check(acknowledged.plant(facts, fault)), fault


async def test_every_cursor_gets_the_exact_suffix_or_an_honest_snapshot_and_the_checker_finds_every_planted_fault(
) -> None:  # fmt: skip
    cases, figures = await gaps.observe(seed=7, cases=240)
    assert [wrong for case in cases for wrong in gaps.check(case)] == []
    assert figures["cases"] == 240
    assert min(figures[event] for event in ("publish", "gateway", "store", "life")) >= 2
    assert {gaps.expected(case) for case in cases} == {"cold", "epoch", "ahead", "trimmed", "resumed"}
    chosen = cases[gaps.plantable(cases)]
    for fault in gaps.PLANTS:
        assert gaps.check(gaps.plant(chosen, fault)), fault
