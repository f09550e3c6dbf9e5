"""What docker-compose.yml says, as Compose understands it, and its store as a process.

The rule to remember: the store is started by the container's own command and shell; only paths and addresses are
those of this machine.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import redis
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own, for one call

from service.store.embedded import find_servers
from service.store.users import User
from tests.ports import free_ports
from tests.processes import ROOT, until

USERS: tuple[User, ...] = get_args(User)


def services() -> dict[str, dict[str, Any]]:
    """Every service as Compose understands it, those of the profiles included."""
    compose = shutil.which("docker-compose")
    assert compose is not None, "this test needs Docker Compose: sudo apt-get install docker-compose"
    read = subprocess.run(
        [compose, "--profile", "sandbox", "--profile", "operator", "config"], cwd=ROOT, capture_output=True, text=True,
        timeout=60, env={"PATH": "/usr/bin:/bin", "FLASHWIRE_SITE": "news.example"},
    )  # fmt: skip
    assert read.returncode == 0, read.stderr
    found: dict[str, dict[str, Any]] = yaml.safe_load(read.stdout)["services"]
    return found


class ComposedStore:
    """The running store: where it is for each user, and the file with that user's password."""

    def __init__(self, folder: Path, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.folder = folder
        self.process = process
        self.port = port

    def address(self, user: User) -> str:
        """As docker-compose.yml names it, the password not in it."""
        return f"redis://{user}@127.0.0.1:{self.port}/0"

    def password_file(self, user: User) -> Path:
        return self.folder / "store" / user

    def url(self, user: User) -> str:
        """With the password."""
        return f"redis://{user}:{self.password_file(user).read_text().strip()}@127.0.0.1:{self.port}/0"


def command(folder: Path, port: int) -> list[str]:
    """The container's command with this machine's paths; passwords are those that lie in folder/store."""
    (program,) = find_servers(os.environ)[:1]
    valkey = services()["valkey"]
    (script,) = valkey["command"]
    for theirs, here in {
        "$$": "$", "/etc/flashwire/": f"{ROOT}/config/", "/run/store/": f"{folder}/store/", "/run/own": f"{folder}/own",
        "--dir /data": f"--dir {folder}/data --port {port}", "0.0.0.0": "127.0.0.1",
        "exec valkey-server": f"exec {program.path}",
    }.items():  # fmt: skip
        assert theirs in script
        script = script.replace(theirs, here)
    return [*valkey["entrypoint"], script]


def make_secrets(folder: Path) -> None:
    """A password for each user, and the folders that a container has."""
    for name in ("own", "data", "store"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for user in USERS:
        (folder / "store" / user).write_text(f"sesame-of-{user}\n")


@contextmanager
def running(folder: Path) -> Iterator[ComposedStore]:
    """The store on a folder of its own; answers when given, gone afterwards."""
    make_secrets(folder)
    (port,) = free_ports(1)
    process = subprocess.Popen(command(folder, port), stdout=subprocess.DEVNULL)
    store = ComposedStore(folder, process, port)

    def answers() -> bool:
        assert process.poll() is None, "the store has ended at once"
        try:
            with redis.Redis.from_url(store.url("operator")) as connection:
                return bool(connection.ping())
        except redis.exceptions.ConnectionError:
            return False

    try:
        until(answers, "the store answers")
        yield store
    finally:
        process.kill()
        process.wait()
