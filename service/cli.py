"""The `flashwire` command: what an operator and an editor type.

The rule to remember: an error says what went wrong and what mends it, in one place and once. Exit codes: 0 done,
1 refused or failed, 2 a command or a setting that is wrong in itself.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import click
import msgspec

from config import settings as configuration
from config.settings import Settings, SettingsError
from service import client, logs, up, watch
from service.domain.alert import LEVELS
from service.domain.errors import StoreUnavailable
from service.domain.roles import ROLES, Role
from service.store import access, embedded
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedError
from service.store.folder import FolderHeld, FolderUnusable
from service.supervisor import ChildFailed

Result = TypeVar("Result")

PARENT_CHECK_S = 0.5
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
PARENT = click.option("--parent", type=int, hidden=True, help="End when this process is no longer our parent.")


class Failed(click.ClickException):
    """Exit code 1 with one message."""


class Misused(click.ClickException):
    """Exit code 2 with one message."""

    exit_code = 2


class InWorkingOrder(click.Group):
    """Lists commands in the order in which a person needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=InWorkingOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="flashwire")
def main() -> None:
    """Breaking-news alerts, from one command to every open page.

    \b
    Everything on this machine:      flashwire up
    Post an alert:                   flashwire post "Rain reaches the coast" --level urgent
    Withdraw it:                     flashwire kill ID
    Watch an edition:                flashwire watch --edition en

    Settings come from config/flashwire.toml and, before it, from FLASHWIRE_* variables; config/settings.py explains
    each. `flashwire COMMAND --help` tells more.
    """


@main.command(name="up")
@click.option("--demo", is_flag=True, help="Also post invented alerts in every language, and withdraw some.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line when everything is ready.")
def up_command(demo: bool, as_json: bool) -> None:
    """Run everything on this machine.

    That is the store, the API and one gateway per core. The data lie in the folder of FLASHWIRE_DATA_DIR (default:
    data), with the key of the duty editor in duty.key. Ctrl-C stops everything in order; a second one at once.
    FLASHWIRE_REDIS_URL uses a store of your own instead.

    \b
    flashwire up
    flashwire up --demo
    FLASHWIRE_API_PORT=9000 FLASHWIRE_GATEWAY_PORT=9001 flashwire up --json
    """
    settings = _settings()
    _start_logs(settings, "up")
    try:
        sys.exit(up.run(settings, os.environ, demo=demo, as_json=as_json))
    except FolderHeld as held:
        raise Failed(f"{held}: stop that one first, or choose another folder with FLASHWIRE_DATA_DIR") from None
    except (FolderUnusable, EmbeddedError, up.UpError, ChildFailed, StoreUnavailable) as problem:
        raise Failed(str(problem)) from None


@main.command()
@PARENT
def api(parent: int | None) -> None:
    """Run the HTTP API alone: editors' requests, history, pages.

    Needs a store: FLASHWIRE_REDIS_URL=redis://host flashwire api
    """
    settings = _settings_with_store()
    from service.api import serve  # imported where it is run: the other commands need not wait for it

    _start_logs(settings, f"api:{settings.admin_port}")
    _leave_with(parent)
    serve.run(settings)


@main.command()
@click.option("--processes", type=click.IntRange(1, 1024), help="Processes that share the port; default: one per core.")
@PARENT
def gateway(processes: int | None, parent: int | None) -> None:
    """Run the gateway alone: the live stream over WebSocket and SSE.

    Needs a store: FLASHWIRE_REDIS_URL=redis://host flashwire gateway
    """
    settings = _settings_with_store()
    from workers.gateway import __main__ as gateways

    _start_logs(settings, f"gateway:{settings.admin_port}")
    _leave_with(parent)
    gateways.run(settings, processes or settings.processes or up.cores())


@main.group(cls=InWorkingOrder)
def keys() -> None:
    """Make, list and end the keys of editors and their systems.

    Works on the store itself: that of FLASHWIRE_REDIS_URL, or of the `flashwire up` that is running on the data folder.
    """


@keys.command(name="create")
@click.option(
    "--role", type=click.Choice(ROLES), required=True, help="What its holder may do; each includes the former."
)
@click.option("--name", required=True, help="Who or what holds it; stands in the audit.")
@click.option("--test", is_flag=True, help="For drills: what it posts reaches test readers only.")
@JSON
def create_key(role: Role, name: str, test: bool, as_json: bool) -> None:
    """Make a key. It is shown this once; only a digest is kept.

    \b
    flashwire keys create --role editor --name "night desk"
    flashwire keys create --role duty --name drill --test --json
    """
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise Misused("--name must be 1 to 100 printable characters")
    issued = _with_store(lambda store: access.create(store, name.strip(), role, test, _now_ms()))
    if as_json:
        _print_json({"id": issued.id, "key": issued.key, "role": issued.role, "name": issued.name})
    else:
        click.echo(f"{issued.key}\n\nRole {role}, id {issued.id}. Keep it now: it cannot be shown again.")


@keys.command(name="list")
@JSON
def list_keys(as_json: bool) -> None:
    """List all keys, ended ones too, without their secrets."""
    found = _with_store(access.list_keys)
    if as_json:
        _print_json([msgspec.to_builtins(key) for key in found])
        return
    for key in found:
        state = f"revoked {key.revoked}" if key.revoked else f"until {key.expires}" if key.expires else "valid"
        click.echo(
            f"{key.id}  {key.role:<13}  {'test' if key.test else 'live'}  {key.created}  {state:<10}  {key.name}"
        )


@keys.command(name="revoke")
@click.argument("key_id", metavar="ID")
@JSON
def revoke_key(key_id: str, as_json: bool) -> None:
    """End a key for good. It is refused everywhere within 2 seconds."""
    if not _with_store(lambda store: access.revoke(store, key_id, _now_ms())):
        raise Failed(f"no key has the id {key_id}; `flashwire keys list` shows them")
    if as_json:
        _print_json({"id": key_id, "revoked": True})
    else:
        click.echo(f"Key {key_id} is revoked.")


@main.command()
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
    answer = _send("POST", "/v1/alerts", body)
    if as_json:
        _print_json(answer.body)
        return
    alert = answer.body["alert"]
    waits = answer.status == 202
    what = f"waits ({answer.body['state']})" if waits else f"is published on {edition} as {alert['level']}"
    click.echo(f"Alert {alert['id']} {what}.")
    for warning in answer.body.get("warnings", ()):
        click.echo(f"Note: {warning['detail']}")


@main.command()
@click.argument("alert_id", metavar="ID")
@click.option("--reason", help="Why; stands in the audit, never on a ticker.")
@JSON
def kill(alert_id: str, reason: str | None, as_json: bool) -> None:
    """Withdraw an alert everywhere. A notice stays in its place for a while; its text is gone.

    \b
    flashwire kill 7Q0F8R2K5M9TB4W6YE3XCZ01JV --reason "the agency withdrew it"
    """
    answer = _send("POST", f"/v1/alerts/{quote(alert_id, safe='')}/kill", {} if reason is None else {"reason": reason})
    if as_json:
        _print_json(answer.body)
    else:
        click.echo(f"Alert {answer.body['alert']['id']} is withdrawn.")


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
    settings = _settings()
    query = {"edition": edition, "limit": str(limit)} | ({"exercise": "1"} if exercise else {})
    key = _key(settings) if exercise else None
    lines = watch.Lines(click.echo)
    show: Callable[[dict[str, Any]], None] = _print_json if as_json else lines.show
    try:
        live = _live_url(settings)
        asyncio.run(watch.follow(live, query, show, lambda what: click.echo(f"-- {what}", err=True), key, after))
    except watch.WatchRefused as problem:
        raise Failed(f"{live} does not serve this: {problem}") from None
    except KeyboardInterrupt:
        sys.exit(0)


def _settings() -> Settings:
    try:
        return configuration.load(os.environ)
    except SettingsError as problem:
        raise Misused(str(problem)) from None


def _settings_with_store() -> Settings:
    settings = _settings()
    if settings.redis_url is None:
        raise Misused("FLASHWIRE_REDIS_URL is not set: name the store, or run everything with `flashwire up`")
    return settings


def _start_logs(settings: Settings, process: str) -> None:
    logs.configure(settings.log_format, settings.log_level, process)


def _leave_with(parent: int | None) -> None:
    """End in order when the supervisor is gone, however it went; nobody else would replace or stop us."""
    if parent is None:
        return

    def watch_parent() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch_parent, name="parent", daemon=True).start()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _with_store(act: Callable[[Store], Awaitable[Result]]) -> Result:
    """What `act` makes of the store of the settings, or of the running `up` on the data folder."""
    settings = _settings()
    if settings.redis_url is None and not embedded.is_running(settings.data_dir):
        raise Failed(
            f"no store is running on the data folder {settings.data_dir.resolve()}: "
            "start `flashwire up`, or name a store with FLASHWIRE_REDIS_URL"
        )

    async def on_store() -> Result:
        store = for_commands(settings.redis_url or embedded.url(settings.data_dir), settings.store_timeout_s)
        try:
            return await act(store)
        finally:
            await store.aclose()

    try:
        return asyncio.run(on_store())
    except StoreUnavailable as problem:
        raise Failed(f"the store does not answer: {problem}") from None


def _url(settings: Settings) -> str:
    """The API to talk to: FLASHWIRE_URL, or what `up` serves with these settings."""
    given = os.environ.get("FLASHWIRE_URL")
    if not given:
        return up.public_url(settings)
    try:
        parts = urlsplit(given)
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    except ValueError:
        usable = False
    if not usable:
        raise Misused("FLASHWIRE_URL must be a URL that starts with http:// or https:// and carries no password")
    return given.rstrip("/")


def _key(settings: Settings) -> str:
    """FLASHWIRE_KEY, or the local duty key, which is only ever sent to this machine's own API."""
    given = os.environ.get("FLASHWIRE_KEY")
    if given:
        if not given.isascii() or not given.isprintable() or " " in given:
            raise Misused("FLASHWIRE_KEY is not an API key")
        return given
    path: Path = settings.data_dir / up.DUTY_KEY_FILE
    if not os.environ.get("FLASHWIRE_URL"):
        try:
            return path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            pass
    raise Failed(f"no key: set FLASHWIRE_KEY, or run this where `flashwire up` keeps its own ({path})")


def _send(method: str, path: str, body: dict[str, Any] | None) -> client.Answer:
    settings = _settings()
    url, key = _url(settings) + path, _key(settings)
    try:
        return client.send(method, url, body, key=key, told=lambda why: click.echo(f"-- {why}", err=True))
    except client.Refused as refused:
        raise Failed(f"refused ({refused.status}): {refused}") from None
    except client.Unreachable as problem:
        raise Failed(f"{problem}: is `flashwire up` running? FLASHWIRE_URL names another API") from None


def _live_url(settings: Settings) -> str:
    """The stream's address, as the API names it."""
    url = _url(settings)
    try:
        told = client.send("GET", f"{url}/v1/editions", told=lambda why: click.echo(f"-- {why}", err=True))
        live = str(told.body["editions"][0]["live"])
    except client.Unreachable as problem:
        raise Failed(f"{problem}: is `flashwire up` running? FLASHWIRE_URL names another API") from None
    except (client.Refused, KeyError, IndexError, TypeError):
        raise Failed(f"{url} is not a Flashwire API") from None
    scheme, colon, rest = live.partition(":")
    return {"http": "ws", "https": "wss"}.get(scheme, scheme) + colon + rest


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main()
