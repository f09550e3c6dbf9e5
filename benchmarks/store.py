"""A store of a benchmark's own: our embedded one, on a folder that is gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.settings import STORE_USERS, VALKEY_CONF
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder


def open_users(folder: Path) -> Path:
    """The users of production, and one without a name that may do anything: whoever measures looks and prepares."""
    users = folder / "store-users.acl"
    text = STORE_USERS.read_text(encoding="utf-8")
    users.write_text(text.replace("user default off", "user default on nopass ~* &* +@all"), encoding="utf-8")
    return users


@contextmanager
def running_store(name: str) -> Iterator[str]:
    """Its address; `users.named` says as whom one comes to it."""
    with tempfile.TemporaryDirectory(prefix=f"flashwire-{name}-") as place:
        folder = DataFolder.hold(Path(place) / "data", "a benchmark")
        server = EmbeddedStore(folder, VALKEY_CONF, open_users(Path(place)))
        server.start()
        try:
            yield server.url
        finally:
            server.kill()
            folder.release()
