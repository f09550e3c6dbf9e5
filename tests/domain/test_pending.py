"""Who lets what out, and how it waits until then."""

import pytest

from service.domain import moment
from service.domain.alert import Author, Level, Record, State
from service.domain.lifecycle import Verb
from service.domain.newsroom import Guards
from service.domain.pending import Pending, is_someone_else, lapsed, may_see, verb_to_amend, verb_to_post, with_hand
from service.domain.roles import Role
from tests.entries import NOW_MS, alert

ANN, BEN = Author("A", "Ann"), Author("B", "Ben")
ALONE = ("second-approval",)
GUARDS = Guards()


def pending(state: State = "awaiting-approval", *hands: Author) -> Pending:
    record = Record(alert=alert(), state=state, author=(*hands, ANN)[0], push=True)
    return Pending(record=record, publish_at=None, expires=None, hands=hands or (ANN,), asked_at=moment.to_text(NOW_MS))


@pytest.mark.parametrize(
    ("role", "level", "override", "embargo", "verb"),
    [
        ("correspondent", "line", (), None, "submit"), ("correspondent", "flash", ALONE, NOW_MS, "submit"),
        ("editor", "line", (), None, "publish"), ("editor", "urgent", (), None, "publish"),
        ("editor", "urgent", (), NOW_MS, "schedule"), ("editor", "flash", (), None, "propose"),
        ("editor", "flash", ALONE, None, "propose"), ("duty", "flash", (), None, "propose"),
        ("duty", "flash", ("near-duplicate", "brake"), None, "propose"), ("duty", "flash", ALONE, None, "publish"),
        ("duty", "flash", ALONE, NOW_MS, "schedule"), ("duty", "flash", (), NOW_MS, "propose"),
        ("admin", "flash", ALONE, None, "publish"), ("duty", "brief", (), None, "publish"),
    ],
)  # fmt: skip
def test_what_a_post_comes_to_depends_on_who_it_is_from(
    role: Role, level: Level, override: tuple[str, ...], embargo: int | None, verb: Verb
) -> None:
    assert verb_to_post(role, level, override, embargo, GUARDS) == verb


def test_a_newsroom_may_do_without_the_second_person_but_not_without_duty() -> None:
    off = Guards(flash_approval=False)
    assert verb_to_post("duty", "flash", (), None, off) == "publish"
    assert verb_to_post("editor", "flash", (), None, off) == "propose"


@pytest.mark.parametrize(
    ("state", "role", "level", "embargo", "verb"),
    [
        ("draft", "duty", "brief", None, "submit"), ("draft", "duty", "flash", NOW_MS, "submit"),
        ("scheduled", "editor", "brief", NOW_MS, "schedule"), ("scheduled", "duty", "flash", NOW_MS, "propose"),
        ("scheduled", "correspondent", "brief", NOW_MS, "submit"),
        ("awaiting-approval", "editor", "flash", None, "propose"),
        ("awaiting-approval", "editor", "urgent", NOW_MS, "schedule"),
        ("awaiting-approval", "editor", "urgent", None, "propose"),
    ],
)  # fmt: skip
def test_a_change_publishes_nothing_and_approves_nothing(
    state: State, role: Role, level: Level, embargo: int | None, verb: Verb
) -> None:
    assert verb_to_amend(pending(state), role, level, embargo, GUARDS) == verb


def test_whoever_wrote_or_changed_it_is_no_second_person_with_whichever_key() -> None:
    waits = pending("draft", ANN, BEN)
    for hand in (ANN, BEN, Author("C", "ann"), Author("D", " BEN ")):
        assert not is_someone_else(hand, waits)
    assert is_someone_else(Author("E", "Cem"), waits)


def test_only_what_is_urgent_lapses_and_to_the_millisecond() -> None:
    after_ms = NOW_MS + round(GUARDS.approval_s * 1000)
    assert not lapsed(pending(), after_ms - 1, GUARDS)
    assert lapsed(pending(), after_ms, GUARDS)
    assert not lapsed(pending("draft"), after_ms * 2, GUARDS)


def test_a_hand_is_kept_once() -> None:
    assert with_hand(with_hand((ANN,), BEN), ANN) == (ANN, BEN)


def test_correspondents_see_their_own_and_test_keys_see_drills() -> None:
    waits = pending("draft", ANN)
    assert may_see(waits, ANN, "correspondent", test=False)
    assert not may_see(waits, BEN, "correspondent", test=False)
    assert may_see(waits, BEN, "editor", test=False)
    assert not may_see(waits, ANN, "duty", test=True)
