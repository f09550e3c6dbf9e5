"""The whole system as real processes: `flashwire up` on a folder and ports of its own, for a test to use and to break.

The rule to remember: nothing of it outlives the test. `close` stops it in order and says so where that fails; whatever
happens, no process of it is left.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from config.settings import STORE_USERS
from service.store import embedded
from tests import guards
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[1]
DEADLINE_S = 60.0
LOOK_AGAIN_S = 0.005
LOG_SHOWN = 3000
QUICK = {"drain_s": 1, "tail_block_ms": 200, "stale_after_s": 1, "log_format": "json", "processes": 1, "push": "off",
         "ballast_bytes": 0}  # fmt: skip
"""Settings under which a test need not wait; a test may name others, and one of push says push="auto"."""
TESTER = "tester"
CHILDREN_MAX = 16
"""Admin ports kept free for the children of `flashwire up`, which follow one another."""


def environ_for(data_dir: Path, **settings: object) -> dict[str, str]:
    """The environment of a system on this folder, with ports of its own, that knows nothing of anybody's settings.

    Tests post one line again and again, so the guard that comes along is off unless `near_duplicate` is asked for.
    """
    near_duplicate = str(settings.pop("near_duplicate", "off"))
    api, gateway, sandbox, admin, *_ = free_ports(4 + CHILDREN_MAX)
    own = {"data_dir": data_dir, "api_port": api, "gateway_port": gateway, "sandbox_port": sandbox, "admin_port": admin,
           "config": guards.config_file(data_dir.parent, near_duplicate),
           "store_users_file": _users_with_tester(data_dir.parent)}  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
    return kept | {f"FLASHWIRE_{name.upper()}": str(value) for name, value in {**own, **settings}.items()}


def _users_with_tester(folder: Path) -> Path:
    """The store's users of production, and one more for what a test does to it, who may do anything."""
    folder.mkdir(parents=True, exist_ok=True)
    users = folder / "store-users.acl"
    users.write_text(f"{STORE_USERS.read_text()}\nuser {TESTER} on nopass ~* &* +@all\n")
    return users


def until(fact: Callable[[], bool], what: str, within_s: float = DEADLINE_S) -> None:
    """Wait until `fact` holds; an AssertionError that names `what` where it does not in time."""
    deadline = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}"
        time.sleep(LOOK_AGAIN_S)


class System:
    """Store, API, gateways, and with push="auto" the push channel and its sandbox. Ready when made; `close` it."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.data_dir = folder / "data"
        self.environ = environ_for(self.data_dir, **{**QUICK, **settings})
        self.gateway_port = int(self.environ["FLASHWIRE_GATEWAY_PORT"])
        self.api_port = int(self.environ["FLASHWIRE_API_PORT"])
        self.admin_port = int(self.environ["FLASHWIRE_ADMIN_PORT"])
        self.sandbox_url = f"http://127.0.0.1:{self.environ['FLASHWIRE_SANDBOX_PORT']}"
        self.store_url = embedded.url(self.data_dir).replace("://", f"://{TESTER}@")
        self._told, self._log = folder / "ready.json", folder / "log"
        with self._told.open("wb") as told, self._log.open("wb") as log:
            self._up = subprocess.Popen(self._command("up", "--json"), env=self.environ, stdout=told, stderr=log)
        try:
            until(self._is_ready, "flashwire up is ready")
        except BaseException:
            self._end_at_once()
            raise
        self.ready: dict[str, Any] = json.loads(self._told.read_text())
        self.url: str = self.ready["url"]
        self.key: str = self.ready["key"]

    def __enter__(self) -> "System":
        return self

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> None:
        if problem is None:
            self.close()
        else:
            problem.add_note(f"What flashwire up said last:\n{self.log()[-LOG_SHOWN:]}")
            self._end_at_once()

    def _is_ready(self) -> bool:
        assert self._up.poll() is None, self.log()
        return self._told.read_text().endswith("\n")

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "service.cli", *arguments]

    # --- what an editor does

    def post(self, headline: str, edition: str = "en", level: str = "urgent", **more: Any) -> dict[str, Any]:
        """Publish; the answer's body."""
        return self.ask("/v1/alerts", {"edition": edition, "headline": headline, "level": level, **more})

    def kill_alert(self, alert_id: str, reason: str = "a test") -> dict[str, Any]:
        """Withdraw; the answer's body."""
        return self.ask(f"/v1/alerts/{alert_id}/kill", {"reason": reason})

    def ask(
        self, path: str, body: dict[str, Any] | None = None, *, if_match: int | None = None, key: str | None = None
    ) -> dict[str, Any]:
        """One request, with the duty key (or `key`) and a fresh Idempotency-Key where it writes. Raises HTTPError."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key or self.key}"}
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        data = None
        if body is not None:
            headers["Idempotency-Key"] = str(uuid.uuid4())
            data = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers)
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            said: dict[str, Any] = json.load(answer)
            return said

    def flashwire(self, *arguments: str) -> "subprocess.Popen[str]":
        """A `flashwire` command beside it, with the same settings. The caller waits for it."""
        pipe = subprocess.PIPE
        return subprocess.Popen(self._command(*arguments), env=self.environ, stdout=pipe, stderr=pipe, text=True)

    def done(self, *arguments: str) -> Any:
        """What a `flashwire … --json` command printed; it must succeed."""
        with self.flashwire(*arguments, "--json") as process:
            output, errors = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0, errors
        return json.loads(output)

    # --- what a saboteur does

    def pid(self, name: str) -> int | None:
        """The process that is `store`, `api`, `gateway N`, `scheduler`, `sandbox`, `dispatcher` or
        `push apns|fcm|webpush` now.

        None while it does not run. Of several lanes of one provider it is any.
        """
        return self.running().get(name)

    def end(self, name: str) -> bool:
        """kill -9; False where it was not running anyway."""
        return self.signal(name, signal.SIGKILL)

    def signal(self, name: str, number: signal.Signals) -> bool:
        """Send a signal: SIGTERM, or SIGSTOP and later SIGCONT; False where it was not running anyway."""
        pid = self.pid(name)
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        return True

    def running(self) -> dict[str, int]:
        """Our processes by name and process id, found among the children of `flashwire up`."""
        found = {}
        for pid in map(int, filter(str.isdecimal, os.listdir("/proc"))):
            with contextlib.suppress(OSError, IndexError, ValueError):
                state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z" and int(parent) == self._up.pid and (name := self._name(pid)):
                    found[name] = pid
        return found

    def _name(self, pid: int) -> str | None:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if b"valkey-server" in command or b"redis-server" in command:
            return "store"
        words = command.split(b"\0")
        for kind in ("api", "sandbox", "scheduler"):
            if kind.encode() in words:
                return kind
        if b"--part" in words:
            part = words[words.index(b"--part") + 1].decode()
            return part if part == "dispatcher" else f"push {part}"
        if b"gateway" in words:
            environ = dict(line.partition(b"=")[::2] for line in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
            return f"gateway {int(environ[b'FLASHWIRE_ADMIN_PORT']) - self.admin_port}"
        return None

    # --- its end

    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """Stop it as Ctrl-C does; an AssertionError where that is not orderly, or where anybody lacked a right."""
        refused = self._refused()
        self._up.send_signal(signal.SIGINT)
        try:
            code = self._up.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._end_at_once()
            raise AssertionError(f"flashwire up did not end: {self.log()[-4000:]}") from None
        assert code == 0, self.log()[-4000:]
        assert not refused, f"the store has refused its users what they wanted: {refused}"

    def _refused(self) -> list[dict[str, object]]:
        """What the store has refused anybody; nothing where it is no longer there to be asked, or not our own."""
        with contextlib.suppress(redis.ConnectionError), redis.Redis.from_url(self.store_url) as store:
            return [entry for entry in store.acl_log() if entry["reason"] != "auth"]
        return []

    def _end_at_once(self) -> None:
        ours = self.running()
        self._up.kill()
        self._up.wait()
        for pid in ours.values():  # the store would go on without us
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
