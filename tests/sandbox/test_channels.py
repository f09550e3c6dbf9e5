"""A browser that has subscribed gets what senders send, still encrypted, and is known to nobody once it has left."""

import base64
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.sandbox.conftest import Running
from tests.sandbox.requests_as_documented import base64url, new_key, point, send, subscribe, to_browser
from workers.sandbox.autopush import SUBPROTOCOL

CHANNEL = "0b6d1f5e-8a54-4a55-9c3b-0d6a3b1c2d4e"


async def say(browser: ClientConnection, **message: Any) -> dict[str, Any]:
    """What comes next, after this was said."""
    await browser.send(json.dumps(message))
    heard: dict[str, Any] = json.loads(await browser.recv())
    return heard


async def test_a_real_browsers_message_goes_on_as_it_came(sandbox: Running) -> None:
    key = new_key()
    pretend = await subscribe(sandbox)
    async with connect(sandbox.where.autopush, subprotocols=[SUBPROTOCOL]) as browser:
        await say(browser, messageType="hello", use_webpush=True)
        told = await say(browser, messageType="register", channelID=CHANNEL, key=base64url(point(key)))
        endpoint = told["pushEndpoint"]
        assert endpoint.startswith(f"{sandbox.where.webpush}/push/")

        right = to_browser(sandbox, {**pretend, "endpoint": endpoint}, key)
        anothers = to_browser(sandbox, {**pretend, "endpoint": endpoint}, new_key())
        answers = await send(sandbox, anothers, right.but(ttl=None), right)
        assert [answer.status_code for answer in answers] == [403, 400, 201]
        heard = json.loads(await browser.recv())
        assert (heard["messageType"], heard["channelID"]) == ("notification", CHANNEL)
        assert base64.urlsafe_b64decode(heard["data"] + "==") == right.body
        assert heard["headers"]["encoding"] == "aes128gcm"

        (phone,) = await sandbox.phones()
        assert phone == {"token": endpoint, "platform": "webpush", "showing": [], "received": 1}
        await say(browser, messageType="unregister", channelID=CHANNEL)
        (answer,) = await send(sandbox, right)
        assert answer.status_code == 404


async def test_faults_befall_real_browsers_too(sandbox: Running) -> None:
    key = new_key()
    async with connect(sandbox.where.autopush, subprotocols=[SUBPROTOCOL]) as browser:
        await say(browser, messageType="hello", use_webpush=True)
        told = await say(browser, messageType="register", channelID=CHANNEL)
        right = to_browser(sandbox, {**await subscribe(sandbox), "endpoint": told["pushEndpoint"]}, key)
        await sandbox.ask("PUT", "/v1/faults", {"webpush": {"429": 1, "retryAfter": 1}})
        (answer,) = await send(sandbox, right)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        await sandbox.ask("PUT", "/v1/faults", {})
        await send(sandbox, right)
        assert json.loads(await browser.recv())["messageType"] == "notification"
    assert (await sandbox.phones())[0]["received"] == 1
