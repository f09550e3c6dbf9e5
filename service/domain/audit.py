"""The audit: one line for each thing that was done, or refused: who, when, what, from where, and what it changed.

The rule to remember: lines are only ever added, and each says all by itself. The version that a line names has the
content whole, so a line has only what differs from the one before, and no more of that than tells what it was.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from service.domain import lifecycle
from service.domain.alert import Alert, Record, State
from service.domain.roles import Role

KeysVerb = Literal["create-key", "rotate-key", "revoke-key", "revoke-all"]
Verb = lifecycle.Verb | KeysVerb
Changes = dict[str, tuple[Any, Any]]
"""Field → what it was, what it is."""

CONTENT = (
    "level", "story", "headline", "text", "attribution", "sections", "regions", "places", "link", "image", "certainty",
    "correction", "expires",
)  # fmt: skip
"""What a person decides of an alert. The rest of a version follows from the verb."""
VALUE_CHARS_MAX = 1000
"""Of a longer value only the beginning stands in a line; a headline of 280 letters is shorter in every script."""
REFUSED_CHARS_MAX = 200


class By(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Who acted, and from where. One of: an API key, an account of the machine at the command line, or a process of
    ours (its name alone).
    """

    name: str
    key_id: str | None = None
    role: Role | None = None
    test: bool = False
    """Whether it is a test key, which acts on drills alone."""
    account: str | None = None
    address: str | None = None
    """The client's address, or the name of the machine at whose command line it was."""
    request_id: str | None = None
    """Also stands in the log and in the answer (`X-Request-Id`)."""


class Act(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One line. What does not apply to the act is left out of its JSON."""

    at: str
    verb: Verb
    by: By
    alert: str | None = None
    version: int | None = None
    """The version that it made; of a refusal, the one that stood."""
    state_before: State | None = None
    state_after: State | None = None
    changed: Changes = {}
    """By the fields' names in JSON. Empty for a new alert: its first version is the change."""
    override: tuple[str, ...] = ()
    """Guards that were passed over; `reason` says why."""
    reason: str | None = None
    """In the words of who acted."""
    refused: str | None = None
    """Why nothing came of it; None where it was done."""
    key: str | None = None
    """The id of the key that was made or ended."""
    name: str | None = None
    """Of a key that was made: it stands here when the key itself is forgotten."""
    role: Role | None = None
    """Of a key that was made."""
    cursor: str | None = None
    """Its place on the wire; written by the script that gives it."""


OURSELVES = By(name="flashwire")
"""Who acts where nobody asked for it: the key that `flashwire up` makes for itself, for example."""

encode = msgspec.json.Encoder().encode
"""A line as it is kept."""


def diff(before: Alert | None, after: Alert, beside: Mapping[str, tuple[object, object]] | None = None) -> Changes:
    """What `after` says otherwise than `before`. `beside` are pairs of what an alert does not carry itself, as `push`;
    of them, too, only those that differ stand in the line.
    """
    if before is None:
        return {}
    pairs = {_in_json(name): (getattr(before, name), getattr(after, name)) for name in CONTENT} | dict(beside or {})
    return {name: (_bounded(was), _bounded(now)) for name, (was, now) in pairs.items() if was != now}


def changed(before: Record | None, after: Record) -> Changes:
    """What `after` says otherwise than `before`, to readers or to colleagues."""
    if before is None:
        return {}
    beside = {"push": (before.push, after.push), "note": (before.note, after.note)}
    return diff(before.alert, after.alert, beside)


def refusal(act: Act, why: str) -> Act:
    """The same act, of which nothing came."""
    return msgspec.structs.replace(act, refused=why[:REFUSED_CHARS_MAX])


def _in_json(name: str) -> str:
    return next(field.encode_name for field in msgspec.structs.fields(Alert) if field.name == name)


def _bounded(value: object) -> object:
    """The value as JSON has it, or the beginning of its JSON where that is long."""
    encoded = msgspec.json.encode(value).decode()
    if len(encoded) <= VALUE_CHARS_MAX:
        return msgspec.to_builtins(value)
    return f"{encoded[:VALUE_CHARS_MAX]}…"
