"""How many devices want what: counts kept by shape, and the audience of an alert told from them.

The rule to remember: a shape is all of a device that decides whether an alert of an edition reaches it, written as one
text. Devices of one shape are counted together, so the audience is exact and no device is looked at.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import cast

import msgspec

from service.domain.alert import LEVELS, Level
from service.domain.device import PLATFORMS, Platform, Preferences

SHAPES_MAX = 4096
"""Shapes that are kept read; readers choose from few editions, levels, sections and regions."""
_FIELD, _ITEM, _TEST = "|", ",", "test"


class Shape(msgspec.Struct, frozen=True):
    """What the counts tell apart. Empty tuples mean all."""

    editions: tuple[str, ...]
    min_level: Level
    sections: tuple[str, ...]
    regions: tuple[str, ...]
    test: bool

    def wants(
        self, edition: str, level: Level, sections: tuple[str, ...], regions: tuple[str, ...], exercise: bool
    ) -> bool:
        """Whether an alert like this is for devices of this shape, by the rules of audience.decide."""
        return (
            level != "line"
            and self.test is exercise
            and edition in self.editions
            and LEVELS.index(level) <= LEVELS.index(self.min_level)
            and _meets(self.sections, sections)
            and _meets(self.regions, regions)
        )


def shape_of(preferences: Preferences, test: bool) -> str:
    """The canonical text: `ar,en|brief|politics||`, ending with `test` for a test device. Slugs hold no `|` or `,`."""
    wanted = preferences
    editions, sections, regions = map(_text, (wanted.editions, wanted.sections, wanted.regions))
    return _FIELD.join((editions, wanted.min_level, sections, regions, _TEST if test else ""))


@lru_cache(SHAPES_MAX)
def read_shape(text: str) -> Shape:
    """The shape that `shape_of` wrote."""
    editions, level, sections, regions, test = text.split(_FIELD)
    return Shape(_items(editions), cast(Level, level), _items(sections), _items(regions), test == _TEST)


def audience(
    counts: Mapping[str, int], *, edition: str, level: Level, sections: tuple[str, ...] = (),
    regions: tuple[str, ...] = (), exercise: bool = False,
) -> dict[Platform, int]:  # fmt: skip
    """How many devices of each platform an alert like this is for: `{"apns":n,"fcm":n,"webpush":n}`.

    `counts` are those of the store, by `<platform>|<shape>`. Muted stories and quiet hours are not looked at. A count
    that cannot be read is nobody's: an editor's question must not fall for a single bad one.
    """
    found: dict[Platform, int] = dict.fromkeys(PLATFORMS, 0)
    for name, devices in counts.items():
        platform, _, shape = name.partition(_FIELD)
        try:
            is_wanted = read_shape(shape).wants(edition, level, sections, regions, exercise)
        except ValueError:
            continue
        if is_wanted and platform in found:
            found[platform] += devices
    return found


def by_edition(counts: Mapping[str, int]) -> dict[str, dict[Platform, int]]:
    """Devices per edition and platform; one that reads two editions is counted in both."""
    found: dict[str, dict[Platform, int]] = {}
    for name, devices in counts.items():
        platform, _, shape = name.partition(_FIELD)
        for edition in read_shape(shape).editions:
            found.setdefault(edition, dict.fromkeys(PLATFORMS, 0))[cast(Platform, platform)] += devices
    return dict(sorted(found.items()))


def by_platform(counts: Mapping[str, int]) -> dict[Platform, int]:
    """Devices per platform."""
    found: dict[Platform, int] = dict.fromkeys(PLATFORMS, 0)
    for name, devices in counts.items():
        found[cast(Platform, name.partition(_FIELD)[0])] += devices
    return found


def for_drills(counts: Mapping[str, int]) -> int:
    """Test devices of all platforms: they get drills alone."""
    return sum(devices for name, devices in counts.items() if read_shape(name.partition(_FIELD)[2]).test)


def _meets(wanted: tuple[str, ...], given: tuple[str, ...]) -> bool:
    return not wanted or not given or not set(wanted).isdisjoint(given)


def _text(items: tuple[str, ...]) -> str:
    return _ITEM.join(sorted(set(items)))


def _items(text: str) -> tuple[str, ...]:
    return tuple(text.split(_ITEM)) if text else ()
