"""How wires stand in the store, compared with what somebody has seen of them; and their epochs.

The rule to remember: only the API and `restore` may give a wire another epoch, and only compare-and-set. Any other
process that finds a history which is not the one it has seen disputes the epoch, and waits.
"""

from collections.abc import Mapping
from importlib import resources

from service.domain.lineage import Mark, Standing
from service.store import keys
from service.store.connection import Store, reaching_store
from service.store.keys import WireName

_CHANGE = resources.files(__package__).joinpath("epoch.lua").read_text("utf-8")
_STANDING = resources.files(__package__).joinpath("standing.lua").read_text("utf-8")


async def read(store: Store, marks: Mapping[WireName, Mark | None]) -> dict[WireName, Standing]:
    """How each wire stands now, at its mark's offset too; one round trip. Raises redis errors as they are."""
    names = [key for name in marks for key in (keys.head(name), keys.wire(name), keys.disputed(name))]
    found = await store.register_script(_STANDING)(
        keys=names, args=[mark.offset if mark else 0 for mark in marks.values()]
    )
    return {name: _standing(*answer) for name, answer in zip(marks, found, strict=True)}


def _standing(epoch: bytes, offset: int, first: int, last: int, digest: bytes, disputed: bytes) -> Standing:
    return Standing(
        epoch=epoch.decode() or None, offset=offset, first=first, last=last, digest=digest.decode() or None,
        disputed=disputed.decode() or None,
    )  # fmt: skip


async def change_epoch(store: Store, wire: WireName, expected: str | None, new_epoch: str) -> str:
    """End the life `expected` (None: it never had one) and begin `new_epoch`; the epoch that the wire then has, which
    is another's where somebody was faster. Only the API and `restore` may call this. Raises StoreUnavailable.
    """
    async with reaching_store():
        script = store.register_script(_CHANGE)
        found: bytes = await script(
            keys=(keys.head(wire), keys.wire(wire), keys.disputed(wire)), args=(expected or "", new_epoch)
        )
    return found.decode()


async def dispute(store: Store, wire: WireName, epoch: str) -> None:
    """Tell the API that this life's history is not the one that was seen. Raises StoreUnavailable."""
    async with reaching_store():
        await store.set(keys.disputed(wire), epoch)
