"""Each role may do what those below it may, and no more."""

import pytest

from service.domain.alert import LEVELS, Level
from service.domain.roles import NEEDED, ROLES, Role, includes, needed_to_publish


@pytest.mark.parametrize("at", range(len(ROLES)))
def test_a_role_includes_itself_and_those_below(at: int) -> None:
    assert [includes(ROLES[at], needed) for needed in ROLES] == [place <= at for place in range(len(ROLES))]


def test_the_order_is_that_of_the_contract() -> None:
    assert ROLES == ("correspondent", "editor", "duty", "admin")


@pytest.mark.parametrize(("level", "role"), [(one, "duty" if one == "flash" else "editor") for one in LEVELS])
def test_a_flash_needs_more_than_an_editor(level: Level, role: Role) -> None:
    assert needed_to_publish(level) == role


def test_emergency_verbs_need_duty_and_keys_need_admin() -> None:
    assert NEEDED == {"hold": "duty", "release": "duty", "kill": "duty", "approve": "duty", "keys": "admin"}
