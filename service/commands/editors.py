"""What an editor types: post an alert, change it, and take it back.

The rule to remember: these commands are clients of the API like any other; what is allowed is decided there.
"""

import sys
from collections.abc import Callable
from typing import Any, get_args
from urllib.parse import quote

import click

from service import program
from service.commands.asking import send
from service.commands.ground import JSON, NOT_UTF8, Misused, print_json
from service.domain import moment
from service.domain.alert import LEVELS, Severity
from service.domain.lifecycle import ChangeVerb, Verb
from service.logs import escape

ID = click.argument("alert_id", metavar="ID")
SECTION = click.option("--section", "sections", multiple=True, help="May be given more than once.")
REGION = click.option("--region", "regions", multiple=True, help="May be given more than once.")
LINK = click.option("--link", metavar="URL", help="The article, once there is one.")
PUBLISH_AT = click.option(
    "--publish-at", metavar="MOMENT", help="Not before that moment, such as 2026-11-18T14:00:00Z."
)
HEADLINE = click.option("--headline", metavar="TEXT", help="The line without who said it, which stays.")
IF_MATCH = click.option(
    "--if-match", metavar="VERSION", type=click.IntRange(1), help="Only if this version still stands."
)


def content(command: Callable[..., None]) -> Callable[..., None]:
    """What an update and a correction may bring, each under its name in `_content`."""
    for option in reversed((click.argument("text", required=False), HEADLINE, SECTION, REGION, LINK)):
        command = option(command)
    return command


@click.command()
@click.argument("text")
@click.option("--edition", default="en", show_default=True)
@click.option("--level", type=click.Choice(LEVELS), default="brief", show_default=True, help="How loud.")
@SECTION
@REGION
@LINK
@click.option("--story", metavar="ID", help="The story it belongs to: the same event in another edition.")
@PUBLISH_AT
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
    publish_at: str | None,
    no_push: bool,
    overrides: tuple[str, ...],
    reason: str | None,
    as_json: bool,
) -> None:
    """Publish TEXT as an alert; "-" reads it from standard input.

    A flash waits for a second person (see `approve`), and so does what a correspondent posts.

    Who said it may stand before a colon, as in a pasted line, and is recognised where that is certain. The API is that
    of FLASHWIRE_URL with the key in FLASHWIRE_KEY, or the `flashwire up` of this machine with its own duty key. With a
    test key it is a drill, which reaches nobody else, and is told to be one.

    \b
    flashwire post "Rain reaches the coast after a dry month"
    flashwire post "Example News correspondent in Alder: first ferry sails" --level urgent --section economy
    flashwire post "Minister opens the tunnel" --publish-at 2026-11-18T14:00:00Z
    """
    body = _content(text, None, sections, regions, link) | {"edition": edition, "level": level}
    optional = {"story": story, "publishAt": publish_at, "override": list(overrides) or None, "overrideReason": reason}
    body |= {name: value for name, value in optional.items() if value is not None}
    if no_push:
        body["push"] = False
    answer = send("POST", "/v1/alerts", body)
    _tell(answer.body, f"is published on {edition} as {level}", as_json)


@click.command()
@ID
@IF_MATCH
@JSON
def approve(alert_id: str, if_match: int | None, as_json: bool) -> None:
    """Let out what somebody else has drafted or proposed.

    It approves the version that stands at this moment and is shown, or the one of --if-match; whoever wrote or changed
    it cannot approve it.

    \b
    flashwire approve 7Q0F8R2K5M9TB4W6YE3XCZ01JV
    """
    _tell(_change("approve", alert_id, {}, if_match), "is published", as_json)


@click.command()
@ID
@content
@click.option("--push/--no-push", default=None, help="Whether it is for phones.")
@click.option("--level", type=click.Choice(LEVELS), help="How loud, while it is not out.")
@PUBLISH_AT
@IF_MATCH
@JSON
def update(
    alert_id: str, push: bool | None, level: str | None, publish_at: str | None, if_match: int | None, as_json: bool,
    **named: Any,
) -> None:  # fmt: skip
    """Change an alert in its place; nobody is rung.

    TEXT is the whole line, as in `post`; --headline keeps who said it. What is not named stays as it is. It changes the
    version that stands at this moment, or the one of --if-match. An alert that waits can be moved, and made louder.

    \b
    flashwire update 7Q0F8R2K5M9TB4W6YE3XCZ01JV --headline "All ferries sail" --link https://news.example/ferries
    """
    beside = {"push": push, "level": level, "publishAt": publish_at}
    body = _content(**named) | {name: value for name, value in beside.items() if value is not None}
    _tell(_change("update", alert_id, body, if_match), "is updated", as_json)


@click.command()
@ID
@content
@click.option("--wrong", metavar="WHAT", required=True, help="What was wrong; readers see it.")
@click.option(
    "--severity", type=click.Choice(get_args(Severity)), required=True, help="A major one is shown on phones."
)
@IF_MATCH
@JSON
def correct(
    alert_id: str, wrong: str, severity: str, if_match: int | None, as_json: bool, **named: Any
) -> None:  # fmt: skip
    """Put an alert right, and say what was wrong. It reaches exactly the phones that were given the error.

    \b
    flashwire correct 7Q0F8R2K5M9TB4W6YE3XCZ01JV --headline "All ferries sail" \\
        --wrong "One route was said to be closed" --severity minor
    """
    body = _content(**named)
    body["correction"] = {"text": wrong, "severity": severity}
    _tell(_change("correct", alert_id, body, if_match), "is corrected", as_json)


def _plain(verb: ChangeVerb, done: str, explained: str) -> click.Command:
    """The command of a verb that brings no content."""

    @click.command(name=verb, help=explained)
    @ID
    @click.option("--reason", help="Why; stands in the audit, never on a ticker.")
    @IF_MATCH
    @JSON
    def command(alert_id: str, reason: str | None, if_match: int | None, as_json: bool) -> None:
        body = {} if reason is None else {"reason": reason}
        _tell(_send_change(verb, alert_id, body, if_match), done, as_json)

    return command


hold = _plain("hold", "is on hold", """Hide an alert while it is verified.

    Tickers show a notice in its place, and phones that were not yet rung are not rung, until it is released, corrected
    or killed.

    \b
    flashwire hold 7Q0F8R2K5M9TB4W6YE3XCZ01JV --reason "the agency is checking"
    """)  # fmt: skip
release = _plain("release", "is released", """Show a held alert again, as it was; or end an embargo now.""")
undo = _plain("undo", "is undone", """Take an alert back before phones ring.

    It is gone from every ticker without a trace. This works for the few seconds that `post` names; after them, correct
    or kill it.
    """)  # fmt: skip
kill = _plain("kill", "is withdrawn", """Withdraw an alert everywhere.

    A notice stays in its place for a while; its text is gone. What waits for publication is taken back.

    \b
    flashwire kill 7Q0F8R2K5M9TB4W6YE3XCZ01JV --reason "the agency withdrew it"
    """)  # fmt: skip

WAITS = {
    "draft": "waits as a draft",
    "scheduled": "waits for its moment",
    "awaiting-approval": "waits for a second person",
    "discarded": "is taken back; nobody has seen it",
}
"""What is said of an alert that is not public."""

COMMANDS = (post, approve, update, correct, hold, release, undo, kill)


def _content(
    text: str | None, headline: str | None, sections: tuple[str, ...], regions: tuple[str, ...], link: str | None
) -> dict[str, Any]:
    """The fields of a body that were named."""
    named = {
        "text": _standard_input() if text == "-" else text, "headline": headline, "sections": list(sections) or None,
        "regions": list(regions) or None, "link": None if link is None else {"url": link},
    }  # fmt: skip
    return {name: value for name, value in named.items() if value is not None}


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise Misused(NOT_UTF8.format("standard input")) from None


def _change(verb: Verb, alert_id: str, body: dict[str, Any], if_match: int | None) -> dict[str, Any]:
    """Send content upon a version: the one that was named, or the one that stands, which is shown first."""
    if if_match is None:
        stands = send("GET", _path(alert_id)).body["alert"]
        if_match = int(stands["version"])
        click.echo(f"-- {verb} of version {if_match}: {escape(stands['text'] or stands['notice'])}", err=True)
    return _send_change(verb, alert_id, body, if_match)


def _send_change(verb: Verb, alert_id: str, body: dict[str, Any], if_match: int | None) -> dict[str, Any]:
    answer: dict[str, Any] = send("POST", f"{_path(alert_id)}/{verb}", body, if_match).body
    return answer


def _path(alert_id: str) -> str:
    return f"/v1/alerts/{quote(alert_id, safe='')}"


def _tell(answer: dict[str, Any], what: str, as_json: bool) -> None:
    """Say what came of it, and how long it can be taken back."""
    if as_json:
        print_json(answer)
        return
    alert = answer["alert"]
    what = WAITS.get(answer.get("state", ""), "is undone" if "undone" in alert["signals"] else what)
    is_drill = alert["status"] == "Exercise"
    click.echo(f"{'EXERCISE: alert' if is_drill else 'Alert'} {alert['id']} {what} (version {alert['version']}).")
    if is_drill:
        click.echo("This key makes drills: only test keys, test devices and exercise streams get this one.")
    for warning in answer.get("warnings", ()):
        click.echo(f"Note: {warning['detail']}")
    if answer.get("state") in ("draft", "awaiting-approval"):
        click.echo(f"The duty desk lets it out: {program.name()} approve {alert['id']}")
    if answer.get("state") == "scheduled":
        called = program.name()
        click.echo(f"Now: {called} release {alert['id']}   Never: {called} kill {alert['id']}")
    if answer.get("undoUntil"):
        left_ms = moment.from_text(answer["undoUntil"]) - moment.from_text(alert["versionCreated"])
        click.echo(f"For {left_ms // 1000} s it can be undone: {program.name()} undo {alert['id']}")
