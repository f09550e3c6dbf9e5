"""Asking the API: which one, with which key, and what its refusals mean in a terminal.

The rule to remember: the local duty key is only ever sent to this machine's own API.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from config.settings import Settings
from service import addresses, client, running
from service.commands.ground import Failed, Misused, read_settings
from service.commands.refusals import refusal
from service.duty_key import DUTY_KEY_FILE


def api_url(settings: Settings) -> str:
    """The API to talk to: FLASHWIRE_URL, or that of the `up` on the data folder, or where these settings have one."""
    given = os.environ.get("FLASHWIRE_URL")
    if not given:
        found = _running(settings, "FLASHWIRE_API_PORT", "FLASHWIRE_HOST", "FLASHWIRE_PUBLIC_URL")
        return found.url if found else addresses.public_url(settings)
    try:
        parts = urlsplit(given)
        _ = parts.port  # read only when asked, and refused only then
        usable = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    except ValueError:
        usable = False
    if not usable:
        raise Misused("FLASHWIRE_URL must be a URL that starts with http:// or https:// and carries no password")
    return given.rstrip("/")


def sandbox_url(settings: Settings) -> str:
    """Where the sandbox has its page: that of the `up` on the data folder, or where these settings have one."""
    found = _running(settings, "FLASHWIRE_SANDBOX_PORT")
    return found.sandbox if found and found.sandbox else addresses.sandbox_url(settings)


def _running(settings: Settings, *unless: str) -> running.Running | None:
    """The `up` that runs on the data folder, unless a variable says where to look."""
    return None if any(map(os.environ.get, unless)) else running.find(settings.data_dir)


def api_key(settings: Settings) -> str:
    """FLASHWIRE_KEY, or the local duty key, which is only ever sent to this machine's own API."""
    given = os.environ.get("FLASHWIRE_KEY")
    if given:
        if not given.isascii() or not given.isprintable() or " " in given:
            raise Misused("FLASHWIRE_KEY is not an API key")
        return given
    path: Path = settings.data_dir / DUTY_KEY_FILE
    if not os.environ.get("FLASHWIRE_URL"):
        try:
            return path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            pass
    raise Failed(f"no key: set FLASHWIRE_KEY, or run this where `flashwire up` keeps its own ({path})")


def send(method: str, path: str, body: dict[str, Any] | None = None, if_match: int | None = None) -> client.Answer:
    """The API's answer to a request with our key; whatever it refuses ends the command with its own words."""
    settings = read_settings()
    url, key = api_url(settings) + path, api_key(settings)
    try:
        return client.send(
            method, url, body, key=key, if_match=if_match, told=lambda why: click.echo(f"-- {why}", err=True)
        )
    except client.Refused as refused:
        raise refusal(refused, path) from None
    except client.Unreachable as problem:
        raise nobody(problem) from None


def nobody(problem: client.Unreachable) -> Failed:
    """What ends a command that gets no answer."""
    return Failed(f"{problem}: is `flashwire up` running? FLASHWIRE_URL names another API")


def live_url(settings: Settings) -> str:
    """The stream's address, as the API names it."""
    url = api_url(settings)
    try:
        told = client.send("GET", f"{url}/v1/editions", told=lambda why: click.echo(f"-- {why}", err=True))
        live = str(told.body["editions"][0]["live"])
    except client.Unreachable as problem:
        raise nobody(problem) from None
    except (client.Refused, KeyError, IndexError, TypeError):
        raise Failed(f"{url} is not a Flashwire API") from None
    scheme, colon, rest = live.partition(":")
    return {"http": "ws", "https": "wss"}.get(scheme, scheme) + colon + rest
