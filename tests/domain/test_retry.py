"""When a send is tried again: a table, and what holds for every pause."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.outcome import Accepted, Gone, InDoubt, NotConfigured, OurFault, Outcome, Retry
from service.domain.retry import ATTEMPTS_MAX, BASE_MS, DOUBTS_MAX, PAUSE_MAX_MS, decide

NOW_MS, NEVER_MS = 1_000_000, 10**15
REFUSED, LOST = Retry("503"), InDoubt("time-out")


@pytest.mark.parametrize(
    ("outcome", "attempt", "jitter", "wait_ms"),
    [
        (REFUSED, 1, 0.0, 0),
        (REFUSED, 1, 0.5, 250),
        (REFUSED, 2, 0.5, 500),
        (REFUSED, 3, 0.5, 1000),
        (REFUSED, 8, 0.5, 30_000),
        (REFUSED, 19, 0.999, 59_940),
        (REFUSED, 20, 0.5, None),
        (Retry("429", 7.0), 1, 0.0, 7000),
        (Retry("429", 7.0), 1, 0.5, 7250),
        (Retry("429", 0.0001), 1, 0.0, 1),
        (Retry("429", -5.0), 1, 0.0, 0),
        (LOST, 1, 0.5, 250),
        (LOST, 2, 0.5, 500),
        (LOST, 3, 0.5, None),
        (Accepted(), 1, 0.5, None),
        (Gone("410"), 1, 0.5, None),
        (OurFault("400"), 1, 0.5, None),
        (NotConfigured("off"), 1, 0.5, None),
    ],
)
def test_the_next_try(outcome: Outcome, attempt: int, jitter: float, wait_ms: int | None) -> None:
    wanted = None if wait_ms is None else NOW_MS + wait_ms
    assert decide(outcome, attempt, jitter, NOW_MS, NEVER_MS) == wanted


@pytest.mark.parametrize(("expires_ms", "tried"), [(NOW_MS + 7000, False), (NOW_MS + 7001, True), (NOW_MS - 1, False)])
def test_nothing_is_sent_that_would_come_after_the_expiry(expires_ms: int, tried: bool) -> None:
    assert (decide(Retry("429", 7.0), 1, 0.0, NOW_MS, expires_ms) is not None) is tried


@given(
    after_s=st.none() | st.floats(0, 1e9),
    attempt=st.integers(0, 10**9),
    jitter=st.floats(0, 1, exclude_max=True),
    expires_ms=st.integers(0, 2 * 10**12),
)
def test_a_try_lies_between_what_was_asked_for_and_the_longest_pause(
    after_s: float | None, attempt: int, jitter: float, expires_ms: int
) -> None:
    next_ms = decide(Retry("429", after_s), attempt, jitter, NOW_MS, expires_ms)
    if next_ms is not None:
        asked_ms = math.ceil((after_s or 0) * 1000)
        assert NOW_MS + asked_ms <= next_ms < min(expires_ms, NOW_MS + asked_ms + PAUSE_MAX_MS)
        assert attempt < ATTEMPTS_MAX


def test_the_whole_budget_is_a_quarter_of_an_hour_and_three_doubts() -> None:
    longest_ms = sum(min(PAUSE_MAX_MS, BASE_MS * 2 ** (attempt - 1)) for attempt in range(1, ATTEMPTS_MAX))
    assert longest_ms < 15 * 60_000
    assert DOUBTS_MAX == 3
