"""So many a minute, by name: exact within it, and bounded whoever comes."""

from service.domain.minutes import NAMES_MAX, Minutes


def test_a_minute_begins_with_the_first_and_ends() -> None:
    minutes = Minutes(2)
    assert [minutes.wait_s("a", now_s) for now_s in (0.0, 10.0, 20.0, 59.5)] == [0.0, 0.0, 40.0, 0.5]
    assert minutes.wait_s("b", 20.0) == 0.0
    assert [minutes.wait_s("a", now_s) for now_s in (60.0, 60.0, 61.0)] == [0.0, 0.0, 59.0]


def test_names_are_remembered_up_to_a_bound_and_the_oldest_is_forgotten_first() -> None:
    minutes = Minutes(1, names_max=3)
    for name in "abcd":
        assert minutes.wait_s(name, 1.0) == 0.0
    assert minutes.wait_s("d", 1.0) == minutes.wait_s("b", 1.0) == 60.0
    assert minutes.wait_s("a", 1.0) == 0.0
    assert minutes.wait_s("b", 1.0) == 0.0  # made room for a
    many = Minutes(1)
    for number in range(NAMES_MAX + 10):
        assert many.wait_s(str(number), 1.0) == 0.0
    assert len(many._begun) == NAMES_MAX
