"""`flashwire up`: everything on one machine, and the order in which it comes and goes.

The rule to remember: what others lean on comes first and goes last. Store, duty key, sandbox, then API, gateways and
push; and at the end gateways and push after the API (the last accepted alert still reaches readers), then the sandbox,
and the store after everything.
"""

import asyncio
import contextlib
import dataclasses
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from config.settings import PREFIX, STORE_USERS, VALKEY_CONF, Settings
from service import demo_news, free_ports, running, vapid, welcome
from service.addresses import live_url, local_url, public_url, sandbox_url
from service.children import child
from service.duty_key import DUTY_KEY_FILE, ensure_duty_key
from service.sandboxed import with_sandbox
from service.store import users
from service.store.ballast import Ballast
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder
from service.store.users import User
from service.store_keeper import StoreKeeper
from service.supervisor import MUTE_S, Child, stop_in_order
from workers.push import __main__ as push

log = structlog.get_logger("up")

OTHER_PORTS = 7
"""Admin ports besides the gateways': API, sandbox, scheduler, dispatcher, and one for each provider."""
SANDBOX_MUTE_S = 30.0
"""It plays three providers on one core, and with it all phones would be forgotten: it may be busy for longer."""
STOP_EXTRA_S = 3.0
"""What a child may take beyond the time its readers have to leave."""


def cores() -> int:
    """The cores this process may use, which in a container are fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux has it, macOS does not
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _vapid_key_file(settings: Settings, folder: Path) -> Path:
    """The key pair of Web Push: the operator's, or this folder's own, made once. Raises VapidError."""
    path = vapid.place(settings.vapid_key_file, folder)
    vapid.load_or_make(path)
    return path


class Up:
    """One run of everything; `run` once."""

    def __init__(self, settings: Settings, folder: DataFolder, environ: Mapping[str, str], *, demo: bool) -> None:
        self._settings = settings
        self._folder = folder
        self._environ = environ
        self._demo = demo
        self._demo_ends = threading.Event()
        self._asked = asyncio.Event()
        self._store: StoreKeeper | None = None
        if not settings.redis_url:
            ballast = Ballast(folder.path, settings.ballast_bytes, settings.disk_free_min_bytes)
            store = EmbeddedStore(folder, VALKEY_CONF, settings.store_users_file or STORE_USERS, environ)
            self._store = StoreKeeper(store, settings.store_mute_s, ballast)
        self._api: list[Child] = []
        self._gateways: list[Child] = []
        self._scheduler: list[Child] = []
        self._push: list[Child] = []
        self._sandbox: list[Child] = []
        self._forced = False

    async def run(self, ready: Callable[[dict[str, Any]], None]) -> int:
        """Start everything, call `ready` with what a person or script needs to know, serve until SIGINT, TERM or HUP.

        The exit code: 0 after an orderly end, 1 after one that a second signal forced. Raises EmbeddedError,
        PortTaken, VapidError or ChildFailed where something does not start; all that had started is stopped first.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # HUP: the terminal was closed
            loop.add_signal_handler(number, self._stop_asked)
        asked = asyncio.create_task(self._asked.wait())
        start = asyncio.create_task(self._start())
        try:
            await asyncio.wait({asked, start}, return_when=asyncio.FIRST_COMPLETED)
            if start.done():
                told = start.result()
                self._found_by_others()
                ready(told)
            await asked
            log.info("stopping: readers are told to come back; Ctrl-C again ends it at once")
        finally:
            running.remove(self._folder.path)
            start.cancel()
            asked.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await start  # its failure is on its way up already
            await self._stop()
        return 1 if self._forced else 0

    def _found_by_others(self) -> None:
        """Leave our addresses in the folder, for the commands of other terminals."""
        settings = self._settings
        sandbox = sandbox_url(settings) if self._sandbox else None
        there = running.Running(local_url(settings), f"{live_url(settings)}/v1/live", sandbox, os.getpid())
        running.write(self._folder.path, there)

    def _stop_asked(self) -> None:
        if self._asked.is_set():
            self._forced = True
            for child in self._children():
                child.kill()
        self._asked.set()

    async def _start(self) -> dict[str, Any]:
        settings, folder = self._settings, self._folder.path
        count = settings.processes or cores()
        admin_ports = range(settings.admin_port, settings.admin_port + count + OTHER_PORTS)
        await free_ports.wait_for(settings, admin_ports, after_a_kill=running.was_killed(folder))
        if self._store is not None:
            await self._store.start()
        key = await ensure_duty_key(self._store_url("operator"), folder, settings.store_timeout_s)
        self._settings = settings = dataclasses.replace(settings, vapid_key_file=_vapid_key_file(settings, folder))
        pushes = settings.push == "auto"
        if pushes and settings.environment == "development":  # nothing pretends to be a phone in production
            self._sandbox = [self._child("sandbox", None, count + 1)]
            await self._sandbox[0].start()
            self._settings = settings = with_sandbox(settings)
        self._api = [self._child("api", "api", 0)]
        self._gateways = [self._child("gateway", "gateway", number) for number in range(1, count + 1)]
        own = self._for_children("push", settings.admin_port + count + 3)
        self._scheduler = [self._child("scheduler", "scheduler", count + 2)]
        self._push = push.children(own, self._environ, own.admin_port) if pushes else []
        await asyncio.gather(*(child.start() for child in [*self._api, *self._gateways, *self._scheduler, *self._push]))
        url = public_url(settings)
        if self._demo:
            arguments = (local_url(settings), key, self._demo_ends.wait, lambda what: log.warning("demo", said=what))
            threading.Thread(target=demo_news.run, args=arguments, name="demo", daemon=True).start()
        return {
            "ready": True,
            "url": url,
            "demo": f"{url}/demo",
            "live": f"{live_url(settings)}/v1/live",
            "key": key,
            "keyFile": str(folder / DUTY_KEY_FILE),
            "dataDir": str(folder),
            "pid": os.getpid(),
            "store": self._store.store.pid if self._store else None,
            "sandbox": f"{sandbox_url(settings)}/" if self._sandbox else None,
            "children": {child.name: child.pid for child in self._children()},
        }

    def _store_url(self, user: User) -> str:
        """Where the store is. In our own, each is a user of its own; in another's, all are the one that it knows."""
        if self._settings.redis_url:
            return self._settings.redis_url
        assert self._store is not None
        return users.named(self._store.store.url, user)

    def _children(self) -> list[Child]:
        return [*self._sandbox, *self._api, *self._scheduler, *self._gateways, *self._push]

    def _for_children(self, user: User | None, first_port: int) -> Settings:
        """The settings of a child that is that user of the store (None: of none), and whose admin port that is."""
        store_url = user and self._store_url(user)
        settings = dataclasses.replace(
            self._settings,
            redis_url=store_url,
            tail_url=self._settings.tail_url or store_url,
            admin_port=first_port,
            processes=1,
        )
        if PREFIX + "LOG_LEVEL" not in self._environ and settings.log_level == "info" and sys.stderr.isatty():
            settings = dataclasses.replace(settings, log_level="warning")  # the terminal shows what needs a look
        return settings

    def _child(self, kind: str, user: User | None, number: int) -> Child:
        settings = self._for_children(user, self._settings.admin_port + number)
        name = f"{kind} {number}" if kind == "gateway" else kind
        return child(name, (kind,), settings, self._environ, SANDBOX_MUTE_S if kind == "sandbox" else MUTE_S)

    async def _stop(self) -> None:
        """Demo, API, gateways, store: each when nobody needs it any more."""
        self._demo_ends.set()
        patience_s = self._settings.drain_abort_s + STOP_EXTRA_S
        await stop_in_order([[*self._api, *self._scheduler], [*self._gateways, *self._push], self._sandbox], patience_s)
        if self._store is not None:
            await self._store.stop()


def run(settings: Settings, environ: Mapping[str, str], *, demo: bool, as_json: bool) -> int:
    """Hold the data folder and run everything until it is asked to stop; the exit code.

    Raises FolderHeld or FolderUnusable, EmbeddedError, PortTaken, VapidError, ChildFailed.
    """
    folder = DataFolder.hold(settings.data_dir, "flashwire up")
    try:

        async def main() -> int:
            return await Up(settings, folder, environ, demo=demo).run(
                welcome.print_json if as_json else welcome.print_lines
            )

        return asyncio.run(main())
    finally:
        folder.release()
