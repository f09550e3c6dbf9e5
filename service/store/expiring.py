"""Which alerts expire when; append.lua keeps the list.

The rule to remember: the list only says where to look. Whether an alert expires is decided on the alert.
"""

from service.store import keys
from service.store.connection import Store, reaching_store


async def due(store: Store, until_ms: int, limit: int) -> list[str]:
    """Ids of alerts whose moment came by `until_ms`, the earliest first. Raises StoreUnavailable."""
    async with reaching_store():
        members = await store.zrangebyscore(keys.EXPIRING, "-inf", until_ms, start=0, num=limit)
    return [member.decode() for member in members]


async def postpone(store: Store, alert_id: str, until_ms: int) -> None:
    """Look at this alert again at that moment, if it is still to be looked at. Raises StoreUnavailable."""
    async with reaching_store():
        await store.zadd(keys.EXPIRING, {alert_id: until_ms}, xx=True)


async def forget(store: Store, alert_id: str) -> None:
    """Nothing is kept of this alert any more. Raises StoreUnavailable."""
    async with reaching_store():
        await store.zrem(keys.EXPIRING, alert_id.encode())
