"""What a benchmark measures against: a real store and API on the second core, and the gateway's command.

The rule to remember: measure what readers get. Store, durability and API are those of `flashwire up`; only the process
under test is started and ended for each round.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rounds import refuse_taken
from benchmarks.store import open_users
from config.settings import VALKEY_CONF
from service.store import users
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder

API_PORT, GATEWAY_PORT, ADMIN_PORT, API_ADMIN_PORT = 7920, 7921, 7930, 7938
HELPERS_CPU = "1"
READY_S = 20.0


@dataclass(frozen=True)
class System:
    """A running store and API, and how to start a gateway beside them."""

    key: str
    environ: dict[str, str]

    def gateway(self, processes: int = 1) -> tuple[str, ...]:
        """The command; its admin ports are ADMIN_PORT and the following ones."""
        return (sys.executable, "-m", "service.cli", "gateway", "--processes", str(processes))

    @property
    def publish(self) -> str:
        """Where to publish, as the load generator wants it."""
        return f"http:127.0.0.1:{API_PORT}:/v1/alerts"


@contextlib.contextmanager
def running(api_cpu: str = HELPERS_CPU) -> Iterator[System]:
    """A store with its API in a temporary folder, gone afterwards. Raises RuntimeError: another one runs."""
    refuse_taken(API_PORT, GATEWAY_PORT)
    with tempfile.TemporaryDirectory(prefix="flashwire-bench-") as place:
        folder = DataFolder.hold(Path(place), "a benchmark")
        store = EmbeddedStore(folder, VALKEY_CONF, open_users(Path(place)))
        store.start()
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")},
            "FLASHWIRE_REDIS_URL": store.url,
            "FLASHWIRE_API_PORT": str(API_PORT),
            "FLASHWIRE_GATEWAY_PORT": str(GATEWAY_PORT),
            "FLASHWIRE_ADMIN_PORT": str(ADMIN_PORT),
            "FLASHWIRE_DATA_DIR": place,
            "FLASHWIRE_LOG_LEVEL": "warning",
            "FLASHWIRE_WRITES_PER_KEY_PER_MIN": "1000000",  # what is measured is more than any desk writes
            "FLASHWIRE_DRAIN_S": "0.1",  # after a round its readers are gone, and nobody waits for the rest
        }
        api = subprocess.Popen(
            ["taskset", "-c", api_cpu, sys.executable, "-m", "service.cli", "api"],
            env={
                **environ,
                "FLASHWIRE_ADMIN_PORT": str(API_ADMIN_PORT),
                "FLASHWIRE_REDIS_URL": users.named(store.url, "api"),
            },
        )
        try:
            wait_for(f"http://127.0.0.1:{API_PORT}/readyz")
            yield System(_make_key(environ), environ)
        finally:
            api.terminate()
            api.wait()
            store.stop()
            folder.release()


def wait_for(url: str) -> None:
    """Until `url` answers 200. Raises TimeoutError."""
    deadline_s = time.monotonic() + READY_S
    while time.monotonic() < deadline_s:
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{url} does not answer 200 within {READY_S:.0f} s")


def _make_key(environ: dict[str, str]) -> str:
    command = [sys.executable, "-m", "service.cli", "keys", "create", "--role", "duty", "--name", "benchmark", "--json"]
    answer = subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout
    return str(json.loads(answer)["key"])
