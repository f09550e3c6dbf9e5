"""Room that is kept for the day on which the disk is full: a file that may go, so that the store can write again.

The rule to remember: ballast is put down only where there is room to spare, and is never the reason why a disk is
short of it. Its bytes are really taken (`fallocate`); a file with a hole would free nothing.
"""

import contextlib
import os
import shutil
from pathlib import Path

FILE_NAME = "ballast"
FULL_BYTES = 1_048_576
"""A disk with less is full: the store's next writes (an alert has up to 16 KiB) may be the last."""


class Ballast:
    """The file in `folder`, of `size_bytes` (0: none is kept, and one from before is taken away)."""

    def __init__(self, folder: Path, size_bytes: int, spare_bytes: int) -> None:
        """`spare_bytes` must be free beside it, and as much again as it takes: what was given up is not put back into
        the very room that it has made.
        """
        self._path = folder / FILE_NAME
        self._size_bytes = size_bytes
        self._room_bytes = size_bytes + max(size_bytes, spare_bytes)

    @property
    def is_there(self) -> bool:
        """Whether it lies there whole; one that a crash has left half done is shorter."""
        try:
            return self._path.lstat().st_size == self._size_bytes
        except OSError:
            return False

    def keep(self) -> bool:
        """Put it there if it is missing and there is room; whether it was put there now. Never raises; may block."""
        if self.is_there:
            return False
        self.give_up()  # what a crash, or another setting, has left
        fallocate = getattr(os, "posix_fallocate", None)  # Linux has it, macOS does not
        if not self._size_bytes or fallocate is None or free_bytes(self._path.parent) < self._room_bytes:
            return False
        try:
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                fallocate(fd, 0, self._size_bytes)
            finally:
                os.close(fd)
        except OSError:  # somebody else took the room meanwhile
            self.give_up()
            return False
        return True

    def give_up(self) -> bool:
        """Free its room; whether there was any."""
        was_there = self._path.exists()
        with contextlib.suppress(OSError):
            self._path.unlink()
        return was_there


def free_bytes(folder: Path) -> int:
    """What a process without privileges may still take on the disk of `folder`; 0 where nobody knows."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
