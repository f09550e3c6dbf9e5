"""How durable is the store, asked at the start and again every few seconds (reliability P1).

The rule to remember: what was not asked is not known. While the store does not answer there is no judgement, so nothing
is acknowledged on the strength of an old one.
"""

import asyncio

import structlog
from prometheus_client import Gauge

from service.domain.durability import Demand, Durability
from service.domain.errors import StoreUnavailable
from service.store import durability
from service.store.connection import Store

log = structlog.get_logger("store")

DURABILITY_ENOUGH = Gauge("flashwire_durability_enough", "1 while the store gives what the settings demand.")

RETRY_S = 0.25


class DurabilityWatch:
    """Asks, and keeps the last answer in `current`; None while there is none."""

    def __init__(self, store: Store, demand: Demand, replicas_min: int, every_s: float) -> None:
        self._store = store
        self._demand = demand
        self._replicas_min = replicas_min
        self._every_s = every_s
        self.current: Durability | None = None
        self.known = asyncio.Event()
        """Set once it has been told for the first time."""

    async def follow(self) -> None:
        """For ever: ask, wait, ask again; soon again where nobody answered."""
        while True:
            await self._ask()
            await asyncio.sleep(RETRY_S if self.current is None else self._every_s)

    async def _ask(self) -> None:
        try:
            found = await durability.read(self._store, self._demand, self._replicas_min)
        except StoreUnavailable:
            found = None
        if found is not None and found != self.current:
            say = log.info if found.enough else log.error
            say("the store's durability", gives=found.gives, enough=found.enough, remedy=found.remedy)
        self.current = found
        if found is not None:
            self.known.set()
        DURABILITY_ENOUGH.set(found is not None and found.enough)
