"""An API key as everybody may see it: whose it is, what it may do, until when. Never its secret.

The rule to remember: a key ends for good. A revocation is not taken back and no expiry moved; who needs to go on is
given another key.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from service.domain import moment
from service.domain.fields import Fields
from service.domain.roles import ROLES, Role

NAME_CHARS_MAX = 100
OVERLAP_MAX_S = 604_800
"""A former secret that works for longer than a week is one that nobody is going to replace."""
Ending = Literal["revoked", "expired"]


class Key(msgspec.Struct, frozen=True, rename="camel"):
    """What is kept of a key. Times are RFC 3339."""

    id: str
    role: Role
    name: str
    """Who holds it. Keys of one name are one person (service/domain/person.py)."""
    test: bool
    created: str
    expires: str | None = None
    revoked: str | None = None
    last_used: str | None = None
    """To the minute; None for a key that was never used."""


class NewKey(msgspec.Struct, frozen=True):
    """What is asked for. `test` None: like the key that asks."""

    role: Role
    name: str
    test: bool | None
    expires_ms: int | None


def ending(key: Key, now_ms: int) -> Ending | None:
    """How the key has ended; None while it is good."""
    if key.revoked is not None:
        return "revoked"
    return "expired" if key.expires is not None and key.expires <= moment.to_text(now_ms) else None


def to_forget(keys: Iterable[Key], now_ms: int, kept_ms: int, keys_max: int) -> list[str]:
    """The ids that make room for one more key: of those that have ended, the ones that did so more than `kept_ms` ago,
    and as many more, oldest first, as `keys_max` needs. What they did stands in the audit.
    """
    every = list(keys)
    ended = sorted((min(filter(None, (key.revoked, key.expires))), key.id) for key in every if ending(key, now_ms))
    long_ago = moment.to_text(max(0, now_ms - kept_ms))
    needed = len(every) - keys_max + 1
    return [key_id for place, (at, key_id) in enumerate(ended) if at <= long_ago or place < needed]


def is_name(name: str) -> bool:
    """Whether somebody can be called that: 1 to 100 printable characters, spaces not at the ends."""
    return 0 < len(name) <= NAME_CHARS_MAX and name.isprintable() and name == name.strip()


def check_new_key(body: object, now_ms: int) -> NewKey:
    """The key that a body asks for. Raises Invalid with every finding."""
    read = Fields(body)
    read.know(("role", "name", "test", "expires"))
    role = read.fields.get("role")
    if not isinstance(role, str) or role not in ROLES:
        read.wrong("/role", f"must be one of {', '.join(ROLES)}")
    name = read.fields.get("name")
    if not isinstance(name, str) or len(name) > NAME_CHARS_MAX or not is_name(name.strip()):
        read.wrong("/name", f"must say who holds the key: 1 to {NAME_CHARS_MAX} printable characters")
    test = read.fields.get("test")
    if not isinstance(test, bool | None):
        read.wrong("/test", "must be true or false")
    expires_ms = read.moment("expires")
    if expires_ms is not None and expires_ms <= now_ms:
        read.wrong("/expires", "is not in the future")
    read.finish()
    assert isinstance(name, str), "a body without a name was refused"
    return NewKey(next(each for each in ROLES if each == role), name.strip(), test, expires_ms)


def check_nothing(body: object) -> None:
    """A body that says nothing. Raises Invalid for another."""
    read = Fields({} if body is None else body)
    read.know(())
    read.finish()


def check_overlap(body: object, default_s: int) -> int:
    """How many seconds the former secret is to go on, of a body such as {"overlapS": 0}. Raises Invalid."""
    read = Fields({} if body is None else body)
    read.know(("overlapS",))
    seconds = read.fields.get("overlapS", default_s)
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds <= OVERLAP_MAX_S:
        read.wrong("/overlapS", f"must be a whole number from 0 to {OVERLAP_MAX_S}")
    read.finish()
    return int(seconds)
