"""The `flashwire` command: what an operator and an editor type.

The rule to remember: here stand the processes and the table of commands; each group of commands has its own file in
`service/commands`.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from service import up, watch
from service.commands import editors
from service.commands.alerts import alerts
from service.commands.asking import api_key, live_url
from service.commands.audit import audit
from service.commands.backup import backup, restore
from service.commands.delivery import delivery
from service.commands.devices import devices
from service.commands.doctor import doctor
from service.commands.ground import (
    PARENT,
    Failed,
    InWorkingOrder,
    Misused,
    leave_with,
    print_json,
    read_settings,
    settings_with_store,
    start_logs,
)
from service.commands.keys import keys
from service.commands.push import dead_letters, push
from service.commands.scheduler import scheduler
from service.commands.store_users import store_users
from service.domain.errors import StoreUnavailable
from service.free_ports import PortTaken
from service.listening import CannotListen
from service.store.embedded import EmbeddedError
from service.store.folder import FolderHeld, FolderUnusable
from service.supervisor import ChildFailed
from service.vapid import VapidError


@click.group(cls=InWorkingOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="flashwire")
def main() -> None:
    """Breaking-news alerts, from one command to every open page.

    \b
    Everything on this machine:      flashwire up
    Post an alert:                   flashwire post "Rain reaches the coast" --level urgent
    See it reach its readers:        flashwire delivery ID
    Correct it, or withdraw it:      flashwire correct ID …   flashwire kill ID
    Watch an edition:                flashwire watch --edition en

    Settings come from config/flashwire.toml and, before it, from FLASHWIRE_* variables; config/settings.py explains
    each. `flashwire COMMAND --help` tells more.
    """


@main.command(name="up")
@click.option("--demo", is_flag=True, help="Also post invented alerts in every language, and withdraw some.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line when everything is ready.")
def up_command(demo: bool, as_json: bool) -> None:
    """Run everything on this machine.

    That is the store, the API, one gateway per core, the scheduler, the push channel, and a sandbox in place of Apple,
    Google and the browsers' push services where there are no credentials for them. The data lie in the folder of
    FLASHWIRE_DATA_DIR (default: data), with the key of the duty editor in duty.key. Ctrl-C stops everything in order; a
    second one at once.
    FLASHWIRE_REDIS_URL uses a store of your own instead.

    \b
    flashwire up
    flashwire up --demo
    FLASHWIRE_API_PORT=9000 FLASHWIRE_GATEWAY_PORT=9001 flashwire up --json
    """
    settings = read_settings()
    start_logs(settings, "up")
    try:
        sys.exit(up.run(settings, os.environ, demo=demo, as_json=as_json))
    except FolderHeld as held:
        raise Failed(f"{held}: stop that one first, or choose another folder with FLASHWIRE_DATA_DIR") from None
    except StoreUnavailable as problem:
        raise Failed(f"{problem}: start it, or mend FLASHWIRE_REDIS_URL") from None
    except (FolderUnusable, EmbeddedError, PortTaken, VapidError, ChildFailed) as problem:
        raise Failed(str(problem)) from None


@main.command()
@PARENT
def api(parent: int | None) -> None:
    """Run the HTTP API alone: editors' requests, history, pages.

    Needs a store: FLASHWIRE_REDIS_URL=redis://host flashwire api
    """
    settings = settings_with_store()
    from service.api import serve  # imported where it is run: the other commands need not wait for it

    start_logs(settings, f"api:{settings.admin_port}")
    leave_with(parent)
    serve.run(settings)


@main.command()
@click.option("--processes", type=click.IntRange(1, 1024), help="Processes that share the port; default: one per core.")
@PARENT
def gateway(processes: int | None, parent: int | None) -> None:
    """Run the gateway alone: the live stream, WebSocket and SSE.

    Needs a store: FLASHWIRE_REDIS_URL=redis://host flashwire gateway
    """
    settings = settings_with_store()
    from workers.gateway import __main__ as gateways

    start_logs(settings, f"gateway:{settings.admin_port}")
    leave_with(parent)
    try:
        gateways.run(settings, processes or settings.processes or up.cores())
    except (CannotListen, ChildFailed) as problem:
        raise Failed(str(problem)) from None


main.add_command(push)
main.add_command(scheduler)
main.add_command(dead_letters)


@main.command()
@PARENT
def sandbox(parent: int | None) -> None:
    """Run stand-ins for the push providers, with pretend phones.

    They take the place of Apple, Google and the browsers' push services, and a page shows the phones: for tests and for
    trying things out on this machine, never in production. The page tells its addresses, and sandbox/sandbox.json in
    the data folder tells them to programs, with the credentials it takes.
    """
    settings = read_settings()
    if settings.environment == "production":
        raise Misused("FLASHWIRE_ENVIRONMENT is production: the sandbox is for development")
    from workers.sandbox import __main__ as stand_ins

    start_logs(settings, "sandbox")
    leave_with(parent)
    try:
        stand_ins.run(settings)
    except CannotListen as problem:
        raise Failed(str(problem)) from None


main.add_command(keys)
main.add_command(audit)
main.add_command(devices)
for command in editors.COMMANDS:
    main.add_command(command)
main.add_command(alerts)
main.add_command(delivery)


@main.command(name="watch")
@click.option("--edition", default="en", show_default=True)
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Alerts to begin with.")
@click.option("--after", metavar="CURSOR", help="Resume behind this place instead.")
@click.option("--exercise", is_flag=True, help="Watch the drills; needs a test key in FLASHWIRE_KEY.")
@click.option("--json", "as_json", is_flag=True, help="Print every message of the stream as one line of JSON.")
def watch_command(edition: str, limit: int, after: str | None, exercise: bool, as_json: bool) -> None:
    """Show an edition's ticker in the terminal.

    Ctrl-C ends it. Lost connections resume where they were.

    \b
    flashwire watch --edition es
    flashwire watch --json | jq .cursor
    """
    settings = read_settings()
    query = {"edition": edition, "limit": str(limit)} | ({"exercise": "1"} if exercise else {})
    key = api_key(settings) if exercise else None
    lines = watch.Lines(click.echo)
    show: Callable[[dict[str, Any]], None] = print_json if as_json else lines.show
    try:
        live = live_url(settings)
        asyncio.run(watch.follow(live, query, show, lambda what: click.echo(f"-- {what}", err=True), key, after))
    except watch.WatchRefused as problem:
        raise Failed(f"{live} does not serve this: {problem}") from None
    except KeyboardInterrupt:
        sys.exit(0)


main.add_command(doctor)
main.add_command(backup)
main.add_command(restore)
main.add_command(store_users)


if __name__ == "__main__":
    main()
