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

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = folder / "run" / "store.sock"

    def address(self, user: User) -> str:
        """As docker-compose.yml names it, the password not in it."""
        return f"unix://{user}@{self.place}"

    def password_file(self, user: User) -> Path:
        return self.folder / "store" / user

    def url(self, user: User) -> str:
        """With the password."""
        return f"unix://{user}:{self.password_file(user).read_text().strip()}@{self.place}"


def command(folder: Path) -> list[str]:
    """The container's command with this machine's paths; passwords are those that lie in folder/store."""
    (program,) = find_servers(os.environ)[:1]
    valkey = services()["valkey"]
    (script,) = valkey["command"]
    for theirs, here in {
        "$$": "$", "/etc/flashwire/": f"{ROOT}/config/", "/run/store/": f"{folder}/store/", "/run/own": f"{folder}/own",
        "--dir /data": f"--dir {folder}/data", "/run/valkey/": f"{folder}/run/",
        "exec valkey-server": f"exec {program.path}",
    }.items():  # fmt: skip
        assert theirs in script
        script = script.replace(theirs, here)
    return [*valkey["entrypoint"], script]


def make_secrets(folder: Path) -> None:
    """A password for each user, and the folders that a container has."""
    for name in ("own", "data", "store", "run"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for user in USERS:
        (folder / "store" / user).write_text(f"sesame-of-{user}\n")


@contextmanager
def running(folder: Path) -> Iterator[ComposedStore]:
    """The store on a folder of its own; answers when given, gone afterwards."""
    make_secrets(folder)
    process = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL)
    store = ComposedStore(folder)

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
