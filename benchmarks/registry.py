"""The device registry: what a device costs in the store, and how fast a block of them is read."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from itertools import cycle, islice
from statistics import median, quantiles

from benchmarks.figure import Figure
from benchmarks.store import running_store
from service.commands.seeding import MIX, Inventor
from service.domain.device import PLATFORMS, Platform, Preferences, Subscription
from service.domain.registration import Registration
from service.store import devices, users
from service.store.connection import Store, for_commands

DEVICES = 100_000
AT_ONCE = 500
SINGLES = 1000
NOW_MS = 1_800_000_000_000
ENDPOINT_BYTES = 114
"""Behind the host and path of FCM's endpoints: 152 characters, 190 in all."""


def run() -> list[Figure]:
    """100,000 devices in the usual mix: 45 % APNs, 45 % FCM with 163-character tokens, 10 % Web Push."""
    with running_store("registry") as url:
        return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Figure]:
    store = for_commands(users.named(url, "api"), 5.0)
    push = for_commands(users.named(url, "push"), 5.0)
    try:
        people = _people()
        empty_bytes = await _used_bytes(store)
        started_at = time.perf_counter()
        for _ in range(0, DEVICES, AT_ONCE):
            await devices.register_all(store, list(islice(people, AT_ONCE)), NOW_MS)
        per_s = DEVICES / (time.perf_counter() - started_at)
        device_bytes = (await _used_bytes(store) - empty_bytes) / DEVICES
        singles_ms = [await _single_ms(store, registration) for registration in islice(people, SINGLES)]
        blocks_ms = {platform: await _block_ms(push, platform) for platform in PLATFORMS}
    finally:
        await store.aclose()
        await push.aclose()
    return [
        Figure("memory per registered device, index included", device_bytes, "B", 500, 350),
        Figure("one registration, fsync on, p50", median(singles_ms), "ms"),
        Figure("one registration, fsync on, p99", quantiles(singles_ms, n=100)[-1], "ms"),
        Figure("a thousand registrations in bulk", 1_000_000 / per_s, "ms"),
        *(Figure(f"a block of 1,000 {platform} devices read", ms, "ms") for platform, ms in blocks_ms.items()),
    ]


def _people() -> Iterator[Registration]:
    """Registrations without end, the browsers' with endpoints as long as FCM's."""
    phones = {platform: Inventor([platform], ["en", "ar", "es"], "") for platform in PLATFORMS[:2]}
    for platform in cycle(MIX):
        yield _browser() if platform == "webpush" else phones[platform].take(1)[0]


def _browser() -> Registration:
    endpoint = f"https://fcm.googleapis.com/fcm/send/{secrets.token_urlsafe(ENDPOINT_BYTES)}"
    subscription = Subscription(endpoint, b"\4" + secrets.token_bytes(64), secrets.token_bytes(16))
    return Registration(platform="webpush", token="", subscription=subscription, preferences=Preferences(("en",)))


async def _single_ms(store: Store, registration: Registration) -> float:
    started_at = time.perf_counter()
    await devices.register(store, registration, NOW_MS)
    return (time.perf_counter() - started_at) * 1000


async def _block_ms(store: Store, platform: Platform) -> float:
    """The median of reading each full block."""
    found = []
    for block in range(await devices.blocks(store, platform) - 1):
        started_at = time.perf_counter()
        await devices.read_block(store, platform, block)
        found.append((time.perf_counter() - started_at) * 1000)
    return median(found)


async def _used_bytes(store: Store) -> int:
    return int((await store.info("memory"))["used_memory"])
