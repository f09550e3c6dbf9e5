"""Each role may do what those below it may, and no more."""

import pytest

from service.domain.alert import LEVELS, Level
from service.domain.lifecycle import CHANGE_VERBS, ChangeVerb
from service.domain.roles import ROLES, Role, includes, needed_to_change, needed_to_publish


@pytest.mark.parametrize("at", range(len(ROLES)))
def test_a_role_includes_itself_and_those_below(at: int) -> None:
    assert [includes(ROLES[at], needed) for needed in ROLES] == [place <= at for place in range(len(ROLES))]


def test_the_order_is_that_of_the_contract() -> None:
    assert ROLES == ("correspondent", "editor", "duty", "admin")


@pytest.mark.parametrize(("level", "role"), [(one, "duty" if one == "flash" else "editor") for one in LEVELS])
def test_a_flash_needs_more_than_an_editor(level: Level, role: Role) -> None:
    assert needed_to_publish(level) == role


# verb: who may do it to an alert that the key itself has published, and who to anybody's
LAW: dict[ChangeVerb, tuple[Role, Role]] = {
    "update": ("editor", "duty"),
    "correct": ("editor", "duty"),
    "undo": ("editor", "duty"),
    "hold": ("duty", "duty"),
    "release": ("duty", "duty"),
    "kill": ("duty", "duty"),
}


def test_a_correction_of_what_is_on_hold_needs_what_a_release_needs() -> None:
    for own in (True, False):
        assert needed_to_change("correct", own, on_hold=True) == needed_to_change("release", own) == "duty"
    assert needed_to_change("undo", own=True, on_hold=True) == "editor"


@pytest.mark.parametrize("verb", CHANGE_VERBS)
def test_who_wrote_it_may_mend_it_and_the_rest_is_for_the_duty_desk(verb: ChangeVerb) -> None:
    assert (needed_to_change(verb, own=True), needed_to_change(verb, own=False)) == LAW[verb]
