"""Delivery figures in the store: what gateways report of their sockets, and all that a delivery report is made of.

The rule to remember: a gateway's word about a revision is a field of its own and the first one stays. So the figures of
several gateways add up, and nothing is counted twice, whoever restarts or says it again.
"""

from collections.abc import Mapping
from typing import cast

import msgspec

from service.domain.delivery import Figures, SocketReport
from service.domain.device import PLATFORMS
from service.store import keys
from service.store.connection import Store, reaching_store

_ENCODE = msgspec.msgpack.Encoder().encode
_REPORT = msgspec.msgpack.Decoder(SocketReport)


async def write_sockets(
    store: Store, gateway: str, reports: Mapping[tuple[str, int], SocketReport], kept_days: int
) -> None:
    """Keep what the process `gateway` says of revisions (alert id, version), in one call. Raises StoreUnavailable."""
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        for (alert_id, version), said in reports.items():
            pipe.hsetnx(keys.sockets(alert_id), f"{version}:{gateway}", _ENCODE(said))
            pipe.pexpire(keys.sockets(alert_id), kept_days * 86_400_000)
        await pipe.execute()


async def read(store: Store, alert_id: str, version: int) -> Figures:
    """How the delivery of this version stands, all of one moment. Raises StoreUnavailable."""
    async with reaching_store(), store.pipeline(transaction=True) as pipe:
        pipe.hgetall(keys.delivery(alert_id))
        pipe.hgetall(keys.sockets(alert_id))
        pipe.hgetall(keys.plan(alert_id))
        pipe.scard(keys.open_blocks(alert_id, version))
        counts, sockets, plan, open_blocks = await pipe.execute()
    devices = {platform: int(plan.get(platform.encode(), 0)) for platform in PLATFORMS}
    return Figures(
        counts={name.decode(): int(count) for name, count in counts.items()},
        sockets=_of_version(sockets, version),
        devices=devices,
        # a plan for nobody has no jobs to be written down
        planned=keys.planned(version).encode() in plan or (bool(plan) and not any(devices.values())),
        open_blocks=cast(int, open_blocks),
    )


def _of_version(fields: Mapping[bytes, bytes], version: int) -> list[SocketReport]:
    prefix = b"%d:" % version
    return [_REPORT.decode(said) for name, said in fields.items() if name.startswith(prefix)]
