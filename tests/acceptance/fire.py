"""Test 10, push under fire: providers refuse, hang, cut and forget, and workers die, while one alert goes out.

The rule to remember: whose word a Retry-After is depends on the provider. Google's quota is the project's, so all wait;
Apple and the browsers' services (RFC 8030, 8.4) mean that one phone. Judged by the log of the sandbox alone.
"""

import contextlib
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from service.domain.device import Platform
from service.store import devices
from service.store.connection import for_commands
from tests.acceptance.form import Figures, nothing_of, over
from tests.phones import STORE_TIMEOUT_S, Phone, Sandbox, house_style, seed
from tests.processes import System, until

PLANTS = ("lost", "fourth", "shown-twice", "flood", "early", "early-project", "unburied", "buried")
RETRY_AFTER_S = 2
FAULTS = {"410": 0.03, "429": 0.05, "500": 0.02, "hang": 0.01, "reset": 0.01, "retryAfter": RETRY_AFTER_S}
MIX: tuple[Platform, ...] = (*("apns",) * 13, *("fcm",) * 3, *("webpush",) * 4)
"""Each of Google's refusals stops all that go to Google: with the usual share the test would take four minutes."""
VICTIMS = ("push apns", "push fcm", "push webpush", "push apns")
FULL = {"tokens": 20_000}
SHORT = {"tokens": 1600}
FUSE_S = 0.2
REACHED_WITHIN_S = 110.0
LOOK_EVERY_S = 0.2
RECEIVED_MAX = 3
GONE = frozenset({"Unregistered", "UNREGISTERED", "gone"})
ASKED_TO_WAIT = frozenset({"TooManyRequests", "QUOTA_EXCEEDED", "too-many"})
HAS_IT = frozenset({"accepted", "reset"})
IN_DOUBT = frozenset({"hang", "reset"})
PROJECT = "the project"
"""Google asks all of a project's senders to wait, where Apple asks for one phone."""
IN_FLIGHT_MS = 1000
"""What had left before the answer came, and what was on its way to the sandbox of a busy machine."""
SETTLING = 4 * 200
"""Sends of one worker that are not yet written down: four blocks, a batch of each (config/settings.py)."""


@dataclass(frozen=True)
class Call:
    """One request as the sandbox had it."""

    at_ms: int
    platform: str
    token: str
    outcome: str


@dataclass(frozen=True)
class Facts:
    """Who was meant, what was called, what phones show (entries, received), and whose token is taken for gone."""

    tokens: tuple[str, ...]
    calls: tuple[Call, ...]
    phones: dict[str, tuple[int, int]]
    buried: frozenset[str]
    kills: int


def check(facts: Facts) -> list[str]:
    """What is broken; empty if everybody who can be reached has it, once, and nobody was pressed."""
    gone = {call.token for call in facts.calls if call.outcome in GONE}
    return [
        *_unreached(facts, gone),
        *(f"{token} shows it {shown} times" for token, (shown, _) in facts.phones.items() if shown != 1),
        *(f"{token} received it {count} times" for token, (_, count) in facts.phones.items() if count > RECEIVED_MAX),
        *_doubled(facts),
        *_pressed(facts.calls),
        *(f"{token} is gone and was not buried" for token in gone - facts.buried),
        *(f"{token} was buried alive" for token in facts.buried - gone),
    ]


def _unreached(facts: Facts, gone: set[str]) -> Iterator[str]:
    """Live tokens without it; one whose three sends were all cut has had its share."""
    doubts = Counter(call.token for call in facts.calls if call.outcome in IN_DOUBT)
    for token in facts.tokens:
        if token not in facts.phones and token not in gone and doubts[token] < RECEIVED_MAX:
            yield f"{token} never got it"


def _doubled(facts: Facts) -> Iterator[str]:
    """More doubles than what was cut after it was taken, and what was in flight when a worker died."""
    doubles = sum(count - 1 for _, count in facts.phones.values())
    allowed = sum(call.outcome == "reset" for call in facts.calls) + facts.kills * SETTLING
    if doubles > allowed:
        yield f"{doubles} doubles, where {allowed} can be explained"


def _pressed(calls: tuple[Call, ...]) -> Iterator[str]:
    """Calls inside a Retry-After."""
    for of, after_ms in _inside(calls):
        if after_ms > (IN_FLIGHT_MS if of == PROJECT else 0):
            yield f"{of} was called {after_ms} ms after it had asked for {RETRY_AFTER_S * 1000}"


def _inside(calls: tuple[Call, ...]) -> Iterator[tuple[str, int]]:
    """Who was called inside a Retry-After, and how long after it had been told (ms)."""
    asked: dict[str, int] = {}
    for call in calls:
        of = PROJECT if call.platform == "fcm" else call.token
        since_ms = asked.get(of)
        if since_ms is not None and since_ms < call.at_ms < since_ms + RETRY_AFTER_S * 1000:
            yield of, call.at_ms - since_ms
        if call.outcome in ASKED_TO_WAIT:
            asked[of] = call.at_ms


def plant(facts: Facts, fault: str) -> Facts:
    """The same facts with a fault among them."""
    phones, calls = dict(facts.phones), list(facts.calls)
    some = next(token for token, (_, received) in phones.items() if received == 1)
    waited = [n for n, call in enumerate(calls) if call.outcome in ASKED_TO_WAIT]
    match fault:
        case "lost":
            del phones[some]
        case "fourth":
            phones[some] = (1, RECEIVED_MAX + 1)
        case "shown-twice":
            phones[some] = (2, 2)
        case "flood":
            phones = {token: (shown, RECEIVED_MAX) for token, (shown, _) in phones.items()}
            return replace(facts, phones=phones, kills=0)
        case "early" | "early-project":
            of_project = fault == "early-project"
            place = next(n for n in waited if (calls[n].platform == "fcm") == of_project)
            soon = replace(calls[place], at_ms=calls[place].at_ms + 1500, outcome="accepted")
            if of_project:
                soon = replace(soon, token="another")
            calls = sorted([*calls, soon], key=lambda call: call.at_ms)
        case "unburied":
            return replace(facts, buried=facts.buried - {next(iter(facts.buried))})
        case "buried":
            return replace(facts, buried=facts.buried | {some})
    return replace(facts, phones=phones, calls=tuple(calls))


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Every kind of trouble, for every token."""
    missing = nothing_of(figures, ("worker kills", "gone", "cut after taken", "refused", "phones reached"))
    if figures["worker kills"] != len(VICTIMS):
        missing.append("fewer kills than asked for")
    counted = figures["phones reached"] + figures["gone"] <= figures["tokens"] == asked["tokens"]
    return missing + ([] if counted else ["the tokens do not add up"])


def late(figures: Figures) -> list[str]:
    """It is to end in time."""
    return over(figures, {"s in all": 120, "ms in flight to the project": 500})


async def observe(chance: int, tokens: int) -> tuple[Facts, dict[str, float]]:
    """Push one alert through all of it; the facts, and figures for a person."""
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as name:
        folder = Path(name)
        with System(folder, config=house_style(folder, FUSE_S), push="auto") as system:
            phones = await seed(system, tokens, platforms=MIX)
            sandbox = Sandbox(system)
            sandbox.faults(**dict.fromkeys(("apns", "fcm", "webpush"), FAULTS), seed=chance)
            started_s = time.monotonic()
            alert = system.post("Heavy rain from the west by noon")["alert"]["id"]
            for place, victim in enumerate(VICTIMS, 1):
                _kill(system, sandbox, alert, victim, tokens * place // (len(VICTIMS) + 1))
            killed_s = time.monotonic()
            with contextlib.suppress(AssertionError):  # whoever is missing is for the checker to name
                until(lambda: _is_over(sandbox, alert, tokens), "everybody is told", REACHED_WITHIN_S)
            over_s = time.monotonic()
            facts = await _facts(system, sandbox, phones, alert)
    return facts, {
        "tokens": tokens,
        "phones reached": len(facts.phones),
        "gone": len(facts.buried),
        "doubles": sum(count - 1 for _, count in facts.phones.values()),
        "cut after taken": sum(call.outcome == "reset" for call in facts.calls),
        "refused": sum(call.outcome not in HAS_IT for call in facts.calls),
        "worker kills": facts.kills,
        "ms in flight to the project": max((ms for of, ms in _inside(facts.calls) if of == PROJECT), default=0),
        "s from the last kill": round(over_s - killed_s, 1),
        "s in all": round(over_s - started_s, 1),
    }


def _kill(system: System, sandbox: Sandbox, alert: str, victim: str, after: int) -> None:
    """kill -9 a worker once so many phones show the alert."""
    sandbox.until_showing(alert, after, REACHED_WITHIN_S)
    until(lambda: system.end(victim), f"{victim} runs")


def _is_over(sandbox: Sandbox, alert: str, tokens: int) -> bool:
    """Everybody has it or is gone. Some were found gone twice, so the log is asked, but only where it may be so."""
    time.sleep(LOOK_EVERY_S)
    counts = sandbox.counts(alert)
    refused = sum(count for reason, count in counts["refused"].items() if reason in GONE)
    if counts["phonesShowing"] + refused < tokens:
        return False
    gone = {call["token"] for call in sandbox.calls(alert) if call["outcome"] in GONE}
    return bool(counts["phonesShowing"] + len(gone) >= tokens)


async def _facts(system: System, sandbox: Sandbox, phones: list[Phone], alert: str) -> Facts:
    calls = [Call(call["atMs"], call["platform"], call["token"], call["outcome"]) for call in sandbox.calls(alert)]
    shown = {phone["token"]: (len(phone["showing"]), phone["received"]) for phone in sandbox.phones(alert)}
    return Facts(
        tuple(phone.token for phone in phones), tuple(calls), shown, await _buried(system, phones), len(VICTIMS)
    )


async def _buried(system: System, phones: list[Phone]) -> frozenset[str]:
    """Whose device is a tombstone."""
    blocks: dict[Any, list[Phone]] = defaultdict(list)
    for phone in phones:
        blocks[phone.platform, phone.number // 1000].append(phone)
    store = for_commands(system.store_url, STORE_TIMEOUT_S)
    gone = set()
    try:
        for (platform, block), some in blocks.items():
            numbers = {
                one.number for one in await devices.read_block(store, platform, block) if one.gone_ms is not None
            }
            gone |= {phone.token for phone in some if phone.number in numbers}
    finally:
        await store.aclose()
    return frozenset(gone)
