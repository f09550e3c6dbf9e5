"""Heirs on a real store: a phone whose token went to another device is found by its old number."""

from service.store import devices, heirs, keys
from service.store.connection import Store
from service.store.devices import Registered
from tests.store.test_devices import NOW_MS, holding, phone


async def takes(store: Store, device: Registered, token_of: int) -> None:
    assert await devices.replace(store, await holding(store, device), phone(token_of), NOW_MS)


async def three(store: Store) -> list[Registered]:
    return await devices.register_all(store, [phone(name) for name in range(3)], NOW_MS)


async def test_who_takes_a_token_is_found_by_the_number_that_had_it(store: Store) -> None:
    first, second, _ = await three(store)
    await takes(store, first, 1)
    found = await heirs.find(store, "fcm", [0, second.number, 2, 77])
    assert {old: (heir.number, heir.token) for old, heir in found.items()} == {1: (1, phone(1).token)}


async def test_an_heir_of_an_heir_is_found(store: Store) -> None:
    first, second, third = await three(store)
    await takes(store, first, 1)
    await takes(store, third, 1)
    found = await heirs.find(store, "fcm", [first.number, second.number])
    assert {old: (heir.number, heir.token) for old, heir in found.items()} == {
        0: (0, phone(1).token),
        1: (1, phone(1).token),
    }


async def test_an_heir_that_erased_itself_leaves_nobody(store: Store) -> None:
    first, second, _ = await three(store)
    await takes(store, first, 1)
    assert await devices.erase(store, await holding(store, first))
    again = await devices.register(store, phone(1), NOW_MS)
    assert again.number == 3
    assert await heirs.find(store, "fcm", [first.number, second.number]) == {}


async def test_a_device_that_erased_itself_has_no_heir(store: Store) -> None:
    first, second, _ = await three(store)
    assert await devices.erase(store, await holding(store, second))
    await takes(store, first, 1)
    assert await heirs.find(store, "fcm", [second.number]) == {}


async def test_a_known_token_registered_again_is_its_own_device_and_no_heir(store: Store) -> None:
    first, *_ = await three(store)
    again = await devices.register(store, phone(0), NOW_MS + 1)
    assert again.number == first.number
    assert await store.hgetall(keys.heirs("fcm", 0)) == {}


async def test_heirs_are_forgotten_after_ninety_days(store: Store) -> None:
    first, *_ = await three(store)
    await takes(store, first, 1)
    left_ms = await store.register_script("return redis.call('PTTL', KEYS[1])")(keys=(keys.heirs("fcm", 0),))
    assert heirs.KEPT_MS - 60_000 < left_ms <= heirs.KEPT_MS


async def test_an_heir_that_is_garbage_is_nobody(store: Store) -> None:
    await store.hset(keys.heirs("fcm", 0), "5", "x")
    await store.hset(keys.heirs("fcm", 0), "6", "8")
    await store.hset(keys.block("fcm", 0), "8", b"garbage")
    assert await heirs.find(store, "fcm", [5, 6]) == {}
