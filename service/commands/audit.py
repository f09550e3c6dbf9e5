"""`flashwire audit`: who did what, for whoever has to show it, and whether it still is as it was written.

The rule to remember: an export says what it leaves out. What is no longer kept, and what was missed because somebody
stopped it, is told on standard error; standard output has lines and nothing else.
"""

import re
from collections.abc import AsyncIterator

import click
import msgspec

from service.commands.ground import JSON, Failed, InWorkingOrder, Misused, print_json, with_store, write_out
from service.commands.progress import Progress
from service.domain import chain, moment
from service.domain.chain import Walk
from service.domain.checks import ID_FORM
from service.store import audit as kept
from service.store.audit import Line
from service.store.connection import Store

PATIENCE_S = 30.0
"""How long a page may take: a store that is busy is waited for."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _When(msgspec.Struct):
    """The moment of a line; what is no line of ours has none."""

    at: str = ""


_WHEN = msgspec.json.Decoder(_When)


@click.group(cls=InWorkingOrder)
def audit() -> None:
    """Show who did what, and prove that nobody changed it since.

    Works on the store itself: that of FLASHWIRE_REDIS_URL, or of the `flashwire up` that is running on the data folder.
    """


@audit.command(name="export")
@click.option(
    "--since", metavar="MOMENT", help="Only what was done then or later: 2026-11-18, or RFC 3339 with a zone."
)
@click.option("--until", metavar="MOMENT", help="Only what was done before.")
@click.option("--alert", metavar="ID", help="Only what was done to this alert.")
@JSON
def export(since: str | None, until: str | None, alert: str | None, as_json: bool) -> None:
    """Write the audit to standard output, oldest first.

    One JSON object a line (NDJSON), with or without --json. It holds what readers never saw: withheld and killed
    sentences, reasons, names and addresses.

    \b
    flashwire audit export --since 2026-11-18 > november-18.ndjson
    flashwire audit export --alert 7Q0F8R2K5M9TB4W6YE3XCZ01JV | jq .by.name
    """
    since_ms, until_ms = _moment("--since", since), _moment("--until", until)
    if alert is not None and not ID_FORM.fullmatch(alert):
        raise Misused(f"--alert: {alert} is not the id of an alert")
    progress = Progress("audit export", "lines")

    async def act(store: Store) -> None:
        if alert is None:
            await _tell_what_is_gone(store, since_ms)
        pages = kept.lines(store, since_ms, until_ms) if alert is None else kept.of_alert_whole(store, alert)
        await _print(pages, since_ms, until_ms, progress)

    try:
        with_store(act, PATIENCE_S)
    except KeyboardInterrupt:
        raise Failed(f"stopped after {progress.count:,} lines; there may be more") from None
    if alert is not None and not progress.count:
        raise Failed(f"the audit has nothing of an alert {alert} at that time")


@audit.command(name="verify")
@click.option("--held", metavar="LINK", help="A link that an earlier run printed and you kept elsewhere.")
@JSON
def verify(held: str | None, as_json: bool) -> None:
    """Look whether each line still is as it was written.

    Each line has a link, number and digest, that fits behind the one before it alone. Whoever may write to the store
    could also make all links anew: keep the newest one elsewhere, and give it back with --held.

    \b
    flashwire audit verify
    flashwire audit verify --held 118:3f786850e387550fdab836ed7e6dc881de23001b
    """
    if held is not None and chain.number(held) is None:
        raise Misused("--held: is not a link, which is a number, a colon and 40 hexadecimal digits")
    walk, progress = Walk(held), Progress("audit verify", "lines")

    async def act(store: Store) -> None:
        whole = await kept.is_whole(store)
        async for page in kept.lines(store):
            for line in page:
                walk.step(line.entry, line.chain)
            progress.step(len(page))
        walk.end(whole=whole)

    with_store(act, PATIENCE_S)
    if as_json:
        print_json({"lines": walk.lines, "oldest": walk.oldest, "newest": walk.newest, "faults": walk.faults})
    elif not walk.faults:
        click.echo(_praise(walk))
    if walk.faults:
        raise Failed("the audit is not as it was written:\n" + "\n".join(f"  {fault}" for fault in walk.faults))


def _praise(walk: Walk) -> str:
    if walk.newest is None:
        return f"{walk.lines:,} lines, none of which has a link." if walk.lines else "The audit has no line yet."
    said = f"{walk.lines:,} lines, each as it was written. Newest: {walk.newest}"
    if walk.unchained:
        said += f"\nThe oldest {walk.unchained:,} have no link: an earlier version wrote them."
    if walk.oldest != 1:
        said += f"\n{_gone(walk.oldest or 1)}"
    return said


async def _tell_what_is_gone(store: Store, since_ms: int | None) -> None:
    """Say so where lines that were asked for are no longer there."""
    oldest = await kept.oldest(store)
    number = chain.number(oldest.chain) if oldest else None
    if oldest is None or number is None or number == 1:
        return
    at = _at(oldest)
    if since_ms is None or at > moment.to_text(since_ms):
        click.echo(f"{_gone(number)} The oldest is of {at}.", err=True)


def _gone(oldest: int) -> str:
    older = "Line 1 is" if oldest == 2 else f"Lines 1 to {oldest - 1:,} are"
    return f"{older} no longer kept: audit_max_entries says how many are."


async def _print(
    pages: AsyncIterator[list[Line]], since_ms: int | None, until_ms: int | None, progress: Progress
) -> None:
    since = None if since_ms is None else moment.to_text(since_ms)
    until = None if until_ms is None else moment.to_text(until_ms)
    async for page in pages:
        wanted = [line for line in page if _is_between(_at(line), since, until)]
        write_out(b"".join(map(_told, wanted)))
        progress.step(len(wanted))


def _is_between(at: str, since: str | None, until: str | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


def _at(line: Line) -> str:
    try:
        return _WHEN.decode(line.entry).at
    except msgspec.MsgspecError:
        return ""


def _told(line: Line) -> bytes:
    """The line as it is kept, with its link; what is no JSON object is told as text, and not left out."""
    try:
        fields = _FIELDS.decode(line.entry)
    except msgspec.MsgspecError:
        fields = {"unreadable": msgspec.Raw(msgspec.json.encode(line.entry.decode("utf-8", "backslashreplace")))}
    if line.chain is not None:
        fields["chain"] = msgspec.Raw(msgspec.json.encode(line.chain))
    return msgspec.json.encode(fields) + b"\n"


def _moment(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return moment.from_text(f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text)
    except ValueError:
        raise Misused(
            f"{option}: {text} is neither a day, such as 2026-11-18 (UTC), nor a moment, such as 2026-11-18T14:02:00Z"
        ) from None
