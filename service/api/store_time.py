"""How long a request may wait for the store.

The rule to remember: the budget is the request's, spent over all of its waits, so that a 503 is there within 1.5 s
(reliability P11).
"""

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from service.domain.errors import StoreUnavailable

STORE_WITHIN_S = 1.35

T = TypeVar("T")


class StoreTime:
    """A request's budget of waiting for the store, spent over several waits. Over it, the store is unavailable."""

    def __init__(self, seconds: float | None = None) -> None:
        self._left_s = STORE_WITHIN_S if seconds is None else seconds

    async def spend(self, call: Awaitable[T]) -> T:
        started_at = time.monotonic()
        try:
            async with asyncio.timeout(max(self._left_s, 0.001)):
                return await call
        except TimeoutError:
            raise StoreUnavailable("the store does not answer in time") from None
        finally:
            self._left_s -= time.monotonic() - started_at
