"""What docker-compose.yml starts, as processes: store, API, two gateways, and a real Caddy on config/Caddyfile.

The rule to remember: only the addresses differ from the containers'; whoever comes in comes through Caddy, over TLS.
Caddy logs each request here, as an operator may tell it to.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from service.store.users import User
from tests import guards
from tests.deployment.composed import ComposedStore
from tests.ports import free_ports
from tests.processes import ROOT, until
from tests.push.certificates import Certificates

READY_S = 60.0
GONE_S = 60.0
QUICK = {"drain_s": 1, "drain_abort_s": 2, "tail_block_ms": 200, "log_format": "json"}


class Part:
    """One of our processes, which can be asked to end and be started again on the same ports."""

    def __init__(self, words: tuple[str, ...], environ: dict[str, str], log: Path) -> None:
        self._words, self._environ, self._log = words, environ, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns once it is ready."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "service.cli", *self._words]
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._environ, stdout=log, stderr=log)
        until(self._is_ready, f"{self._words} is ready", READY_S)

    def stop(self) -> int:
        """SIGTERM; its exit code once it is gone."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(GONE_S)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{self._environ['FLASHWIRE_ADMIN_PORT']}/readyz", timeout=10),
        ):
            return True
        return False


class Topology:
    """All of it; use as a context. `settings` go to every part."""

    def __init__(self, folder: Path, store: ComposedStore, certificates: Certificates, **settings: Any) -> None:
        self.port, api, one, two, *admin = free_ports(9)
        self.gateway_ports = (one, two)
        self._store = store
        self.store_url = store.url("operator")
        self._authority = certificates.authority
        self.url = f"https://localhost:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
        shared = {
            "public_url": self.url, "live_url": f"wss://localhost:{self.port}",
            "api_port": api, "trusted_proxies": "127.0.0.1", "processes": 1, "data_dir": folder,
            "environment": "production", "config": guards.config_file(folder, "off"), **QUICK, **settings,
        }  # fmt: skip
        self._environ = kept | {f"FLASHWIRE_{name.upper()}": str(value) for name, value in shared.items()}
        self.api = self._part(folder, "api", admin[0])
        self.gateways = tuple(
            self._part(folder, "gateway", admin[n + 1], gateway_port=port) for n, port in enumerate(self.gateway_ports)
        )
        self._caddy_environ = kept | {
            "FLASHWIRE_SITE": self.url, "FLASHWIRE_TLS": f"tls {certificates.leaf} {certificates.key}\n\tlog",
            "FLASHWIRE_API": f"127.0.0.1:{api}", "FLASHWIRE_GATEWAYS": f"127.0.0.1:{one} 127.0.0.1:{two}",
            "FLASHWIRE_CADDY_ADMIN": f"localhost:{admin[3]}", "HOME": str(folder), "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
        }  # fmt: skip
        self._folder = folder
        self._caddy: subprocess.Popen[bytes] | None = None
        self.key = ""

    @property
    def tls(self) -> ssl.SSLContext:
        """What a client trusts; a fresh one, since clients write into theirs which protocols they speak."""
        return ssl.create_default_context(cafile=str(self._authority))

    def _part(self, folder: Path, kind: User, admin_port: int, **more: int) -> Part:
        own = {f"FLASHWIRE_{name.upper()}": str(value) for name, value in {"admin_port": admin_port, **more}.items()}
        return Part((kind,), self._environ | own | self._as_user(kind), folder / f"{kind}-{admin_port}.log")

    def _as_user(self, user: User) -> dict[str, str]:
        """Who a process is to the store."""
        return {
            "FLASHWIRE_REDIS_URL": self._store.address(user),
            "FLASHWIRE_STORE_PASSWORD_FILE": str(self._store.password_file(user)),
        }

    def __enter__(self) -> "Topology":
        caddy = shutil.which("caddy")
        assert caddy is not None, "this test needs Caddy: sudo apt-get install caddy"
        try:
            self.api.start()
            for gateway in self.gateways:
                gateway.start()
            words = [sys.executable, "-m", "service.cli", "keys", "create", "--role", "duty", "--name", "desk"]
            self.key = subprocess.run(
                [*words, "--json"], cwd=ROOT, env=self._environ | self._as_user("operator"), check=True,
                capture_output=True, text=True,
            ).stdout.split('"key":')[1].split('"')[1]  # fmt: skip
            with (self._folder / "caddy.log").open("wb") as log:
                self._caddy = subprocess.Popen(
                    [caddy, "run", "--config", str(ROOT / "config" / "Caddyfile"), "--adapter", "caddyfile"],
                    env=self._caddy_environ, stdout=log, stderr=log,
                )  # fmt: skip
            until(self._answers, "Caddy answers", READY_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for part in (self.api, *self.gateways):
            part.kill()
        if self._caddy is not None:
            self._caddy.terminate()
            try:
                self._caddy.wait(5)
            except subprocess.TimeoutExpired:
                self._caddy.kill()
                self._caddy.wait()

    def caddy_log(self) -> str:
        """What Caddy has said."""
        return (self._folder / "caddy.log").read_text()

    def _answers(self) -> bool:
        assert self._caddy is not None
        assert self._caddy.poll() is None, self.caddy_log()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=10, context=self.tls):
            return True
        return False

    async def restart(self, part: Part) -> None:
        """As `docker compose restart` does it."""
        assert await asyncio.to_thread(part.stop) == 0
        await asyncio.to_thread(part.start)
