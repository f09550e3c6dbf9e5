"""`flashwire alerts`: find an alert, and with it the id that every other command takes.

The rule to remember: a page of the API may be short and go on; here it goes on until there are enough.
"""

from typing import Any, get_args
from urllib.parse import urlencode

import click

from service.commands.asking import send
from service.commands.ground import JSON, print_json
from service.domain.alert import State
from service.logs import escape

PAGES_MAX = 20
"""Pages that are asked for at once: half a million alerts, more than the history of any newsroom."""


STATE_CHARS = max(map(len, get_args(State)))


@click.command()
@click.argument("words", nargs=-1)
@click.option(
    "--state", "states", multiple=True, help=f"May be given more than once; one of {', '.join(get_args(State))}."
)
@click.option("--edition", "editions", multiple=True, help="May be given more than once.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="How many.")
@JSON
def alerts(
    words: tuple[str, ...], states: tuple[str, ...], editions: tuple[str, ...], limit: int, as_json: bool
) -> None:  # fmt: skip
    """Find alerts by the WORDS of their headlines.

    Newest first; without words, the newest ones. What was withheld, killed or undone is found too. The last word may be
    only begun.

    \b
    flashwire alerts storm northern
    flashwire alerts --state withheld --edition es
    """
    asked = {"q": " ".join(words), "state": ",".join(states), "edition": ",".join(editions)}
    found: list[dict[str, Any]] = []
    before = None
    for _ in range(PAGES_MAX):
        page = {"limit": limit - len(found)} | ({} if before is None else {"before": before})
        answer = send("GET", f"/v1/alerts?{urlencode({**asked, **page})}").body
        found += answer["alerts"]
        before = answer["next"]
        if before is None or len(found) == limit:
            break
    if as_json:
        print_json({"alerts": found, "next": before})
        return
    for one in found:
        click.echo(_line(one))
    if before is not None:
        click.echo("There may be more: add words, or ask for up to 100 with --limit.", err=True)
    if not found:
        click.echo("Nothing is found.")


def _line(one: dict[str, Any]) -> str:
    alert = one["alert"]
    state = f"{one['state']} for {one['publishAt'][:16]}Z" if one["state"] == "scheduled" else one["state"]
    return "  ".join((
        alert["id"], f"{alert['firstCreated'][:16]}Z", alert["edition"], f"{state:<{STATE_CHARS}}",
        escape(one["headline"] or ""),
    ))  # fmt: skip
