"""One bad datum in a real store stops nothing: it is left out, and all others go on."""

import pytest

from service.domain.shards import Job
from service.store import devices, keys, pauses, plans
from service.store.connection import Store
from service.store.device_records import pack, unpack
from tests.entries import NOW_MS as WIRE_MS
from tests.store.test_devices import DAY_MS, NOW_MS, holding, phone

SET = "return redis.call('SET', KEYS[1], ARGV[1])"


async def set_to(store: Store, name: str, value: str) -> None:
    await store.register_script(SET)(keys=(name,), args=(value,))


async def test_a_block_is_read_without_what_is_no_device(store: Store) -> None:
    [first, _] = await devices.register_all(store, [phone(1), phone(2)], NOW_MS)
    good = unpack((await holding(store, first)).record)
    block = keys.block("fcm", 0)
    shapes = ["nonsense", "en|loud|||", "en|brief||||more"]
    records = [b"garbage", b"", b"\x91\xc0", *(pack(type(good)(shape, None, 1, b"", b"token")) for shape in shapes)]
    records.append(pack(type(good)(good.shape, None, 1, b"", b"\xff\xfe")))
    for bit, record in enumerate(records, 10):
        await store.hset(block, str(bit), record)
    for field in ("x", "-1", "1000", "07", "1_1"):
        await store.hset(block, field, pack(good))
    assert [device.number for device in await devices.read_block(store, "fcm", 0)] == [0, 1]
    assert await devices.read(store, "fcm", 10) is None


async def test_a_device_whose_record_is_garbage_comes_back_by_registering(store: Store) -> None:
    first = await devices.register(store, phone(1), NOW_MS)
    await store.hset(keys.block("fcm", 0), "0", b"garbage")
    assert await devices.find(store, first.id) is None
    assert not await devices.condemn(store, "fcm", 0, NOW_MS, NOW_MS)
    again = await devices.register(store, phone(1), NOW_MS)
    assert (again.id, (await holding(store, again)).device.token) == (first.id, phone(1).token)


async def test_a_tombstone_list_with_garbage_is_pruned_to_its_end(store: Store) -> None:
    await devices.register_all(store, [phone(1), phone(2)], NOW_MS)
    assert await devices.condemn(store, "fcm", 0, NOW_MS, NOW_MS)
    await store.hset(keys.block("fcm", 0), "7", b"garbage")
    add = store.register_script("return redis.call('ZADD', KEYS[1], 1, ARGV[1])")
    for member in ("x", "fcm:", "fcm:x", "pigeon:1", "fcm:7", "fcm:1", b"\xff:1"):
        await add(keys=(keys.DEVICES_GONE,), args=(member,))
    while await devices.prune(store, NOW_MS + 31 * DAY_MS, limit=3):
        pass
    assert await devices.tombstones(store) == 0
    assert [device.number for device in await devices.read_block(store, "fcm", 0)] == [1]


@pytest.mark.parametrize("count", ["garbage", "-5", "99999999999", "1e3", ""])
async def test_a_count_that_is_no_number_is_told_from_the_blocks(store: Store, count: str) -> None:
    await devices.register_all(store, [phone(name) for name in range(1001)], NOW_MS)
    await store.hset(keys.block("fcm", 10**9), "0", b"garbage")
    await store.hset("block:fcm:x", "0", b"garbage")
    await store.hset(keys.DEVICE_NUMBERS, "fcm", count)
    assert await devices.count(store, "fcm") == 2000
    assert await devices.blocks(store, "fcm") == 2
    assert await devices.count(store, "apns") == 0


@pytest.mark.parametrize("until", ["garbage", "-5", "1e3"])
async def test_a_pause_that_cannot_be_read_is_none(store: Store, until: str) -> None:
    await set_to(store, keys.pause("apns"), until)
    assert await pauses.read(store, "apns") == 0


@pytest.mark.parametrize("until", ["9" * 14, "9" * 300])
async def test_a_pause_lasts_a_day_at_most_and_ends(store: Store, until: str) -> None:
    now_ms = (await store.time())[0] * 1000
    await set_to(store, keys.pause("apns"), until)
    until_ms = await pauses.read(store, "apns")
    assert now_ms + DAY_MS <= until_ms <= now_ms + DAY_MS + 60_000
    assert await pauses.read(store, "apns") == until_ms
    left_ms = await store.register_script("return redis.call('PTTL', KEYS[1])")(keys=(keys.pause("apns"),))
    assert 0 < left_ms <= DAY_MS


async def test_open_blocks_are_found_behind_garbage_which_is_struck_off(store: Store) -> None:
    job = Job("A", 1, "apns", 0)
    await plans.open_jobs(store, [job], WIRE_MS, 7)
    add = "return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))"
    for member in ("x", "A:", "A:x", ":1", "A:0", b"\xff:1"):
        await store.register_script(add)(keys=(keys.PLANS,), args=("ZADD", 1, member))
    for member in ("x", "apns:", "apns:x", "pigeon:1", "apns:-1", b"\xff:1"):
        await store.register_script(add)(keys=(keys.open_blocks("A", 1),), args=("SADD", member))
    for _ in range(2):
        assert [found async for found in plans.still_open(store, WIRE_MS)] == [job]
    assert await store.zcard(keys.PLANS) == 1
    assert await store.smembers(keys.open_blocks("A", 1)) == {b"apns:0"}
