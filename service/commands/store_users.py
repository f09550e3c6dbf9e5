"""`flashwire store-users`: the users of the store, for one that somebody else starts.

The rule to remember: what is printed has digests in place of passwords, so it may lie where the store's
configuration does.
"""

from pathlib import Path

import click

from config.settings import STORE_USERS
from service.commands.ground import Failed
from service.store import users
from service.store.users import NoPassword


@click.command(name="store-users")
@click.argument("folder", type=click.Path(path_type=Path))
def store_users(folder: Path) -> None:
    """Print the store's users, as its configuration names them.

    FOLDER holds a file for each of them (api, gateway, push, scheduler, operator) with that user's password. What is
    printed belongs into the configuration of Valkey, or of Redis from 7.0 on, or into its file of users (aclfile).

    \b
    flashwire store-users store-secrets
    """
    try:
        click.echo(users.with_digests(STORE_USERS.read_text(encoding="utf-8"), folder), nl=False)
    except NoPassword as problem:
        raise Failed(f"{problem}: a line that nobody guesses (openssl rand -hex 32)") from None
