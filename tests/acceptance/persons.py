"""Test 15, two persons and drills: whoever tries to let out alone what needs a second person is refused and written
down; an undo rings nobody, a drill rings no reader; and every act stands in the audit.

The rule to remember: what was tried is written down by those who try, what came of it is asked of the wire, the phones
and the audit, each of which knows nothing of the attempts.
"""

import asyncio
import json
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from service.clock import now_ms
from service.domain import moment
from service.domain.revision import Revision
from service.store.connection import for_commands
from service.store.keys import WireName
from service.store.stream import read_wire
from tests.acceptance.form import Figures, nothing_of, over
from tests.phones import Phone, Sandbox, house_style, tokens
from tests.phones import seed as seed_phones
from tests.processes import System, until

PLANTS = ("let-out", "unrefused", "unaudited", "unwritten", "twice", "rung", "drilled")
FULL: Mapping[str, Any] = {"rounds": 12}
SHORT: Mapping[str, Any] = {"rounds": 2}
FUSE_S = 2.0
PHONES, TEST_PHONES = 20, 4
CALM_S = 1.0

Trial = Literal["own", "own-by-other-key", "by-a-hand", "edited-after", "replayed", "raced", "undone", "drilled"]
TRIALS: tuple[Trial, ...] = (
    "own", "own-by-other-key", "by-a-hand", "edited-after", "replayed", "raced", "undone", "drilled",
)  # fmt: skip


@dataclass(frozen=True)
class Attempt:
    """One request: by whom, what, upon which version, and the status that it was answered. `allowed` by the rules of
    the house; None where a race decides.
    """

    by: str
    verb: str
    status: int
    allowed: bool | None
    again: bool = False
    """It was answered as before, because the same thing had been done already."""


@dataclass(frozen=True)
class Case:
    """One alert: what was tried with it, the lines of its audit (who, verb, refused), the types of its revisions on
    both wires, and the phones that were sent it.
    """

    trial: Trial
    attempts: tuple[Attempt, ...]
    audit: tuple[tuple[str, str, bool], ...]
    public: tuple[str, ...]
    exercise: tuple[str, ...]
    readers_rung: int
    test_rung: int


def check(cases: list[Case]) -> list[str]:
    """What is broken."""
    return [f"{case.trial}: {wrong}" for case in cases for wrong in _check_case(case)]


def _check_case(case: Case) -> list[str]:
    wrong = [
        f"{one.by} was answered {one.status} to {one.verb}" for one in case.attempts
        if one.allowed is not None and (one.status < 300) != one.allowed
    ]  # fmt: skip
    done = Counter((one.by, one.verb) for one in case.attempts if one.status < 300 and not one.again)
    written = Counter((by, verb) for by, verb, refused in case.audit if not refused)
    if done != written:
        wrong.append(f"done: {dict(done)}, written down as done: {dict(written)}")
    refused = Counter((one.by, one.verb) for one in case.attempts if one.status >= 300)
    noted = Counter((by, verb) for by, verb, was_refused in case.audit if was_refused)
    if refused != noted:
        wrong.append(f"refused: {dict(refused)}, written down as refused: {dict(noted)}")
    wire = case.exercise if case.trial == "drilled" else case.public
    other = case.public if case.trial == "drilled" else case.exercise
    lets_out = {"undone": "post", "edited-after": "nothing: it waits for its moment"}.get(case.trial, "approve")
    let_out = sum(times for (_, verb), times in done.items() if verb == lets_out)
    if wire.count("published") != min(let_out, 1) or let_out > 1:
        wrong.append(f"let out {let_out} times, on the wire {wire}")
    if other:
        wrong.append(f"on the other wire: {other}")
    if case.readers_rung and case.trial in ("undone", "drilled"):
        wrong.append(f"{case.readers_rung} readers' phones rang")
    if case.test_rung and case.trial != "drilled":
        wrong.append(f"{case.test_rung} test phones rang")
    return wrong


def plant(cases: list[Case], fault: str) -> list[Case]:
    """The same facts with one fault in them."""
    at = {"rung": "undone", "drilled": "drilled", "twice": "replayed"}.get(fault, "own")
    index = next(number for number, case in enumerate(cases) if case.trial == at)
    case = cases[index]
    match fault:
        case "let-out":
            case = replace(case, public=("published",))
        case "unrefused":
            case = replace(case, attempts=tuple(replace(one, status=200) for one in case.attempts))
        case "unaudited":
            case = replace(case, audit=tuple(line for line in case.audit if not line[2]))
        case "unwritten":
            case = replace(case, audit=tuple(line for line in case.audit if line[2]))
        case "twice":
            case = replace(case, public=(*case.public, "published"))
        case "rung" | "drilled":
            case = replace(case, readers_rung=1)
    return [*cases[:index], case, *cases[index + 1 :]]


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Every trial, in every round; and phones that did ring where they were to."""
    missing = nothing_of(figures, ("refused", "let out", "readers rung", "test phones rung"))
    short = [f"{trial} fewer than {asked['rounds']} times" for trial in TRIALS if figures[trial] < asked["rounds"]]
    return missing + short


def late(figures: Figures) -> list[str]:
    """It is to end in time."""
    return over(figures, {"s in all": 120})


@dataclass
class Tried:
    """One alert while things are tried with it."""

    trial: Trial
    id: str = ""
    attempts: list[Attempt] = field(default_factory=list)


class Desk:
    """The persons, each with their keys, and what they do."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._admin = system.done("keys", "create", "--role", "admin", "--name", "admin")["key"]
        self._serial = 0
        self.keys: dict[str, str] = {}

    def take_new_keys(self) -> None:
        """Of the same persons: the audit notes only so many refusals of a key in a minute."""
        names = ("ann", "ben", "cem", "drill ann", "drill ben")
        self.keys = {name: self._key("duty", name, test=name.startswith("drill")) for name in names}
        self.keys["ann, other key"] = self._key("duty", "Ann")

    def _key(self, role: str, name: str, *, test: bool = False) -> str:
        made = self._system.ask("/v1/keys", {"role": role, "name": name, "test": test}, key=self._admin)
        return str(made["key"])

    def do(
        self, tried: Tried, by: str, verb: str, *, version: int = 1, allowed: bool | None = True,
        body: dict[str, Any] | None = None, key: str | None = None,
    ) -> None:  # fmt: skip
        """One request, whose answer is written down."""
        path = "/v1/alerts" if verb == "post" else f"/v1/alerts/{tried.id}/{verb}"
        headers = {
            "Authorization": f"Bearer {self.keys[by]}", "Content-Type": "application/json", "If-Match": f'"{version}"',
            "Idempotency-Key": key or str(uuid.uuid4()),
        }  # fmt: skip
        request = urllib.request.Request(self._system.url + path, json.dumps(body or {}).encode(), headers)
        again = False
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status, again = answer.status, "Idempotency-Replayed" in answer.headers
                said = json.load(answer)
                tried.id = tried.id or said["alert"]["id"]
        except urllib.error.HTTPError as refusal:
            status = refusal.code
            refusal.close()
        tried.attempts.append(Attempt(by.partition(",")[0], verb, status, allowed, again))

    def posted(self, trial: Trial, by: str = "ann", **more: Any) -> Tried:
        """A flash that waits, unless told otherwise."""
        self._serial += 1
        tried = Tried(trial)
        headline = f"Station {self._serial} measures {self._serial} mm of rain"
        body = {
            "edition": "en", "level": "flash", "headline": headline, "override": ["near-duplicate"],
            "overrideReason": "a test", **more,
        }  # fmt: skip
        self.do(tried, by, "post", body=body)
        return tried

    def run(self, trial: Trial, pool: ThreadPoolExecutor) -> Tried:
        """Everything that is tried with one alert."""
        match trial:
            case "own":
                tried = self.posted(trial)
                self.do(tried, "ann", "approve", allowed=False)
            case "own-by-other-key":
                tried = self.posted(trial)
                self.do(tried, "ann, other key", "approve", allowed=False)
                self.do(tried, "ben", "approve")
            case "by-a-hand":
                tried = self.posted(trial)
                self.do(tried, "ben", "update", body={"headline": f"Ben mends {tried.id}"})
                self.do(tried, "ben", "approve", version=2, allowed=False)
                self.do(tried, "cem", "approve", version=2)
            case "edited-after":
                tried = self.posted(trial, publishAt=moment.to_text(now_ms() + 3_600_000))
                self.do(tried, "ben", "approve")
                self.do(tried, "ann", "update", version=2, body={"headline": f"Ann changes {tried.id}"})
                self.do(tried, "ben", "approve", version=1, allowed=False)
                self.do(tried, "ben", "release", version=3, allowed=False)
            case "replayed":
                tried = self.posted(trial)
                for _ in range(3):
                    self.do(tried, "ben", "approve", key=f"replayed-{tried.id}")
                self.do(tried, "cem", "approve", version=2, allowed=False)
            case "raced":
                tried = self.posted(trial)
                tries = [pool.submit(self.do, tried, by, "approve", allowed=None) for by in ("ben", "cem")]
                for one in tries:
                    one.result()
            case "undone":
                tried = self.posted(trial, level="urgent")
                self.do(tried, "ann", "undo")
            case "drilled":
                tried = self.posted(trial, "drill ann")
                self.do(tried, "drill ann", "approve", allowed=False)
                self.do(tried, "drill ben", "approve")
        return tried


async def observe(seed: int, rounds: int) -> tuple[list[Case], dict[str, float]]:
    """Try all of it, `rounds` times; what came of it, and figures. Nothing is chosen, so `seed` has no part."""
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder:
        style = house_style(Path(folder), FUSE_S)
        with System(Path(folder), push="auto", config=style) as system:
            readers = tokens(await seed_phones(system, PHONES))
            testers = await seed_phones(system, TEST_PHONES, test=True)
            cases = await asyncio.to_thread(_all_trials, system, rounds, readers, testers)
    figures: dict[str, float] = dict(Counter(case.trial for case in cases))
    attempts = [one for case in cases for one in case.attempts]
    figures |= {
        "attempts": len(attempts), "refused": sum(one.status >= 300 for one in attempts),
        "let out": sum("published" in (*case.public, *case.exercise) for case in cases),
        "readers rung": sum(case.readers_rung for case in cases),
        "test phones rung": sum(case.test_rung for case in cases),
        "s in all": round(time.monotonic() - started_s, 1),
    }  # fmt: skip
    return cases, figures


def _all_trials(system: System, rounds: int, readers: set[str], testers: list[Phone]) -> list[Case]:
    desk, sandbox = Desk(system), Sandbox(system)
    with ThreadPoolExecutor(2) as pool:
        all_tried = []
        for _ in range(rounds):
            desk.take_new_keys()
            all_tried += [desk.run(trial, pool) for trial in TRIALS]
    last = desk.posted("own-by-other-key")
    desk.do(last, "ben", "approve")
    # the last alert was let out after all others, and its phones have rung: so has all else that was to ring
    until(lambda: sandbox.showing(last.id) >= PHONES, "the phones ring")
    for drilled in (tried for tried in all_tried if tried.trial == "drilled"):
        sandbox.until_showing(drilled.id, TEST_PHONES)
    time.sleep(CALM_S)  # what must not ring has had its time
    wires = {drill: asyncio.run(_types(system, drill)) for drill in (False, True)}
    test_tokens = tokens(testers)
    cases = []
    for tried in [*all_tried, last]:
        rung = {phone["token"] for phone in sandbox.phones(tried.id)}
        cases.append(Case(
            tried.trial, tuple(tried.attempts), _audit(system, tried.id), tuple(wires[False].get(tried.id, ())),
            tuple(wires[True].get(tried.id, ())), len(rung & readers), len(rung & test_tokens),
        ))  # fmt: skip
    return cases


async def _types(system: System, drill: bool) -> dict[str, list[str]]:
    """The types of each alert's revisions, in order."""
    store = for_commands(system.store_url, 5.0)
    found: dict[str, list[str]] = {}
    try:
        for _, entry in await read_wire(store, WireName("en", drill), 0):
            if isinstance(entry, Revision):
                found.setdefault(entry.alert.id, []).append(entry.type)
    finally:
        await store.aclose()
    return found


def _audit(system: System, alert_id: str) -> tuple[tuple[str, str, bool], ...]:
    lines = system.ask(f"/v1/alerts/{alert_id}/audit?limit=500")["audit"]
    return tuple((line["by"]["name"].lower(), _asked(line), "refused" in line) for line in lines)


def _asked(line: Mapping[str, Any]) -> str:
    """What somebody asked for, where the audit says what it came to."""
    if line["verb"] in ("publish", "submit", "propose", "schedule"):
        return "update" if "stateBefore" in line else "post"
    return str(line["verb"])
