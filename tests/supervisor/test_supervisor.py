"""Supervised children: ready before we say so, replaced when they end or fall silent, stopped in order."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from service import supervisor
from service.supervisor import Child, ChildFailed, Probe, stop_in_order
from tests.ports import free_ports

PROGRAM = Path(__file__).with_name("child.py")
Make = Callable[..., Child]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes children, and ends at the end of the test whatever it has made."""
    made: list[Child] = []

    def make_child(manner: str = "steady", name: str = "child", mute_s: float = 5.0) -> Child:
        (port,) = free_ports(1)
        command = (sys.executable, str(PROGRAM), str(port), str(tmp_path), manner)
        made.append(Child(name, command, os.environ, Probe("127.0.0.1", port, mute_s)))
        return made[-1]

    yield make_child
    for child in made:
        child.kill()
        await child.stop(5)


async def until(fact: Callable[[], bool], deadline_s: float = 60.0) -> None:
    async with asyncio.timeout(deadline_s):
        while not fact():
            await asyncio.sleep(0.01)


def replaced(child: Child, former: int | None) -> Callable[[], bool]:
    return lambda: child.pid not in (None, former)


async def test_a_child_is_ready_when_start_returns(make: Make) -> None:
    child = make()
    await child.start()
    assert child.pid is not None
    assert await child.probe.status("/readyz") == 200


async def test_a_child_that_was_killed_is_replaced(make: Make) -> None:
    child = make()
    await child.start()
    former = child.pid
    assert former is not None
    os.kill(former, signal.SIGKILL)
    await until(replaced(child, former))


async def test_a_child_that_dies_again_and_again_is_replaced_less_often(make: Make) -> None:
    child = make()
    await child.start()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for _ in range(3):
        former = child.pid
        assert former is not None
        os.kill(former, signal.SIGKILL)
        await until(replaced(child, former))
    first = supervisor.BACK_OFF_FIRST_S
    assert loop.time() - begun >= first + 2 * first + 4 * first


async def test_a_child_that_falls_silent_is_replaced(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PROBE_EVERY_S", 0.05)
    child = make(mute_s=0.5)
    await child.start()
    former = child.pid
    assert former is not None
    os.kill(former, signal.SIGSTOP)
    await until(replaced(child, former))


async def test_a_child_that_fails_at_the_first_start_is_not_tried_again(make: Make, tmp_path: Path) -> None:
    child = make("fails")
    with pytest.raises(ChildFailed, match="child did not start"):
        await child.start()
    assert child.pid is None
    assert len(list(tmp_path.glob("started-*"))) == 1


async def test_a_child_is_asked_to_stop_and_not_replaced(make: Make, tmp_path: Path) -> None:
    child = make()
    await child.start()
    await child.stop(10)
    assert child.pid is None
    assert len(list(tmp_path.glob("asked-*"))) == 1
    assert len(list(tmp_path.glob("started-*"))) == 1


async def test_a_child_that_does_not_listen_is_ended(make: Make, tmp_path: Path) -> None:
    child = make("deaf")
    await child.start()
    await child.stop(1.0)
    assert child.pid is None
    assert len(list(tmp_path.glob("asked-*"))) == 1


async def test_ctrl_c_in_our_terminal_does_not_reach_a_child(make: Make) -> None:
    child = make()
    await child.start()
    assert child.pid is not None
    assert os.getsid(child.pid) == child.pid != os.getsid(0)


async def test_groups_stop_one_after_the_other(make: Make, tmp_path: Path) -> None:
    first, second = make(name="first"), make(name="second")
    await asyncio.gather(first.start(), second.start())
    await stop_in_order([[first], [second]], 10)
    asked = [int((tmp_path / f"asked-{child.probe.port}").read_text()) for child in (first, second)]
    assert asked == sorted(asked)


async def test_a_probe_of_nobody_has_no_status() -> None:
    (port,) = free_ports(1)
    assert await Probe("127.0.0.1", port).status("/healthz") is None
