"""A store of a benchmark's own: our embedded one, on a folder that is gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.settings import VALKEY_CONF
from service.store.embedded import EmbeddedStore
from service.store.folder import DataFolder


@contextmanager
def running_store(name: str) -> Iterator[str]:
    """Its address."""
    with tempfile.TemporaryDirectory(prefix=f"flashwire-{name}-") as place:
        folder = DataFolder.hold(Path(place) / "data", "a benchmark")
        server = EmbeddedStore(folder, VALKEY_CONF)
        server.start()
        try:
            yield server.url
        finally:
            server.kill()
            folder.release()
