"""What readers of the live streams are told, for a crawl: how each stream begins, what it replays, what it says live.

The rule to remember: whoever listens from before an act until after a later alert has missed nothing in between.
"""

import asyncio
import itertools
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from tests.gateway.house import request
from tests.gateway.reader import Reader, place
from tests.processes import System

WITHIN_S = 60.0


class Seen(msgspec.Struct, frozen=True):
    """What an address or a stream said. `mark` is what it was called: an ETag, or a stream's cursor; "" without one."""

    place: str
    body: str
    head: str = ""
    mark: str = ""

    @property
    def text(self) -> str:
        return f"{self.head}\n{self.body}"


def streams(system: System) -> Iterator[Seen]:
    """Every edition's stream in both encodings: how it begins, and all that the wire still holds."""
    yield from asyncio.run(_streams(system))


async def _streams(system: System) -> list[Seen]:
    found = []
    for edition in _editions(system):
        for upgrade in (True, False):
            first = await _begins(system, f"edition={edition}&limit=100", upgrade)
            found.append(first)
            life = first.mark.partition(":")[0]
            found.append(await _begins(system, f"edition={edition}&after={life}:0", upgrade))
    return found


async def _begins(system: System, query: str, upgrade: bool) -> Seen:
    """The first message of a stream, and every revision that it says it replays."""
    reader = await _open(system, query, upgrade)
    try:
        first = await reader.next(WITHIN_S)
        said = [first]
        if first["type"] == "resumed" and first["replayed"]:
            said += await reader.until(place(first) + first["replayed"])
    finally:
        reader.close()
    text = "\n".join(json.dumps(message, ensure_ascii=False) for message in said)
    head = reader.head.decode("latin-1")
    return Seen(f"{'ws' if upgrade else 'sse'} {query}", text, head, str(said[-1]["cursor"]))


async def _open(system: System, query: str, upgrade: bool) -> Reader:
    reader = await Reader.connect(system.gateway_port)
    await reader.send(request(query, upgrade))
    await reader.read_head()
    return reader


def _editions(system: System) -> list[str]:
    return [each["edition"] for each in system.ask("/v1/editions")["editions"]]


class Ears:
    """Both live streams of every edition, open from now on: what is said to readers who are there all the time."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._loop = asyncio.new_event_loop()
        self._readers: dict[str, list[tuple[str, Reader]]] = {}
        try:
            for edition in _editions(system):
                self._readers[edition] = []
                for upgrade in (True, False):
                    reader = self._loop.run_until_complete(_open(system, f"edition={edition}", upgrade))
                    self._readers[edition].append((f"heard by {'ws' if upgrade else 'sse'} {edition}", reader))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Ears":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def heard(self) -> list[Seen]:
        """All that was said until now: up to an alert of ours, which is published on every edition for it."""
        found = []
        for edition, readers in self._readers.items():
            marker = self._system.post(f"All of it was heard up to here on {edition}", edition, "line")["alert"]["id"]
            found += [self._loop.run_until_complete(_up_to(marker, name, reader)) for name, reader in readers]
        return found

    def close(self) -> None:
        for _, reader in itertools.chain.from_iterable(self._readers.values()):
            reader.close()
        self._loop.close()


async def _up_to(marker: str, name: str, reader: Reader) -> Seen:
    said: list[dict[str, Any]] = []
    while not said or said[-1].get("alert", {}).get("id") != marker:
        said.append(await reader.next(WITHIN_S))
    return Seen(name, "\n".join(json.dumps(message, ensure_ascii=False) for message in said))
