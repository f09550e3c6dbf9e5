"""A process's copy of the keys: never wrong about a key that is right, and cheap whoever guesses."""

import asyncio
import time

import pytest

from service.clock import now_ms
from service.domain.errors import StoreUnavailable
from service.store import access, keys
from service.store.connection import Store
from service.store.embedded import EmbeddedStore
from service.store.keyring import LOOK_EVERY_S, Keyring
from tests.stores import BUSY_S

TRUST_S = 0.2
LONG_S = 3600.0


def wrong(number: int) -> str:
    return f"fw_live_{number:010}{'0' * 40}"


async def issue(store: Store, test: bool = False) -> access.IssuedKey:
    return await access.create(store, "desk", "editor", test, now_ms())


async def looks(store: Store) -> int:
    """How often the version of the keys was asked for."""
    return int((await store.info("commandstats")).get("cmdstat_get", {"calls": 0})["calls"])


async def test_a_key_that_was_made_a_moment_ago_elsewhere_is_known(store: Store) -> None:
    ring = Keyring(store, LONG_S)
    for _ in range(3):
        issued = await issue(store)
        found = await ring.find(issued.key, now_ms())
        assert found.key is not None
        assert (found.key.id, found.why) == (issued.id, None)


async def test_a_secret_that_was_rotated_elsewhere_is_known_and_the_former_until_its_time(store: Store) -> None:
    ring, issued = Keyring(store, LONG_S), await issue(store)
    assert (await ring.find(issued.key, now_ms())).why is None
    rotated = await access.rotate(store, issued.id, 60, now_ms())
    assert (await ring.find(rotated.key, now_ms())).why is None
    assert (await ring.find(issued.key, now_ms())).why is None
    assert (await ring.find(issued.key, now_ms() + 61_000)).why == "wrong"


async def test_what_is_not_a_good_key_says_why(store: Store) -> None:
    ring, issued, at_ms = Keyring(store, TRUST_S), await issue(store), now_ms()
    brief = await access.create(store, "desk", "editor", False, at_ms, at_ms + 1000)
    ended = await issue(store)
    await access.revoke(store, ended.id, at_ms)
    for presented, why in (
        ("x", "malformed"), (issued.key + "0", "malformed"), (wrong(1), "wrong"), (brief.key, "expired"),
        (issued.key[:-40] + "0" * 40, "wrong"), (issued.key.replace("live", "test"), "wrong"), (ended.key, "revoked"),
    ):  # fmt: skip
        found = await ring.find(presented, at_ms + 2000)
        assert found.why == why
        assert (found.key is None) == (why in ("malformed", "wrong"))
    assert (await ring.find(brief.key, at_ms)).why is None


async def test_a_revocation_elsewhere_holds_as_soon_as_trust_ends(store: Store) -> None:
    ring, issued = Keyring(store, TRUST_S), await issue(store)
    assert (await ring.find(issued.key, now_ms())).why is None
    await access.revoke_all(store, now_ms())
    began_s = time.monotonic()
    while (await ring.find(issued.key, now_ms())).why != "revoked":
        assert time.monotonic() - began_s < TRUST_S + BUSY_S
        await asyncio.sleep(0.01)


async def test_a_good_key_asks_the_store_once_in_a_while_and_never_beside_wrong_ones(store: Store) -> None:
    ring, issued = Keyring(store, LONG_S), await issue(store)
    await ring.find(issued.key, now_ms())
    before = await looks(store)
    for _ in range(100):
        assert (await ring.find(issued.key, now_ms())).why is None
    assert await looks(store) == before
    guessing = asyncio.gather(*(ring.find(wrong(number), now_ms()) for number in range(100)))
    await asyncio.sleep(0)
    waited = asyncio.create_task(ring.find(issued.key, now_ms()))
    await asyncio.sleep(0)
    assert waited.done()  # it has not waited for the look of the others
    assert {found.why for found in await guessing} == {"wrong"}


async def test_wrong_keys_share_their_looks(store: Store) -> None:
    ring, issued = Keyring(store, LONG_S), await issue(store)
    await ring.find(issued.key, now_ms())
    before, began_s = await looks(store), time.monotonic()
    for number in range(20):
        found = await asyncio.gather(*(ring.find(wrong(number * 50 + other), now_ms()) for other in range(50)))
        assert {each.why for each in found} == {"wrong"}
    assert await looks(store) - before <= 2 + (time.monotonic() - began_s) / LOOK_EVERY_S


async def test_whoever_gives_up_waiting_does_not_end_the_look_of_others(store: Store) -> None:
    ring, issued = Keyring(store, LONG_S), await issue(store)
    first = asyncio.create_task(ring.find(issued.key, now_ms()))
    others = [asyncio.create_task(ring.find(issued.key, now_ms())) for _ in range(5)]
    await asyncio.sleep(0)
    first.cancel()
    assert {(await other).why for other in others} == {None}
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_store_that_is_gone_calls_nobody_wrong_and_what_is_trusted_stays_so(
    store: Store, server: EmbeddedStore
) -> None:
    ring, issued = Keyring(store, LONG_S), await issue(store)
    assert (await ring.find(issued.key, now_ms())).why is None
    server.kill()
    assert (await ring.find(issued.key, now_ms())).why is None
    with pytest.raises(StoreUnavailable):
        await ring.find(wrong(1), now_ms())
    with pytest.raises(StoreUnavailable):
        await Keyring(store, TRUST_S).find(issued.key, now_ms())


async def test_an_emptied_store_has_no_keys(store: Store) -> None:
    ring, issued = Keyring(store, TRUST_S), await issue(store)
    assert (await ring.find(issued.key, now_ms())).why is None
    async with store.pipeline(transaction=True) as pipe:
        pipe.delete(keys.KEYS, keys.KEYS_VERSION, keys.key(issued.id))
        await pipe.execute()
    await asyncio.sleep(TRUST_S)
    assert (await ring.find(issued.key, now_ms())).why == "wrong"
