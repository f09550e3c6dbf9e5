"""The primary hangs and Sentinel makes a replica primary (reliability §3): what was acknowledged is there, in order.

The rule to remember: `replica` waits for one other store before each 201, and a primary that nobody follows refuses, so
what was promised is known to whoever may become primary.
"""

import asyncio
from pathlib import Path
from typing import Any

from redis.exceptions import ResponseError

from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, serving, settings_for
from tests.gateway.house import house as open_house
from tests.gateway.reader import epoch, place
from tests.sentinels import go_on, pause, say, sentinels
from tests.stores import until

PATIENCE_S = 30
"""A failover takes some three seconds; a busy machine may take longer."""


async def accepted(api: Api, headline: str) -> str:
    """The id of an alert that was posted until it was taken, as our own clients do it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answer = await api.post({"headline": headline}, Idempotency_Key=headline.replace(" ", "-"))
            if answer.status_code == 201:
                return str(answer.json()["alert"]["id"])
            assert answer.status_code == 503, answer.text
            assert answer.headers["retry-after"]
            await asyncio.sleep(0.05)


async def refuses(store: EmbeddedStore) -> bool:
    """Whether a store takes no write: nobody follows it, or it follows another by now."""
    try:
        await say(store.url, "SET", "a-write", "of-a-stranger")
    except ResponseError as error:
        return any(word in str(error) for word in ("NOREPLICAS", "Not enough good replicas", "read only replica"))
    return False


async def test_a_primary_that_hangs_is_replaced_and_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    async with sentinels(tmp_path) as stores:
        first = stores.stores[0]
        settings = settings_for(first, redis_url=stores.url, tail_url=stores.url, durability="replica")
        async with open_house(first, redis_url=stores.url) as house, serving(settings) as api:
            readers = [await house.websocket(), await house.sse()]
            lives = {epoch(await reader.next()) for reader in readers}
            told = [await accepted(api, f"Stage {number} begins") for number in range(4)]
            pause(first)
            told += [await accepted(api, f"Stage {number} begins") for number in range(4, 8)]
            assert await stores.has_moved_from(first)
            go_on(first)
            await until(lambda: refuses(first), within_s=PATIENCE_S)
            told += [await accepted(api, f"Stage {number} begins") for number in range(8, 12)]

            for reader in readers:
                messages = await reader.until(len(told))
                assert [message["alert"]["id"] for message in messages] == told
                assert [place(message) for message in messages] == list(range(1, len(told) + 1))
                lives |= {epoch(message) for message in messages}
            assert len(lives) == 1, "no history was lost, so nobody needs another life"
            assert [alert["id"] for alert in (await api.ticker("?limit=100"))["alerts"]] == told[::-1]
            entries: list[Any] = await say((await stores.primary()).url, "XRANGE", "wire:{en}", "-", "+")
            assert len(entries) == len(told)
