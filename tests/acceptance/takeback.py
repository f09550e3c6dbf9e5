"""Test 11, correction and kill in mid fan-out: exactly those who were given the error hear of it, and it stops at once.

The rule to remember: what a phone ought to show follows from one question alone, whether the log of the sandbox says
that it was given version 1. Readers who changed their wishes since are told all the same; who erased themselves is not.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from config.settings import load
from service.clock import now_ms
from service.domain import newsroom
from service.domain.device import PLATFORMS, Preferences
from tests.acceptance.form import Figures, over
from tests.phones import Phone, Sandbox, house_style, seed
from tests.processes import System, until

Verb = Literal["kill", "major", "minor", "release"]
VERBS: tuple[Verb, ...] = ("kill", "major", "minor", "release")
PLANTS = ("untold", "told-too-many", "rung-after", "late", "old-shown", "quiet", "loud", "followed", "slow", "thawed")
FUSE_S = 0.2
CHANGED, ERASED = 12, 8
"""Readers who got version 1 and then changed their wishes, or erased themselves."""
SILENT_AFTER_MS = 1000
HELD_S = 2.0
ELSEWHERE = Preferences(("es",), min_level="flash")
CALM_S = 3.0
OVER_WITHIN_S = 60.0
HEADLINE, ERROR = "The northern bridge is open", "It is the northern bridge"

Shows = tuple[int, str, bool]
"""Version, news or correction or withdrawn, and whether it sounded."""


@dataclass(frozen=True)
class Form:
    """How many devices, how slowly providers answer (so that there is a middle), and when the last one must be told."""

    devices: int
    answer_ms: int
    within_s: float


FULL, SHORT = {"form": Form(20_000, 100, 10.0)}, {"form": Form(1800, 500, 30.0)}


@dataclass(frozen=True)
class Call:
    """One notification that a phone got."""

    at_ms: int
    token: str
    version: int


@dataclass(frozen=True)
class Case:
    """One alert and the verb that took it back at `verb_ms`; a hold also has its release."""

    verb: Verb
    meant: frozenset[str]
    erased: frozenset[str]
    calls: tuple[Call, ...]
    shows: dict[str, tuple[Shows, ...]]
    verb_ms: int
    within_s: float
    released_ms: int = 0


def _check_case(case: Case) -> list[str]:
    """What is broken; empty if every phone shows what it should, and nothing left too late."""
    given = {call.token for call in case.calls if call.version == 1}
    ought = {token: (shows,) for token in case.meant | given if (shows := _ought(case, token, given)) is not None}
    wrong = [
        f"{case.verb}: {token} shows {case.shows.get(token)} and ought to show {ought.get(token)}"
        for token in sorted(ought.keys() | case.shows.keys())
        if case.shows.get(token) != ought.get(token)
    ]
    return wrong + [f"{case.verb}: {line}" for line in _mistimed(case, given)]


def _ought(case: Case, token: str, given: set[str]) -> Shows | None:
    if token in given:
        after: Shows = {
            "kill": (2, "withdrawn", True),
            "major": (2, "correction", True),
            "minor": (2, "correction", False),
            "release": (1, "news", True),
        }[case.verb]
        return (1, "news", True) if token in case.erased else after
    if case.verb == "kill" or token in case.erased:
        return None
    return (3 if case.verb == "release" else 2, "news", True)


def _mistimed(case: Case, given: set[str]) -> Iterator[str]:
    """What left after it was taken back, and who heard of that too late."""
    for call in case.calls:
        if call.version == 1 and call.at_ms > case.verb_ms + SILENT_AFTER_MS:
            yield f"{call.token} was rung {call.at_ms - case.verb_ms} ms after the verb"
        if case.verb == "release" and case.verb_ms + SILENT_AFTER_MS < call.at_ms < case.released_ms:
            yield f"{call.token} was rung while it was held"
    told = [call.at_ms for call in case.calls if call.version > 1 and call.token in given]
    if told and max(told) > case.verb_ms + case.within_s * 1000:
        yield f"the last was told {(max(told) - case.verb_ms) / 1000:.1f} s after the verb"


def check(cases: Sequence[Case]) -> list[str]:
    """What is broken in any of the cases."""
    return [wrong for case in cases for wrong in _check_case(case)]


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Each verb came when some had been given the alert and others had not."""
    del asked
    given = {verb: figures[f"given before {verb}"] for verb in VERBS}
    return [f"{verb} came at {count:g}" for verb, count in given.items() if not 0 < count < figures["devices"]]


def late(figures: Figures) -> list[str]:
    """It is to end in time; how soon the last is told is among the facts."""
    return over(figures, {"s in all": 120})


def plant(cases: tuple[Case, ...], fault: str) -> tuple[Case, ...]:
    """The same facts with a fault among them."""
    place = {"quiet": 1, "loud": 2, "thawed": 3}.get(fault, 0)
    case = cases[place]
    calls, shows, erased = list(case.calls), dict(case.shows), case.erased
    given = [call.token for call in calls if call.version == 1 and call.token not in erased]
    last = calls[-1]
    match fault:
        case "untold":
            calls = [call for call in calls if call.version == 1 or call.token != given[0]]
            shows[given[0]] = ((1, "news", True),)
        case "told-too-many":
            shows[next(iter(case.meant - set(given) - erased))] = ((2, "withdrawn", True),)
        case "rung-after":
            other = next(iter(case.meant - set(given) - erased))
            shows[other] = ((1, "news", True),)
        case "late":
            calls.append(Call(case.verb_ms + SILENT_AFTER_MS + 1, given[0], 1))
        case "old-shown":
            shows[given[0]] = ((1, "news", True),)
        case "quiet" | "loud":
            shows[given[0]] = ((2, "correction", fault == "loud"),)
        case "followed":
            shows[next(iter(erased))] = ((2, "withdrawn", True),)
        case "slow":
            calls.append(replace(last, token=given[0], version=2, at_ms=case.verb_ms + round(case.within_s * 1000) + 1))
        case "thawed":
            calls.append(Call(case.released_ms - 1, given[0], 3))
    return (*cases[:place], replace(case, calls=tuple(calls), shows=shows), *cases[place + 1 :])


async def observe(_: int, form: Form) -> tuple[tuple[Case, ...], dict[str, float]]:
    """Take back one alert after the other in mid fan-out; the facts, and figures for a person."""
    cases: list[Case] = []
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as name:
        folder = Path(name)
        with System(folder, config=house_style(folder, FUSE_S), push="auto") as system:
            sandbox = Sandbox(system)
            sandbox.faults(**{platform: {"delayMs": form.answer_ms} for platform in PLATFORMS})
            phones = {phone.token: phone for phone in await seed(system, form.devices)}
            for verb in VERBS:
                case = _take_back(system, sandbox, verb, phones)
                cases.append(replace(case, within_s=form.within_s))
    figures: dict[str, float] = {"devices": form.devices}
    for case in cases:
        given = {call.token for call in case.calls if call.version == 1}
        told = [call.at_ms for call in case.calls if call.version > 1 and call.token in given]
        figures[f"given before {case.verb}"] = len(given)
        if told:
            figures[f"s until the last heard of {case.verb}"] = (max(told) - case.verb_ms) / 1000
    return tuple(cases), figures | {"s in all": round(time.monotonic() - started_s, 1)}


def _take_back(system: System, sandbox: Sandbox, verb: Verb, phones: dict[str, Phone]) -> Case:
    """One alert: rung, taken back at half, and told to the end. Who goes leaves `phones`."""
    meant = frozenset(phones)
    alert = system.post(f"The southern bridge is open, says report {verb}")["alert"]["id"]
    sandbox.until_showing(alert, len(meant) * 3 // 10)
    some = [phones.pop(token) for token in sandbox.some(alert, CHANGED + ERASED)]
    for phone in some[:CHANGED]:
        phone.change(system, ELSEWHERE)
    for phone in some[CHANGED:]:
        phone.erase(system)
    sandbox.until_showing(alert, len(meant) // 2)
    verb_ms, released_ms = _do(system, verb, alert)
    _settle(sandbox, alert)
    calls = (Call(one["atMs"], one["token"], one["version"]) for one in sandbox.calls(alert))
    shows = {phone["token"]: tuple(map(_shows, phone["showing"])) for phone in sandbox.phones(alert)}
    erased = frozenset(phone.token for phone in some[CHANGED:])
    return Case(verb, meant, erased, tuple(calls), shows, verb_ms, 0.0, released_ms)


def _do(system: System, verb: Verb, alert: str) -> tuple[int, int]:
    """Do it; the moment of its 200, and that of the release where there is one (ms)."""
    path = f"/v1/alerts/{alert}"
    match verb:
        case "kill":
            system.kill_alert(alert)
        case "major" | "minor":
            correction = {"text": ERROR, "severity": verb}
            system.ask(f"{path}/correct", {"headline": HEADLINE, "correction": correction}, if_match=1)
        case "release":
            system.ask(f"{path}/hold", {})
            held_ms = now_ms()
            time.sleep(HELD_S)
            system.ask(f"{path}/release", {})
            return held_ms, now_ms()
    return now_ms(), 0


def _settle(sandbox: Sandbox, alert: str) -> None:
    """Wait until nothing has come for a while."""
    seen, since_s = -1, time.monotonic()

    def calm() -> bool:
        nonlocal seen, since_s
        count = sandbox.accepted(alert)
        if count != seen:
            seen, since_s = count, time.monotonic()
        time.sleep(0.05)
        return time.monotonic() - since_s > CALM_S

    until(calm, "nothing more comes", OVER_WITHIN_S)


_EN = newsroom.from_config(load({}).newsroom).editions[0].labels.ui
_HOW = {_EN["correction"]: "correction", _EN["canceled"]: "withdrawn"}


def _shows(entry: dict[str, Any]) -> Shows:
    title = entry["title"].strip("\u200e\u2066\u2069")  # the marks around a text that runs from left to right
    return entry["version"], _HOW.get(title, "news"), entry["sound"]
