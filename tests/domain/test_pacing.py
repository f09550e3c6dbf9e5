"""The circuit breaker and the guard of the tokens: what opens them, what closes them, what leaves them alone."""

import pytest

from service.domain.outcome import Accepted, Gone, InDoubt, NotConfigured, OurFault, Outcome, Retry
from service.domain.pacing import GUARD_REPLIES, GUARD_REPLIES_MIN, Breaker, GoneGuard

PAUSE_MS = 5000
HANG, ERROR = InDoubt("time-out"), Retry("500", whole_provider=False)


def make_breaker() -> Breaker:
    return Breaker(failures_max=3, pause_s=PAUSE_MS / 1000)


def opened_at(now_ms: int) -> Breaker:
    breaker = make_breaker()
    for _ in range(3):
        breaker.observe(HANG, now_ms)
    return breaker


@pytest.mark.parametrize(
    ("outcomes", "is_open"),
    [
        ([HANG, HANG], False),
        ([HANG, ERROR, HANG], True),
        ([HANG, HANG, Accepted(), HANG, HANG], False),
        # what is true of one device tells that the provider is well
        ([HANG, HANG, Gone("410"), HANG, HANG], False),
        ([HANG, HANG, OurFault("400"), HANG, HANG], False),
        ([OurFault("400")] * 10, False),
        ([NotConfigured("topic")] * 10, False),
        # one word of the provider about all of us
        ([OurFault("403", stops_lane=True)], True),
        ([Retry("503")], False),
        ([Retry("503")] * 3, True),
        ([Retry("503", 2.0)], True),
        ([Retry("429", 2.0)], True),
    ],
)
def test_failures_in_a_row_open_the_circuit(outcomes: list[Outcome], is_open: bool) -> None:
    breaker = make_breaker()
    for outcome in outcomes:
        breaker.observe(outcome, 0)
    assert breaker.is_closed() is not is_open
    assert (breaker.wait_ms(0) > 0) is is_open


def test_nobody_passes_until_the_pause_is_over_and_then_one_tries() -> None:
    breaker = opened_at(1000)
    assert breaker.wait_ms(1000) == PAUSE_MS
    assert breaker.wait_ms(1000 + PAUSE_MS - 1) == 1
    assert [breaker.wait_ms(1000 + PAUSE_MS) for _ in range(3)] == [0, PAUSE_MS, PAUSE_MS]


def test_the_trial_closes_it_or_opens_it_again() -> None:
    breaker = opened_at(0)
    assert breaker.wait_ms(PAUSE_MS) == 0
    breaker.observe(HANG, PAUSE_MS + 10)
    assert breaker.wait_ms(PAUSE_MS + 10) == PAUSE_MS
    assert breaker.wait_ms(2 * PAUSE_MS + 10) == 0
    breaker.observe(Accepted(), 2 * PAUSE_MS + 20)
    assert [breaker.wait_ms(2 * PAUSE_MS + 20) for _ in range(3)] == [0, 0, 0]
    assert breaker.is_closed()


def test_after_a_trial_that_went_well_it_takes_as_many_failures_again() -> None:
    breaker = opened_at(0)
    breaker.wait_ms(PAUSE_MS)
    breaker.observe(Accepted(), PAUSE_MS)
    breaker.observe(HANG, PAUSE_MS)
    breaker.observe(HANG, PAUSE_MS)
    assert breaker.is_closed()


def test_a_trial_that_is_never_heard_of_again_passes_on_after_a_pause() -> None:
    breaker = opened_at(0)
    assert breaker.wait_ms(PAUSE_MS) == 0
    assert breaker.wait_ms(2 * PAUSE_MS - 1) == 1
    assert breaker.wait_ms(2 * PAUSE_MS) == 0


def test_replies_to_what_had_left_before_close_nothing() -> None:
    breaker = opened_at(0)
    breaker.observe(Accepted(), 10)
    assert breaker.wait_ms(10) == PAUSE_MS - 10


def test_a_pause_that_the_provider_asked_for_is_kept_to_the_millisecond() -> None:
    breaker = make_breaker()
    breaker.observe(Retry("429", 60.0), 0)
    breaker.observe(Retry("503", 1.0), 0)
    assert (breaker.wait_ms(0), breaker.wait_ms(59_999), breaker.wait_ms(60_000)) == (60_000, 1, 0)


def test_to_look_at_the_time_left_is_no_trial() -> None:
    breaker = opened_at(0)
    assert [breaker.left_ms(now_ms) for now_ms in (0, PAUSE_MS - 1, PAUSE_MS, 2 * PAUSE_MS)] == [PAUSE_MS, 1, 0, 0]
    assert breaker.wait_ms(PAUSE_MS) == 0
    assert make_breaker().left_ms(0) == 0


def test_it_counts_how_often_it_has_opened() -> None:
    breaker = opened_at(0)
    breaker.observe(HANG, 1)
    assert breaker.opened == 1
    breaker.wait_ms(2 * PAUSE_MS)
    breaker.observe(Accepted(), 2 * PAUSE_MS)
    breaker.pause_until(3 * PAUSE_MS)
    assert breaker.opened == 2


@pytest.mark.parametrize(
    ("outcomes", "tripped"),
    [
        ([Gone("410")] * (GUARD_REPLIES_MIN - 1), False),
        ([Gone("410")] * GUARD_REPLIES_MIN, True),
        ([Accepted(), Gone("410")] * GUARD_REPLIES, False),
        ([Accepted()] * 10_000 + [Gone("410")] * (GUARD_REPLIES // 2), False),
        ([Accepted()] * 10_000 + [Gone("410")] * (GUARD_REPLIES // 2 + 1), True),
        # these say nothing about tokens, and anybody can bring them about
        ([OurFault("BadDeviceToken")] * GUARD_REPLIES_MIN, False),
        ([NotConfigured("SENDER_ID_MISMATCH")] * GUARD_REPLIES_MIN, False),
        ([HANG, Retry("503"), OurFault("403", stops_lane=True)] * GUARD_REPLIES, False),
        ([OurFault("413", too_large=True)] * GUARD_REPLIES, False),
    ],
)
def test_a_jump_of_bad_tokens_trips_the_guard(outcomes: list[Outcome], tripped: bool) -> None:
    guard = GoneGuard(share_max=0.5)
    for outcome in outcomes:
        guard.observe(outcome)
    assert guard.tripped is tripped


def test_a_guard_recovers_with_what_it_hears() -> None:
    guard = GoneGuard(share_max=0.5)
    for outcome in [Gone("410")] * GUARD_REPLIES_MIN + [Accepted()] * GUARD_REPLIES_MIN:
        guard.observe(outcome)
    assert not guard.tripped
