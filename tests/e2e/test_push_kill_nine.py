"""A fan-out under kill -9: every phone shows the alert once, and none has received it more than three times."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from tests.phones import Sandbox, house_style, seed
from tests.processes import System, until

DEVICES = 3000
AT = (0.0, 0.2, 0.5, 0.8)
"""Shares of the phones at which somebody dies; the first is before the fuse has burnt down."""
FUSE_S = 0.2
TAKEOVER_MAX_S = 20.0
RECEIVED_MAX = 3


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("push")
    with System(folder, config=house_style(folder, FUSE_S)) as system:
        asyncio.run(seed(system, DEVICES))
        yield system


def kill_at(share: float, system: System, sandbox: Sandbox, alert: str, victim: str) -> None:
    sandbox.until_showing(alert, round(share * DEVICES))
    until(lambda: system.end(victim), f"{victim} runs")


@pytest.mark.parametrize("victim", ["dispatcher", "push apns", "store"])
def test_every_phone_shows_it_once_whatever_is_killed(system: System, victim: str) -> None:
    sandbox = Sandbox(system)
    sandbox.forget()
    alert = system.post(f"Ferries sail again past the {victim}")["alert"]["id"]
    for share in AT:
        kill_at(share, system, sandbox, alert, victim)
    killed_s = time.monotonic()
    sandbox.until_showing(alert, DEVICES, TAKEOVER_MAX_S)
    print(f"{victim}: all have it {time.monotonic() - killed_s:.1f} s after its last end")
    phones = sandbox.phones(alert)
    assert len(phones) == DEVICES
    assert {len(phone["showing"]) for phone in phones} == {1}
    assert max(phone["received"] for phone in phones) <= RECEIVED_MAX
