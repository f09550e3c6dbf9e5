"""The registry on a real store: one token is one device, and counts and index are always what the records say."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from service.domain.census import shape_of
from service.domain.device import PLATFORMS, Device, Mute, Platform, Preferences, Quiet, Subscription
from service.domain.errors import StoreUnavailable
from service.domain.registration import Registration
from service.store import devices, keys
from service.store.connection import Store, for_commands
from service.store.device_records import address_of, indexed
from service.store.devices import PROOFS_APART_MS, TOMBSTONE_DAYS, Held, Registered
from service.store.embedded import EmbeddedStore
from tests.stores import ANSWERS_WITHIN_S

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000


def phone(name: int, platform: Platform = "fcm", **changes: Any) -> Registration:
    """A registration of the phone that a test calls `name`."""
    fields: dict[str, Any] = {"platform": platform, "subscription": None, "preferences": Preferences(("en",))}
    if platform == "apns":
        fields["token"] = f"{name:064x}"
    elif platform == "fcm":
        fields["token"] = f"token-of-phone-{name:06d}"
    else:
        endpoint = f"https://fcm.googleapis.com/fcm/send/{name}"
        fields |= {"token": "", "subscription": Subscription(endpoint, b"\4" + bytes(64), bytes(16))}
    return Registration(**(fields | changes))


async def holding(store: Store, registered: Registered) -> Held:
    held = await devices.find(store, registered.id)
    assert held is not None
    return held


async def all_devices(store: Store) -> list[Device]:
    return [
        device
        for platform in PLATFORMS
        for block in range(await devices.blocks(store, platform))
        for device in await devices.read_block(store, platform, block)
    ]


async def check_books(store: Store) -> list[Device]:
    """Counts, index and tombstones say what the records say, and nothing else; returns the devices."""
    found = await all_devices(store)
    alive = Counter(f"{d.platform}|{shape_of(d.preferences, d.test)}" for d in found if d.gone_ms is None)
    assert await devices.counts(store) == alive
    assert await devices.tombstones(store) == sum(device.gone_ms is not None for device in found)
    expected: dict[str, dict[bytes, bytes]] = {}
    for device in found:
        shard, name = indexed(device.platform, address_of(device))
        expected.setdefault(shard, {})[name] = str(device.number).encode()
    shards = await store.register_script("return redis.call('KEYS', 'tokens:*')")()
    assert {shard.decode(): await store.hgetall(shard.decode()) for shard in shards} == expected
    return found


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_device_is_read_as_it_was_registered(store: Store, platform: Platform) -> None:
    wanted = Preferences(
        ("ar", "en"),
        min_level="urgent",
        sections=("health", "sports"),
        regions=("mena",),
        quiet=Quiet("23:00", "07:00", "Asia/Beirut", False),
        mute=(Mute("0" * 26, "2026-11-19T08:00:00.000Z"),),
    )
    more = {"environment": "development", "topic": "org.example.news"} if platform == "apns" else {}
    given = phone(1, platform, preferences=wanted, test=True, app_version="4.2", locale="ar-LB", **more)
    registered = await devices.register(store, given, NOW_MS)
    assert (registered.number, registered.is_new) == (0, True)
    fields = {name: getattr(given, name) for name in given.__struct_fields__}
    expected = Device(number=0, registered_ms=NOW_MS, **fields)
    assert await devices.read(store, platform, 0) == expected
    assert await devices.read_block(store, platform, 0) == [expected]
    assert (await holding(store, registered)).device == expected


async def test_devices_are_numbered_per_platform_and_lie_in_blocks_of_a_thousand(store: Store) -> None:
    made = await devices.register_all(store, [phone(name) for name in range(1003)], NOW_MS)
    first_apns = await devices.register(store, phone(0, "apns"), NOW_MS)
    assert [registered.number for registered in made] == list(range(1003))
    assert first_apns.number == 0
    assert [await devices.blocks(store, platform) for platform in PLATFORMS] == [1, 2, 0]
    assert [device.number for device in await devices.read_block(store, "fcm", 0)] == list(range(1000))
    assert [device.number for device in await devices.read_block(store, "fcm", 1)] == [1000, 1001, 1002]
    assert await devices.read_block(store, "fcm", 2) == []
    assert len({registered.id for registered in [*made, first_apns]}) == 1004


async def test_the_same_token_is_the_same_device_with_a_fresh_secret(store: Store) -> None:
    first = await devices.register(store, phone(1), NOW_MS)
    again = await devices.register(store, phone(1, preferences=Preferences(("ar",))), NOW_MS + 5)
    assert (again.id, again.number, again.is_new) == (first.id, first.number, False)
    held = await holding(store, again)
    assert held.proves(again.secret)
    assert not held.proves(first.secret)
    assert (held.device.preferences.editions, held.device.registered_ms) == (("ar",), NOW_MS + 5)
    await check_books(store)


async def test_the_same_token_from_twenty_clients_at_once_is_one_device(server: EmbeddedStore, store: Store) -> None:
    clients = [for_commands(server.url, 5.0) for _ in range(20)]
    try:
        made = await asyncio.gather(*(devices.register(client, phone(1), NOW_MS) for client in clients))
    finally:
        await asyncio.gather(*(client.aclose() for client in clients))
    assert len({registered.id for registered in made}) == 1
    assert sum(registered.is_new for registered in made) == 1
    held = await holding(store, made[0])
    assert sum(held.proves(registered.secret) for registered in made) == 1
    assert len(await check_books(store)) == 1


async def test_two_platforms_never_share_a_token(store: Store) -> None:
    token = "ab" * 32
    one = await devices.register(store, phone(1, "apns", token=token), NOW_MS)
    other = await devices.register(store, phone(1, "fcm", token=token), NOW_MS)
    assert one.id != other.id
    assert len(await check_books(store)) == 2


async def test_only_a_digest_of_the_secret_is_kept(store: Store) -> None:
    registered = await devices.register(store, phone(1), NOW_MS)
    assert registered.secret.startswith(f"fwd_{registered.id}_")
    proof = registered.secret.rpartition("_")[2]
    assert len(proof) == 32
    assert proof.encode() not in (await holding(store, registered)).record
    assert devices.id_of_secret(registered.secret) == registered.id


async def test_no_other_secret_proves_a_device(store: Store) -> None:
    one = await devices.register(store, phone(1), NOW_MS)
    other = await devices.register(store, phone(2), NOW_MS)
    held = await holding(store, one)
    for wrong in (
        "", "fwd_", one.id, one.secret[:-1], one.secret + "0", one.secret.lower(), f" {one.secret}", other.secret,
        f"{one.secret}\n", f"fwd_{one.id}_{'0' * 32}", f"fwd_{one.id}_{other.secret[-32:]}", "é" * 63,
    ):  # fmt: skip
        assert not held.proves(wrong)


async def test_a_replacement_moves_the_token_and_keeps_the_secret(store: Store) -> None:
    registered = await devices.register(store, phone(1), NOW_MS)
    held = await holding(store, registered)
    assert await devices.replace(store, held, phone(2, preferences=Preferences(("es",))), NOW_MS + 1)
    now = await holding(store, registered)
    assert now.device.token == phone(2).token
    assert now.proves(registered.secret)
    assert await devices.counts(store) == {"fcm|es|brief|||": 1}
    assert len(await check_books(store)) == 1
    newcomer = await devices.register(store, phone(1), NOW_MS + 2)
    assert newcomer.is_new
    assert newcomer.number == 1


async def test_who_takes_anothers_token_erases_that_other(store: Store) -> None:
    old = await devices.register(store, phone(1), NOW_MS)
    new = await devices.register(store, phone(2), NOW_MS)
    assert await devices.replace(store, await holding(store, new), phone(1), NOW_MS)
    assert await devices.find(store, old.id) is None
    assert (await holding(store, new)).device.token == phone(1).token
    assert len(await check_books(store)) == 1


async def test_an_erased_device_is_gone_from_everywhere(store: Store) -> None:
    registered = await devices.register(store, phone(1), NOW_MS)
    held = await holding(store, registered)
    assert await devices.erase(store, held)
    assert await devices.find(store, registered.id) is None
    assert not await devices.erase(store, held)
    assert await check_books(store) == []
    again = await devices.register(store, phone(1), NOW_MS)
    assert (again.number, again.is_new) == (1, True), "a number is never given twice"


async def test_a_change_that_came_second_is_refused(store: Store) -> None:
    registered = await devices.register(store, phone(1), NOW_MS)
    held = await holding(store, registered)
    assert await devices.replace(store, held, phone(2), NOW_MS)
    assert not await devices.replace(store, held, phone(3), NOW_MS)
    assert not await devices.erase(store, held)
    assert (await holding(store, registered)).device.token == phone(2).token
    await check_books(store)


async def test_the_first_proof_makes_a_tombstone_and_a_later_one_erases(store: Store) -> None:
    registered = await devices.register(store, phone(1), NOW_MS)
    assert await devices.condemn(store, "fcm", 0, NOW_MS, NOW_MS + 10)
    assert (await holding(store, registered)).device.gone_ms == NOW_MS + 10
    assert await devices.counts(store) == {}
    await check_books(store)
    assert not await devices.condemn(store, "fcm", 0, NOW_MS, NOW_MS + 9 + PROOFS_APART_MS), "the same bad hour"
    assert await devices.condemn(store, "fcm", 0, NOW_MS, NOW_MS + 10 + PROOFS_APART_MS)
    assert await devices.find(store, registered.id) is None
    assert await check_books(store) == []
    assert not await devices.condemn(store, "fcm", 0, NOW_MS, NOW_MS + 2 * PROOFS_APART_MS)


async def test_a_token_registered_anew_is_not_condemned_by_older_news(store: Store) -> None:
    await devices.register(store, phone(1), NOW_MS)
    await devices.register(store, phone(1), NOW_MS + 1)
    assert not await devices.condemn(store, "fcm", 0, NOW_MS, NOW_MS + 2)
    assert [device.gone_ms for device in await check_books(store)] == [None]


@pytest.mark.parametrize("how", ["register", "replace"])
async def test_an_app_that_comes_back_clears_its_tombstone(store: Store, how: str) -> None:
    registered = await devices.register(store, phone(1), NOW_MS)
    assert await devices.condemn(store, "fcm", 0, NOW_MS, NOW_MS + 1)
    if how == "register":
        await devices.register(store, phone(1), NOW_MS + 2)
    else:
        assert await devices.replace(store, await holding(store, registered), phone(1), NOW_MS + 2)
    assert [device.gone_ms for device in await check_books(store)] == [None]


async def test_tombstones_are_pruned_after_thirty_days(store: Store) -> None:
    await devices.register_all(store, [phone(name) for name in range(5)], NOW_MS)
    for number in range(4):
        assert await devices.condemn(store, "fcm", number, NOW_MS, NOW_MS + number * DAY_MS)
    assert await devices.prune(store, NOW_MS + TOMBSTONE_DAYS * DAY_MS - 1) == 0
    assert await devices.prune(store, NOW_MS + (TOMBSTONE_DAYS + 2) * DAY_MS, limit=2) == 2
    assert await devices.prune(store, NOW_MS + (TOMBSTONE_DAYS + 2) * DAY_MS) == 1
    assert [device.number for device in await check_books(store)] == [3, 4]


async def test_with_only_new_a_known_device_stays_as_it_is(store: Store) -> None:
    first = await devices.register(store, phone(1), NOW_MS)
    changed = phone(1, preferences=Preferences(("ar",)))
    known, new = await devices.register_all(store, [changed, phone(2)], NOW_MS + 1, only_new=True)
    assert (known.id, known.is_new, known.secret) == (first.id, False, "")
    assert new.is_new
    assert (await holding(store, first)).proves(first.secret)
    assert (await holding(store, first)).device.preferences == Preferences(("en",))


async def test_devices_that_want_the_same_share_their_preferences(store: Store) -> None:
    quiet = Quiet("23:00", "07:00", "Europe/Madrid")
    wanted = [Preferences(("en",)), Preferences(("en",)), Preferences(("en",), quiet=quiet)]
    await devices.register_all(store, [phone(name, preferences=each) for name, each in enumerate(wanted)], NOW_MS)
    one, other, quieter = await devices.read_block(store, "fcm", 0)
    assert one.preferences is other.preferences
    assert quieter.preferences.quiet == quiet


async def test_another_registry_does_not_know_the_id(store: Store) -> None:
    registered = await devices.register(store, phone(1), NOW_MS)
    await store.register_script("return redis.call('SET', KEYS[1], ARGV[1])")(
        keys=(keys.DEVICE_KEY,), args=(bytes(16),)
    )
    assert await devices.find(store, registered.id) is None


@dataclass
class Crowd:
    """Clients that register, change, erase and lose devices, as chance has it."""

    store: Store
    chance: random.Random
    made: list[Registered] = field(default_factory=list)

    async def act(self, now_ms: int) -> None:
        platform = self.chance.choice(PLATFORMS)
        editions = tuple(self.chance.sample(["en", "ar", "es"], self.chance.randint(1, 2)))
        wanted = Preferences(editions, sections=self.chance.choice([(), ("sports",)]))
        given = phone(self.chance.randrange(12), platform, preferences=wanted, test=self.chance.random() < 0.2)
        what = self.chance.choice(["register", "register", "replace", "erase", "condemn", "prune"])
        if what == "register":
            self.made.append(await devices.register(self.store, given, now_ms))
        elif what == "prune":
            await devices.prune(self.store, now_ms + self.chance.choice([0, 31]) * DAY_MS)
        elif what == "condemn":
            number = self.chance.randrange(12)
            device = await devices.read(self.store, platform, number)
            if device is not None:
                later_ms = now_ms + self.chance.choice([0, 2 * PROOFS_APART_MS])
                await devices.condemn(self.store, platform, number, device.registered_ms, later_ms)
        elif self.made:
            held = await devices.find(self.store, self.chance.choice(self.made).id)
            if held is not None and what == "erase":
                await devices.erase(self.store, held)
            elif held is not None and held.device.platform == platform:
                await devices.replace(self.store, held, given, now_ms)


@pytest.mark.parametrize("seed", range(4))
async def test_after_anything_the_books_are_right(store: Store, seed: int) -> None:
    """Law: the counts are those of a recount, and every token of the index leads to its device and back."""
    crowd = Crowd(store, random.Random(seed))
    for step in range(200):
        await crowd.act(NOW_MS + step)
        if step % 20 == 19:
            await check_books(store)


@pytest.mark.parametrize("seed", range(2))
async def test_after_anything_at_once_the_books_are_right(store: Store, seed: int) -> None:
    crowd = Crowd(store, random.Random(seed))
    for step in range(15):
        await asyncio.gather(*(crowd.act(NOW_MS + 100 * step + each) for each in range(20)))
        await check_books(store)


async def test_a_store_that_is_gone_is_told_without_the_token(server: EmbeddedStore, store: Store) -> None:
    await devices.register(store, phone(1), NOW_MS)
    server.kill()
    with pytest.raises(StoreUnavailable) as told:
        await devices.register(store, phone(2), NOW_MS)
    assert "token-of-phone" not in str(told.value)
    for question in (devices.blocks(store, "fcm"), devices.read_block(store, "fcm", 0), devices.counts(store)):
        with pytest.raises(StoreUnavailable):
            await question


async def test_what_the_store_refuses_is_told_without_the_token(store: Store) -> None:
    await store.register_script("return redis.call('SET', KEYS[1], 'x')")(keys=(keys.DEVICE_COUNTS,))
    with pytest.raises(StoreUnavailable) as told:
        await devices.register(store, phone(2), NOW_MS)
    assert "WRONGTYPE" in str(told.value)
    assert "token-of-phone" not in repr(told.value) + repr(told.value.__cause__) + repr(told.value.__context__)


async def test_devices_survive_kill_nine(server: EmbeddedStore, store: Store) -> None:
    made = await devices.register_all(store, [phone(name) for name in range(50)], NOW_MS)
    server.kill()
    server.start()
    again = for_commands(server.url, ANSWERS_WITHIN_S)
    try:
        assert [(await holding(again, registered)).device.number for registered in made] == list(range(50))
        await check_books(again)
    finally:
        await again.aclose()
