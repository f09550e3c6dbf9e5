"""What the push benchmarks measure against: the processes as they are, and a sink that is no bottleneck.

The rule to remember: the sandbox is for truth, the sink for speed. The sandbox only hands out the credentials and
Google's access tokens here; every notification goes to nginx, over TLS and HTTP/2, as to a provider.
"""

import asyncio
import contextlib
import json
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks import sink
from benchmarks.cpu import cpu_s
from benchmarks.sink import Sink
from benchmarks.system import API_PORT, System, running, wait_for
from service.domain.device import PLATFORMS, Platform, Preferences, Subscription
from service.domain.registration import Registration
from service.store import devices, keys
from service.store.connection import for_commands

SANDBOX_PORT, PUSH_ADMIN_PORT = 7922, 7940
MIX: dict[Platform, int] = {"apns": 45, "fcm": 45, "webpush": 10}
"""Of a hundred devices."""
DONE_WITHIN_S = 60.0


@dataclass
class Pushing:
    """A system whose push lanes talk to the sink."""

    system: System
    environ: dict[str, str]
    place: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *parts: str) -> None:
        """Start the dispatcher and these lanes."""
        for part in ("dispatcher", *parts):
            port = PUSH_ADMIN_PORT + len(self.processes)
            command = [sys.executable, "-m", "service.cli", "push", "--part", part]
            self.processes[part] = subprocess.Popen(command, env={**self.environ, "FLASHWIRE_ADMIN_PORT": str(port)})
            wait_for(f"http://127.0.0.1:{port}/readyz")

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait()
        self.processes.clear()

    def cpu_s(self) -> float:
        """User and system time of all sending processes so far."""
        return sum(cpu_s(process.pid) for process in self.processes.values())

    def post(self, level: str, headline: str) -> dict[str, Any]:
        """Publish; the answer."""
        body: dict[str, Any] = {
            "edition": "en", "level": level, "headline": headline, "overrideReason": "a benchmark",
            "override": ["near-duplicate", *(("second-approval", "brake") if level == "flash" else ())],
        }  # fmt: skip
        request = urllib.request.Request(
            f"http://127.0.0.1:{API_PORT}/v1/alerts", json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.system.key}"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=10) as answer:
            said: dict[str, Any] = json.load(answer)
        return said

    def figures(self, alert_id: str) -> dict[str, int]:
        """The delivery counters of an alert."""
        return asyncio.run(self._figures(alert_id))

    async def _figures(self, alert_id: str) -> dict[str, int]:
        store = for_commands(self.environ["FLASHWIRE_REDIS_URL"], 5.0)
        found = await store.hgetall(keys.delivery(alert_id))
        await store.aclose()
        return {name.decode(): int(value) for name, value in found.items()}

    def wait_accepted(self, alert_id: str, count: int) -> None:
        """Until so many acceptances are counted. Raises TimeoutError."""
        deadline_s = time.monotonic() + DONE_WITHIN_S
        while accepted(self.figures(alert_id)) < count:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{accepted(self.figures(alert_id))} of {count} accepted in {DONE_WITHIN_S:.0f} s")
            time.sleep(0.05)

    def watch(self, fuse_ends_s: Mapping[str, float], count: int) -> dict[str, dict[float, float]]:
        """For each alert, when 50, 90 and 99 % of `count` were accepted, in seconds from the end of its fuse.

        Looked at every 50 ms: the counters' own buckets are too wide for ratios. Raises TimeoutError.
        """
        store = redis.Redis.from_url(self.environ["FLASHWIRE_REDIS_URL"])
        found: dict[str, dict[float, float]] = {alert_id: {} for alert_id in fuse_ends_s}
        names = [f"accepted:{platform}" for platform in PLATFORMS]
        deadline_s = time.monotonic() + DONE_WITHIN_S
        while any(0.99 not in times for times in found.values()):
            for alert_id, fuse_end_s in fuse_ends_s.items():
                counters = store.hmget(keys.delivery(alert_id), names)
                assert isinstance(counters, list), "this client is not an asynchronous one"
                done = sum(int(value or 0) for value in counters)
                for share in (0.5, 0.9, 0.99):
                    if done >= share * count:
                        found[alert_id].setdefault(share, time.time() - fuse_end_s)
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"not accepted in {DONE_WITHIN_S:.0f} s")
            time.sleep(0.05)
        store.close()
        return found

    def seed(self, counts: Mapping[Platform, int]) -> None:
        """Register devices that want everything of `en`."""
        asyncio.run(_seed(self.environ["FLASHWIRE_REDIS_URL"], counts))


def mixed(count: int) -> dict[Platform, int]:
    """So many devices in the usual mix."""
    return {platform: count * share // 100 for platform, share in MIX.items()}


def accepted(figures: Mapping[str, int]) -> int:
    """What all providers have taken."""
    return sum(figures.get(f"accepted:{platform}", 0) for platform in PLATFORMS)


@contextlib.contextmanager
def pushing(**settings: object) -> Iterator[Pushing]:
    """Store, API, credentials and sink; no lane yet. Raises kit.NoKit."""
    with (
        running() as system,
        sink.running() as there,
        tempfile.TemporaryDirectory(prefix="flashwire-bench-push-") as folder,
    ):
        place = Path(folder)
        sandbox = _start_sandbox(place, system.environ)
        pushing = Pushing(system, {**system.environ, **_settings(place, there), **_named(settings)}, place)
        try:
            yield pushing
        finally:
            pushing.stop()
            sandbox.terminate()
            sandbox.wait()


def _named(settings: Mapping[str, object]) -> dict[str, str]:
    return {f"FLASHWIRE_{name.upper()}": str(value) for name, value in settings.items()}


def _start_sandbox(place: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    own = {"data_dir": place, "sandbox_port": SANDBOX_PORT, "admin_port": PUSH_ADMIN_PORT + 9}
    command = [sys.executable, "-m", "service.cli", "sandbox"]
    process = subprocess.Popen(command, env={**environ, **_named(own)})
    wait_for(f"http://127.0.0.1:{PUSH_ADMIN_PORT + 9}/readyz")
    return process


def _settings(place: Path, to: Sink) -> dict[str, str]:
    """The sandbox's credentials, with the sink in place of the providers."""
    there = json.loads((place / "sandbox" / "sandbox.json").read_text())
    authorities = place / "authorities.pem"
    authorities.write_bytes(Path(there["provider_ca_file"]).read_bytes() + to.certificate.read_bytes())
    vapid = place / "vapid.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    vapid.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )  # fmt: skip
    kept = ("apns_key_file", "apns_key_id", "apns_team_id", "apns_topic", "fcm_credentials_file")
    return _named(
        {name: there[name] for name in kept}
        | {"apns_url": to.url, "fcm_url": to.url, "webpush_hosts": to.url.removeprefix("https://")}
        | {"provider_ca_file": authorities, "vapid_key_file": vapid}
    )


async def _seed(url: str, counts: Mapping[Platform, int]) -> None:
    store = for_commands(url, 5.0)
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    public = point.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    for platform, count in counts.items():
        for start in range(0, count, 500):
            batch = [_registration(platform, public) for _ in range(min(500, count - start))]
            await devices.register_all(store, batch, time.time_ns() // 1_000_000)
    await store.aclose()


def _registration(platform: Platform, public: bytes) -> Registration:
    wants, subscription, token = Preferences(("en",)), None, ""
    if platform == "apns":
        token = secrets.token_hex(32)
    elif platform == "fcm":
        token = secrets.token_urlsafe(130)[:163]
    else:
        # the sink answers 200 there; a push service's 201 means the same to a sender
        subscription = Subscription(
            f"https://localhost:{sink.PORT}/3/device/{secrets.token_urlsafe(64)}", public, secrets.token_bytes(16)
        )
    return Registration(platform=platform, token=token, subscription=subscription, preferences=wants)
