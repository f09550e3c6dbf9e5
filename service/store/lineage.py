"""How wires stand in the store, compared with what somebody has seen of them; and their epochs.

The rule to remember: only the API and `restore` may give a wire another epoch, and only compare-and-set. Any other
process that finds a history which is not the one it has seen disputes the epoch, and waits.
"""

from collections.abc import Mapping
from importlib import resources

from redis.exceptions import ResponseError

from service.domain.lineage import Mark, Standing
from service.store import keys, stream
from service.store.connection import Store
from service.store.keys import WireName
from service.store.stream import reaching_store

_CHANGE = resources.files(__package__).joinpath("epoch.lua").read_text("utf-8")
_COMMANDS = 3
"""Asked of each wire."""


async def read(store: Store, marks: Mapping[WireName, Mark | None]) -> dict[WireName, Standing]:
    """How each wire stands now, at its mark's offset too; one round trip. Raises redis errors as they are."""
    # each wire's answers belong to one moment, else an append in between would look like an offset taken twice
    async with store.pipeline(transaction=True) as pipe:
        for name, mark in marks.items():
            place = f"{mark.offset if mark else 0}-0"
            pipe.hmget(keys.head(name), ["epoch", "offset", "disputed"])
            pipe.xrange(keys.wire(name), place, place)
            pipe.xinfo_stream(keys.wire(name))
        answers = await pipe.execute(raise_on_error=False)
    for answer in answers:
        if isinstance(answer, Exception) and not (isinstance(answer, ResponseError) and "no such key" in str(answer)):
            raise answer
    found = (answers[at : at + _COMMANDS] for at in range(0, len(answers), _COMMANDS))
    return {name: _standing(*answer) for name, answer in zip(marks, found, strict=True)}


def _standing(head: list[bytes | None], entries: list[tuple[bytes, dict[bytes, bytes]]], about: object) -> Standing:
    epoch, offset, disputed = head
    first = last = 0
    if isinstance(about, dict):  # an error says that there is no stream
        last = stream.offset_of(about["last-generated-id"])
        first = stream.offset_of(about["first-entry"][0]) if about["first-entry"] else 0
    return Standing(
        epoch=None if epoch is None else epoch.decode(), offset=int(offset or 0), first=first, last=last,
        digest=stream.digest(entries[0][1]) if entries else None,
        disputed=None if disputed is None else disputed.decode(),
    )  # fmt: skip


async def change_epoch(store: Store, wire: WireName, expected: str | None, new_epoch: str) -> str:
    """End the life `expected` (None: it never had one) and begin `new_epoch`; the epoch that the wire then has, which
    is another's where somebody was faster. Only the API and `restore` may call this. Raises StoreUnavailable.
    """
    async with reaching_store():
        script = store.register_script(_CHANGE)
        found: bytes = await script(keys=(keys.head(wire), keys.wire(wire)), args=(expected or "", new_epoch))
    return found.decode()


async def dispute(store: Store, wire: WireName, epoch: str) -> None:
    """Tell the API that this life's history is not the one that was seen. Raises StoreUnavailable."""
    async with reaching_store():
        await store.hset(keys.head(wire), "disputed", epoch)
