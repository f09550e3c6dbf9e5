"""The sandbox's own folder: keys and certificates that are made once, and the file that says where everything is.

The rule to remember: only this user may read it, and a file is whole or not there.
"""

import os
from collections.abc import Callable
from pathlib import Path

NAME = "sandbox"
SECRET_MODE, PUBLIC_MODE = 0o400, 0o600


def private(data_dir: Path) -> Path:
    """The folder, made where it is missing, with mode 700."""
    folder = data_dir.resolve() / NAME
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def write(path: Path, content: bytes, mode: int = PUBLIC_MODE) -> None:
    """Replace a file whole."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as file:
        file.write(content)
    beside.replace(path)


def once(path: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds; made at the first time, readable for this user alone."""
    if not path.exists():
        write(path, make(), SECRET_MODE)
    return path.read_bytes()
