"""What an editor types: post an alert, and take it back.

The rule to remember: these commands are clients of the API like any other; what is allowed is decided there.
"""

import sys
from typing import Any
from urllib.parse import quote

import click

from service.commands.asking import send
from service.commands.ground import JSON, print_json
from service.domain.alert import LEVELS


@click.command()
@click.argument("text")
@click.option("--edition", default="en", show_default=True)
@click.option("--level", type=click.Choice(LEVELS), default="brief", show_default=True, help="How loud.")
@click.option("--section", "sections", multiple=True, help="May be given more than once.")
@click.option("--region", "regions", multiple=True, help="May be given more than once.")
@click.option("--link", metavar="URL", help="The article, once there is one.")
@click.option("--story", metavar="ID", help="The story it belongs to: the same event in another edition.")
@click.option("--no-push", is_flag=True, help="Show it on tickers and ring no phone.")
@click.option(
    "--override", "overrides", multiple=True, metavar="GUARD", help="A guard to pass, such as second-approval."
)
@click.option("--reason", help="Why a guard is overridden.")
@JSON
def post(
    text: str,
    edition: str,
    level: str,
    sections: tuple[str, ...],
    regions: tuple[str, ...],
    link: str | None,
    story: str | None,
    no_push: bool,
    overrides: tuple[str, ...],
    reason: str | None,
    as_json: bool,
) -> None:
    """Publish TEXT as an alert; "-" reads it from standard input.

    Who said it may stand before a colon, as in a pasted line, and is recognised where that is certain. The API is that
    of FLASHWIRE_URL with the key in FLASHWIRE_KEY, or the `flashwire up` of this machine with its own duty key.

    \b
    flashwire post "Rain reaches the coast after a dry month"
    flashwire post "Example News correspondent in Alder: first ferry sails" --level urgent --section economy
    """
    body: dict[str, Any] = {"edition": edition, "level": level, "text": sys.stdin.read() if text == "-" else text}
    optional = {"sections": list(sections), "regions": list(regions), "override": list(overrides)}
    body |= {name: value for name, value in optional.items() if value}
    body |= {name: value for name, value in {"story": story, "overrideReason": reason}.items() if value is not None}
    if link is not None:
        body["link"] = {"url": link}
    if no_push:
        body["push"] = False
    answer = send("POST", "/v1/alerts", body)
    if as_json:
        print_json(answer.body)
        return
    alert = answer.body["alert"]
    waits = answer.status == 202
    what = f"waits ({answer.body['state']})" if waits else f"is published on {edition} as {alert['level']}"
    click.echo(f"Alert {alert['id']} {what}.")
    for warning in answer.body.get("warnings", ()):
        click.echo(f"Note: {warning['detail']}")


@click.command()
@click.argument("alert_id", metavar="ID")
@click.option("--reason", help="Why; stands in the audit, never on a ticker.")
@JSON
def kill(alert_id: str, reason: str | None, as_json: bool) -> None:
    """Withdraw an alert everywhere. A notice stays in its place for a while; its text is gone.

    \b
    flashwire kill 7Q0F8R2K5M9TB4W6YE3XCZ01JV --reason "the agency withdrew it"
    """
    answer = send("POST", f"/v1/alerts/{quote(alert_id, safe='')}/kill", {} if reason is None else {"reason": reason})
    if as_json:
        print_json(answer.body)
    else:
        click.echo(f"Alert {answer.body['alert']['id']} is withdrawn.")
