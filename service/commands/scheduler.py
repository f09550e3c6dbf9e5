"""`flashwire scheduler`: embargoes and expiry.

The rule to remember: it publishes what others have approved, at the moment that they named.
"""

import click

from service.commands.ground import PARENT, Failed, leave_with, settings_with_store, start_logs


@click.command()
@PARENT
def scheduler(parent: int | None) -> None:
    """Run the scheduler alone: embargoes and expiries.

    It releases embargoed alerts at their moment and ends those whose time is over.
    Needs a store: FLASHWIRE_REDIS_URL=redis://host flashwire scheduler. A second one is a spare.
    """
    settings = settings_with_store()
    from workers.scheduler import serve

    start_logs(settings, "scheduler")
    leave_with(parent)
    try:
        serve.run(settings)
    except serve.CannotSchedule as problem:
        raise Failed(str(problem)) from None
