"""Who was given which version of which alert, block by block: what corrections reach, and what a retry leaves out.

The rule to remember: a device is marked as tried before anything is sent to it, in the same call that looks whether the
alert still is what the sender believes. So whoever was given a version that is overtaken stands in the ledger by the
time that its overtaker looks.
"""

from collections.abc import Mapping
from importlib import resources
from typing import Any, cast

import msgspec

from service.domain import bits
from service.domain.alert import Record, State
from service.domain.device import Platform
from service.store import keys
from service.store.connection import Store, reaching_store


def _script(name: str) -> str:
    return resources.files(__package__).joinpath(f"ledger_{name}.lua").read_text("utf-8")


_OPEN, _BEGIN, _SETTLE, _CLAIM, _NOTE = map(_script, ("open", "begin", "settle", "claim", "note"))
_RECORD = msgspec.json.Decoder(Record)


class Block(msgspec.Struct, frozen=True):
    """One alert's ledger of one block of one platform's devices."""

    alert_id: str
    platform: Platform
    block: int


class Still(msgspec.Struct, frozen=True):
    """Nothing is to be sent: the job's version is overtaken (state None), or its alert is in this state."""

    state: State | None


class Opened(msgspec.Struct, frozen=True):
    """What a run begins with. `versions` are all of the alert's, oldest first. `runs` counts this one, and those before
    it that did not come to an orderly end.
    """

    runs: int
    attempts: int
    """Passes before this one in which somebody was refused for now and nobody got it."""
    planned: int
    """Devices of the platform when the alert was planned; who registered later is not rung for it."""
    versions: tuple[Record, ...]
    fields: dict[bytes, bytes]

    @property
    def done(self) -> bool:
        """Whether everybody of the block who was to be rung has been decided upon."""
        return b"done" in self.fields

    def marked(self, version: int, mark: str) -> int:
        """The devices with that mark (t1, t2, t3, ok, fail) of that version."""
        return bits.unpack(self.fields.get(f"{version}:{mark}".encode()))

    @property
    def since_ms(self) -> int:
        """When the job was put back to work by somebody; 0 where nobody has."""
        return int(self.fields.get(b"since", 0))

    @property
    def gone(self) -> int:
        return bits.unpack(self.fields.get(b"gone"))


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of devices that were begun, as sets of bits, and what it adds to the alert's figures."""

    accepted: int = 0
    failed: int = 0
    gone: int = 0
    back: int = 0
    """Not delivered for certain: to be tried again, and not counted as a try."""
    counts: Mapping[str, int] = {}


class Ledger:
    """The ledgers of all alerts. Raises StoreUnavailable."""

    def __init__(self, store: Store, *, sends_max: int, kept_days: int) -> None:
        self._store = store
        self._sends_max = sends_max
        self._kept_ms = kept_days * 86_400_000

    async def open(self, block: Block, version: int) -> Opened | Still:
        """Begin a run of this version's job; puts out the fuse of an alert that is being pushed for the first time."""
        names = (
            keys.alert(block.alert_id), keys.versions(block.alert_id), _key(block), keys.plan(block.alert_id),
        )  # fmt: skip
        reply = await self._call(_OPEN, names, (version, block.platform, self._kept_ms))
        match reply:
            case [b"moved"]:
                return Still(None)
            case [b"still", state]:
                return Still(cast(State, state.decode()))
            case [b"open", runs, planned, records, flat]:
                fields = dict(zip(flat[::2], flat[1::2], strict=True))
                attempts = int(fields.get(f"{version}:attempts".encode(), 0))
                return Opened(int(runs), attempts, int(planned), tuple(map(_RECORD.decode, records)), fields)
        raise AssertionError(f"ledger_open.lua answered {reply!r}")

    async def pause(self, block: Block, version: int, *, refused: bool) -> None:
        """The run has ended in order, and another one follows: it does not count, but as an attempt if `refused`."""
        async with reaching_store(), self._store.pipeline(transaction=False) as pipe:
            pipe.hincrby(_key(block), f"{version}:runs", -1)
            if refused:
                pipe.hincrby(_key(block), f"{version}:attempts", 1)
            await pipe.execute()

    async def begin(self, block: Block, version: int, state: State, wanted: int) -> int | None:
        """Mark devices as tried and return those that may be sent to now; None where the alert has moved on."""
        names = (keys.alert(block.alert_id), _key(block))
        reply = await self._call(_BEGIN, names, (version, state, bits.pack(wanted), self._sends_max))
        return None if reply[0] == b"moved" else bits.unpack(reply[1])

    async def settle(self, block: Block, version: int, counter: str, settled: Settled) -> None:
        """Write down what became of them; `counter` is the delivery figure that acceptances are counted in."""
        values: list[Any] = [version]
        values += [bits.pack(found) for found in (settled.accepted, settled.failed, settled.gone, settled.back)]
        values += [counter, self._kept_ms, *_flat(settled.counts)]
        await self._call(_SETTLE, (_key(block), keys.delivery(block.alert_id)), tuple(values))

    async def note(self, block: Block, field: str, found: int, counts: Mapping[str, int]) -> None:
        """Remember `found` under `field`, and count `counts` with it, once however often it is said."""
        values = (field, bits.pack(found), self._kept_ms, *_flat(counts))
        await self._call(_NOTE, (_key(block), keys.delivery(block.alert_id)), values)

    async def claim(self, block: Block, story: str, edition: str, wanted: int) -> int:
        """Those of `wanted` whom another edition has rung for this story; the others are taken for `edition`."""
        name = keys.rung(story, block.platform, block.block)
        return bits.unpack(await self._call(_CLAIM, (name,), (edition, bits.pack(wanted), self._kept_ms)))

    async def _call(self, script: str, names: tuple[str, ...], values: tuple[Any, ...]) -> Any:
        async with reaching_store():
            return await self._store.register_script(script)(keys=names, args=values)


def _key(block: Block) -> str:
    return keys.ledger(block.alert_id, block.platform, block.block)


def _flat(counts: Mapping[str, int]) -> list[Any]:
    return [part for pair in counts.items() for part in pair]
