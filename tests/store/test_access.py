"""API keys: shown once, kept as digests, looked up by id, compared as a whole."""

import asyncio

import msgspec
import pytest

from service.domain import moment
from service.domain.audit import Act, By
from service.domain.errors import IdempotencyMismatch, KeyEnded, KeysFull, NotFound, StoreUnavailable
from service.domain.roles import Role
from service.store import access, key_records, keys
from service.store.access import Bounds
from service.store.calls import Idempotency
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
    admin = await access.create(store, "head of desk", "admin", False, NOW_MS)
    by = By(name="head of desk", key_id=admin.id, role="admin", address="127.0.0.1", request_id="r")
    issued = await access.create(store, "a", "duty", False, NOW_MS, by=by)
    await access.revoke(store, issued.id, NOW_MS + 1, by=by)
    await access.revoke(store, issued.id, NOW_MS + 2, by=by)
    lines = [fields[b"entry"] for _, fields in await store.xrange(keys.AUDIT, "-")]
    assert [msgspec.json.decode(line, type=Act) for line in lines[1:]] == [
        Act(at=moment.to_text(NOW_MS), verb="create-key", by=by, key=issued.id, name="a", role="duty"),
        Act(at=moment.to_text(NOW_MS + 1), verb="revoke-key", by=by, key=issued.id),
    ]  # fmt: skip


async def test_a_store_that_is_gone_judges_nobody(store: Store, server: EmbeddedStore) -> None:
    issued = await access.create(store, "a", "duty", False, NOW_MS)
    server.kill()
    with pytest.raises(StoreUnavailable):
        await access.verify(store, issued.key, NOW_MS)


async def by_key(store: Store, role: Role = "admin", *, test: bool = False) -> By:
    made = await access.create(store, "head of desk", role, test, NOW_MS)
    return By(name=made.name, key_id=made.id, role=role, test=test)


async def test_a_rotated_key_has_a_new_secret_and_the_old_one_goes_on_for_the_overlap(store: Store) -> None:
    issued = await access.create(store, "a system", "editor", False, NOW_MS)
    rotated = await access.rotate(store, issued.id, 60, NOW_MS)
    assert (rotated.id, rotated.role, rotated.name) == (issued.id, "editor", "a system")
    assert rotated.key != issued.key
    for presented, at_ms, good in (
        (issued.key, 0, True), (rotated.key, 0, True), (issued.key, 59_999, True), (issued.key, 60_000, False),
        (rotated.key, 60_000, True),
    ):  # fmt: skip
        key = await access.verify(store, presented, NOW_MS + at_ms)
        assert (key is not None) is good
        assert key is None or key.id == issued.id


async def test_a_rotation_without_overlap_ends_every_former_secret_at_once(store: Store) -> None:
    secrets = [(await access.create(store, "a", "editor", False, NOW_MS)).key]
    key_id = secrets[0][8:18]
    for _ in range(5):
        secrets.append((await access.rotate(store, key_id, 60, NOW_MS)).key)
    good = [await access.verify(store, secret, NOW_MS) is not None for secret in secrets]
    assert good == [False, False, True, True, True, True]  # the newest, and three former ones
    secrets.append((await access.rotate(store, key_id, 0, NOW_MS)).key)
    assert [await access.verify(store, secret, NOW_MS) is not None for secret in secrets] == [False] * 6 + [True]


async def test_a_revocation_ends_the_former_secret_too(store: Store) -> None:
    issued = await access.create(store, "a", "editor", False, NOW_MS)
    rotated = await access.rotate(store, issued.id, 60, NOW_MS)
    await access.revoke(store, issued.id, NOW_MS)
    for presented in (issued.key, rotated.key):
        assert await access.verify(store, presented, NOW_MS) is None
    for nothing in (issued.id, "0" * 10):
        with pytest.raises(NotFound):
            await access.rotate(store, nothing, 60, NOW_MS)


async def test_rotations_at_once_leave_each_secret_that_was_shown_working(store: Store) -> None:
    issued = await access.create(store, "a", "editor", False, NOW_MS)
    shown = await asyncio.gather(*(access.rotate(store, issued.id, 60, NOW_MS) for _ in range(3)))
    for each in (issued, *shown):
        assert await access.verify(store, each.key, NOW_MS) is not None


async def test_no_rotation_brings_a_key_back_that_is_revoked_meanwhile(store: Store) -> None:
    issued = await access.create(store, "a", "editor", False, NOW_MS)
    many = [access.rotate(store, issued.id, 60, NOW_MS) for _ in range(4)]
    results = await asyncio.gather(*many, access.revoke(store, issued.id, NOW_MS), return_exceptions=True)
    for shown in [issued, *(each for each in results if isinstance(each, access.IssuedKey))]:
        assert await access.verify(store, shown.key, NOW_MS) is None


async def test_one_call_ends_every_key_also_of_who_asks(store: Store) -> None:
    by = await by_key(store, "duty")
    made = [await access.create(store, f"desk {number}", "editor", bool(number % 2), NOW_MS) for number in range(4)]
    await access.revoke(store, made[0].id, NOW_MS)
    assert await access.revoke_all(store, NOW_MS, by) == 4
    assert all(key.revoked for key in await access.list_keys(store))
    with pytest.raises(KeyEnded):
        await access.revoke_all(store, NOW_MS, by)
    assert await access.revoke_all(store, NOW_MS) == 0


async def test_a_test_key_ends_test_keys_alone(store: Store) -> None:
    by = await by_key(store, test=True)
    live = await access.create(store, "desk", "duty", False, NOW_MS)
    await access.create(store, "drill", "duty", True, NOW_MS)
    assert await access.revoke_all(store, NOW_MS, by) == 2
    assert await access.verify(store, live.key, NOW_MS) is not None


async def test_a_key_that_was_ended_changes_no_other(store: Store) -> None:
    """Not even in the second in which some process still trusts it: a thief's last act must not be a new key."""
    by, other = await by_key(store), await access.create(store, "other", "editor", False, NOW_MS)
    assert by.key_id is not None
    await access.revoke(store, by.key_id, NOW_MS)
    for act in (
        access.create(store, "thief", "admin", False, NOW_MS, by=by), access.rotate(store, other.id, 60, NOW_MS, by),
        access.revoke(store, other.id, NOW_MS, by), access.revoke_all(store, NOW_MS, by),
    ):  # fmt: skip
        with pytest.raises(KeyEnded):
            await act
    assert await access.verify(store, other.key, NOW_MS) is not None
    assert len(await access.list_keys(store)) == 2


async def test_a_change_under_the_same_idempotency_key_is_made_once_and_its_secret_shown_once(store: Store) -> None:
    by = await by_key(store)
    once = Idempotency(by.key_id or "", "one", "same")
    made = await access.create(store, "a", "editor", False, NOW_MS, by=by, idempotency=once)
    with pytest.raises(access.AnsweredBefore) as again:
        await access.create(store, "a", "editor", False, NOW_MS, by=by, idempotency=once)
    assert again.value.answer == await access.answered(store, once)
    assert msgspec.json.decode(again.value.answer) == {**msgspec.structs.asdict(made), "key": None}
    with pytest.raises(IdempotencyMismatch):
        await access.answered(store, Idempotency(by.key_id or "", "one", "other"))
    assert len(await access.list_keys(store)) == 2


async def test_keys_that_ended_long_ago_are_forgotten_and_what_is_good_stays(store: Store) -> None:
    bounds = Bounds(keys_max=4, keys_kept_days=1)
    made = [await access.create(store, f"{number}", "editor", False, NOW_MS, bounds=bounds) for number in range(4)]
    with pytest.raises(KeysFull):
        await access.create(store, "one more", "editor", False, NOW_MS, bounds=bounds)
    await access.revoke(store, made[0].id, NOW_MS)
    await access.revoke(store, made[1].id, NOW_MS + 1)
    await access.create(store, "room was made", "editor", False, NOW_MS + 2, bounds=bounds)
    kept = {key.id for key in await access.list_keys(store)}
    assert (made[0].id in kept, made[1].id in kept) == (False, True)
    await access.create(store, "a day later", "editor", False, NOW_MS + 86_400_001, bounds=bounds)
    assert {key.id for key in await access.list_keys(store)} >= {made[2].id, made[3].id}
    assert await store.hgetall(keys.key(made[0].id)) == {}


async def test_every_change_is_another_version_and_what_changes_nothing_is_none(store: Store) -> None:
    issued = await access.create(store, "a", "editor", False, NOW_MS)
    seen = [await key_records.read_version(store)]
    await access.rotate(store, issued.id, 60, NOW_MS)
    seen.append(await key_records.read_version(store))
    await access.revoke(store, issued.id, NOW_MS)
    seen.append(await key_records.read_version(store))
    assert len(set(seen)) == 3
    assert await access.revoke(store, issued.id, NOW_MS)
    assert await access.revoke_all(store, NOW_MS) == 0
    await key_records.write_used(store, {issued.id: NOW_MS})
    assert await key_records.read_version(store) == seen[-1]


async def test_it_is_known_when_a_key_was_last_used(store: Store) -> None:
    issued = await access.create(store, "a", "editor", False, NOW_MS)
    assert [key.last_used for key in await access.list_keys(store)] == [None]
    await key_records.write_used(store, {issued.id: NOW_MS})
    assert [key.last_used for key in await access.list_keys(store)] == [moment.to_text(NOW_MS)]


async def test_a_key_as_it_was_kept_before_rotation_came_is_read(store: Store) -> None:
    issued = await access.create(store, "a", "editor", False, NOW_MS)
    before = {"id": issued.id, "role": "editor", "name": "a", "test": False, "created": moment.to_text(NOW_MS)}
    await store.hset(keys.key(issued.id), "key", msgspec.json.encode({**before, "expires": None, "revoked": None}))
    assert await access.verify(store, issued.key, NOW_MS) is not None
    await store.hset(keys.key(issued.id), "key", msgspec.json.encode({**before, "revoked": moment.to_text(NOW_MS)}))
    assert await access.verify(store, issued.key, NOW_MS) is None
