"""Where the `up` of a data folder is reached, for the commands of other terminals.

The rule to remember: `up` writes it down when everything is ready and takes it away when it ends; after a crash it
stays, so what it says holds only while that process lives.
"""

import os
from pathlib import Path

import msgspec

FILE_NAME = "up.json"


class Running(msgspec.Struct, frozen=True):
    """An `up` that is ready: this machine's addresses of its API and of the sandbox's page, and its process."""

    url: str
    live: str
    sandbox: str | None
    pid: int


def write(folder: Path, running: Running) -> None:
    """Say it to everybody who may read the folder; whoever reads meanwhile finds all of it or nothing."""
    new = folder / f"{FILE_NAME}.new"
    new.write_bytes(msgspec.json.encode(running) + b"\n")
    new.replace(folder / FILE_NAME)


def remove(folder: Path) -> None:
    """Nobody is to find us any more."""
    (folder / FILE_NAME).unlink(missing_ok=True)


def was_killed(folder: Path) -> bool:
    """Whether an `up` has left its word behind; asked by the next one, which holds the folder by then."""
    return (folder / FILE_NAME).exists()


def find(folder: Path) -> Running | None:
    """The `up` that runs on the folder; None where none is ready, or we may not look."""
    try:
        running = msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):
        return None
    return running if _lives(running.pid) else None


def _lives(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:  # another user's
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
