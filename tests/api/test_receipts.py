"""Receipts: counted once for each device and alert, and only for what the ledger says it was given."""

import asyncio
from typing import Any

import httpx
import pytest

from service.domain import bits
from service.store import devices, keys
from service.store.connection import Store
from tests.api.conftest import Api
from tests.api.test_devices import bearing, phone, refused, register

ALERT, OTHER = "7Q0F8R2K5M9TB4W6YE3XCZ01JV", "1Q0F8R2K5M9TB4W6YE3XCZ01JV"
DAY_MS = 86_400_000


def receipt(what: str = "shown", **changes: Any) -> dict[str, Any]:
    return {"alert": ALERT, "version": 1, "what": what, "at": "2026-11-18T14:02:11.204Z", **changes}


async def given(store: Store, numbers: list[int], version: int = 1, alert: str = ALERT) -> None:
    """The ledger says that these devices were given this version."""
    ledger = keys.ledger(alert, "fcm", 0)
    await store.hset(ledger, f"{version}:t1", bits.pack(bits.of(numbers)))
    await store.register_script("return redis.call('PEXPIRE', KEYS[1], ARGV[1])")(keys=(ledger,), args=(DAY_MS,))


async def say(api: Api, device: dict[str, str], *receipts: Any) -> httpx.Response:
    return await api.client.post("/v1/receipts", json=list(receipts), headers=bearing(device["secret"]))


async def figures(store: Store, alert: str = ALERT) -> dict[str, int]:
    return {name.decode(): int(value) for name, value in (await store.hgetall(keys.delivery(alert))).items()}


async def test_what_was_given_is_counted_once(api: Api) -> None:
    store = api.process.store
    phones = [await register(api, phone(name)) for name in range(12)]
    await given(store, list(range(12)))
    for device in phones[7:10]:
        assert (await say(api, device, receipt(), receipt("opened"))).json() == {"counted": 2}
    assert (await say(api, phones[9], receipt(), receipt(), receipt("opened"))).json() == {"counted": 0}
    assert (await say(api, phones[11], receipt("opened"), receipt("opened"))).json() == {"counted": 1}
    assert await figures(store) == {"shown:fcm": 3, "opened:fcm": 4}
    ledger = await store.hgetall(keys.ledger(ALERT, "fcm", 0))
    assert list(bits.each(bits.unpack(ledger[b"shown"]))) == [7, 8, 9]
    assert list(bits.each(bits.unpack(ledger[b"opened"]))) == [7, 8, 9, 11]
    assert {len(ledger[name]) for name in (b"shown", b"opened")} == {bits.BITMAP_BYTES}


async def test_figures_live_as_long_as_their_ledger(api: Api) -> None:
    device = await register(api, phone(0))
    await given(api.process.store, [0])
    await say(api, device, receipt())
    left_ms = await api.process.store.register_script("return redis.call('PTTL', KEYS[1])")(
        keys=(keys.delivery(ALERT),)
    )
    assert 0 < left_ms <= DAY_MS


async def test_what_was_never_given_counts_nothing(api: Api) -> None:
    store = api.process.store
    mine, others = await register(api, phone(0)), await register(api, phone(1))
    await given(store, [1])
    assert (await say(api, mine, receipt())).json() == {"counted": 0}
    assert (await say(api, others, receipt(version=2), receipt(alert=OTHER))).json() == {"counted": 0}
    assert await figures(store) == await figures(store, OTHER) == {}
    assert await store.hgetall(keys.ledger(OTHER, "fcm", 0)) == {}
    assert b"shown" not in await store.hgetall(keys.ledger(ALERT, "fcm", 0))


async def test_one_request_may_tell_of_several_alerts(api: Api) -> None:
    device = await register(api, phone(0))
    await given(api.process.store, [0])
    await given(api.process.store, [0], version=3, alert=OTHER)
    said = [receipt(), receipt(alert=OTHER, version=3), receipt("opened", alert=OTHER, version=2)]
    assert (await say(api, device, *said)).json() == {"counted": 2}


async def test_a_hundred_apps_at_once_are_each_counted(api: Api) -> None:
    phones = [await register(api, phone(name)) for name in range(100)]
    await given(api.process.store, list(range(100)))
    for start in range(0, 100, 25):  # what a busy machine cannot answer in time is refused, which is another test
        some = phones[start : start + 25]
        answers = await asyncio.gather(*(say(api, device, receipt()) for device in some for _ in range(2)))
        assert sum(answer.json()["counted"] for answer in answers) == 25
    assert await figures(api.process.store) == {"shown:fcm": 100}


async def test_only_the_devices_own_secret_is_believed(api: Api) -> None:
    mine, others = await register(api, phone(0)), await register(api, phone(1))
    await given(api.process.store, [0, 1])
    forged = f"fwd_{others['id']}_{mine['secret'][-32:]}"
    for wrong in ("x", forged, f"fwd_{'0' * 26}_{'0' * 32}", api.keys["duty"]):
        answer = await api.client.post("/v1/receipts", json=[receipt()], headers=bearing(wrong))
        refused(answer, 401, "device-unauthorized")
    refused(await api.client.post("/v1/receipts", json=[receipt()]), 401, "device-unauthorized")
    held = await devices.find(api.process.store, mine["id"])
    assert held is not None
    assert await devices.erase(api.process.store, held)
    refused(await say(api, mine, receipt()), 401, "device-unauthorized")
    assert await figures(api.process.store) == {}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ([], ""),
        ([receipt()] * 101, ""),
        ([1], "/0"),
        ([receipt(), receipt(alert="x")], "/1/alert"),
        ([receipt(version=0)], "/0/version"),
        ([receipt(version=True)], "/0/version"),
        ([receipt(version="1")], "/0/version"),
        ([receipt(version=10**15)], "/0/version"),
        ([receipt("seen")], "/0/what"),
        ([receipt(at="now")], "/0/at"),
        ([receipt(at=None)], "/0/at"),
        ([receipt(device="x")], "/0/device"),
    ],
)
async def test_a_receipt_that_is_none_is_named(api: Api, body: Any, pointer: str) -> None:
    device = await register(api, phone(0))
    answer = await api.client.post("/v1/receipts", json=body, headers=bearing(device["secret"]))
    assert pointer in [error["pointer"] for error in refused(answer, 422, "invalid")["errors"]]
