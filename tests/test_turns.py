"""Turns at one alert: one after the other, an emergency first, and who gives up is left out."""

import asyncio

from service.turns import Turns


async def act(turns: Turns, name: str, done: list[str], held: asyncio.Event, *, first: bool = False) -> None:
    async with turns.at("alert", first=first):
        done.append(name)
        await held.wait()


async def passes() -> None:
    """Until everybody has done what can be done."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_takes_something_back_comes_before_all_who_wait_and_nobody_comes_between() -> None:
    turns, done, held, over = Turns(), list[str](), asyncio.Event(), asyncio.Event()
    over.set()
    at_it = asyncio.create_task(act(turns, "at it", done, held))
    await passes()
    others = [asyncio.create_task(act(turns, f"update {number}", done, over)) for number in range(3)]
    await passes()
    kill = asyncio.create_task(act(turns, "kill", done, over, first=True))
    await passes()
    assert done == ["at it"]
    held.set()
    await asyncio.gather(at_it, kill, *others)
    assert done == ["at it", "kill", "update 0", "update 1", "update 2"]
    assert turns._queues == {}


async def test_another_alert_does_not_wait() -> None:
    turns = Turns()
    async with turns.at("one", first=False), turns.at("another", first=False):
        pass


async def test_who_gives_up_waiting_is_left_out_also_at_the_very_moment_of_the_turn() -> None:
    turns, done, held, over = Turns(), list[str](), asyncio.Event(), asyncio.Event()
    over.set()
    at_it = asyncio.create_task(act(turns, "at it", done, held))
    await passes()
    gone, late, last = (asyncio.create_task(act(turns, name, done, over)) for name in ("gone", "late", "last"))
    await passes()
    gone.cancel()
    await passes()
    held.set()
    await asyncio.sleep(0)  # the turn is given to `late` now
    late.cancel()
    await asyncio.gather(at_it, last, gone, late, return_exceptions=True)
    assert done == ["at it", "last"]
    assert turns._queues == {}
