"""`flashwire delivery`: how an alert is reaching its readers, in the terminal.

The rule to remember: what it shows is the API's report and nothing else. In a terminal it is drawn again in its place
until the delivery is complete; anywhere else it is printed once, as programs expect.
"""

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import click

from service import client, delivery_stream
from service.commands.asking import api_key, api_url, nobody, send
from service.commands.delivery_picture import FULL_BLOCKS, PLAIN_BLOCKS, Picture
from service.commands.ground import JSON, print_json, read_settings
from service.commands.refusals import refusal

Show = Callable[[dict[str, Any]], None]


@click.command()
@click.argument("alert_id", metavar="ID")
@click.option("--watch/--once", "watch", default=None, help="Until it is complete, or once; default: by the terminal.")
@JSON
def delivery(alert_id: str, watch: bool | None, as_json: bool) -> None:
    """Show how an alert reaches phones and pages.

    Accepted is what a provider has taken, shown is what an app has told us. Undecided are devices that no worker has
    looked at yet: at most so many may still be rung. A share's time is named once so many of all have accepted. In a
    terminal it goes on until the delivery is complete; Ctrl-C ends it sooner.

    \b
    flashwire delivery 7Q0F8R2K5M9TB4W6YE3XCZ01JV
    flashwire delivery 7Q0F8R2K5M9TB4W6YE3XCZ01JV --watch --json | jq .push.apns.t90
    """
    path = f"/v1/alerts/{quote(alert_id, safe='')}/delivery"
    screen = Screen()
    show: Show = print_json if as_json else screen.show
    if watch is None:
        watch = sys.stdout.isatty()
    try:
        if watch:
            _follow(path, show, screen.tell)
        else:
            show(send("GET", path).body)
    except KeyboardInterrupt:
        sys.exit(0)


def _follow(path: str, show: Show, tell: Callable[[str], None]) -> None:
    settings = read_settings()
    url, key = api_url(settings) + path, api_key(settings)
    try:
        for report in delivery_stream.follow(url, key, tell):
            show(report)
    except client.Refused as refused:
        raise refusal(refused, path) from None
    except client.Unreachable as problem:
        raise nobody(problem) from None


class Screen:
    """Standard output. In a terminal each picture takes the place of the one before; elsewhere it follows it."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._colours = self._is_terminal and not os.environ.get("NO_COLOR")
        self._blocks = FULL_BLOCKS if _can_say(FULL_BLOCKS) else PLAIN_BLOCKS
        self._height = 0

    def show(self, report: dict[str, Any]) -> None:
        columns, rows = shutil.get_terminal_size()
        lines = Picture(columns, colours=self._colours, blocks=self._blocks).lines(report)
        if not self._is_terminal:
            click.echo("\n".join((*("",) * bool(self._height), *lines)))
        else:
            lines = lines[: rows - 1]  # what has scrolled away cannot be drawn again
            back = f"\x1b[{self._height}A" if self._height else ""
            click.echo(back + "".join(f"\r\x1b[2K{line}\n" for line in lines) + "\x1b[J", nl=False, color=True)
        self._height = len(lines)

    def tell(self, why: str) -> None:
        """Say something in between; what was drawn before it stays."""
        click.echo(f"-- {why}", err=True)
        self._height = 0


def _can_say(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
