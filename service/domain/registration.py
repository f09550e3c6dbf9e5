"""What an app sends to be rung: the body of a registration, checked field by field.

The rule to remember: a registration is the whole state of a device. What is not sent is not kept, and a token is judged
by its shape alone: only its provider knows whether it is one.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from typing import Any, get_args

import msgspec

from service.domain import moment
from service.domain.alert import LEVELS
from service.domain.checks import ID_FORM
from service.domain.device import PLATFORMS, Device, Environment, Mute, Platform, Preferences, Quiet, Subscription
from service.domain.endpoint import AUTH_BYTES, endpoint_fault, is_on_p256, normal_endpoint
from service.domain.errors import Finding, Invalid
from service.domain.fields import Fields
from service.domain.newsroom import Newsroom
from service.domain.strictjson import INT_MAX

MUTES_MAX = 50
NO_ZONES = frozenset({"localtime", "Factory", "posixrules"})
"""Files beside those of the IANA zones: they mean another zone on every machine."""
_KNOWN = (
    "platform", "token", "subscription", "environment", "topic", "preferences", "appVersion", "locale", "test",
)  # fmt: skip
_WANTED = ("editions", "minLevel", "sections", "regions", "quiet", "mute")
_APNS_TOKEN = re.compile(r"([0-9A-Fa-f]{2}){32,100}", re.ASCII)
_FCM_TOKEN = re.compile(r"[!-~]{20,4096}", re.ASCII)
_TOPIC = re.compile(r"[A-Za-z0-9-]{1,100}(\.[A-Za-z0-9-]{1,100}){0,9}", re.ASCII)
_VERSION = re.compile(r"[!-~]([ -~]{0,38}[!-~])?", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,5}", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,200}={0,2}", re.ASCII)


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """A checked body. `token` is lower-case hex for APNs, the FCM token, or empty where there is a subscription."""

    platform: Platform
    token: str
    subscription: Subscription | None
    preferences: Preferences
    test: bool = False
    environment: Environment = "production"
    topic: str | None = None
    app_version: str | None = None
    locale: str | None = None


class Rules(msgspec.Struct, frozen=True):
    """What a registration is checked against: the newsroom's words, all IANA zones, the hosts of push services."""

    newsroom: Newsroom
    zones: Collection[str]
    webpush_hosts: tuple[str, ...]


def check_registration(body: object, rules: Rules) -> Registration:
    """The registration that a body is. Raises Invalid with every finding, each with its place in the body."""
    read = _fields(body, _KNOWN)
    platform: Platform = read.choice("platform", PLATFORMS, "")
    registration = Registration(
        platform=platform,
        token=_token(read, platform),
        subscription=_subscription(read, platform, rules.webpush_hosts),
        preferences=_preferences(read, rules),
        test=read.flag("test", False),
        environment=read.choice("environment", get_args(Environment), "production"),
        topic=_matching(read, "topic", _TOPIC, "must be the bundle id of an app"),
        app_version=_matching(read, "appVersion", _VERSION, "must be 1 to 40 printable characters of ASCII"),
        locale=_matching(read, "locale", _LOCALE, "must be a language tag such as ar-LB"),
    )
    if platform != "apns":
        for name in sorted({"environment", "topic"} & read.fields.keys()):
            read.wrong(f"/{name}", "is for apns alone")
    read.finish()
    return registration


def check_replacement(body: object, standing: Device, rules: Rules) -> Registration:
    """The whole new state of a device. Its platform stays, since its number is one of that platform; raises Invalid."""
    registration = check_registration(body, rules)
    if registration.platform != standing.platform:
        raise Invalid((Finding("/platform", f"stays {standing.platform}; register anew for another"),))
    return registration


def body_of(device: Device) -> dict[str, Any]:
    """The body that registers this device: what GET answers and export writes. It holds no secret but the token."""
    preferences = msgspec.json.decode(msgspec.json.encode(device.preferences))
    body: dict[str, Any] = {"platform": device.platform, "preferences": preferences}
    if device.subscription is None:
        body["token"] = device.token
    else:
        keys = {"p256dh": _base64url(device.subscription.p256dh), "auth": _base64url(device.subscription.auth)}
        body["subscription"] = {"endpoint": device.subscription.endpoint, "keys": keys}
    if device.platform == "apns":
        body["environment"] = device.environment
    optional = {"topic": device.topic, "appVersion": device.app_version, "locale": device.locale}
    body |= {name: value for name, value in optional.items() if value is not None}
    return body | ({"test": True} if device.test else {})


def _fields(body: object, known: Collection[str]) -> Fields:
    """The body's fields; one that is null is as good as left out."""
    given = Fields(body).fields
    read = Fields({name: value for name, value in given.items() if value is not None})
    read.know(known)
    return read


def _token(read: Fields, platform: Platform) -> str:
    value = read.fields.get("token")
    if platform == "webpush":
        if value is not None:
            read.wrong("/token", "is not for webpush, which has a subscription")
        return ""
    form = _APNS_TOKEN if platform == "apns" else _FCM_TOKEN
    if value is None:
        read.wrong("/token", "is missing")
    elif not isinstance(value, str) or not form.fullmatch(value):
        must = "64 to 200 hexadecimal digits" if platform == "apns" else "20 to 4096 visible characters of ASCII"
        read.wrong("/token", f"must be {must}")
    elif platform == "apns":
        return value.lower()
    else:
        return value
    return ""


def _subscription(read: Fields, platform: Platform, hosts: tuple[str, ...]) -> Subscription | None:
    value = read.fields.get("subscription")
    if platform != "webpush":
        if value is not None:
            read.wrong("/subscription", "is for webpush alone")
        return None
    if value is None:
        read.wrong("/subscription", "is missing")
        return None
    # what a browser's PushSubscription.toJSON() gives, expirationTime included
    fields = _object(read, value, "/subscription", ("endpoint", "keys"), ("expirationTime",))
    expires = fields.get("expirationTime")
    if expires is not None and not (type(expires) in (int, float) and 0 <= expires <= INT_MAX):
        read.wrong("/subscription/expirationTime", "must be a moment in milliseconds, or null")
    keys = _object(read, fields.get("keys", {}), "/subscription/keys", ("p256dh", "auth")) if "keys" in fields else {}
    endpoint = fields.get("endpoint", "")
    fault = endpoint_fault(endpoint, hosts) if isinstance(endpoint, str) else "must be a string"
    if fault and "endpoint" in fields:
        read.wrong("/subscription/endpoint", fault)
    elif isinstance(endpoint, str):
        endpoint = normal_endpoint(endpoint)
    p256dh, auth = _bytes(keys.get("p256dh")), _bytes(keys.get("auth"))
    if "p256dh" in keys and not is_on_p256(p256dh):
        read.wrong("/subscription/keys/p256dh", "must be an uncompressed point of P-256 in base64url")
    if "auth" in keys and len(auth) != AUTH_BYTES:
        read.wrong("/subscription/keys/auth", f"must be {AUTH_BYTES} bytes in base64url")
    return Subscription(str(endpoint), p256dh, auth)


def _preferences(read: Fields, rules: Rules) -> Preferences:
    value = read.fields.get("preferences")
    if not isinstance(value, dict):
        read.wrong("/preferences", "is missing" if value is None else "must be an object")
        return Preferences(editions=())
    inner = _fields(value, _WANTED)
    newsroom = rules.newsroom
    preferences = Preferences(
        editions=inner.terms("editions", newsroom.edition_names),
        min_level=inner.choice("minLevel", LEVELS, "brief"),
        sections=inner.terms("sections", newsroom.sections),
        regions=inner.terms("regions", newsroom.regions),
        quiet=_quiet(inner, rules.zones),
        mute=_mute(inner),
    )
    if not inner.fields.get("editions"):
        inner.wrong("/editions", "must name at least one edition")
    read.findings += [Finding(f"/preferences{found.pointer}", found.detail) for found in inner.findings]
    return preferences


def _quiet(read: Fields, zones: Collection[str]) -> Quiet | None:
    value = read.fields.get("quiet")
    if value is None:
        return None
    fields = _object(read, value, "/quiet", ("from", "to", "zone"), ("flashBreaks",))
    for name in {"from", "to"} & fields.keys():
        if not isinstance(fields[name], str) or not _TIME.fullmatch(fields[name]):
            read.wrong(f"/quiet/{name}", "must be a time of day such as 23:00")
    if "zone" in fields and (not isinstance(fields["zone"], str) or not _is_zone(fields["zone"], zones)):
        read.wrong("/quiet/zone", "must be an IANA time zone such as Asia/Beirut")
    flash_breaks = fields.get("flashBreaks", True)
    if not isinstance(flash_breaks, bool):
        read.wrong("/quiet/flashBreaks", "must be true or false")
    return Quiet(fields.get("from", ""), fields.get("to", ""), fields.get("zone", ""), flash_breaks)


def _is_zone(name: str, zones: Collection[str]) -> bool:
    """Whether it is a zone of the world: not one that means this machine's own clock, or none."""
    return name in zones and name not in NO_ZONES


def _mute(read: Fields) -> tuple[Mute, ...]:
    value = read.fields.get("mute", [])
    if not isinstance(value, list) or len(value) > MUTES_MAX:
        read.wrong("/mute", f"must be a list of at most {MUTES_MAX}")
        return ()
    return tuple(_muted(read, f"/mute/{index}", item) for index, item in enumerate(value))


def _muted(read: Fields, pointer: str, item: object) -> Mute:
    fields = _object(read, item, pointer, ("story", "until"))
    story, until = fields.get("story"), fields.get("until")
    if story is not None and not (isinstance(story, str) and ID_FORM.fullmatch(story)):
        read.wrong(f"{pointer}/story", "must be the id of a story: 26 characters of the ULID alphabet")
    if until is not None:
        try:
            return Mute(str(story), moment.to_text(moment.from_text(until)))
        except (ValueError, TypeError):
            read.wrong(f"{pointer}/until", "must be an RFC 3339 moment with a zone, such as 2026-11-18T14:02:11.204Z")
    return Mute(str(story), "")


def _object(
    read: Fields, value: object, pointer: str, needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A JSON object with those fields, a null being as good as left out and so missing where it is needed."""
    if isinstance(value, dict):
        value = {name: item for name, item in value.items() if item is not None}
    return read.object(value, pointer, needed, optional)


def _matching(read: Fields, name: str, form: re.Pattern[str], otherwise: str) -> str | None:
    value = read.fields.get(name)
    if value is not None and not (isinstance(value, str) and form.fullmatch(value)):
        read.wrong(f"/{name}", otherwise)
        return None
    return value


def _bytes(value: object) -> bytes:
    """The bytes of base64url with or without padding; none for anything else."""
    if not isinstance(value, str) or not _BASE64URL.fullmatch(value):
        return b""
    try:
        return urlsafe_b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4))
    except ValueError:
        return b""


def _base64url(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
