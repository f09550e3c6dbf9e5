"""Google's stand-in takes a right request, and refuses each wrong one as Google does, down to the details."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox.conftest import Running
from tests.sandbox.requests_as_documented import (
    ANDROID,
    Sent,
    access_token,
    android_message,
    assertion,
    send,
    to_google,
)
from workers.sandbox import credentials
from workers.sandbox.oauth import TokenDesk

Change = Callable[[dict[str, Any]], object]


def of_android(**fields: Any) -> Change:
    return lambda message: message["android"].update(fields)


def with_data(**fields: Any) -> Change:
    return lambda message: message["data"].update(fields)


WRONG: dict[str, tuple[Change, str]] = {
    "an unknown field": (
        lambda message: message.update(silent=True),
        "Invalid JSON payload received. Unknown name \"silent\" at 'message': Cannot find field.",
    ),
    "an unknown field further in": (
        of_android(notification={"subtitle": "x"}),
        "Invalid JSON payload received. Unknown name \"subtitle\" at 'message.android.notification': "
        "Cannot find field.",
    ),
    "a number among the data": (with_data(alert=1), "Invalid value at 'message.data[0].value' (TYPE_STRING), 1"),
    "a life without a unit": (
        of_android(ttl="3600"),
        "Invalid value at 'message.android.ttl' (type.googleapis.com/google.protobuf.Duration), Illegal duration "
        "format; duration must end with 's'",
    ),
    "a life of five weeks": (of_android(ttl="3024000s"), "Invalid ttl: it must be between 0 and 2419200 seconds"),
    "an unknown priority": (
        of_android(priority="URGENT"),
        "Invalid value at 'message.android.priority' "
        '(type.googleapis.com/google.firebase.fcm.v1.AndroidMessagePriority), "URGENT"',
    ),
    "a name that Google needs itself": (with_data(**{"google.x": "1"}), "Invalid data payload key: google.x"),
    "4,097 bytes": (with_data(filler="x" * 4097), "Android message is too big"),
    "nobody to send to": (lambda message: message.pop("token"), "Recipient of the message is not set."),
    "a token that is none": (
        lambda message: message.update(token="x y"),
        "The registration token is not a valid FCM registration token",
    ),
}


async def test_each_wrong_message_is_refused_as_google_does(sandbox: Running) -> None:
    bearer = await access_token(sandbox)
    for name, (change, words) in WRONG.items():
        wrong = android_message()
        change(wrong["message"])
        (answer,) = await send(sandbox, to_google(sandbox, bearer, wrong))
        error = answer.json()["error"]
        assert (answer.status_code, error["status"], error["message"]) == (400, "INVALID_ARGUMENT", words), name
        assert error["details"], name
    assert await sandbox.phones() == []


async def test_an_unknown_field_is_named_in_the_details(sandbox: Running) -> None:
    wrong = android_message()
    wrong["message"]["android"]["colour"] = "red"
    (answer,) = await send(sandbox, to_google(sandbox, await access_token(sandbox), wrong))
    (detail,) = answer.json()["error"]["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert detail["fieldViolations"][0]["field"] == "message.android"


async def test_nobody_is_let_in_without_a_token_that_is_valid(sandbox: Running) -> None:
    seen = await access_token(sandbox)
    place = Path(sandbox.where.fcm_credentials_file).parent
    account = credentials.service_account(place, int(sandbox.where.fcm.rpartition(":")[2]))
    over = TokenDesk(account, credentials.seed(place), time.time).issue(int(time.time()) - 1)
    for bearer in ("", "ya29.invented", seen[:-2] + "AA", over):
        (answer,) = await send(sandbox, to_google(sandbox, bearer))
        assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED"), bearer


async def test_another_project_is_not_ours_to_send_for(sandbox: Running) -> None:
    right = to_google(sandbox, await access_token(sandbox))
    (answer,) = await send(sandbox, replace(right, url=right.url.replace("flashwire-sandbox", "another")))
    assert (answer.status_code, answer.json()["error"]["status"]) == (403, "PERMISSION_DENIED")


async def test_a_right_message_is_named_and_shown(sandbox: Running) -> None:
    (answer,) = await send(sandbox, to_google(sandbox, await access_token(sandbox)))
    assert answer.status_code == 200
    assert answer.json()["name"].startswith("projects/flashwire-sandbox/messages/")
    (phone,) = await sandbox.phones("?platform=fcm&edition=en")
    assert (phone["token"], phone["showing"][0]["body"], phone["showing"][0]["version"]) == (
        ANDROID, "Ferries resume", 1,
    )  # fmt: skip


async def test_a_subtitle_is_shown_by_an_app_that_draws_and_not_by_android(sandbox: Running) -> None:
    drawn, own = android_message(), android_message("another-android-phone")
    words = {"title": "Urgent", "body": "Ferries resume", "subtitle": "Example News"}
    drawn["message"]["data"]["subtitle"] = "Example News"
    own["message"]["data"] |= words
    del own["message"]["android"]["notification"]
    bearer = await access_token(sandbox)
    await send(sandbox, to_google(sandbox, bearer, drawn), to_google(sandbox, bearer, own))
    entries = [phone["showing"][0] for phone in await sandbox.phones()]
    assert [{name: entry[name] for name in words} for entry in entries] == [{**words, "subtitle": None}, words]


async def test_a_message_that_is_only_validated_rings_nobody(sandbox: Running) -> None:
    bearer = await access_token(sandbox)
    (answer,) = await send(sandbox, to_google(sandbox, bearer, {**android_message(), "validateOnly": True}))
    assert answer.status_code == 200
    assert await sandbox.phones() == []


NOW_S = int(time.time())
ANOTHERS_KEY = (
    rsa.generate_private_key(65537, 2048)
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)
NO_GRANT: dict[str, tuple[dict[str, Any], str]] = {
    "another's key": ({"key": ANOTHERS_KEY}, "invalid_grant"),
    "a shared secret": ({"key": "a secret that is long enough to sign", "algorithm": "HS256"}, "invalid_grant"),
    "another account": ({"iss": "other@flashwire-sandbox.iam.gserviceaccount.com"}, "invalid_grant"),
    "another audience": ({"aud": "https://oauth2.googleapis.com/token"}, "invalid_grant"),
    "an assertion of yesterday": ({"iat": NOW_S - 90_000, "exp": NOW_S - 86_400}, "invalid_grant"),
    "an assertion of a day": ({"exp": NOW_S + 86_400}, "invalid_grant"),
    "another scope": ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope"),
    "another grant": ({"grant_type": "password"}, "unsupported_grant_type"),
}


@pytest.mark.parametrize("name", NO_GRANT)
async def test_no_access_token_for_a_wrong_assertion(sandbox: Running, name: str) -> None:
    changes, error = NO_GRANT[name]
    wrong: Sent = assertion(sandbox, **changes)
    (answer,) = await send(sandbox, wrong)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_a_sender_of_http_1_1_gets_its_token_too(sandbox: Running) -> None:
    (answer,) = await send(sandbox, assertion(sandbox), http1=True)
    assert (answer.status_code, answer.http_version, answer.json()["token_type"]) == (200, "HTTP/1.1", "Bearer")
