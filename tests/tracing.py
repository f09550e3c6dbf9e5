"""A store whose every write and sync is written down, so that a power cut can be made of a kill -9.

The rule to remember: a kill loses nothing that was written, since the kernel has it; a power cut loses whatever was not
synced. So `cut` kills the store and gives back each log only up to where it stood when its last *finished* sync began.
"""

import contextlib
import re
import shutil
import subprocess
import time
from collections import defaultdict
from pathlib import Path

import redis

from service.store.embedded import Server, socket_path

NEEDED = (
    "the power cut needs strace, and leave to use it: apt-get install strace; "
    "in a container that forbids it, run it with --cap-add SYS_PTRACE"
)
STARTED_WITHIN_S = 30.0
CALLS = "write,writev,sendto,fdatasync,fsync,ftruncate"
# with threads, a call that waits is written in two lines: `123 fdatasync(9</x> <unfinished ...>` and its `resumed`
BEGUN = re.compile(r"^(\d+) +(\w+)\((\d+)<([^>]*)>(.*)$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>.* = (-?\d+|\?)")
RESULT = re.compile(r" = (-?\d+|\?)")


def _has_loaded(place: Path) -> bool:
    """Whether the store answers with more than that it is loading its log."""
    with contextlib.suppress(redis.ConnectionError), redis.Redis(unix_socket_path=str(place)) as store:
        return bool(store.ping())
    return False


class Trace:
    """What a store did to its logs and to its clients, in order."""

    def __init__(self, lengths: dict[str, int]) -> None:
        """`lengths` of the logs that were there before; all of that is on the disk."""
        self._written = defaultdict(int, lengths)
        self.synced = defaultdict(int, lengths)
        """How long each log was when its last finished sync began: what a power cut leaves of it."""
        self.syncs = 0
        self.answers = 0
        """Answers to clients."""
        self.answers_before_sync = 0
        """Those sent while a log held writes that were not synced yet."""
        self._begun: dict[str, tuple[str, str, int]] = {}

    def read(self, line: str) -> None:
        """One line of strace's."""
        if (resumed := RESUMED.match(line)) and resumed[1] in self._begun:
            call, path, length = self._begun.pop(resumed[1])
            self._finished(call, path, length, resumed[3])
        elif begun := BEGUN.match(line):
            pid, call, _, path, rest = begun.groups()
            length = int(rest.split(")")[0].strip(", ")) if call == "ftruncate" else self._written[path]
            if rest.endswith("<unfinished ...>"):
                self._begun[pid] = call, path, length
            elif result := RESULT.search(rest):
                self._finished(call, path, length, result[1])

    def _finished(self, call: str, path: str, length: int, result: str) -> None:
        if not result.isdecimal():  # failed, or never came back
            return
        if call.endswith("sync"):
            self.synced[path] = max(self.synced[path], length)
            self.syncs += path.endswith(".incr.aof")
        elif path.endswith(".incr.aof"):
            self._written[path] = length if call == "ftruncate" else self._written[path] + int(result)
        elif path.startswith(("socket:", "UNIX")):
            self.answers += 1
            logs = [name for name in self._written if name.endswith(".incr.aof")]
            self.answers_before_sync += any(self._written[name] > self.synced[name] for name in logs)


class TracedStore:
    """The store of a data folder, on its real configuration, under strace."""

    def __init__(self, server: Server, data_dir: Path, conf: Path, *options: str) -> None:
        """Raises AssertionError, which says what to do, where it cannot be traced."""
        self._logs = data_dir / "store" / "appendonlydir"
        self._lines = data_dir / "trace"
        self.trace = Trace({str(log): log.stat().st_size for log in self._logs.glob("*.incr.aof")})
        strace = shutil.which("strace")
        assert strace is not None, NEEDED
        place = socket_path(data_dir)
        place.unlink(missing_ok=True)
        (data_dir / "store").mkdir(parents=True, exist_ok=True)
        with (data_dir / "store.log").open("ab") as log:
            self._strace = subprocess.Popen(
                [
                    strace, "-f", "-qq", "-y", "-s", "0", "--seccomp-bpf", "-e", f"trace={CALLS}",
                    "-o", str(self._lines),
                    str(server.path), str(conf), "--port", "0", "--daemonize", "no", "--dir", str(data_dir / "store"),
                    "--unixsocket", str(place), "--unixsocketperm", "700", *options,
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline_s = time.monotonic() + STARTED_WITHIN_S
        while not _has_loaded(place):
            said = (data_dir / "store.log").read_text(errors="replace")[-500:]
            assert self._strace.poll() is None, f"{NEEDED}; it said: {said}"
            assert time.monotonic() < deadline_s, f"the traced store does not answer: {said}"
            time.sleep(0.01)

    def end(self) -> None:
        """kill -9, and read what it had done."""
        for task in Path(f"/proc/{self._strace.pid}/task/{self._strace.pid}/children").read_text().split():
            subprocess.run(["kill", "-KILL", task], check=True)
        self._strace.wait()
        with self._lines.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self.trace.read(line.rstrip("\n"))

    def cut(self) -> int:
        """kill -9, and lose what was not synced; how many bytes that were."""
        self.end()
        lost = 0
        for log in self._logs.glob("*.incr.aof"):
            length = log.stat().st_size
            kept = self.trace.synced[str(log)]
            lost += length - kept
            with log.open("r+b") as file:
                file.truncate(kept)
        return lost
