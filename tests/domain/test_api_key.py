"""What is asked of a key, how it ends, and which are forgotten."""

from typing import Any

import pytest

from service.domain import moment
from service.domain.api_key import Key, NewKey, check_new_key, check_overlap, ending, to_forget
from service.domain.errors import Invalid

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000


def key(name: str, *, expires_ms: int | None = None, revoked_ms: int | None = None) -> Key:
    expires, revoked = (None if at is None else moment.to_text(NOW_MS + at) for at in (expires_ms, revoked_ms))
    return Key(name, "editor", "desk", False, moment.to_text(NOW_MS - DAY_MS), expires, revoked)


@pytest.mark.parametrize(
    ("one", "how"),
    [
        (key("a"), None), (key("a", expires_ms=1), None), (key("a", expires_ms=0), "expired"),
        (key("a", revoked_ms=-5), "revoked"), (key("a", expires_ms=-9, revoked_ms=-5), "revoked"),
    ],
)  # fmt: skip
def test_how_a_key_has_ended(one: Key, how: str | None) -> None:
    assert ending(one, NOW_MS) == how


@pytest.mark.parametrize(
    ("keys", "keys_max", "forgotten"),
    [
        ([key("good"), key("later", expires_ms=1)], 2, []),
        ([key("good"), key("old", revoked_ms=-2 * DAY_MS), key("new", revoked_ms=-1)], 9, ["old"]),
        ([key("good"), key("old", expires_ms=-2 * DAY_MS), key("new", revoked_ms=-1)], 9, ["old"]),
        ([key("good"), key("b", revoked_ms=-2), key("c", revoked_ms=-1)], 3, ["b"]),
        ([key("good"), key("b", revoked_ms=-2), key("c", revoked_ms=-1)], 2, ["b", "c"]),
        ([key("good"), key("b", revoked_ms=-2), key("c", revoked_ms=-1)], 1, ["b", "c"]),
    ],
)
def test_which_keys_make_room_for_another(keys: list[Key], keys_max: int, forgotten: list[str]) -> None:
    assert sorted(to_forget(keys, NOW_MS, DAY_MS, keys_max)) == forgotten


def test_what_is_asked_for_is_read() -> None:
    body = {"role": "duty", "name": " night desk ", "test": True, "expires": moment.to_text(NOW_MS + 1)}
    assert check_new_key(body, NOW_MS) == NewKey("duty", "night desk", True, NOW_MS + 1)
    assert check_new_key({"role": "editor", "name": "غرفة الأخبار", "expires": None}, NOW_MS) == NewKey(
        "editor", "غرفة الأخبار", None, None
    )


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"role": "king"}, "/role"), ({"role": None}, "/role"), ({"role": ["duty"]}, "/role"), ({"name": ""}, "/name"),
        ({"name": "  "}, "/name"), ({"name": "x" * 101}, "/name"), ({"name": 7}, "/name"), ({"name": None}, "/name"),
        ({"name": "a\nb"}, "/name"), ({"name": "a\u202eb"}, "/name"), ({"name": "a\u200bb"}, "/name"),
        ({"test": "yes"}, "/test"), ({"test": 1}, "/test"), ({"expires": "tomorrow"}, "/expires"),
        ({"expires": moment.to_text(NOW_MS)}, "/expires"), ({"key": "fw_live_x"}, "/key"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_named(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_new_key({"role": "editor", "name": "desk", **change}, NOW_MS)
    assert [finding.pointer for finding in refused.value.findings] == [pointer]


def test_an_overlap_is_at_most_a_week() -> None:
    assert [check_overlap(body, 60) for body in (None, {}, {"overlapS": 0}, {"overlapS": 604_800})] == [
        60, 60, 0, 604_800,
    ]  # fmt: skip
    for wrong in (-1, 604_801, True, "60", None, 1.5):
        with pytest.raises(Invalid):
            check_overlap({"overlapS": wrong}, 60)
    wholes: tuple[object, ...] = ([], "x", {"seconds": 1})
    for whole in wholes:
        with pytest.raises(Invalid):
            check_overlap(whole, 60)
