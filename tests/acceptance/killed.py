"""Whoever is killed in mid fan-out, every phone shows the alert, once: dispatcher, a worker, the store (P8).

The rule to remember: each dies with kill -9 before the fan-out and at 20, 50 and 80 % of it; what phones show is the
sandbox's word alone.
"""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.acceptance.form import Figures, nothing_of, over
from tests.phones import Sandbox, house_style, seed
from tests.processes import System, until

PLANTS = ("lost", "fourth", "shown-twice", "stranger", "late")
VICTIMS = ("dispatcher", "push apns", "store")
AT = (0.0, 0.2, 0.5, 0.8)
"""Shares of the phones at which somebody dies; the first is before the fuse has burnt down."""
FULL = {"devices": 20_000, "takeover_max_s": 20.0}
SHORT = {"devices": 3000, "takeover_max_s": 60.0}
FUSE_S = 0.2
ALL_WITHIN_S = 90.0
RECEIVED_MAX = 3


@dataclass(frozen=True)
class Case:
    """One victim: who was meant, what phones show in the end (entries, received), and how long all took since and
    may take.
    """

    victim: str
    tokens: frozenset[str]
    phones: dict[str, tuple[int, int]]
    takeover_s: float
    takeover_max_s: float


def _check_case(case: Case) -> list[str]:
    """What is broken; empty if every phone shows it once and none was pressed."""
    return [
        *(f"{case.victim}: {token} shows nothing" for token in case.tokens - case.phones.keys()),
        *(f"{case.victim}: {token} was not meant" for token in case.phones.keys() - case.tokens),
        *(f"{case.victim}: {token} shows it {shown} times" for token, (shown, _) in case.phones.items() if shown != 1),
        *(
            f"{case.victim}: {token} received it {count} times"
            for token, (_, count) in case.phones.items()
            if count > RECEIVED_MAX
        ),
        *(
            [f"{case.victim}: taken over after {case.takeover_s:.0f} s"]
            if case.takeover_s > case.takeover_max_s
            else []
        ),
    ]


def check(cases: Sequence[Case]) -> list[str]:
    """What is broken in any of the cases."""
    return [wrong for case in cases for wrong in _check_case(case)]


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """Each victim, and every device."""
    missing = nothing_of(figures, [f"ends of {victim}" for victim in VICTIMS])
    return missing + (["fewer devices than asked for"] if figures["devices"] != asked["devices"] else [])


def late(figures: Figures) -> list[str]:
    """It is to end in time; takeovers are among the facts."""
    return over(figures, {"s in all": 120})


def plant(cases: Sequence[Case], fault: str) -> list[Case]:
    """The same with a fault in the middle one."""
    middle = len(cases) // 2
    case = cases[middle]
    token = sorted(case.phones)[len(case.phones) // 2]
    shown, received = case.phones[token]
    others = {name: seen for name, seen in case.phones.items() if name != token}
    match fault:
        case "lost":
            case = replace(case, phones=others)
        case "fourth":
            case = replace(case, phones=others | {token: (shown, RECEIVED_MAX + 1)})
        case "shown-twice":
            case = replace(case, phones=others | {token: (2, received)})
        case "stranger":
            case = replace(case, tokens=case.tokens - {token})
        case "late":
            case = replace(case, takeover_s=case.takeover_max_s + 1)
    return [*cases[:middle], case, *cases[middle + 1 :]]


async def observe(_: int, devices: int, takeover_max_s: float) -> tuple[list[Case], dict[str, float]]:
    """One alert for each victim on one system; the cases, and figures for a person."""
    started_s = time.monotonic()
    cases = []
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as name:
        folder = Path(name)
        with System(folder, config=house_style(folder, FUSE_S), push="auto") as system:
            tokens = frozenset(phone.token for phone in await seed(system, devices))
            cases = [_besiege(system, victim, tokens, takeover_max_s) for victim in VICTIMS]
    figures: dict[str, float] = {"devices": devices}
    for case in cases:
        figures[f"ends of {case.victim}"] = len(AT)
        figures[f"s until all had it after the last end of {case.victim}"] = round(case.takeover_s, 1)
        figures[f"doubles with {case.victim}"] = sum(count - 1 for _, count in case.phones.values())
    return cases, figures | {"s in all": round(time.monotonic() - started_s, 1)}


def _besiege(system: System, victim: str, tokens: frozenset[str], takeover_max_s: float) -> Case:
    sandbox = Sandbox(system)
    sandbox.forget()
    alert = system.post(f"Ferries sail again past the {victim}")["alert"]["id"]
    for share in AT:
        sandbox.until_showing(alert, round(share * len(tokens)), ALL_WITHIN_S)
        until(lambda: system.end(victim), f"{victim} runs")
    killed_s = time.monotonic()
    sandbox.until_showing(alert, len(tokens), ALL_WITHIN_S)
    took_s = time.monotonic() - killed_s
    found: list[dict[str, Any]] = sandbox.phones(alert)
    phones = {phone["token"]: (len(phone["showing"]), int(phone["received"])) for phone in found}
    return Case(victim, tokens, phones, took_s, takeover_max_s)
