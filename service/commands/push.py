"""The push channel's commands: run it, and look after the jobs that it gave up.

The rule to remember: a job is given up when its runs crash again and again, or when it is an hour late; each is worth a
look.
"""

from typing import cast

import click
import msgspec

from config.settings import Settings
from service.clock import now_ms
from service.commands.ground import (
    JSON,
    PARENT,
    Failed,
    Misused,
    leave_with,
    print_json,
    read_settings,
    settings_with_store,
    start_logs,
    with_store,
)
from service.domain import moment
from service.domain.device import PLATFORMS
from service.sandboxed import with_sandbox
from service.store import plans
from service.store.connection import Store
from service.store.plans import DeadLetter
from service.supervisor import ChildFailed

PARTS = ("dispatcher", *PLATFORMS)


@click.command()
@click.option("--part", type=click.Choice(PARTS), help="Only this part; default: all, each in a process of its own.")
@click.option("--sandbox", is_flag=True, help="Ring the pretend phones of the sandbox that runs on this data folder.")
@PARENT
def push(part: str | None, sandbox: bool, parent: int | None) -> None:
    """Run the push channel: the dispatcher and all providers.

    Needs a store: FLASHWIRE_REDIS_URL=redis://host flashwire push. A provider without credentials is off and says so;
    `flashwire doctor` looks at all of them.
    """
    settings = settings_with_store()
    if sandbox:
        settings = _with_sandbox(settings)
    from workers.push import __main__ as everything
    from workers.push import serve

    start_logs(settings, f"push {part}:{settings.admin_port}" if part else "push")
    leave_with(parent)
    try:
        if part is None:
            everything.run(settings)
        else:
            serve.run(settings, cast(serve.Part, part))
    except (serve.CannotPush, ChildFailed) as problem:
        raise Failed(str(problem)) from None


def _with_sandbox(settings: Settings) -> Settings:
    if settings.environment == "production":
        raise Misused("no sandbox in production: FLASHWIRE_ENVIRONMENT=development, or leave --sandbox out")
    try:
        return with_sandbox(settings)
    except FileNotFoundError:
        raise Failed(
            f"no sandbox runs on {settings.data_dir}: flashwire sandbox, with the same FLASHWIRE_DATA_DIR"
        ) from None


@click.command(name="dead-letters")
@click.option("--retry", is_flag=True, help="Put all of them back to work.")
@JSON
def dead_letters(retry: bool, as_json: bool) -> None:
    """List the push jobs that were given up, or run them again.

    Whoever has the alert already is not sent it again.
    """
    kept_days = read_settings().push_ledger_days

    async def act(store: Store) -> list[DeadLetter]:
        letters = await plans.dead_letters(store)
        if retry:
            await plans.revive(store, letters, now_ms(), kept_days)
        return letters

    letters = with_store(act)
    if as_json:
        print_json([{**msgspec.to_builtins(letter), "at": moment.to_text(letter.at_ms)} for letter in letters])
        return
    for letter in letters:
        click.echo(f"{moment.to_text(letter.at_ms)}  {letter.job.id}  {letter.why}")
    click.echo(f"{len(letters)} put back to work." if retry else f"{len(letters)} dead letters.")
