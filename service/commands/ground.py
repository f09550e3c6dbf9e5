"""What every command stands on: settings, log, store, how it fails and how it prints.

The rule to remember: an error says what went wrong and what mends it, in one place and once. Exit codes: 0 done,
1 refused or failed, 2 a command or a setting that is wrong in itself.
"""

import asyncio
import copy
import getpass
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from config import settings as configuration
from config.settings import Settings, SettingsError
from service import logs, program
from service.domain.audit import By
from service.domain.errors import StoreUnavailable
from service.program import as_called
from service.store import embedded, users
from service.store.connection import Store, for_commands

Result = TypeVar("Result")
Command = TypeVar("Command", bound=click.Command)

PARENT_CHECK_S = 0.5
NOT_UTF8 = "{} is not UTF-8: use a terminal, and a locale (LANG, LC_ALL), in UTF-8"
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
PARENT = click.option("--parent", type=int, hidden=True, help="End when this process is no longer our parent.")


class Failed(click.ClickException):
    """Exit code 1 with one message."""

    def __init__(self, message: str) -> None:
        super().__init__(as_called(message))


class Misused(Failed):
    """Exit code 2 with one message."""

    exit_code = 2


class InWorkingOrder(click.Group):
    """Lists commands in the order in which a person needs them, and explains them by the name that was typed."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run, named as it was called."""
        return super().main(*args, **{"prog_name": program.name(), **extra})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Arguments are text; what a terminal of another encoding sends is refused before anybody stumbles over it."""
        for argument in args:
            if not is_text(argument):
                raise Misused(NOT_UTF8.format("an argument"))
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, its examples named as they are to be typed."""
        found = super().get_command(ctx, cmd_name)
        return found and _explained(found)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help of this group itself."""
        click.Group.format_help(_explained(self), ctx, formatter)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def _explained(command: Command) -> Command:
    """The same command, whose help has the program's name."""
    named = copy.copy(command)
    named.help = as_called(command.help or "")
    return named


def is_text(given: str) -> bool:
    """Whether it is Unicode; Python keeps bytes that are none as halves of surrogate pairs."""
    return not any("\ud800" <= character <= "\udfff" for character in given)


def read_settings() -> Settings:
    """The settings of the file and the environment; ends the command where one is wrong."""
    try:
        return configuration.load(os.environ)
    except SettingsError as problem:
        raise Misused(str(problem)) from None


def settings_with_store() -> Settings:
    """The settings of a process that needs a store of its own to talk to."""
    settings = read_settings()
    if settings.redis_url is None:
        raise Misused("FLASHWIRE_REDIS_URL is not set: name the store, or run everything with `flashwire up`")
    return settings


def start_logs(settings: Settings, process: str) -> None:
    """Log as the settings say; `process` stands in every line."""
    logs.configure(settings.log_format, settings.log_level, process)


def leave_with(parent: int | None) -> None:
    """End in order when the supervisor is gone, however it went; nobody else would replace or stop us."""
    if parent is None:
        return

    def watch_parent() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch_parent, name="parent", daemon=True).start()


def with_store(act: Callable[[Store], Awaitable[Result]], timeout_s: float | None = None) -> Result:
    """What `act` makes of the store of the settings, or of the running `up` on the data folder.

    A call takes at most `store_timeout_s`, or `timeout_s` where that is known to be too short.
    """
    settings = read_settings()
    if settings.redis_url is None and not embedded.is_running(settings.data_dir):
        raise Failed(
            f"no store is running on the data folder {settings.data_dir.resolve()}: "
            "start `flashwire up`, or name a store with FLASHWIRE_REDIS_URL"
        )

    async def on_store() -> Result:
        url = settings.redis_url or users.named(embedded.url(settings.data_dir), "operator")
        store = for_commands(url, timeout_s or settings.store_timeout_s)
        try:
            return await _until_stopped(act(store))
        finally:
            await store.aclose()

    try:
        return asyncio.run(on_store())
    except StoreUnavailable as problem:
        raise Failed(f"the store does not answer: {problem}") from None


async def _until_stopped(work: Awaitable[Result]) -> Result:
    """What `work` comes to; a Ctrl-C ends it, also where it takes the first word of it for nothing.

    redis-py stands on wait_for, which in Python 3.11 may lose a cancellation: the command would go on, and say that all
    was well.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.sleep(0)  # at every turn of the loop: what is lost is lost each time at the same place
        if not task.cancelled():
            task.exception()  # it has been looked at
        raise
    return task.result()


def at_the_terminal() -> By:
    """Who types, as the audit says it: the account and the machine. It is believed, not proved: whoever reaches the
    store may write anything.
    """
    try:
        account = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run under a number that has no name
        account = f"uid {os.getuid()}"
    return By(name="command line", account=account, address=socket.gethostname())


def print_json(value: Any) -> None:
    """One line of compact JSON on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def write_out(content: bytes) -> None:
    """Write all of it to standard output: with PYTHONUNBUFFERED, a signal cuts a write short."""
    while content:
        content = content[sys.stdout.buffer.write(content) :]
    sys.stdout.buffer.flush()
