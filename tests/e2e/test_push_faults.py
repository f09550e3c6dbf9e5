"""The push channel on the whole system while something is wrong: nobody is lost, nobody is rung who must not be."""

import asyncio
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import HTTPError

import pytest
import redis

from service.domain import moment
from service.domain.device import Preferences
from service.store import devices
from service.store.connection import for_commands
from tests.phones import Sandbox, house_style, seed, tokens
from tests.processes import System, until

CROWD = 1500
FEW = 20
RACES = 30
RUNS_MAX = 3
SOON_S = 0.2
UNDOABLE_S = 2.0
ALL_S = 90.0
QUIET_S = 1.5
"""Long after any fuse; who has not been rung by then is not being rung."""
GUARD_WINDOW = 200
SECTIONS = ("sports", "economy", "health", "technology", "environment")
CROWDS, UNDONE, BOTH, DRILL, _ = (Preferences(("en",), sections=(section,)) for section in SECTIONS)
"""Readers of one section each, so that tests do not ring each other's phones."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("faults")
    style = house_style(folder, SOON_S, brief=UNDOABLE_S)
    with System(folder, config=style, push="auto", push_runs_max=RUNS_MAX, push_timeout_s=2, push_job_s=4) as system:
        asyncio.run(seed(system, CROWD, preferences=CROWDS))
        yield system


@pytest.fixture(scope="module")
def undone_readers(system: System) -> int:
    """How many read what tests undo."""
    return len(asyncio.run(seed(system, FEW, preferences=UNDONE)))


@pytest.fixture
def sandbox(system: System) -> Iterator[Sandbox]:
    sandbox = Sandbox(system)
    sandbox.forget()
    yield sandbox
    sandbox.faults()


def post(system: System, section: str, level: str = "urgent", **more: Any) -> str:
    """A new alert that is not like any before; its id."""
    headline = f"Report {random.randrange(10**9)} from the {section} desk {random.randrange(10**9)}"
    alert: dict[str, str] = system.post(headline, level=level, sections=[section], **more)["alert"]
    return alert["id"]


def slowly(sandbox: Sandbox, ms: int = 400) -> None:
    """Providers take their time, so that a fan-out has a middle."""
    sandbox.faults(**{platform: {"delayMs": ms} for platform in ("apns", "fcm", "webpush")})


def all_once(sandbox: Sandbox, alert: str, received_max: int) -> None:
    sandbox.until_showing(alert, CROWD, ALL_S)
    phones = sandbox.phones(alert)
    assert len(phones) == CROWD
    assert {len(phone["showing"]) for phone in phones} == {1}
    assert max(phone["received"] for phone in phones) <= received_max


def test_what_is_undone_inside_the_fuse_rings_nobody(system: System, sandbox: Sandbox, undone_readers: int) -> None:
    undone, kept = post(system, "economy", "brief"), post(system, "economy", "brief")
    system.ask(f"/v1/alerts/{undone}/undo", {})
    sandbox.until_showing(kept, undone_readers)
    assert sandbox.accepted(undone) == 0


def test_an_undo_in_the_millisecond_of_the_fuses_end_has_one_clear_outcome(
    system: System, sandbox: Sandbox, undone_readers: int
) -> None:
    chance = random.Random(5)

    def race(lead_s: float, level: str = "urgent") -> tuple[str, int]:
        said = system.post(f"Race {chance.random()} of {lead_s}", level=level, sections=["economy"])
        ends_s = moment.from_text(said["undoUntil"]) / 1000
        time.sleep(max(0.0, ends_s - lead_s - time.time()))
        try:
            system.ask(f"/v1/alerts/{said['alert']['id']}/undo", {})
        except HTTPError as refused:
            return said["alert"]["id"], refused.code
        return said["alert"]["id"], 200

    with ThreadPoolExecutor(3) as pool:
        surely = pool.submit(race, UNDOABLE_S / 2, "brief")  # however slow this machine is
        raced = [*pool.map(race, [chance.uniform(-0.01, 0.03) for _ in range(RACES)]), surely.result()]
    assert {status for _, status in raced} == {200, 409}, "the race was run on both sides of the end"
    for alert, status in raced:
        if status == 409:
            sandbox.until_showing(alert, undone_readers)
    time.sleep(QUIET_S)
    assert sum(sandbox.accepted(alert) for alert, status in raced if status == 200) == 0


def test_a_drill_reaches_test_devices_alone(system: System, sandbox: Sandbox) -> None:
    asyncio.run(seed(system, FEW, preferences=DRILL))
    testers = tokens(asyncio.run(seed(system, FEW, preferences=DRILL, test=True)))
    key = system.done("keys", "create", "--role", "duty", "--name", "drill", "--test")["key"]
    body: dict[str, Any] = {
        "edition": "en",
        "headline": "Drill: sirens at noon",
        "level": "flash",
        "sections": ["technology"],
    }
    body["override"] = ["second-approval"]
    drill = system.ask("/v1/alerts", {**body, "overrideReason": "a drill"}, key=key)["alert"]["id"]
    sandbox.until_showing(drill, FEW)
    time.sleep(QUIET_S)
    assert {phone["token"] for phone in sandbox.phones(drill)} == testers
    assert {call["token"] for call in sandbox.calls()} == testers


def test_readers_of_two_editions_are_rung_once_per_story(system: System, sandbox: Sandbox) -> None:
    wants = Preferences(("en", "es"), sections=("health",))
    asyncio.run(seed(system, FEW, preferences=wants))
    first = system.post("Clinic opens at dawn", sections=["health"])["alert"]
    second = system.post("La clínica abre al alba", edition="es", sections=["health"], story=first["story"])["alert"]
    until(lambda: sandbox.showing(first["id"]) + sandbox.showing(second["id"]) >= FEW, "each is rung")
    time.sleep(QUIET_S)
    assert len(sandbox.phones()) == FEW
    assert {phone["received"] for phone in sandbox.phones()} == {1}


def test_flash_overtakes_a_brief_that_is_under_way(system: System, sandbox: Sandbox) -> None:
    slowly(sandbox)
    brief = post(system, "sports", "brief")
    sandbox.until_showing(brief, CROWD // 10)
    flash = post(system, "sports", "flash", override=["second-approval"], overrideReason="it burns")
    sandbox.until_showing(flash, CROWD, ALL_S)
    sandbox.until_showing(brief, CROWD, ALL_S)
    for platform in ("apns", "fcm"):  # the few browsers are through in one batch
        calls = [call["alert"] for call in sandbox.calls() if call["platform"] == platform]
        assert calls[-1] == brief, "the flash was through before the brief"
        span = calls[calls.index(flash) : len(calls) - calls[::-1].index(flash)]
        assert span.count(brief) < len(calls) / 4, "only what was in flight mixed with it"


def test_a_lane_that_is_asked_to_stop_loses_nothing_and_doubles_nothing(system: System, sandbox: Sandbox) -> None:
    slowly(sandbox)
    alert = post(system, "sports")
    sandbox.until_showing(alert, CROWD // 4)
    assert system.signal("push apns", signal.SIGTERM)
    all_once(sandbox, alert, received_max=1)


def test_a_lane_that_sleeps_for_a_while_and_wakes_sends_nothing_old(system: System, sandbox: Sandbox) -> None:
    slowly(sandbox)
    alert = post(system, "sports")
    sandbox.until_showing(alert, CROWD // 4)
    assert system.signal("push fcm", signal.SIGSTOP)
    time.sleep(3)
    system.kill_alert(alert)
    killed_ms = time.time_ns() // 1_000_000
    time.sleep(1)
    assert system.signal("push fcm", signal.SIGCONT)
    given = {call["token"] for call in sandbox.calls(alert) if call["version"] == 1}
    until(lambda: {call["token"] for call in sandbox.calls(alert) if call["version"] == 2} >= given, "all are told")
    late = [call for call in sandbox.calls(alert) if call["version"] == 1 and call["atMs"] > killed_ms + 1000]
    assert not late


def test_a_lane_that_hangs_is_replaced(system: System, sandbox: Sandbox) -> None:
    slowly(sandbox)
    alert = post(system, "sports")
    sandbox.until_showing(alert, CROWD // 4)
    assert system.signal("push fcm", signal.SIGSTOP)
    all_once(sandbox, alert, received_max=3)


def test_a_provider_that_refuses_everybody_and_is_mended_has_lost_nobody(system: System, sandbox: Sandbox) -> None:
    sandbox.faults(apns={"403": 1.0}, fcm={"401": 1.0}, webpush={"503": 1.0})
    alert = post(system, "sports")
    until(lambda: sum(sandbox.counts(alert)["refused"].values()) > 3, "they refuse")
    time.sleep(QUIET_S)
    assert sandbox.showing(alert) == 0
    sandbox.faults()
    all_once(sandbox, alert, received_max=1)


def test_a_store_that_stands_still_costs_nobody_the_alert(system: System, sandbox: Sandbox) -> None:
    slowly(sandbox, 200)
    alert = post(system, "sports")
    sandbox.until_showing(alert, CROWD // 4)
    with redis.Redis.from_url(system.store_url) as store:
        store.client_pause(5000)
    all_once(sandbox, alert, received_max=3)


def test_a_block_that_kills_its_worker_is_given_up_and_can_be_revived(system: System, sandbox: Sandbox) -> None:
    slowly(sandbox, 1500)
    alert = post(system, "sports")
    for _ in range(RUNS_MAX):
        before = apns_calls(sandbox, alert)
        until(lambda before=before: apns_calls(sandbox, alert) > before, "the lane sends")  # type: ignore[misc]
        until(lambda: system.end("push apns"), "the lane runs")
    sandbox.faults()
    until(lambda: bool(system.done("dead-letters")), "a dead letter")
    assert sandbox.showing(alert) < CROWD
    system.done("dead-letters", "--retry")
    all_once(sandbox, alert, received_max=3)
    assert system.done("dead-letters") == []


def apns_calls(sandbox: Sandbox, alert: str) -> int:
    return sum(call["platform"] == "apns" for call in sandbox.calls(alert))


def test_a_provider_that_calls_everybody_gone_is_not_believed(system: System, sandbox: Sandbox) -> None:
    sandbox.faults(webpush={"410": 1.0}, apns={"410": 1.0})
    post(system, "sports")
    until(lambda: sum(sandbox.counts()["refused"].values()) >= 50, "they are refused")
    time.sleep(QUIET_S)
    assert asyncio.run(tombstones(system)) <= 2 * GUARD_WINDOW


async def tombstones(system: System) -> int:
    store = for_commands(system.store_url, 5.0)
    try:
        return await devices.tombstones(store)
    finally:
        await store.aclose()
