"""The audience of an alert, told from counts, is the one that is decided device by device."""

from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alert import Level
from service.domain.audience import Send, decide
from service.domain.census import audience, by_edition, by_platform, for_drills, read_shape, shape_of
from service.domain.device import PLATFORMS, Device, Preferences
from tests.domain.making import NOW_MS, make_alert

EDITIONS, SECTIONS, REGIONS = ("en", "ar", "es"), ("sports", "health", "politics"), ("mena", "europe")
LEVELS: tuple[Level, ...] = get_args(Level)


def some(of: tuple[str, ...], least: int = 0) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(of), min_size=least, max_size=3).map(tuple)


PREFERENCES = st.builds(
    Preferences,
    editions=some(EDITIONS, 1),
    min_level=st.sampled_from(LEVELS),
    sections=some(SECTIONS),
    regions=some(REGIONS),
)
DEVICES = st.lists(
    st.builds(
        Device,
        number=st.just(0),
        platform=st.sampled_from(PLATFORMS),
        token=st.just("x"),
        subscription=st.none(),
        preferences=PREFERENCES,
        registered_ms=st.just(1),
        test=st.booleans(),
    ),
    max_size=12,
)


def counted(devices: list[Device]) -> Counter[str]:
    return Counter(f"{device.platform}|{shape_of(device.preferences, device.test)}" for device in devices)


@given(DEVICES, st.sampled_from(EDITIONS), st.sampled_from(LEVELS), some(SECTIONS), some(REGIONS), st.booleans())
def test_counts_and_decisions_agree(
    devices: list[Device], edition: str, level: Level, sections: tuple[str, ...], regions: tuple[str, ...], drill: bool
) -> None:
    """Law: audience(counts) == the devices that audience.decide would ring."""
    alert = make_alert(
        edition=edition, level=level, sections=sections, regions=regions, status="Exercise" if drill else "Actual"
    )
    rung = Counter(device.platform for device in devices if isinstance(decide(device, alert, NOW_MS), Send))
    found = audience(counted(devices), edition=edition, level=level, sections=sections, regions=regions, exercise=drill)
    assert found == {platform: rung[platform] for platform in PLATFORMS}


@given(PREFERENCES, st.booleans())
def test_a_shape_is_read_back(preferences: Preferences, is_test: bool) -> None:
    shape = read_shape(shape_of(preferences, is_test))
    assert set(shape.editions) == set(preferences.editions)
    assert set(shape.sections) == set(preferences.sections)
    assert set(shape.regions) == set(preferences.regions)
    assert (shape.min_level, shape.test) == (preferences.min_level, is_test)


def test_the_same_wishes_in_any_order_are_one_shape() -> None:
    one = Preferences(("en", "ar"), sections=("sports", "health"))
    other = Preferences(("ar", "en", "en"), sections=("health", "sports"))
    assert shape_of(one, False) == shape_of(other, False) == "ar,en|brief|health,sports||"
    assert shape_of(one, True) == "ar,en|brief|health,sports||test"


@pytest.mark.parametrize(("name", "expected"), [("en", 5), ("ar", 2)])
def test_a_reader_of_two_editions_counts_in_both(name: str, expected: int) -> None:
    counts = {"apns|en|brief|||": 3, "fcm|ar,en|brief|||": 2}
    assert sum(by_edition(counts)[name].values()) == expected
    assert by_platform(counts) == {"apns": 3, "fcm": 2, "webpush": 0}


def test_a_count_that_cannot_be_read_is_nobodys() -> None:
    garbage = {"": 1, "apns": 2, "apns|en": 3, "apns|en|shout|||": 4, "pigeon|en|brief|||": 5, "apns|en|brief||||": 6}
    found = audience({**garbage, "apns|en|brief|||": 7}, edition="en", level="urgent")
    assert found == {"apns": 7, "fcm": 0, "webpush": 0}


def test_test_devices_are_told_apart() -> None:
    assert for_drills({"apns|en|brief|||": 3, "fcm|en|brief|||test": 2, "apns|ar|flash|||test": 1}) == 3
