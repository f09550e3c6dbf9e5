"""`flashwire up`: everything on one machine, and the order in which it comes and goes.

The rule to remember: what others lean on comes first and goes last. Store, duty key, API, gateways; and at the end
gateways after the API (the last accepted alert still reaches readers), the store after everything.
"""

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from config.settings import CONFIG_FILE, PREFIX, VALKEY_CONF, Settings, to_environ
from service import demo_news
from service.store import access
from service.store.connection import for_commands
from service.store.embedded import EmbeddedError, EmbeddedStore
from service.store.folder import DataFolder
from service.supervisor import Child, Probe, stop_in_order

log = structlog.get_logger("up")

DUTY_KEY_FILE = "duty.key"
PORTS_FREE_S = 3.0
"""How long we wait for ports that children of a killed predecessor still hold; they leave by themselves."""
STORE_PAUSE_FIRST_S = 0.05
STORE_PAUSE_MAX_S = 5.0
STOP_EXTRA_S = 3.0
"""What a child may take beyond the time its readers have to leave."""


class UpError(Exception):
    """`up` cannot start; the message says why and what mends it."""


def cores() -> int:
    """The cores this process may use, which in a container are fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux has it, macOS does not
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def reachable_host(host: str) -> str:
    """The address under which this machine reaches what listens on `host`, as it stands in a URL."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def public_url(settings: Settings) -> str:
    """Where readers and editors find the API, without a slash at the end."""
    return (settings.public_url or f"http://{reachable_host(settings.host)}:{settings.api_port}").rstrip("/")


def live_url(settings: Settings) -> str:
    """Where readers find the gateway, without a slash at the end."""
    return (settings.live_url or f"ws://{reachable_host(settings.host)}:{settings.gateway_port}").rstrip("/")


async def ensure_duty_key(store_url: str, data_dir: Path, timeout_s: float) -> str:
    """The `duty` key of this folder, made once and kept in duty.key (mode 600); a new one where the store lost it."""
    path = data_dir / DUTY_KEY_FILE
    now_ms = time.time_ns() // 1_000_000
    store = for_commands(store_url, timeout_s)
    try:
        with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
            kept = path.read_text(encoding="ascii").strip()
            if await access.verify(store, kept, now_ms):
                return kept
        issued = await access.create(store, "flashwire up", "duty", test=False, now_ms=now_ms)
    finally:
        await store.aclose()
    _write_private(path, issued.key)
    return issued.key


def _write_private(path: Path, line: str) -> None:
    new = path.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


class Up:
    """One run of everything; `run` once."""

    def __init__(self, settings: Settings, folder: DataFolder, environ: Mapping[str, str], *, demo: bool) -> None:
        self._settings = settings
        self._folder = folder
        self._environ = environ
        self._demo = demo
        self._demo_ends = threading.Event()
        self._asked = asyncio.Event()
        self._store = None if settings.redis_url else EmbeddedStore(folder, VALKEY_CONF, environ)
        self._store_starts: asyncio.Future[None] | None = None
        self._store_keeper: asyncio.Task[None] | None = None
        self._api: list[Child] = []
        self._gateways: list[Child] = []
        self._forced = False

    async def run(self, ready: Callable[[dict[str, Any]], None]) -> int:
        """Start everything, call `ready` with what a person or script needs to know, serve until SIGINT, TERM or HUP.

        The exit code: 0 after an orderly end, 1 after one that a second signal forced. Raises EmbeddedError, UpError
        or ChildFailed where something does not start; all that had started is stopped first.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # HUP: the terminal was closed
            loop.add_signal_handler(number, self._stop_asked)
        asked = asyncio.create_task(self._asked.wait())
        start = asyncio.create_task(self._start())
        try:
            await asyncio.wait({asked, start}, return_when=asyncio.FIRST_COMPLETED)
            if start.done():
                ready(start.result())
            await asked
            log.info("stopping: readers are told to come back; Ctrl-C again ends it at once")
        finally:
            start.cancel()
            asked.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await start  # its failure is on its way up already
            await self._stop()
        return 1 if self._forced else 0

    def _stop_asked(self) -> None:
        if self._asked.is_set():
            self._forced = True
            for child in [*self._gateways, *self._api]:
                child.kill()
        self._asked.set()

    async def _start(self) -> dict[str, Any]:
        settings, folder = self._settings, self._folder.path
        count = settings.processes or cores()
        await _wait_for_ports(settings, count)
        if self._store is not None:
            await self._start_store()
            self._store_keeper = asyncio.create_task(self._keep_store(self._store))
        store_url = settings.redis_url or self._store_url()
        key = await ensure_duty_key(store_url, folder, settings.store_timeout_s)
        self._api = [self._child("api", store_url, 0)]
        self._gateways = [self._child("gateway", store_url, number) for number in range(1, count + 1)]
        await asyncio.gather(*(child.start() for child in [*self._api, *self._gateways]))
        url = public_url(settings)
        if self._demo:
            local = f"http://{reachable_host(settings.host)}:{settings.api_port}"
            arguments = (local, key, self._demo_ends.wait, lambda what: log.warning("demo", said=what))
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
            "store": self._store.pid if self._store else None,
            "children": {child.name: child.pid for child in [*self._api, *self._gateways]},
        }

    def _store_url(self) -> str:
        assert self._store is not None
        return self._store.url

    def _child(self, kind: str, store_url: str, number: int) -> Child:
        settings = dataclasses.replace(
            self._settings,
            redis_url=store_url,
            tail_url=self._settings.tail_url or store_url,
            admin_port=self._settings.admin_port + number,
            processes=1,
        )
        if PREFIX + "LOG_LEVEL" not in self._environ and settings.log_level == "info" and sys.stderr.isatty():
            settings = dataclasses.replace(settings, log_level="warning")  # the terminal shows what needs a look
        kept = {
            name: value for name, value in self._environ.items() if not name.startswith(PREFIX) or name == CONFIG_FILE
        }
        host = reachable_host(settings.host).strip("[]")
        return Child(
            f"{kind} {number}" if number else kind,
            (sys.executable, "-m", "service.cli", kind, "--parent", str(os.getpid())),
            {**kept, **to_environ(settings)},
            Probe(host, settings.admin_port),
        )

    async def _start_store(self) -> None:
        """In a thread that cannot be stopped half way, which is why `_stop` waits for it."""
        assert self._store is not None
        self._store_starts = asyncio.ensure_future(asyncio.to_thread(self._store.start))
        await asyncio.shield(self._store_starts)

    async def _keep_store(self, store: EmbeddedStore) -> None:
        """Start the store again where it lies whenever it ends; readers keep what they have meanwhile."""
        pause_s = STORE_PAUSE_FIRST_S
        while True:
            begun = time.monotonic()
            code = await asyncio.to_thread(store.wait)
            log.warning("the store ended and is started again", code=code)
            if time.monotonic() - begun > STORE_PAUSE_MAX_S:
                pause_s = STORE_PAUSE_FIRST_S
            while True:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, STORE_PAUSE_MAX_S)
                try:
                    await self._start_store()
                    log.info("the store runs again", pid=store.pid)
                    break
                except EmbeddedError as problem:
                    log.error("the store does not start", why=str(problem), again_in_s=pause_s)

    async def _stop(self) -> None:
        """Demo, API, gateways, store: each when nobody needs it any more."""
        self._demo_ends.set()
        patience_s = self._settings.drain_abort_s + STOP_EXTRA_S
        await stop_in_order([self._api, self._gateways], patience_s)
        if self._store is None:
            return
        if self._store_keeper is not None:
            self._store_keeper.cancel()
        if self._store_starts is not None:
            await asyncio.wait({self._store_starts})
        await asyncio.to_thread(self._store.stop)


def run(settings: Settings, environ: Mapping[str, str], *, demo: bool, as_json: bool) -> int:
    """Hold the data folder and run everything until it is asked to stop; the exit code.

    Raises FolderHeld or FolderUnusable, EmbeddedError, UpError, ChildFailed.
    """
    folder = DataFolder.hold(settings.data_dir, "flashwire up")
    try:

        async def main() -> int:
            return await Up(settings, folder, environ, demo=demo).run(_print_json if as_json else _print_lines)

        return asyncio.run(main())
    finally:
        folder.release()


def _print_json(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)


def _print_lines(told: dict[str, Any]) -> None:
    print(
        f"Flashwire is up.\n\n"
        f"  Demo page  {told['demo']}\n"
        f"  Duty key   {told['key']}\n"
        f"             (kept in {told['keyFile']})\n\n"
        f"Post an alert from another terminal:\n\n"
        f"{curl(told['url'], told['key'])}\n\n"
        f"Ctrl-C stops everything; the data stay in {told['dataDir']}.",
        flush=True,
    )


def curl(url: str, key: str) -> str:
    """A command that posts an alert when pasted into a shell."""
    body = json.dumps({"edition": "en", "level": "urgent", "headline": "Rain reaches the coast after a dry month"})
    return f"curl {url}/v1/alerts -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{body}'"


async def _wait_for_ports(settings: Settings, gateways: int) -> None:
    """Return once every port that we need is free; raises UpError naming the first that is not."""
    needed = {"FLASHWIRE_API_PORT": settings.api_port, "FLASHWIRE_GATEWAY_PORT": settings.gateway_port}
    wanted = [*needed.items(), *(("FLASHWIRE_ADMIN_PORT", settings.admin_port + n) for n in range(gateways + 1))]
    deadline = time.monotonic() + PORTS_FREE_S
    for name, port in wanted:
        while (why := _cannot_listen(settings.host, port)) is not None:
            if time.monotonic() > deadline:
                raise UpError(f"cannot listen on {settings.host} port {port}: {why}; choose another with {name}")
            await asyncio.sleep(0.1)


def _cannot_listen(host: str, port: int) -> str | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as problem:
        return problem.strerror or str(problem)
    return None
