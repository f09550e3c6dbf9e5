"""The body of an FCM request: which fields a message has, and of what kind (the REST reference of HTTP v1).

The rule to remember: Google parses strictly. A field it does not know is an error, and so is a number where a text
should be; both names of a field are accepted (`channel_id`, `channelId`), as protocol buffers have it.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

PAYLOAD_BYTES_MAX = 4096
TTL_MAX_S = 2_419_200
"""Four weeks."""
TOKEN = re.compile(r"[A-Za-z0-9_:%-]{20,4096}")
RESERVED = re.compile(r"from|message_type|google.*|gcm.*", re.DOTALL)
_DURATION = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?s")
_SNAKE = re.compile(r"(?<=[a-z0-9])([A-Z])")


class Invalid(Exception):
    """What is wrong, where (None: Google names no field), and whether FCM itself says so or the parser before it."""

    def __init__(self, message: str, field: str | None, *, is_ours: bool = False) -> None:
        super().__init__(message)
        self.message, self.field, self.is_ours = message, field, is_ours


Kind = Callable[[Any, str], Any]
"""Reads a value (first) that stands at a place (second). Raises Invalid."""


def _fails(kind: str, value: Any, place: str) -> Invalid:
    return Invalid(f"Invalid value at '{place}' ({kind}), {json.dumps(value, ensure_ascii=False)}", place)


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise _fails("TYPE_STRING", value, place)
    return value


def _truth(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise _fails("TYPE_BOOL", value, place)
    return value


def _whole(value: Any, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _fails("TYPE_INT32", value, place)
    return value


def _duration(value: Any, place: str) -> str:
    name = "type.googleapis.com/google.protobuf.Duration"
    if not isinstance(value, str) or not value.endswith("s"):
        raise Invalid(
            f"Invalid value at '{place}' ({name}), Illegal duration format; duration must end with 's'", place
        )
    if not _DURATION.fullmatch(value):
        raise _fails(name, value, place)
    return value


def _ttl(value: Any, place: str) -> str:
    text = _duration(value, place)
    if not 0 <= float(text[:-1]) <= TTL_MAX_S:
        raise Invalid("Invalid ttl: it must be between 0 and 2419200 seconds", place, is_ours=True)
    return text


def _anything(value: Any, place: str) -> Any:
    """A `Struct`: any JSON object."""
    if not isinstance(value, dict):
        raise _fails("type.googleapis.com/google.protobuf.Struct", value, place)
    return value


def _texts(value: Any, place: str) -> dict[str, str]:
    """A map of text to text; Google counts its entries."""
    if not isinstance(value, dict):
        raise _fails("MAP", value, place)
    return {key: _text(one, f"{place}[{number}].value") for number, (key, one) in enumerate(value.items())}


def _one_of(type_name: str, *names: str) -> Kind:
    def read(value: Any, place: str) -> Any:
        if value not in names:
            raise _fails(f"type.googleapis.com/google.firebase.fcm.v1.{type_name}", value, place)
        return value

    return read


def _list_of(kind: Kind) -> Kind:
    def read(value: Any, place: str) -> list[Any]:
        if not isinstance(value, list):
            raise _fails("ARRAY", value, place)
        return [kind(one, f"{place}[{number}]") for number, one in enumerate(value)]

    return read


def _object(fields: Mapping[str, Kind]) -> Kind:
    def read(value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _fails("OBJECT", value, place)
        found = {}
        for given, one in value.items():
            name = _SNAKE.sub(lambda capital: f"_{capital[0].lower()}", given)
            if name not in fields:
                at = f" at '{place}'" if place else ""
                raise Invalid(
                    f'Invalid JSON payload received. Unknown name "{given}"{at}: Cannot find field.', place or given
                )
            found[name] = fields[name](one, f"{place}.{name}" if place else name)
        return found

    return read


_OPTIONS = _object({"analytics_label": _text})
_NOTIFICATION = _object({"title": _text, "body": _text, "image": _text})
_COLOR = _object({"red": _anything, "green": _anything, "blue": _anything, "alpha": _anything})
_ANDROID_NOTIFICATION = _object(
    {
        **dict.fromkeys(
            ("title", "body", "icon", "color", "sound", "tag", "click_action", "body_loc_key", "title_loc_key",
             "channel_id", "ticker", "image", "event_time"), _text),
        **dict.fromkeys(
            ("sticky", "local_only", "default_sound", "default_vibrate_timings", "default_light_settings",
             "bypass_proxy_notification"), _truth),
        "body_loc_args": _list_of(_text),
        "title_loc_args": _list_of(_text),
        "vibrate_timings": _list_of(_duration),
        "notification_count": _whole,
        "light_settings": _object(
            {"color": _COLOR, "light_on_duration": _duration, "light_off_duration": _duration}
        ),
        "notification_priority": _one_of(
            "AndroidNotification.NotificationPriority", "PRIORITY_UNSPECIFIED", "PRIORITY_MIN", "PRIORITY_LOW",
            "PRIORITY_DEFAULT", "PRIORITY_HIGH", "PRIORITY_MAX"),
        "visibility": _one_of(
            "AndroidNotification.Visibility", "VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET"),
        "proxy": _one_of("AndroidNotification.Proxy", "PROXY_UNSPECIFIED", "ALLOW", "DENY", "IF_PRIORITY_LOWERED"),
    }
)  # fmt: skip
_ANDROID = _object(
    {
        "collapse_key": _text, "priority": _one_of("AndroidMessagePriority", "NORMAL", "HIGH", "normal", "high"),
        "ttl": _ttl, "restricted_package_name": _text, "data": _texts, "notification": _ANDROID_NOTIFICATION,
        "fcm_options": _OPTIONS, "direct_boot_ok": _truth, "bandwidth_constrained_ok": _truth,
        "restricted_satellite_ok": _truth,
    }
)  # fmt: skip
_WEBPUSH = _object(
    {
        "headers": _texts, "data": _texts, "notification": _anything,
        "fcm_options": _object({"link": _text, "analytics_label": _text}),
    }
)  # fmt: skip
_APNS = _object(
    {
        "headers": _texts, "payload": _anything, "live_activity_token": _text,
        "fcm_options": _object({"analytics_label": _text, "image": _text}),
    }
)  # fmt: skip
_MESSAGE = _object(
    {
        "name": _text, "data": _texts, "notification": _NOTIFICATION, "android": _ANDROID, "webpush": _WEBPUSH,
        "apns": _APNS, "fcm_options": _OPTIONS, "token": _text, "topic": _text, "condition": _text,
    }
)  # fmt: skip
_REQUEST = _object({"validate_only": _truth, "message": _MESSAGE})


def check(body: bytes) -> tuple[dict[str, Any], bool]:
    """The message for one token, names in snake case, and whether it is only to be looked at. Raises Invalid."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Invalid("Invalid JSON payload received. Expected a value.", None) from None
    request = _REQUEST(content, "")
    message = request.get("message", {})
    targets = [name for name in ("token", "topic", "condition") if name in message]
    if not targets:
        raise Invalid("Recipient of the message is not set.", "message", is_ours=True)
    if targets != ["token"]:  # the rest of HTTP v1 reaches many phones at once, which a sandbox has no lists for
        raise Invalid("Only one token can be sent to here.", f"message.{targets[-1]}", is_ours=True)
    if not TOKEN.fullmatch(message["token"]):
        raise Invalid("The registration token is not a valid FCM registration token", None, is_ours=True)
    _check_data(message)
    return message, request.get("validate_only", False)


def _check_data(message: dict[str, Any]) -> None:
    """Names that FCM needs itself, and the size of what the phone is sent: names and values, in bytes."""
    android = message.get("android", {})
    data = {**message.get("data", {}), **android.get("data", {})}
    for name in data:
        if RESERVED.fullmatch(name):
            raise Invalid(f"Invalid data payload key: {name}", "message.data", is_ours=True)
    parts = {**message.get("notification", {}), **android.get("notification", {})}
    sent = [*data.items(), *((name, value) for name, value in parts.items() if isinstance(value, str))]
    if sum(len(name.encode()) + len(value.encode()) for name, value in sent) > PAYLOAD_BYTES_MAX:
        raise Invalid("Android message is too big", None, is_ours=True)
