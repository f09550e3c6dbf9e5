"""Connections to the store: quick, and replaced where the other end is gone."""

import asyncio

import pytest

from service.domain.errors import StoreUnavailable
from service.store import keys, stream
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedStore
from tests.entries import EN, alert, append
from tests.stores import server, store

__all__ = ["server", "store"]


async def test_a_connection_whose_other_end_went_away_between_two_calls_costs_no_call(
    store: Store, server: EmbeddedStore
) -> None:
    await append(store, alert())
    for _ in range(3):
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        await append(store, alert())
    assert (await stream.read_head(store, EN)) == stream.Head("e1", 4)


async def test_a_call_that_was_given_up_leaves_no_answer_for_the_next(store: Store, server: EmbeddedStore) -> None:
    impatient = for_commands(server.url, 0.05)
    await append(impatient, alert())
    async with store.pipeline(transaction=False) as pipe:
        pipe.execute_command("CLIENT", "PAUSE", 300, "ALL")
        await pipe.execute()
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await append(impatient, alert())
    await asyncio.sleep(0.4)
    assert (await impatient.hmget(keys.head(EN), ["epoch"])) == [b"e1"]
    assert await impatient.ping() is True
    await impatient.aclose()


async def test_words_numbers_bytes_and_every_character_arrive_as_they_are(store: Store) -> None:
    given = {"w": "كلمة \r\n $5 *3", "b": bytes(range(256)), "n": -(2**53), "e": "", "f": 0.1}
    async with store.pipeline(transaction=True) as pipe:
        pipe.hset("a name with spaces", mapping=given)
        pipe.execute_command("CONFIG GET", "appendonly")
        _, config = await pipe.execute()
    found = await store.hgetall("a name with spaces")
    assert found == {
        b"w": "كلمة \r\n $5 *3".encode(), b"b": bytes(range(256)), b"n": b"-9007199254740992", b"e": b"", b"f": b"0.1",
    }  # fmt: skip
    assert config
