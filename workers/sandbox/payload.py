"""What a notification says of the alert it belongs to, as Flashwire documents it for the apps' teams.

The rule to remember: read as an app would, from the public payload, and forgiving: a notification that names no alert
is shown all the same.
"""

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

from workers.sandbox.phones import Shown


class Words(NamedTuple):
    """The three lines of a notification, whatever came in their place."""

    title: object = None
    subtitle: object = None
    body: object = None


def shown(collapse: str, words: Words, data: Mapping[str, Any], *, sound: bool) -> Shown:
    """The entry on a lock screen. `data` is the payload's own part, beside what the platform defines."""
    return Shown(
        collapse, _text(data.get("alert")), _whole(data.get("version")), _text(words.title), _text(words.subtitle),
        _text(words.body), _text(data.get("level")), _text(data.get("edition")), sound,
        _moment_ms(data.get("versionCreated")),
    )  # fmt: skip


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    """A version: a number, or its digits where a platform carries only text."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment_ms(value: object) -> int | None:
    """An RFC 3339 time in milliseconds since 1970."""
    try:
        return int(datetime.datetime.fromisoformat(str(value)).timestamp() * 1000)
    except ValueError:
        return None
