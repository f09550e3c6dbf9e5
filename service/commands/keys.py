"""`flashwire keys`: who may use the API.

The rule to remember: a key is shown once. What is kept is a digest, so nobody can look it up; what helps whoever has
lost it is another secret (`rotate`) or another key. These commands need no key themselves: they are how the owner of
the machine gets back in when every key was ended.
"""

import re
from collections.abc import Awaitable, Callable

import click
import msgspec

from config.settings import Settings
from service import program
from service.clock import now_ms
from service.commands.ground import (
    JSON,
    Failed,
    InWorkingOrder,
    Misused,
    Result,
    at_the_terminal,
    print_json,
    read_settings,
    with_store,
)
from service.domain import api_key, moment
from service.domain.api_key import NAME_CHARS_MAX, OVERLAP_MAX_S, Key
from service.domain.errors import KeysFull, NotDurable, NotFound
from service.domain.roles import ROLES, Role
from service.store import access
from service.store.access import Bounds, IssuedKey
from service.store.connection import Store

ID = click.argument("key_id", metavar="ID")
_SPAN = re.compile(r"([1-9][0-9]{0,4})([dh])", re.ASCII)
_UNIT_MS = {"d": 86_400_000, "h": 3_600_000}


@click.group(cls=InWorkingOrder)
def keys() -> None:
    """Make, list, rotate and end keys of editors.

    Works on the store itself: that of FLASHWIRE_REDIS_URL, or of the `flashwire up` that is running on the data folder.
    """


@keys.command(name="create")
@click.option(
    "--role", type=click.Choice(ROLES), required=True, help="What its holder may do; each includes the former."
)
@click.option("--name", required=True, help="Who holds it; keys of one name count as one person.")
@click.option("--test", is_flag=True, help="For drills: what it posts reaches test readers only.")
@click.option("--expires", metavar="WHEN", help="A moment such as 2027-01-31T12:00:00Z, or a span such as 90d or 12h.")
@JSON
def create_key(role: Role, name: str, test: bool, expires: str | None, as_json: bool) -> None:
    """Make a key. It is shown this once; only a digest is kept.

    \b
    flashwire keys create --role editor --name "night desk"
    flashwire keys create --role editor --name "feed import" --expires 90d
    flashwire keys create --role duty --name drill --test --json
    """
    if not api_key.is_name(name.strip()):
        raise Misused(f"--name must be 1 to {NAME_CHARS_MAX} printable characters")
    settings, at_ms = read_settings(), now_ms()
    expires_ms = None if expires is None else _moment(expires, at_ms)
    bounds = key_bounds(settings)
    issued = _done(
        lambda store: access.create(
            store, name.strip(), role, test, at_ms, expires_ms, at_the_terminal(), bounds=bounds
        )
    )
    _show(issued, as_json, "it cannot be shown again.")


@keys.command(name="list")
@JSON
def list_keys(as_json: bool) -> None:
    """List all keys, ended ones too, without their secrets."""
    found = with_store(access.list_keys)
    if as_json:
        print_json([msgspec.to_builtins(key) for key in found])
        return
    at_ms = now_ms()
    for key in found:
        kind = "test" if key.test else "live"
        used = f"used {key.last_used[:16]}Z" if key.last_used else "never used"
        click.echo(
            f"{key.id}  {key.role:<13}  {kind}  {key.created[:10]}  {used:<22}  {_state(key, at_ms)}  {key.name}"
        )


@keys.command(name="rotate")
@ID
@click.option(
    "--overlap", "overlap_s", metavar="SECONDS", type=click.IntRange(0, OVERLAP_MAX_S),
    help="How long the former secret goes on (default: key_overlap_s). 0 ends every former one at once.",
)  # fmt: skip
@JSON
def rotate_key(key_id: str, overlap_s: int | None, as_json: bool) -> None:
    """Give a key another secret. It is shown this once; id, name and role stay.

    \b
    flashwire keys rotate 7Q0F8R2K5M
    flashwire keys rotate 7Q0F8R2K5M --overlap 0
    """
    settings = read_settings()
    seconds = settings.key_overlap_s if overlap_s is None else overlap_s
    bounds = key_bounds(settings)
    issued = _done(lambda store: access.rotate(store, key_id, seconds, now_ms(), at_the_terminal(), bounds=bounds))
    going = f"The former one works for {seconds:,} s more." if seconds else "No former one works any more."
    _show(issued, as_json, f"it cannot be shown again. {going}")


@keys.command(name="revoke")
@ID
@JSON
def revoke_key(key_id: str, as_json: bool) -> None:
    """End a key for good. It is refused everywhere within 2 seconds."""
    bounds = key_bounds(read_settings())
    if not _done(lambda store: access.revoke(store, key_id, now_ms(), at_the_terminal(), bounds=bounds)):
        raise Failed(f"no key has the id {key_id}; `flashwire keys list` shows them")
    if as_json:
        print_json({"id": key_id, "revoked": True})
    else:
        click.echo(f"Key {key_id} is revoked.")


@keys.command(name="revoke-all")
@JSON
def revoke_all_keys(as_json: bool) -> None:
    """End every key for good, at once. For when one was stolen, and nobody knows which.

    All are refused everywhere within 2 seconds, that of `flashwire up` too, which makes itself another when it starts
    again. `flashwire keys create` lets people back in.
    """
    bounds = key_bounds(read_settings())
    revoked = _done(lambda store: access.revoke_all(store, now_ms(), at_the_terminal(), bounds=bounds))
    if as_json:
        print_json({"revoked": revoked})
    else:
        click.echo(f"Keys that were ended: {revoked}. `{program.name()} keys create` lets people back in.")


def key_bounds(settings: Settings) -> Bounds:
    """How many keys are kept, and for how long, from the settings of the same names."""
    return Bounds(
        keys_max=settings.keys_max, keys_kept_days=settings.keys_kept_days,
        replicas_min=settings.replicas_min if settings.durability == "replica" else 0,
    )  # fmt: skip


def _done(act: Callable[[Store], Awaitable[Result]]) -> Result:
    """What a change came to; ends the command where it is refused."""
    try:
        return with_store(act)
    except (KeysFull, NotFound) as refused:
        raise Failed(f"{refused}; `flashwire keys list` shows them") from None
    except NotDurable as problem:
        raise Failed(f"it may not outlive the store: {problem}; do it again") from None


def _moment(text: str, at_ms: int) -> int:
    span = _SPAN.fullmatch(text)
    try:
        expires_ms = at_ms + int(span[1]) * _UNIT_MS[span[2]] if span else moment.from_text(text)
    except ValueError:
        raise Misused("--expires must be a moment such as 2027-01-31T12:00:00Z, or a span such as 90d or 12h") from None
    if expires_ms <= at_ms:
        raise Misused("--expires lies in the past")
    return expires_ms


def _state(key: Key, at_ms: int) -> str:
    match api_key.ending(key, at_ms):
        case "revoked":
            return f"revoked {str(key.revoked)[:10]}"
        case "expired":
            return f"expired {str(key.expires)[:10]}"
    return f"until {key.expires[:10]}" if key.expires else "valid"


def _show(issued: IssuedKey, as_json: bool, rest: str) -> None:
    if as_json:
        print_json({"id": issued.id, "key": issued.key, "role": issued.role, "name": issued.name})
    else:
        until = f", until {issued.expires}" if issued.expires else ""
        click.echo(f"{issued.key}\n\nRole {issued.role}, id {issued.id}{until}. Keep it now: {rest}")
