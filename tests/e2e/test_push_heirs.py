"""A token that went to another device: what is taken back reaches the phone that was rung, once."""

import asyncio
import time
from collections.abc import Iterator

import msgspec
import pytest

from service.domain.device import Preferences
from tests.phones import Phone, Sandbox, house_style, seed
from tests.processes import System, until

SOON_S = 0.2
QUIET_S = 1.5
"""Long after a kill has reached everybody."""
SPORTS, HEALTH = (Preferences(("en",), sections=(section,)) for section in ("sports", "health"))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("heirs")
    with System(folder, config=house_style(folder, SOON_S), push="auto") as system:
        yield system


def one(system: System, preferences: Preferences) -> Phone:
    return asyncio.run(seed(system, 1, platforms=("fcm",), preferences=preferences))[0]


def take(system: System, taker: Phone, given_up_by: Phone) -> Phone:
    """The taker's app is given the other's token, and says so."""
    taker = msgspec.structs.replace(taker, registration=given_up_by.registration)
    taker.change(system, taker.registration.preferences)
    return taker


def rung(sandbox: Sandbox, alert: str, *phones: Phone) -> None:
    """Wait until they show it."""
    wanted = {phone.token for phone in phones}
    until(lambda: wanted <= {phone["token"] for phone in sandbox.phones(alert)}, "they are rung")


def versions(sandbox: Sandbox, alert: str, phone: Phone) -> list[int]:
    return [call["version"] for call in sandbox.calls(alert) if call["token"] == phone.token]


@pytest.mark.parametrize("reads", [HEALTH, SPORTS], ids=["that was not rung", "that was rung"])
def test_a_kill_reaches_the_phone_once_whose_token_went_to_a_device(system: System, reads: Preferences) -> None:
    sandbox, first, taker = Sandbox(system), one(system, SPORTS), one(system, reads)
    alert = system.post(f"Final whistle for {first.number}", sections=["sports"])["alert"]["id"]
    rung(sandbox, alert, first, *([taker] if reads is SPORTS else []))
    take(system, taker, first)
    system.kill_alert(alert)
    until(lambda: len(versions(sandbox, alert, first)) >= 2, "the phone hears of the kill")
    time.sleep(QUIET_S)
    assert versions(sandbox, alert, first) == [1, 2]


def test_a_kill_does_not_reach_an_heir_that_erased_itself(system: System) -> None:
    sandbox, first, other = Sandbox(system), one(system, SPORTS), one(system, SPORTS)
    alert = system.post(f"Extra time for {first.number}", sections=["sports"])["alert"]["id"]
    rung(sandbox, alert, first, other)
    take(system, one(system, HEALTH), first).erase(system)
    system.kill_alert(alert)
    until(lambda: versions(sandbox, alert, other) == [1, 2], "the other hears of the kill")
    time.sleep(QUIET_S)
    assert versions(sandbox, alert, first) == [1]
