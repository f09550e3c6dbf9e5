"""A drill leaves for test devices alone (P12): so it is decided, and refused again where it would leave."""

import asyncio
from typing import Any, get_args

import pytest
import structlog

from service.clock import now_ms
from service.domain.alert import Alert, Correction
from service.domain.device import Preferences
from service.domain.owed import Letter
from service.domain.payloads.notification import Change
from service.domain.registration import Registration
from service.store import devices
from service.store.ledger import Block
from tests.push.world import TOKENS, World, world
from tests.stores import server, store
from workers.push.sending import Pass

__all__ = ["server", "store", "world"]

TESTERS = TOKENS[:2]
PUBLIC = TOKENS[2:]
CORRECTED: dict[str, Any] = {
    "signals": ("correction",),
    "correction": Correction(text="It was the east dam", was="The west dam holds", severity="major"),
}


async def make_tester(world: World, token: str, *, test: bool = True) -> None:
    """The same token once more: the same device, which is a test device from now on, or no longer."""
    phone = Registration(
        platform="apns", token=token, subscription=None, preferences=Preferences(("en",)), test=test
    )  # fmt: skip
    await devices.register(world.store, phone, now_ms() - 1000)


async def drill(world: World, **changes: Any) -> Alert:
    return await world.publish(status="Exercise", headline="Drill: the west dam holds", **changes)


def got(world: World, made: Alert) -> list[str]:
    """Who was sent anything of it."""
    return sorted(token for token, payload in world.apple.got if payload["alert"] == made.id)


async def test_a_drill_goes_to_test_devices_and_news_to_the_others(world: World) -> None:
    for token in TESTERS:
        await make_tester(world, token)
    made, news = await drill(world), await world.publish()
    await world.until_done(made)
    await world.until_done(news)
    assert (got(world, made), got(world, news)) == (TESTERS, PUBLIC)
    assert (await world.figures(made))["held:drill:apns"] == len(PUBLIC)
    titles = {payload["aps"]["alert"]["title"] for _, payload in world.apple.got if payload["alert"] == made.id}
    assert all("Exercise" in title for title in titles), titles


async def test_a_job_that_names_devices_of_the_public_rings_nobody(world: World) -> None:
    made = await drill(world)
    await world.until_done(made)
    assert world.apple.got == []


@pytest.mark.parametrize("how", ["corrected", "killed"])
async def test_a_ledger_that_says_the_public_was_given_a_drill_is_not_believed(world: World, how: str) -> None:
    for token in TESTERS:
        await make_tester(world, token)
    made = await drill(world)
    await world.until_done(made)
    everybody = (1 << len(TOKENS)) - 1
    assert await world.lane.ledger.begin(Block(made.id, "apns", 0), 1, "published", everybody)
    changes: dict[str, Any] = {"pub_status": "canceled"} if how == "killed" else CORRECTED
    changed = await world.follow(made, **changes)
    await world.until_done(changed)
    assert got(world, made) == sorted(TESTERS * 2), "those who drill are told of the change"


async def test_who_is_no_test_device_any_more_hears_nothing_more_of_a_drill(world: World) -> None:
    for token in TESTERS:
        await make_tester(world, token)
    made = await drill(world)
    await world.until_done(made)
    await make_tester(world, TESTERS[0], test=False)
    await world.until_done(await world.follow(made, pub_status="canceled"))
    assert got(world, made) == sorted([*TESTERS, TESTERS[1]])


async def test_the_correction_of_news_reaches_who_has_become_a_test_device(world: World) -> None:
    made = await world.publish()
    await world.until_done(made)
    await make_tester(world, TOKENS[0])
    await world.until_done(await world.follow(made, **CORRECTED))
    assert got(world, made) == sorted(TOKENS * 2)


@pytest.mark.parametrize("change", get_args(Change))
async def test_whatever_is_handed_to_the_sender_no_drill_leaves_for_the_public(world: World, change: Change) -> None:
    for token in TESTERS:
        await make_tester(world, token)
    made = await drill(world)
    block = await devices.read_block(world.store, "apns", 0)
    forged = [Letter(device, change, sound=True) for device in block]
    assert len(forged) == len(TOKENS)
    sent = Pass(
        world.lane, Block(made.id, "apns", 0), made, "published", forged, lambda _: 0,
        asyncio.get_running_loop().time() + 5, is_express=True, attempt=1,
    )  # fmt: skip
    with structlog.testing.capture_logs() as said:
        left = await sent.go()
    assert (left.moved, left.again_s) == (False, None), "nobody is tried again"
    assert got(world, made) == TESTERS
    alarms = [line for line in said if line["event"] == "a drill was about to leave for a device of the public"]
    assert [(line["log_level"], line["alert"]) for line in alarms] == [("error", made.id)] * len(PUBLIC)
    if change == "new":
        assert (await world.figures(made))["failed:drill:apns"] == len(PUBLIC)
