"""The key that `flashwire up` makes for itself: kept, and replaced only where it does not work any more."""

from pathlib import Path

import pytest

from service.clock import now_ms
from service.duty_key import DUTY_KEY_FILE, ensure_duty_key
from service.store import access
from service.store.connection import Store
from service.store.embedded import EmbeddedStore
from tests.stores import server, store

__all__ = ["server", "store"]
TIMEOUT_S = 5.0


async def test_the_next_start_prints_the_same_key(server: EmbeddedStore, tmp_path: Path) -> None:
    first = await ensure_duty_key(server.url, tmp_path, TIMEOUT_S)
    assert await ensure_duty_key(server.url, tmp_path, TIMEOUT_S) == first
    assert (tmp_path / DUTY_KEY_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("how", ["revoked", "all revoked", "rotated", "unreadable", "gone"])
async def test_a_key_that_does_not_work_any_more_is_replaced_by_the_next_start(
    server: EmbeddedStore, store: Store, tmp_path: Path, how: str
) -> None:
    first = await ensure_duty_key(server.url, tmp_path, TIMEOUT_S)
    match how:
        case "revoked":
            await access.revoke(store, first[8:18], now_ms())
        case "all revoked":
            await access.revoke_all(store, now_ms())
        case "rotated":
            await access.rotate(store, first[8:18], 0, now_ms())
        case "unreadable":
            (tmp_path / DUTY_KEY_FILE).write_bytes(b"\xff\xfe")
        case "gone":
            (tmp_path / DUTY_KEY_FILE).unlink()
    second = await ensure_duty_key(server.url, tmp_path, TIMEOUT_S)
    key = await access.verify(store, second, now_ms())
    assert second != first
    assert key is not None
    assert key.role == "duty"
    assert await ensure_duty_key(server.url, tmp_path, TIMEOUT_S) == second
