"""Ask the store how durable it is; the judgement is `service.domain.durability`."""

from redis.exceptions import ResponseError

from service.domain.durability import WANTED, Demand, Durability, judge
from service.domain.errors import StoreUnavailable
from service.store.connection import Store, reaching_store


async def read(store: Store, demand: Demand, replicas_min: int) -> Durability:
    """What the store gives now. Raises StoreUnavailable, also while it is loading its log.

    While it does that it answers questions about itself, and says that it writes no log.
    """
    async with reaching_store():
        persistence = _text(await store.info("persistence"))
        if persistence.get("loading", "0") != "0":
            raise StoreUnavailable("the store is loading its log")
        replication = _text(await store.info("replication"))
        try:
            config: dict[str, str] | None = _text(await store.config_get(*WANTED))
        except ResponseError:
            config = None  # a managed store: CONFIG may not be read
    replicas = int(replication.get("connected_slaves", "0"))
    return judge(config, persistence, replicas, replicas_min, demand)


def _text(values: dict[object, object]) -> dict[str, str]:
    def plain(value: object) -> str:
        return value.decode() if isinstance(value, bytes) else str(value)

    return {plain(name): plain(value) for name, value in values.items()}
