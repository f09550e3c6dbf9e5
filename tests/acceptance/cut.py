"""Test 13, cut at every byte: of a reader's handshake and replay, and of an editor's request and its answer (P2, P3).

The rule to remember: wherever the line breaks, whoever comes back with cursor or Idempotency-Key ends exactly where he
would have been, and the servers have nothing left of him.
"""

import asyncio
import contextlib
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.acceptance import lists
from tests.acceptance.crowd import Given, Page, all_at, all_gone, soon, until
from tests.acceptance.cutting import Cut, CuttingWay
from tests.acceptance.editors import Editor, new_key, read_all
from tests.acceptance.form import Figures, nothing_of, over
from tests.acceptance.gateway_figures import connections
from tests.acceptance.lists import Read
from tests.processes import System

PLANTS = ("drop", "dup", "twice", "lost", "left-open")
FULL = {"step": 1, "last": 400}
SHORT = {"step": 13, "last": 400}
BEFORE = 6
"""Alerts that every reader has to be replayed."""
AT_ONCE = 40
LEFT_WITHIN_S = 15.0


@dataclass(frozen=True)
class Facts:
    """The wire before the posts and what readers have read of it; headline and id of every post, as its editor was
    told in the end, and as they stand on the wire; connections that the servers have left open.
    """

    wire: tuple[Given, ...]
    pages: tuple[Read, ...]
    accepted: tuple[tuple[str, str], ...]
    on_wire: tuple[tuple[str, str], ...]
    left_open: int


def check(facts: Facts) -> list[str]:
    """What is broken; empty if every state is exact, every post is one alert, and nothing is left."""
    wrong = [f"page {n}: {why}" for n, page in enumerate(facts.pages) for why in page.differs(facts.wire)]
    times = Counter(headline for headline, _ in facts.on_wire)
    wrong += [f"{headline} stands {count} times on the wire" for headline, count in times.items() if count > 1]
    stands = dict(facts.on_wire)
    wrong += [f"{text} was accepted and is not there" for text, id_ in facts.accepted if stands.get(text) != id_]
    return wrong + ([f"{facts.left_open} connections are left open"] if facts.left_open > 0 else [])


def plant(facts: Facts, fault: str) -> Facts:
    """The same facts with a fault in them."""
    page = facts.pages[0]
    match fault:
        case "drop":
            return replace(facts, pages=(replace(page, got=page.got[:1] + page.got[2:]), *facts.pages[1:]))
        case "dup":
            return replace(facts, pages=(replace(page, got=page.got[:1] + page.got), *facts.pages[1:]))
        case "twice":
            return replace(facts, on_wire=(*facts.on_wire, facts.on_wire[-1]))
        case "lost":
            return replace(facts, on_wire=facts.on_wire[:-1])
    return replace(facts, left_open=1)


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Each kind of line was cut at each place."""
    missing = nothing_of(figures, ("readers cut", "posts cut", "repetitions"))
    places = len(range(0, asked["last"] + 1, asked["step"]))
    return missing + (["fewer cuts than asked for"] if figures["readers cut"] < places * 8 else [])


def late(figures: Figures) -> list[str]:
    """It is to end in time."""
    return over(figures, {"s in all": 120})


async def observe(seed: int, step: int, last: int) -> tuple[Facts, dict[str, float]]:
    """Every cut once, readers first, then posts."""
    chance = random.Random(seed)
    started_s = time.monotonic()
    cuts = [
        Cut(direction, after, reset)
        for after in range(0, last + 1, step)
        for direction in ("to", "from")
        for reset in (True, False)
    ]
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder, System(Path(folder)) as system:
        editor = Editor(system)
        for number in range(BEFORE):
            await editor.post(f"Ferry times {number}", new_key())
        await editor.close()
        entries = await read_all(system)
        pages: list[Page] = []
        lines = [(cut, encoding) for cut in cuts for encoding in (0, 1)]
        for start in range(0, len(lines), AT_ONCE):
            pages += await _read_with(system, lines[start : start + AT_ONCE], entries[0][0], chance)
        told, repeated = await _post_with(system, cuts)
        left = await _left_open(system.gateway_port, system.api_port)
        entries_after = await read_all(system)
    on_wire = tuple((one.alert.headline or "", one.alert.id) for _, one in entries_after[BEFORE:])
    facts = Facts(lists.wire(entries), tuple(map(lists.read, pages)), tuple(told), on_wire, left)
    return facts, {
        "readers cut": sum(bool(page.partings) for page in pages),
        "posts cut": len(cuts),
        "repetitions": repeated,
        "s in all": round(time.monotonic() - started_s, 1),
    }


async def _read_with(system: System, lines: Sequence[tuple[Cut, int]], epoch: str, chance: random.Random) -> list[Page]:
    """Readers who resume from the wire's beginning over lines that are cut, and then over lines that are not."""
    async with CuttingWay(system.gateway_port) as way:
        pages = []
        for cut, encoding in lines:
            page = Page(way.port, encoding, soon(chance))
            page.cursor = page.begins_after = f"{epoch}:0"
            page.firsts.append("snapshot cold")  # as if it had begun on an empty wire
            way.cuts.append(cut)
            pages.append(page)
            page.begin()
        await all_at(pages, f"{epoch}:{BEFORE}")
        with contextlib.suppress(AssertionError):  # a cut far behind the replay is still to come: at once, then
            await until(lambda: all(page.partings for page in pages), "everybody was cut", 0.2)
        await all_gone(pages)
    return pages


async def _post_with(system: System, cuts: Sequence[Cut]) -> tuple[list[tuple[str, str]], int]:
    """Post over lines that are cut, repeating with the same Idempotency-Key until there is a whole 201."""
    told, repeated = [], 0
    async with CuttingWay(system.api_port) as way:
        for number, cut in enumerate(cuts):
            headline, key = f"Tide table {number}", new_key()
            way.cuts.append(cut)
            while (answer := await _post(system, way.port, headline, key)) is None:
                repeated += 1
            told.append((headline, answer))
    return told, repeated


async def _post(system: System, port: int, headline: str, key: str) -> str | None:
    """The alert's id, or None where the answer did not come whole."""
    body = json.dumps({"edition": "en", "headline": headline, "level": "line"}).encode()
    head = (
        f"POST /v1/alerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {system.key}\r\nIdempotency-Key: {key}"
        f"\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        with contextlib.suppress(OSError, EOFError):
            async with asyncio.timeout(10):
                writer.write(head.encode() + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                made = json.loads(await reader.readexactly(int(length.partition(b":")[2])))
                return str(made["alert"]["id"])
    finally:
        writer.close()
    return None


async def _left_open(*ports: int) -> int:
    """How many connections servers have once everybody has left."""
    with contextlib.suppress(AssertionError):
        await until(lambda: not connections(*ports), "nothing is left", LEFT_WITHIN_S)
    return connections(*ports)
