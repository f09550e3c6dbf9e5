"""`flashwire keys`: who may use the API.

The rule to remember: a key is shown once. What is kept is a digest, so nobody can look it up.
"""

import click
import msgspec

from service.clock import now_ms
from service.commands.ground import JSON, Failed, InWorkingOrder, Misused, at_the_terminal, print_json, with_store
from service.domain.roles import ROLES, Role
from service.store import access


@click.group(cls=InWorkingOrder)
def keys() -> None:
    """Make, list and end the keys of editors and their systems.

    Works on the store itself: that of FLASHWIRE_REDIS_URL, or of the `flashwire up` that is running on the data folder.
    """


@keys.command(name="create")
@click.option(
    "--role", type=click.Choice(ROLES), required=True, help="What its holder may do; each includes the former."
)
@click.option("--name", required=True, help="Who or what holds it; stands in the audit.")
@click.option("--test", is_flag=True, help="For drills: what it posts reaches test readers only.")
@JSON
def create_key(role: Role, name: str, test: bool, as_json: bool) -> None:
    """Make a key. It is shown this once; only a digest is kept.

    \b
    flashwire keys create --role editor --name "night desk"
    flashwire keys create --role duty --name drill --test --json
    """
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise Misused("--name must be 1 to 100 printable characters")
    by = at_the_terminal()
    issued = with_store(lambda store: access.create(store, name.strip(), role, test, now_ms(), by=by))
    if as_json:
        print_json({"id": issued.id, "key": issued.key, "role": issued.role, "name": issued.name})
    else:
        click.echo(f"{issued.key}\n\nRole {role}, id {issued.id}. Keep it now: it cannot be shown again.")


@keys.command(name="list")
@JSON
def list_keys(as_json: bool) -> None:
    """List all keys, ended ones too, without their secrets."""
    found = with_store(access.list_keys)
    if as_json:
        print_json([msgspec.to_builtins(key) for key in found])
        return
    for key in found:
        state = f"revoked {key.revoked}" if key.revoked else f"until {key.expires}" if key.expires else "valid"
        click.echo(
            f"{key.id}  {key.role:<13}  {'test' if key.test else 'live'}  {key.created}  {state:<10}  {key.name}"
        )


@keys.command(name="revoke")
@click.argument("key_id", metavar="ID")
@JSON
def revoke_key(key_id: str, as_json: bool) -> None:
    """End a key for good. It is refused everywhere within 2 seconds."""
    by = at_the_terminal()
    if not with_store(lambda store: access.revoke(store, key_id, now_ms(), by)):
        raise Failed(f"no key has the id {key_id}; `flashwire keys list` shows them")
    if as_json:
        print_json({"id": key_id, "revoked": True})
    else:
        click.echo(f"Key {key_id} is revoked.")
