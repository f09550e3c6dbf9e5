"""Receipts: how many devices have shown and opened an alert.

The rule to remember: a receipt counts once for each device and alert, and only if the ledger says that the device was
given that version. So nobody can count for others, or for what was never sent.
"""

from collections.abc import Iterable
from importlib import resources

from service.domain.device import BLOCK_DEVICES, Platform
from service.domain.errors import StoreUnavailable
from service.domain.receipt import Receipt
from service.store import keys
from service.store.connection import Store, reaching_store

_SCRIPT = resources.files(__package__).joinpath("receipts.lua").read_text("utf-8")


async def count(store: Store, platform: Platform, number: int, receipts: Iterable[Receipt]) -> int:
    """Count what a device says, one call of the store for each alert; how many were new. Raises StoreUnavailable."""
    by_alert: dict[str, list[str | int]] = {}
    for receipt in receipts:
        by_alert.setdefault(receipt.alert, []).extend((receipt.version, receipt.what))
    block, bit = divmod(number, BLOCK_DEVICES)
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        script = store.register_script(_SCRIPT)
        for alert, said in by_alert.items():
            names = (keys.ledger(alert, platform, block), keys.delivery(alert))
            await script(keys=names, args=(bit, platform, *said), client=pipe)
        replies = await pipe.execute(raise_on_error=False)
    if refused := [reply for reply in replies if isinstance(reply, Exception)]:
        raise StoreUnavailable(f"the store refuses: {refused[0]}")
    return sum(replies)
