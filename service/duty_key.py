"""The duty editor's key of a data folder: made once, kept beside the data, printed by every start.

The rule to remember: whoever can read the folder can publish; the file is for its owner alone.
"""

import contextlib
import os
from pathlib import Path

from service.clock import now_ms
from service.store import access
from service.store.connection import for_commands

DUTY_KEY_FILE = "duty.key"


async def ensure_duty_key(store_url: str, data_dir: Path, timeout_s: float) -> str:
    """The `duty` key of this folder, made once and kept in duty.key (mode 600); a new one where the store lost it."""
    path = data_dir / DUTY_KEY_FILE
    store = for_commands(store_url, timeout_s)
    try:
        with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
            kept = path.read_text(encoding="ascii").strip()
            if await access.verify(store, kept, now_ms()):
                return kept
        issued = await access.create(store, "flashwire up", "duty", test=False, now_ms=now_ms())
    finally:
        await store.aclose()
    _write_private(path, issued.key)
    return issued.key


def _write_private(path: Path, line: str) -> None:
    new = path.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
