"""Wiring of the sandbox: its folder, three stand-ins, real browsers' channels, its own port, and the order of it all.

The rule to remember: sandbox.json appears when everything listens and goes when it ends, so that whoever waits for it
finds nothing of an earlier life.
"""

import asyncio
import contextlib
import datetime
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from config.settings import Settings
from service.admin import Readiness, serve_admin
from service.ending import stopped_by_signal
from service.listening import Listener, configure, listen
from workers.sandbox import apns, credentials, fcm, folder, webpush
from workers.sandbox.api import Api
from workers.sandbox.autopush import Autopush
from workers.sandbox.certificates import Certificates
from workers.sandbox.counts import Counts
from workers.sandbox.exchange import Handler
from workers.sandbox.faults import Faults
from workers.sandbox.oauth import TokenDesk
from workers.sandbox.phones import PLATFORMS, Phones, Platform
from workers.sandbox.port import Port
from workers.sandbox.ports import Ports
from workers.sandbox.reception import Reception, Refusals
from workers.sandbox.subscriptions import Subscriptions

log = structlog.get_logger("sandbox")

READY_FILE = "sandbox.json"
LOOPBACK = "127.0.0.1"
GRACEFUL_S = 1


class Whereabouts(msgspec.Struct, frozen=True):
    """What sandbox.json says: addresses, and the settings of a sender that is to use them."""

    page: str
    apns: str
    fcm: str
    webpush: str
    autopush: str
    pid: int
    apns_key_file: str
    apns_key_id: str
    apns_team_id: str
    apns_topic: str
    fcm_credentials_file: str
    provider_ca_file: str
    webpush_hosts: list[str]


class Sandbox:
    """All of it. `run` serves until `stop`."""

    def __init__(self, settings: Settings, clock_s: Callable[[], float] = time.time) -> None:
        self._settings, self._clock_s = settings, clock_s
        self._place = folder.private(settings.data_dir)
        self.phones, self.faults, self.counts = Phones(), Faults(), Counts()
        self.whereabouts: Whereabouts | None = None
        """Where everything is, while it is."""

    def readiness(self) -> Readiness:
        """Ready when everything listens."""
        if self.whereabouts is None:
            return Readiness(False, ("the stand-ins do not listen yet",))
        return Readiness(True, (), {"phones": len(self.phones)})

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set. Raises service.listening.CannotListen."""
        async with contextlib.AsyncExitStack() as open_now:
            self.whereabouts = await self._open(open_now)
            _announce(self._place / READY_FILE, self.whereabouts, open_now)
            log.info("listening", page=self.whereabouts.page, folder=str(self._place))
            await stop.wait()
            self.whereabouts = None

    async def _open(self, open_now: contextlib.AsyncExitStack) -> Whereabouts:
        """Listen everywhere; `open_now` closes it again, the last first."""
        ports, certificates = Ports(self._place), Certificates(self._place)
        certificates.ensure(datetime.datetime.fromtimestamp(self._clock_s(), datetime.UTC))
        bound = {platform: ports.bind(platform) for platform in PLATFORMS}
        origins = {platform: f"https://localhost:{number}" for platform, (number, _) in bound.items()}
        key, account = credentials.apns(self._place), credentials.service_account(self._place, bound["fcm"][0])
        seed = credentials.seed(self._place)
        subscriptions, browsers = Subscriptions(seed), Autopush(self._place, origins["webpush"])

        await browsers.start(LOOPBACK, ports.number("autopush"))
        open_now.push_async_callback(browsers.close)
        handlers: dict[Platform, Handler] = {
            "apns": self._apple(key).handle,
            "fcm": self._google(account, seed).handle,
            "webpush": self._browsers(origins["webpush"], subscriptions, browsers).handle,
        }
        for platform, handle in handlers.items():
            protocols = ("h2",) if platform == "apns" else ("h2", "http/1.1")
            port = await Port.open(bound[platform][1], certificates.context(*protocols), handle, protocols)
            open_now.push_async_callback(port.close)
        page = await self._serve_page(Api(self.phones, self.counts, self.faults, subscriptions, origins["webpush"]))
        open_now.push_async_callback(page.close)
        return Whereabouts(
            f"http://{LOOPBACK}:{page.port}/", origins["apns"], origins["fcm"], origins["webpush"], browsers.url,
            os.getpid(), str(key.key_file), key.key_id, key.team_id, key.topic, str(account.file),
            str(certificates.ca_file), [origins["webpush"].removeprefix("https://")],
        )  # fmt: skip

    async def _serve_page(self, api: Api) -> Listener:
        sockets = listen(LOOPBACK, self._settings.sandbox_port, "FLASHWIRE_SANDBOX_PORT")
        return await Listener.start(configure(api.app(), graceful_s=GRACEFUL_S), sockets)

    # --- the rules of each stand-in

    def _apple(self, key: credentials.Apns) -> apns.AppleService:
        topics = frozenset({key.topic, self._settings.apns_topic or key.topic})
        return apns.AppleService(key, topics, self._reception("apns", apns.refusals))

    def _google(self, account: credentials.ServiceAccount, seed: bytes) -> fcm.GoogleService:
        return fcm.GoogleService(account, TokenDesk(account, seed, self._clock_s), self._reception("fcm", fcm.refusals))

    def _browsers(
        self, origin: str, subscriptions: Subscriptions, channels: webpush.Channels
    ) -> webpush.BrowserService:
        reception = self._reception("webpush", webpush.refusals)
        return webpush.BrowserService(origin, subscriptions, channels, reception)

    def _reception(self, platform: Platform, refusals: Refusals) -> Reception:
        return Reception(platform, self.faults, self.phones, self.counts, refusals, self._clock_s)


def _announce(path: Path, whereabouts: Whereabouts, open_now: contextlib.AsyncExitStack) -> None:
    """Say where everything is, for as long as it is."""
    open_now.callback(path.unlink, missing_ok=True)
    folder.write(path, msgspec.json.format(msgspec.json.encode(whereabouts)))


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """The sandbox with its admin server, until `stop`."""
    sandbox = Sandbox(settings)
    admin = await serve_admin(settings.host, settings.admin_port, sandbox.readiness)
    try:
        await sandbox.run(stop)
    finally:
        await admin.close()


async def until_signal(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    await serve(settings, stopped_by_signal())
