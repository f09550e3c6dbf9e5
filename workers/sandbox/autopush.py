"""A push service for real browsers: Mozilla's client protocol over WebSocket, as Firefox speaks it.

The rule to remember: nothing here can read a message. It takes encrypted bodies for a channel and hands them to the
browser that opened it, at once or when that browser comes back; only the browser has the key.

The protocol (subprotocol `push-notification`, one JSON object per text message; https://mozilla-push-service.readthedocs.io):

    browser                                                  we
    hello {uaid?}                                            hello {uaid, status}, then what waited
    register {channelID, key?}                               register {channelID, status, pushEndpoint}
    unregister {channelID}                                   unregister {channelID, status}
    ack {updates: [{channelID, version, code}]}              -
    {}                                                       {}
    -                                                        notification {channelID, version, data, headers}

To use it, Firefox wants `dom.push.serverURL` set to our address and `dom.push.testing.allowInsecureServerURL`.
"""

import asyncio
import base64
import secrets
import time
from collections import deque
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec
from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from workers.sandbox.mailboxes import BROWSERS_MAX, Letter, Mailboxes

SUBPROTOCOL = Subprotocol("push-notification")
MESSAGE_BYTES_MAX = 64 * 1024
"""A browser's longest message is a `hello` with its broadcast listeners: a few kilobytes."""
HELLO_S = 10.0
"""How long a connection may stay nameless."""
CLOSE_S = 0.2
"""Firefox answers no closing frame: it waits for the connection's end, so we do not wait for it."""
ACKS_KEPT = 100
"""Acknowledgements remembered for whoever looks on."""
DELIVERED, DECRYPTION_ERROR, NOT_DELIVERED = 100, 101, 102
"""The codes of an acknowledgement. Whatever it says, the browser has the message and wants it no more."""

Id = Annotated[str, msgspec.Meta(max_length=128)]


class Update(msgspec.Struct):
    """One acknowledged message."""

    channel_id: Id = msgspec.field(name="channelID")
    version: Id
    code: int = DELIVERED


class Said(msgspec.Struct):
    """What a browser says, whichever message it is. A ping is an empty object."""

    message_type: str = msgspec.field(name="messageType", default="ping")
    uaid: Id | None = None
    channel_id: Id = msgspec.field(name="channelID", default="")
    key: Id | None = None
    updates: Annotated[list[Update], msgspec.Meta(max_length=100)] = []


class Autopush:
    """The channels of real browsers. `url` is what `dom.push.serverURL` wants, once it has started.

    `folder` must exist; what must outlive us lies there. Endpoints begin with `webpush_base`, where somebody else takes
    the senders' requests, checks them and calls `deliver`.
    """

    def __init__(self, folder: Path, webpush_base: str) -> None:
        self._mailboxes = Mailboxes(folder)
        self._base = webpush_base.rstrip("/")
        self._here: dict[str, ServerConnection] = {}
        self._server: Server | None = None
        self.url = ""
        self.acks: deque[tuple[str, int]] = deque(maxlen=ACKS_KEPT)
        """Endpoint id and code of the newest acknowledgements, the newest last."""

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes any. Raises OSError where it is taken."""
        limits = {"max_size": MESSAGE_BYTES_MAX, "compression": None, "close_timeout": CLOSE_S}
        self._server = await serve(self._talk, host, port, subprotocols=[SUBPROTOCOL], **cast(Any, limits))
        self.url = f"ws://{host}:{next(iter(self._server.sockets)).getsockname()[1]}"

    async def close(self) -> None:
        """Say goodbye to the browsers, which come back by themselves when there is somebody again."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    @property
    def connected(self) -> frozenset[str]:
        """The uaids of the browsers that have said hello and are still here."""
        return frozenset(self._here)

    # --- what a Web Push service asks

    def knows(self, endpoint_id: str) -> bool:
        """Whether a browser has a channel under this id; if not, the sender is told 404 or 410."""
        return self._mailboxes.channel(endpoint_id) is not None

    def vapid_key(self, endpoint_id: str) -> str | None:
        """The one public key that may send to it (base64url, no padding); None where anybody may."""
        channel = self._mailboxes.channel(endpoint_id)
        return channel.key if channel is not None else None

    async def deliver(
        self, endpoint_id: str, headers: dict[str, str], body: bytes, ttl_s: float, topic: str | None, urgency: str
    ) -> bool:
        """Hand an encrypted body to its browser: at once where it is here, else within `ttl_s` when it comes.

        `headers` are what decryption needs (`encoding`). Urgency changes nothing: our browsers save no battery. False
        where there is no such channel any more.
        """
        now_s = time.time()
        letter = Letter(secrets.token_hex(16), _base64url(body), headers, topic, now_s + ttl_s)
        place = self._mailboxes.keep(endpoint_id, letter, now_s)
        if place is None:
            return False
        uaid, channel_id = place
        if uaid in self._here:
            _say(self._here[uaid], _notification(channel_id, letter))
        return True

    # --- what a browser says

    async def _talk(self, socket: ServerConnection) -> None:
        uaid = None
        try:
            uaid = await self._greet(socket)
            async for text in socket:
                self._hear(socket, uaid, _parsed(text))
        except (ValueError, TimeoutError) as error:
            await socket.close(1008, str(error)[:100] or "no hello")
        except ConnectionClosed:
            pass
        finally:
            if uaid is not None and self._here.get(uaid) is socket:
                del self._here[uaid]

    async def _greet(self, socket: ServerConnection) -> str:
        """The browser's name. After its hello nothing is awaited until it stands among those who are here: what comes
        for it is found in its mailbox or follows on the socket, and never both.
        """
        async with asyncio.timeout(HELLO_S):
            said = _parsed(await socket.recv())
        if said.message_type != "hello" or len(self._here) >= BROWSERS_MAX:
            raise ValueError(f"hello first; {BROWSERS_MAX} browsers at most")
        uaid = said.uaid if said.uaid and self._mailboxes.is_known(said.uaid) else secrets.token_hex(16)
        _say(socket, {"messageType": "hello", "status": 200, "uaid": uaid, "use_webpush": True, "broadcasts": {}})
        self._here[uaid] = socket
        for channel_id, letter in self._mailboxes.waiting(uaid, time.time()):
            _say(socket, _notification(channel_id, letter))
        return uaid

    def _hear(self, socket: ServerConnection, uaid: str, said: Said) -> None:
        match said.message_type:
            case "ping":
                _say(socket, {})
            case "register":
                _say(socket, self._register(uaid, said.channel_id, said.key))
            case "unregister":
                self._mailboxes.close(uaid, said.channel_id)
                _say(socket, {"messageType": "unregister", "status": 200, "channelID": said.channel_id})
            case "ack":
                for update in said.updates:
                    self._acknowledge(uaid, update)
            case "nack" | "broadcast_subscribe":
                pass  # a page's own error; news of Mozilla's, of which we have none
            case other:
                raise ValueError(f"unknown messageType {other}")

    def _register(self, uaid: str, channel_id: str, key: str | None) -> dict[str, Any]:
        answer = {"messageType": "register", "channelID": channel_id}
        channel = self._mailboxes.open(uaid, channel_id, key.rstrip("=") if key else None)
        if channel is None:
            return {**answer, "status": 500, "reason": "too many channels"}
        return {**answer, "status": 200, "pushEndpoint": f"{self._base}/push/{channel.endpoint_id}"}

    def _acknowledge(self, uaid: str, update: Update) -> None:
        channel = self._mailboxes.remove(uaid, update.channel_id, update.version)
        if channel is not None:
            self.acks.append((channel.endpoint_id, update.code))


def _parsed(text: str | bytes) -> Said:
    """What a message says. Raises ValueError where it is none of ours."""
    try:
        return msgspec.json.decode(text, type=Said)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _notification(channel_id: str, letter: Letter) -> dict[str, Any]:
    return {
        "messageType": "notification", "channelID": channel_id, "version": letter.version, "data": letter.data,
        "headers": letter.headers,
    }  # fmt: skip


def _say(socket: ServerConnection, message: dict[str, Any]) -> None:
    """Written without waiting: a browser that takes nothing falls to the library's pings, and its mail is kept."""
    broadcast([socket], msgspec.json.encode(message).decode())


def _base64url(body: bytes) -> str:
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()
