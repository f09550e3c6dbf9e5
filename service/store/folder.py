"""The data folder, and the one holder it has at a time, told by a lock that the kernel gives back even after kill -9.

The rule to remember: the lock lies on the open file, not on its name; a process that inherits the file holds it too.
"""

import contextlib
import fcntl
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog

log = structlog.get_logger("store")


LOCK_NAME = "flashwire.lock"


class FolderHeld(Exception):
    """Somebody else holds the folder; says who, as far as they have told."""

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(f"the data folder {folder} is in use by {holder}")
        self.holder = holder


class FolderUnusable(Exception):
    """The folder cannot be made or written."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Held until `release`, or until every process that has inherited `fd` has ended."""

    fd: int

    @classmethod
    def take(cls, path: Path, holder: str) -> Self:
        """Take the lock file `path` and write into it who holds it. Never waits; raises FolderHeld."""
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            told = _told(fd)
            os.close(fd)
            raise FolderHeld(path.parent, told) from None
        os.ftruncate(fd, 0)
        with contextlib.suppress(OSError):  # a full disk: we hold it, though nobody will read who does
            os.pwrite(fd, json.dumps({"holder": holder, "pid": os.getpid()}).encode(), 0)
        return cls(fd)

    def release(self) -> None:
        """Let go, which frees the lock unless another process has inherited it and lives on."""
        os.close(self.fd)


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A data folder that is ours alone until `release`."""

    path: Path
    lock: Lock

    @classmethod
    def hold(cls, path: Path, holder: str) -> Self:
        """Make the folder if need be (for us only) and take it; one of ours that others may write to is closed to them.

        Raises FolderHeld or FolderUnusable, never waits.
        """
        path = path.resolve()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _close_to_others(path)
            return cls(path, Lock.take(path / LOCK_NAME, holder))
        except OSError as problem:
            raise FolderUnusable(
                f"the data folder {path} cannot be used: {problem.strerror}; choose another with FLASHWIRE_DATA_DIR"
            ) from None

    def is_in_place(self) -> bool:
        """Whether the folder at `path` is still the one that we hold: not moved, removed, or hidden by another disk."""
        try:
            return os.path.samestat((self.path / LOCK_NAME).stat(), os.fstat(self.lock.fd))
        except OSError:
            return False

    def release(self) -> None:
        """Give the folder free."""
        self.lock.release()


def _close_to_others(path: Path) -> None:
    """See to it that nobody else can put files of theirs in the place of ours. Raises FolderUnusable.

    A sticky folder is a shared place such as /tmp: closing that would lock others out, so it is refused.
    """
    found = path.stat()
    if not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return
    if found.st_uid != os.geteuid() or found.st_mode & stat.S_ISVTX:
        raise FolderUnusable(
            f"others may write to the data folder {path}: run `chmod 700 {path}`, "
            "or choose a folder of your own with FLASHWIRE_DATA_DIR"
        )
    path.chmod(0o700)
    log.warning("others could write to the data folder; it is ours alone now (chmod 700)", folder=str(path))


def _told(fd: int) -> str:
    """What the holder has written; it may be writing at this very moment, so anything is possible."""
    try:
        told = json.loads(os.pread(fd, 1024, 0))
        return f"{told['holder']} (process {told['pid']})"
    except (ValueError, KeyError, TypeError):
        return "another process"
