"""Payloads as the platforms read them, for the tests of what phones and browsers are sent."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from service.domain.alert import Alert
from service.domain.bidi import FSI, LRI, LRM, PDI, RLI, RLM
from service.domain.device import PLATFORMS, Platform
from service.domain.payloads import apns, fcm, webpush
from service.domain.payloads.notification import Change, Message, notify
from tests.domain.making import make_edition

PUBLIC_URL = "https://news.example"
CHANGES: tuple[Change, ...] = get_args(Change)
BUILD = {"apns": apns.build, "fcm": fcm.build, "webpush": webpush.build}
SCHEMAS = Path(__file__).parents[2] / "docs" / "payloads"
SCHEMA: dict[Platform, Any] = {
    name: json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")) for name in PLATFORMS
}
"""As the apps read them: fields may be added."""
TOKEN = "dGhpcyBpcyBhIHRva2Vu:" + "APA91b" * 24
MARKS = str.maketrans("", "", LRM + RLM + LRI + RLI + FSI + PDI)


def closed(schema: Any) -> Any:
    """`schema` with the fields it names as the only ones: what we send today is all described."""
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(value) for name, value in schema.items()}
    return {**inner, "additionalProperties": False} if schema.get("type") == "object" else inner


VALID = {name: Draft202012Validator(closed(SCHEMA[name])) for name in PLATFORMS}


def message(platform: Platform, alert: Alert, change: Change = "new", *, sound: bool = True) -> Message:
    return BUILD[platform](notify(alert, make_edition(alert.edition), change, PUBLIC_URL), sound=sound)


def sent(platform: Platform, built: Message) -> bytes:
    return fcm.addressed(built, TOKEN) if platform == "fcm" else built.body


def content(platform: Platform, alert: Alert, change: Change = "new", *, sound: bool = True) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(sent(platform, message(platform, alert, change, sound=sound)))
    return decoded


def texts(value: Any) -> Iterator[str]:
    """Every text of a JSON value."""
    if isinstance(value, str):
        yield value
    else:
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from texts(inner)


def shown_lines(platform: Platform, decoded: dict[str, Any]) -> list[str]:
    """What a reader sees of it, in the platform's own places."""
    if platform == "apns":
        words = decoded["aps"]["alert"]
        return [words["title"], words.get("subtitle", ""), words["body"]]
    where = decoded["message"]["android"] if platform == "fcm" else decoded
    return [where["notification"]["title"], where["notification"]["body"]]


def plain(lines: list[str]) -> list[str]:
    return [line.translate(MARKS) for line in lines]
