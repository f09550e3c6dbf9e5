"""Who may do what: the roles of API keys, each including those below it.

The rule to remember: permission depends on the role, the verb and the level, never on where the request came from.
"""

from typing import Literal

from service.domain.alert import Level

Role = Literal["correspondent", "editor", "duty", "admin"]
ROLES: tuple[Role, ...] = ("correspondent", "editor", "duty", "admin")
"""Least first."""


def includes(role: Role, needed: Role) -> bool:
    """Whether `role` may do what `needed` may."""
    return ROLES.index(role) >= ROLES.index(needed)


def needed_to_publish(level: Level) -> Role:
    """Editors publish up to `urgent`; what a correspondent posts becomes a draft (contract §3)."""
    return "duty" if level == "flash" else "editor"


NEEDED: dict[str, Role] = {"hold": "duty", "release": "duty", "kill": "duty", "approve": "duty", "keys": "admin"}
