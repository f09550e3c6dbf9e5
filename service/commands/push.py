"""The push channel's commands: run it, and look after the jobs that it gave up.

The rule to remember: a job is given up when its runs crash again and again, or when it is an hour late; each is worth a
look.
"""

from typing import cast

import click
import msgspec

from service.clock import now_ms
from service.commands.ground import (
    JSON,
    PARENT,
    Failed,
    leave_with,
    print_json,
    read_settings,
    settings_with_store,
    start_logs,
    with_store,
)
from service.domain import moment
from service.domain.device import PLATFORMS
from service.store import plans
from service.store.connection import Store
from service.store.plans import DeadLetter

PARTS = ("dispatcher", *PLATFORMS)


@click.command()
@click.option("--part", type=click.Choice(PARTS), help="Only this part; default: all, each in a process of its own.")
@PARENT
def push(part: str | None, parent: int | None) -> None:
    """Run the push channel: the dispatcher and all providers.

    Needs a store: FLASHWIRE_REDIS_URL=redis://host flashwire push. A provider without credentials is off and says so;
    `flashwire doctor` looks at all of them.
    """
    settings = settings_with_store()
    from workers.push import __main__ as everything
    from workers.push import serve

    start_logs(settings, f"push {part}:{settings.admin_port}" if part else "push")
    leave_with(parent)
    try:
        if part is None:
            everything.run(settings)
        else:
            serve.run(settings, cast(serve.Part, part))
    except serve.CannotPush as problem:
        raise Failed(str(problem)) from None


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
