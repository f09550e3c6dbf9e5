"""Mozilla's push client protocol, spoken to us by hand: what a browser may say, and what it gets and keeps.

Firefox itself is in tests/browser/test_push_firefox.py; here are the turns that it does not take on command.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from workers.sandbox import mailboxes
from workers.sandbox.autopush import DELIVERED, SUBPROTOCOL, Autopush

BASE = "https://push.example:8443"
HEADERS = {"encoding": "aes128gcm"}
WITHIN_S = 30.0
KEY = "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"


@asynccontextmanager
async def service(folder: Path) -> AsyncIterator[Autopush]:
    running = Autopush(folder, BASE)
    await running.start("127.0.0.1", 0)
    try:
        yield running
    finally:
        await running.close()


@pytest.fixture
async def autopush(tmp_path: Path) -> AsyncIterator[Autopush]:
    async with service(tmp_path) as running:
        yield running


class Browser:
    """A connection that has said hello."""

    def __init__(self, socket: ClientConnection, uaid: str) -> None:
        self._socket = socket
        self.uaid = uaid

    async def say(self, **message: Any) -> None:
        await self._socket.send(json.dumps(message))

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(WITHIN_S):
            said: dict[str, Any] = json.loads(await self._socket.recv())
            return said

    async def register(self, channel_id: str, key: str | None = None) -> str:
        """The endpoint id of a channel."""
        await self.say(messageType="register", channelID=channel_id, **({"key": key} if key else {}))
        said = await self.hear()
        assert (said["messageType"], said["status"], said["channelID"]) == ("register", 200, channel_id)
        base, _, endpoint_id = said["pushEndpoint"].rpartition("/")
        assert base == f"{BASE}/push"
        return str(endpoint_id)

    async def acknowledge(self, notification: dict[str, Any], code: int = DELIVERED) -> None:
        update = {"channelID": notification["channelID"], "version": notification["version"], "code": code}
        await self.say(messageType="ack", updates=[update])
        assert await self.pong() == {}

    async def pong(self) -> dict[str, Any]:
        """The answer to a ping; all that was said before has been dealt with then."""
        await self.say()
        return await self.hear()


@asynccontextmanager
async def browser(autopush: Autopush, uaid: str | None = None) -> AsyncIterator[Browser]:
    async with connect(autopush.url, subprotocols=[SUBPROTOCOL], compression=None) as socket:
        hello = {"messageType": "hello", "use_webpush": True, "broadcasts": {}, **({"uaid": uaid} if uaid else {})}
        await socket.send(json.dumps(hello))
        said = json.loads(await socket.recv())
        assert (said["messageType"], said["status"], said["use_webpush"]) == ("hello", 200, True)
        yield Browser(socket, said["uaid"])


def text(notification: dict[str, Any]) -> bytes:
    assert notification["messageType"] == "notification"
    assert notification["headers"] == HEADERS
    return base64.urlsafe_b64decode(notification["data"] + "==")


async def send(autopush: Autopush, endpoint_id: str, body: bytes, ttl_s: float = 60, topic: str | None = None) -> bool:
    return await autopush.deliver(endpoint_id, HEADERS, body, ttl_s, topic, "high")


async def test_a_connected_browser_gets_a_message_at_once(autopush: Autopush) -> None:
    async with browser(autopush) as one:
        assert autopush.connected == {one.uaid}
        endpoint_id = await one.register("c1", f"{KEY}=")
        assert autopush.knows(endpoint_id)
        assert autopush.vapid_key(endpoint_id) == KEY
        assert await send(autopush, endpoint_id, b"\x00\xff first", ttl_s=0)
        said = await one.hear()
        assert (said["channelID"], text(said)) == ("c1", b"\x00\xff first")
        await one.acknowledge(said)
        assert list(autopush.acks) == [(endpoint_id, DELIVERED)]


async def test_what_is_not_acknowledged_comes_again_and_no_more_once_it_is(autopush: Autopush) -> None:
    async with browser(autopush) as one:
        endpoint_id = await one.register("c1")
        await send(autopush, endpoint_id, b"first")
        first = await one.hear()
    async with browser(autopush, one.uaid) as again:
        assert again.uaid == one.uaid
        assert await again.hear() == first
        await again.acknowledge(first)
    async with browser(autopush, one.uaid) as last:
        assert await last.pong() == {}


async def test_a_closed_browser_finds_the_newest_of_a_topic_and_nothing_stale(autopush: Autopush) -> None:
    async with browser(autopush) as one:
        endpoint_id = await one.register("c1")
    await send(autopush, endpoint_id, b"old", topic="alert-1")
    await send(autopush, endpoint_id, b"now or never", ttl_s=0)
    await send(autopush, endpoint_id, b"other", topic="alert-2")
    await send(autopush, endpoint_id, b"plain")
    await send(autopush, endpoint_id, b"new", topic="alert-1")
    async with browser(autopush, one.uaid) as again:
        assert [text(await again.hear()) for _ in range(3)] == [b"other", b"plain", b"new"]
        assert await again.pong() == {}


async def test_a_browser_away_for_long_finds_the_newest_only(
    autopush: Autopush, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailboxes, "WAITING_MAX", 3)
    async with browser(autopush) as one:
        endpoint_id = await one.register("c1")
    for number in range(10):
        await send(autopush, endpoint_id, b"%d" % number)
    async with browser(autopush, one.uaid) as again:
        assert [text(await again.hear()) for _ in range(3)] == [b"7", b"8", b"9"]


async def test_channels_and_mail_outlive_a_restart(tmp_path: Path) -> None:
    async with service(tmp_path) as first, browser(first) as one:
        endpoint_id = await one.register("c1", KEY)
    async with service(tmp_path) as second:
        assert second.vapid_key(endpoint_id) == KEY
        assert await send(second, endpoint_id, b"while you were away")
    async with service(tmp_path) as third, browser(third, one.uaid) as again:
        assert again.uaid == one.uaid
        assert text(await again.hear()) == b"while you were away"
    assert (tmp_path / "browsers.json").stat().st_mode & 0o777 == 0o600


async def test_a_browser_without_channels_is_a_stranger_next_time(autopush: Autopush) -> None:
    async with browser(autopush) as one:
        assert await one.pong() == {}
    async with browser(autopush, one.uaid) as again:
        assert again.uaid != one.uaid


async def test_an_unregistered_channel_is_gone(autopush: Autopush) -> None:
    async with browser(autopush) as one:
        endpoint_id = await one.register("c1")
        kept = await one.register("c2")
        await one.say(messageType="unregister", channelID="c1", code=200)
        assert await one.hear() == {"messageType": "unregister", "status": 200, "channelID": "c1"}
        assert not autopush.knows(endpoint_id)
        assert not await send(autopush, endpoint_id, b"nobody")
        assert autopush.knows(kept)
    assert not autopush.knows("never-given")
    assert autopush.vapid_key("never-given") is None


async def test_a_channel_registered_twice_keeps_its_endpoint(autopush: Autopush) -> None:
    async with browser(autopush) as one:
        assert await one.register("c1") == await one.register("c1")


async def test_channels_and_browsers_are_bounded(autopush: Autopush, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailboxes, "CHANNELS_MAX", 2)
    monkeypatch.setattr(mailboxes, "BROWSERS_MAX", 2)
    async with browser(autopush) as one, browser(autopush) as two, browser(autopush) as three:
        first = await one.register("c1")
        await one.register("c2")
        await one.say(messageType="register", channelID="c3")
        assert (await one.hear())["status"] == 500
        others = [await two.register("c1"), await three.register("c1")]
        assert [autopush.knows(endpoint_id) for endpoint_id in (first, *others)] == [False, True, True]


async def test_of_two_connections_of_a_browser_the_newer_one_is_served(autopush: Autopush) -> None:
    async with browser(autopush) as older:
        endpoint_id = await older.register("c1")
        async with browser(autopush, older.uaid) as newer:
            await send(autopush, endpoint_id, b"first")
            assert text(await newer.hear()) == b"first"
            assert await older.pong() == {}


@pytest.mark.parametrize(
    "message",
    ["", "x", "[]", '{"messageType":"publish"}', '{"messageType":"hello","uaid":5}', "[" * 60_000, "{}"],
    ids=["empty", "no JSON", "a list", "unknown", "wrong type", "deep", "no hello"],
)
async def test_a_stranger_that_says_no_hello_is_shown_the_door(autopush: Autopush, message: str) -> None:
    async with connect(autopush.url, subprotocols=[SUBPROTOCOL], compression=None) as socket:
        await socket.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    assert not autopush.connected


@pytest.mark.parametrize(
    "message",
    [
        '{"messageType":"publish"}', '{"messageType":"register","channelID":7}', '{"messageType":"ack","updates":[{}]}',
        '{"messageType":"register","channelID":"' + "c" * 200 + '"}', "not JSON",
    ],
)  # fmt: skip
async def test_a_browser_that_speaks_nonsense_is_shown_the_door(autopush: Autopush, message: str) -> None:
    async with browser(autopush) as one:
        await one._socket.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await one.hear()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize("offered", [None, ["other"]])
async def test_who_offers_no_subprotocol_of_ours_is_not_let_in(autopush: Autopush, offered: Any) -> None:
    with pytest.raises(InvalidStatus):
        async with connect(autopush.url, subprotocols=offered):
            pass
