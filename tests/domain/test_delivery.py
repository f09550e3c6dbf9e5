"""Counters of the store as figures."""

from hypothesis import given
from hypothesis import strategies as st

from service.domain import delivery


@given(st.floats(0.0, 1_000_000))
def test_a_time_lies_in_its_bucket(seconds: float) -> None:
    number = delivery.bucket(seconds)
    assert seconds <= delivery.upper_s(number) * 1.001
    if seconds > 0.011:
        assert delivery.upper_s(number - 1) <= seconds * 1.1


def test_quantiles_are_the_bounds_of_their_buckets() -> None:
    counts = {delivery.bucket(1.0): 50, delivery.bucket(5.0): 40, delivery.bucket(20.0): 10}
    t50, t90, t99 = (delivery.quantile(counts, share) for share in (0.5, 0.9, 0.99))
    assert t50 is not None
    assert t90 is not None
    assert t99 is not None
    assert 1.0 <= t50 <= 1.05
    assert 5.0 <= t90 <= 5.25
    assert 20.0 <= t99 <= 21.0


def test_nothing_accepted_has_no_times() -> None:
    assert delivery.quantile({}, 0.5) is None
    assert delivery.push({})["apns"].t90 is None


def test_a_provider_s_part_adds_up() -> None:
    figures = {
        "eligible:fcm": 100, "accepted:fcm": 60, "failed:unregistered:fcm": 3, "held:muted:fcm": 7, "held:level:fcm": 2,
        "shown:fcm": 40, "opened:fcm": 5, f"t:{delivery.bucket(2.0)}:fcm": 60, "accepted:apns": 1, "eligible:apns": 1,
    }  # fmt: skip
    fcm = delivery.push(figures)["fcm"]
    assert (fcm.eligible, fcm.accepted, fcm.queued, fcm.shown, fcm.opened) == (100, 60, 37, 40, 5)
    assert fcm.failed == {"unregistered": 3}
    assert fcm.held == {"muted": 7, "level": 2}
    assert sum(count for _, count in fcm.histogram) == 60


def test_corrections_count_over_all_providers_by_version() -> None:
    figures = {"needed:2:apns": 10, "needed:2:fcm": 5, "reached:2:apns": 9, "needed:3:fcm": 1}
    assert [(c.version, c.needed, c.reached) for c in delivery.corrections(figures)] == [(2, 15, 9), (3, 1, 0)]
