"""API keys: shown once, kept as digests, looked up by id, compared as a whole."""

import msgspec
import pytest

from service.domain import moment
from service.domain.audit import Act, By
from service.domain.errors import StoreUnavailable
from service.store import access, keys
from service.store.connection import Store
from service.store.embedded import EmbeddedStore

NOW_MS = 1_800_000_000_000


async def test_a_key_is_known_by_its_secret(store: Store) -> None:
    issued = await access.create(store, "night desk", "editor", False, NOW_MS)
    key = await access.verify(store, issued.key, NOW_MS)
    assert key is not None
    assert (key.id, key.role, key.name, key.test) == (issued.id, "editor", "night desk", False)
    assert issued.key.startswith(f"fw_live_{issued.id}")


async def test_the_secret_is_nowhere_in_the_store(store: Store) -> None:
    issued = await access.create(store, "night desk", "editor", False, NOW_MS)
    kept = await store.hmget(keys.key(issued.id), ["digest", "key"])
    secret = issued.key.removeprefix(f"fw_live_{issued.id}")
    assert len(secret) == 40
    assert all(value is not None and secret.encode() not in value for value in kept)
    assert all(secret.encode() not in str(entry).encode() for entry in await store.xrange(keys.AUDIT, "-"))


async def test_nothing_else_is_that_key(store: Store) -> None:
    issued = await access.create(store, "a", "duty", False, NOW_MS)
    other = await access.create(store, "b", "editor", False, NOW_MS)
    swapped = f"fw_live_{issued.id}{other.key[-40:]}"
    for wrong in (
        "", "fw_live_", issued.key[:-1], issued.key + "0", issued.key.lower(), issued.key.replace("live", "test"),
        swapped, issued.id, f" {issued.key}", f"{issued.key}\n", "fw_live_" + "0" * 50, "x" * 100_000,
    ):  # fmt: skip
        assert await access.verify(store, wrong, NOW_MS) is None


async def test_a_test_key_says_so(store: Store) -> None:
    issued = await access.create(store, "drill", "duty", True, NOW_MS)
    key = await access.verify(store, issued.key, NOW_MS)
    assert key is not None
    assert key.test
    assert issued.key.startswith("fw_test_")


async def test_a_revoked_key_is_none_and_stays_listed(store: Store) -> None:
    issued = await access.create(store, "a", "duty", False, NOW_MS)
    assert await access.revoke(store, issued.id, NOW_MS + 1)
    assert await access.revoke(store, issued.id, NOW_MS + 2)
    assert await access.verify(store, issued.key, NOW_MS) is None
    [kept] = await access.list_keys(store)
    assert kept.revoked == "2027-01-15T08:00:00.001Z"
    assert not await access.revoke(store, "0" * 10, NOW_MS)


async def test_a_key_expires(store: Store) -> None:
    issued = await access.create(store, "a", "duty", False, NOW_MS, expires_ms=NOW_MS + 1000)
    assert await access.verify(store, issued.key, NOW_MS + 999) is not None
    assert await access.verify(store, issued.key, NOW_MS + 1000) is None


async def test_keys_are_listed_oldest_first(store: Store) -> None:
    for number in range(3):
        await access.create(store, f"desk {number}", "editor", False, NOW_MS + number)
    assert [key.name for key in await access.list_keys(store)] == ["desk 0", "desk 1", "desk 2"]


async def test_making_and_ending_keys_is_audited_with_who_did_it(store: Store) -> None:
    by = By(name="head of desk", key_id="K", role="admin", address="127.0.0.1", request_id="r")
    issued = await access.create(store, "a", "duty", False, NOW_MS, by=by)
    await access.revoke(store, issued.id, NOW_MS + 1, by=by)
    await access.revoke(store, issued.id, NOW_MS + 2, by=by)
    lines = [fields[b"entry"] for _, fields in await store.xrange(keys.AUDIT, "-")]
    assert [msgspec.json.decode(line, type=Act) for line in lines] == [
        Act(at=moment.to_text(NOW_MS), verb="create-key", by=by, key=issued.id, role="duty"),
        Act(at=moment.to_text(NOW_MS + 1), verb="revoke-key", by=by, key=issued.id),
    ]  # fmt: skip


async def test_a_store_that_is_gone_judges_nobody(store: Store, server: EmbeddedStore) -> None:
    issued = await access.create(store, "a", "duty", False, NOW_MS)
    server.kill()
    with pytest.raises(StoreUnavailable):
        await access.verify(store, issued.key, NOW_MS)
