"""Who may do what: the roles of API keys, each including those below it.

The rule to remember: permission depends on the role, the verb, the level and whose alert it is, never on where the
request came from.
"""

from typing import Literal

from service.domain.alert import Level
from service.domain.lifecycle import Verb

Role = Literal["correspondent", "editor", "duty", "admin"]
ROLES: tuple[Role, ...] = ("correspondent", "editor", "duty", "admin")
"""Least first."""


def includes(role: Role, needed: Role) -> bool:
    """Whether `role` may do what `needed` may."""
    return ROLES.index(role) >= ROLES.index(needed)


def needed_to_publish(level: Level) -> Role:
    """Editors publish up to `urgent`; what a correspondent posts becomes a draft (contract §3)."""
    return "duty" if level == "flash" else "editor"


NEEDED_FOR_OWN: dict[Verb, Role] = {"update": "editor", "correct": "editor", "undo": "editor"}
"""Who wrote it may mend it; that nobody sees it meanwhile, or ever again, is for the duty desk to say."""


def needed_to_change(verb: Verb, own: bool, *, on_hold: bool = False) -> Role:
    """Who may do `verb` to an alert that is out; `own`: the key that acts is the one that published it.

    A correction of what is on hold puts it back, so it needs what a release needs.
    """
    if verb == "correct" and on_hold:
        verb = "release"
    return NEEDED_FOR_OWN.get(verb, "duty") if own else "duty"


def needed_to_change_pending(verb: Verb, own: bool, *, draft: bool) -> Role:
    """Who may do `verb` to an alert that is not out. Who wrote a draft may change it or take it back; so may editors
    with the drafts of others, and what others have scheduled or proposed is for the duty desk.
    """
    if verb == "approve":
        return "duty"
    if own:
        return "correspondent" if verb in ("update", "kill") else "editor"
    return "editor" if draft else "duty"
