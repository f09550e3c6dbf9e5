"""Who took the token of a device that was erased by it: the one through whom its phone can still be reached.

The rule to remember: an alert that is taken back reaches the phone, whatever number its token goes by now. A device
that erased itself has no heir, and numbers are never reused, so a chain that ends at an erased device reaches nobody.
"""

from collections.abc import Collection

import msgspec

from service.domain.device import BLOCK_DEVICES, Device, Platform
from service.store import keys
from service.store.connection import Store, reaching_store
from service.store.device_records import read_record

KEPT_MS = 90 * 86_400_000
"""As long as any ledger may be kept, which alone has a use for it (push_ledger_days)."""
CHAIN_MAX = 5
"""How often a token may have gone from one device to the next within that time."""


async def find(store: Store, platform: Platform, numbers: Collection[int]) -> dict[int, Device]:
    """The heirs of erased devices, by the numbers of those, which they bear here instead of their own.

    So each stands for its bit of the old block. Without those that have no heir, or whose heir was erased itself.
    Raises StoreUnavailable.
    """
    found: dict[int, Device] = {}
    at = {number: number for number in numbers}
    for _ in range(CHAIN_MAX):
        at = await _step(store, platform, at)
        if not at:
            break
        records = await _read(store, [keys.block(platform, each // BLOCK_DEVICES) for each in at.values()], at)
        for number, record in records.items():
            device = None if record is None else read_record(platform, at[number], record)
            if device is not None:
                found[number] = msgspec.structs.replace(device, number=number)
                del at[number]
    return found


async def _step(store: Store, platform: Platform, at: dict[int, int]) -> dict[int, int]:
    """Everybody's next heir, by the numbers of `at`; without those that have none."""
    heirs = await _read(store, [keys.heirs(platform, each // BLOCK_DEVICES) for each in at.values()], at)
    return {number: int(heir) for number, heir in heirs.items() if heir is not None and heir.isdigit()}


async def _read(store: Store, names: list[str], at: dict[int, int]) -> dict[int, bytes | None]:
    """What the hashes `names` hold at the bits of the values of `at`, by the keys of `at`, in one round trip."""
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        for name, number in zip(names, at.values(), strict=True):
            pipe.hget(name, str(number % BLOCK_DEVICES))
        return dict(zip(at, await pipe.execute(), strict=True))
