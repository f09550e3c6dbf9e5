"""A real Firefox, real encrypted pushes and our service worker; the sender is a library of others.

The rule to remember: what does not arrive is only proved by the browser's own word. Every message is acknowledged, and
a code says whether it could be read.
"""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import http_ece  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.firefox import LOOK_AGAIN_S, PATIENCE_S, Tab, firefox
from workers.sandbox.autopush import DECRYPTION_ERROR, DELIVERED, Autopush

WEB = Path(__file__).parents[2] / "service" / "web"
ALERT = "7Q0F8R2K5M9TB4W6YE3XCZ01JV"
SHOWN = """navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
    .then((all) => all.map(({tag, title, body, data}) => [tag, title, body, data.version]))"""
SUBSCRIBE = """navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)
    .then(({pushManager}) => pushManager.subscribe({userVisibleOnly: true, applicationServerKey: '%s'}))"""


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_key() -> bytes:
    """A fresh P-256 public key, uncompressed."""
    made = ec.generate_private_key(ec.SECP256R1()).public_key()
    return made.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class Site(BaseHTTPRequestHandler):
    """A page of nothing with our service worker, and a registry that takes everything."""

    registered: ClassVar[list[tuple[str, str | None, Any]]] = []
    """Path, Authorization and body of what was put there."""

    def do_GET(self) -> None:
        file = WEB / self.path.lstrip("/")
        is_script = file.suffix == ".js"
        body = file.read_bytes() if is_script else b'<!doctype html><script src="/device.js"></script>'
        self._answer("text/javascript" if is_script else "text/html", body)

    def do_PUT(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.registered.append((self.path, self.headers["Authorization"], said))
        self._answer("application/json", b"{}")

    do_POST = do_PUT

    def _answer(self, media: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    Site.registered.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    serving = Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
async def autopush(tmp_path: Path) -> AsyncIterator[Autopush]:
    service = Autopush(tmp_path, "https://push.example")
    await service.start("127.0.0.1", 0)
    yield service
    await service.close()


async def until(fact: Any, what: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not fact():
            await asyncio.sleep(LOOK_AGAIN_S)
    assert fact(), what


@asynccontextmanager
async def browser(profile: Path, service: Autopush, page: str) -> AsyncIterator[Tab]:
    """Firefox on the page, known to the push service: a subscription that comes before its hello would be lost."""
    async with firefox(profile, service.url) as tab:
        await until(lambda: service.connected, "Firefox said hello")
        await tab.open(page)
        yield tab
    await until(lambda: not service.connected, "Firefox is gone")


class Sender:
    """Encrypts for one subscription, as RFC 8291 says, and hands it to the push service."""

    def __init__(self, service: Autopush, subscription: dict[str, Any]) -> None:
        self._service = service
        self.endpoint_id = subscription["endpoint"].rpartition("/")[2]
        self.p256dh = from_base64url(subscription["keys"]["p256dh"])
        self._auth = from_base64url(subscription["keys"]["auth"])

    async def send(self, version: int, body: str, **more: Any) -> None:
        notification = {"title": "Urgent", "body": body, "tag": ALERT, "navigate": "https://example.org/n", **more}
        payload = {"web_push": 8030, "notification": notification, "alert": ALERT, "version": version}
        own = ec.generate_private_key(ec.SECP256R1())
        encrypted = http_ece.encrypt(
            json.dumps(payload).encode(), os.urandom(16), private_key=own, dh=self.p256dh, auth_secret=self._auth,
            version="aes128gcm",
        )  # fmt: skip
        headers = {"encoding": "aes128gcm"}
        assert await self._service.deliver(self.endpoint_id, headers, encrypted, 60, ALERT, "high")

    async def answer(self, count: int) -> int:
        """The code of the browser's acknowledgement number `count`."""
        await until(lambda: len(self._service.acks) >= count, f"{count} acknowledged")
        return self._service.acks[count - 1][1]


async def subscribed(tab: Tab, service: Autopush, key: str) -> Sender:
    return Sender(service, await tab.evaluate(SUBSCRIBE % key))


async def test_firefox_shows_a_push_and_its_correction_in_place(tmp_path: Path, autopush: Autopush, site: str) -> None:
    key = base64url(public_key())
    async with browser(tmp_path / "profile", autopush, site) as tab:
        sender = await subscribed(tab, autopush, key)
        assert autopush.vapid_key(sender.endpoint_id) == key
        await sender.send(1, "Ferries stay in port")
        await tab.until(SHOWN, [[ALERT, "Urgent", "Ferries stay in port", 1]])
        await sender.send(2, "Ferries sail at noon")
        await tab.until(SHOWN, [[ALERT, "Urgent", "Ferries sail at noon", 2]])
        await sender.send(1, "Ferries stay in port")
        assert [await sender.answer(count) for count in (1, 2, 3)] == [DELIVERED] * 3
        assert await tab.evaluate(SHOWN) == [[ALERT, "Urgent", "Ferries sail at noon", 2]]


async def test_what_was_sent_while_firefox_was_closed_comes_after_its_start(
    tmp_path: Path, autopush: Autopush, site: str
) -> None:
    profile = tmp_path / "profile"
    async with browser(profile, autopush, site) as tab:
        sender = await subscribed(tab, autopush, base64url(public_key()))
    await sender.send(1, "Ferries stay in port")
    await sender.send(2, "Ferries sail at noon")
    async with browser(profile, autopush, site) as tab:
        await tab.until(SHOWN, [[ALERT, "Urgent", "Ferries sail at noon", 2]])
        assert await sender.answer(1) == DELIVERED
    assert len(autopush.acks) == 1  # the newer one took the older one's place in the post


@asynccontextmanager
async def succeeded(first: Autopush, folder: Path) -> AsyncIterator[Autopush]:
    """Another push service in the place of `first`, once the browser has come back."""
    await first.close()
    second = Autopush(folder, "https://push.example")
    await second.start("127.0.0.1", int(first.url.rpartition(":")[2]))
    try:
        await until(lambda: second.connected, "Firefox came back")
        yield second
    finally:
        await second.close()


async def test_a_subscription_outlives_a_restart_of_the_push_service(
    tmp_path: Path, autopush: Autopush, site: str
) -> None:
    async with firefox(tmp_path / "profile", autopush.url) as tab:
        await until(lambda: autopush.connected, "Firefox said hello")
        await tab.open(site)
        subscription = await tab.evaluate(SUBSCRIBE % base64url(public_key()))
        async with succeeded(autopush, tmp_path) as again:
            await Sender(again, subscription).send(1, "Ferries stay in port")
            await tab.until(SHOWN, [[ALERT, "Urgent", "Ferries stay in port", 1]])


async def test_a_browser_that_lost_its_subscription_registers_a_new_one(
    tmp_path: Path, autopush: Autopush, site: str
) -> None:
    key = base64url(public_key())
    device = {"id": "D1", "secret": "s3cret", "key": key, "editions": ["ar", "en"]}
    (tmp_path / "empty").mkdir()
    async with firefox(tmp_path / "profile", autopush.url) as tab:
        await until(lambda: autopush.connected, "Firefox said hello")
        await tab.open(site)
        lost = await tab.evaluate(SUBSCRIBE % key)
        await tab.evaluate(f"device.kept('device', () => ({json.dumps(device)}))")
        async with succeeded(autopush, tmp_path / "empty") as other:
            await until(lambda: Site.registered, "it is registered anew")
            ((path, authorization, body),) = Site.registered
            assert (path, authorization) == ("/v1/devices/D1", "Bearer s3cret")
            assert body["preferences"] == {"editions": ["ar", "en"]}
            assert body["subscription"]["endpoint"] != lost["endpoint"]
            await Sender(other, body["subscription"]).send(1, "Ferries stay in port")
            await tab.until(SHOWN, [[ALERT, "Urgent", "Ferries stay in port", 1]])


async def test_a_push_encrypted_for_another_key_is_not_shown(tmp_path: Path, autopush: Autopush, site: str) -> None:
    async with browser(tmp_path / "profile", autopush, site) as tab:
        sender = await subscribed(tab, autopush, base64url(public_key()))
        right, sender.p256dh = sender.p256dh, public_key()
        await sender.send(1, "Ferries stay in port")
        assert await sender.answer(1) == DECRYPTION_ERROR
        assert await tab.evaluate(SHOWN) == []
        sender.p256dh = right
        await sender.send(1, "Ferries stay in port")
        await tab.until(SHOWN, [[ALERT, "Urgent", "Ferries stay in port", 1]])
