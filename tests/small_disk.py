"""A small disk of the test's own, to be filled: a tmpfs, which needs the right to mount.

The rule to remember: where it cannot be mounted, the test fails and says what it needs; it is never skipped.
"""

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEEDED = (
    "a full disk needs one of its own: mount -t tmpfs must be allowed (as root; in a container, --cap-add SYS_ADMIN)"
)


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    """`place` is a disk of its own of `size` ("24m"), gone afterwards."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True)
    assert mounted.returncode == 0, f"{NEEDED}: {mounted.stderr}"
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(file: Path) -> None:
    """Write into `file` until the disk takes nothing more."""
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as taken:
        while taken.write(b"\0" * 4096):
            pass
