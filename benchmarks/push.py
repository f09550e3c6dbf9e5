"""Push: what a notification costs, how soon everybody has it, and what overtakes what.

The rule to remember: every figure is taken from the whole path: registry scan, decision, payload, TLS and HTTP/2,
outcome and ledger, into a sink that is not the bottleneck.
"""

import json
import time
import urllib.request
from statistics import median
from typing import Any

from benchmarks.figure import Figure
from benchmarks.pushing import SANDBOX_PORT, Pushing, mixed, pushing
from service.domain import moment
from service.domain.device import PLATFORMS, Platform

DEVICES = 20_000
MANY = 100_000
ROUNDS = 3
FUSE_S = {"flash": 3.0, "urgent": 5.0, "brief": 10.0}
GOALS: dict[Platform, tuple[float, float]] = {"apns": (3000, 8000), "fcm": (3000, 8000), "webpush": (2000, 4500)}
SOON_AFTER_S = 2.0


def run() -> list[Figure]:
    """All of it; some five minutes. Raises kit.NoKit."""
    return [*(_provider(platform) for platform in PLATFORMS), *_many(), _first_call()]


def _provider(platform: Platform) -> Figure:
    must, aim = GOALS[platform]
    with pushing() as system:
        system.seed({platform: DEVICES})
        system.start(platform)
        rates = [_rate(system, number) for number in range(ROUNDS)]
    note = f"{ROUNDS} alerts to {DEVICES:,} devices"
    return Figure.of(f"{platform}: notifications per core-second", rates, "", must, aim, note, more=True)


def _rate(system: Pushing, number: int) -> float:
    """By all CPU of lane and dispatcher together."""
    before_s = system.cpu_s()
    answer = system.post("flash", f"Ferry {number} leaves for the islands at noon")
    system.wait_accepted(answer["alert"]["id"], DEVICES)
    return DEVICES / (system.cpu_s() - before_s)


def _many() -> list[Figure]:
    """100,000 devices in the usual mix, every process free to use both cores."""
    with pushing() as system:
        system.seed(mixed(MANY))
        system.start(*PLATFORMS)
        alone = [_alone(system, "flash", number) for number in range(ROUNDS)]
        brief_alone = [_alone(system, "brief", number) for number in range(ROUNDS)]
        second = [_with_another(system, "brief", "brief", number)[0] for number in range(ROUNDS)]
        over = [_with_another(system, "brief", "flash", number)[1] for number in range(ROUNDS)]
    t90, t99 = (median(times[share] for times in alone) for share in (0.9, 0.99))
    t90_brief = median(times[0.9] for times in brief_alone)
    return [
        Figure(f"{MANY:,} devices, fuse end → 99 % accepted", t99, "s", 40, 15),
        Figure(f"{MANY:,} devices, fuse end → 90 % accepted", t90, "s"),
        Figure("t90 of a first alert, with a second 2 s later ÷ alone", median(second) / t90_brief, "", 1.25, 1.10),
        Figure("t90 of a flash, while a brief goes out ÷ alone", median(over) / t90, "", 1.5, 1.15),
    ]


def _alone(system: Pushing, level: str, number: int) -> dict[float, float]:
    """When so large a share of all devices was accepted, in seconds from the end of the alert's fuse."""
    alert = system.post(level, f"Night train {number} runs on the coast line again")["alert"]
    return system.watch({alert["id"]: _fuse_end_s(alert, level)}, MANY)[alert["id"]]


def _with_another(system: Pushing, first: str, second: str, number: int) -> tuple[float, float]:
    """The t90 of both, where the second begins to go out 2 s after the first."""
    one = system.post(first, f"Snow closes pass {number} above the lake")["alert"]
    time.sleep(FUSE_S[first] + SOON_AFTER_S - FUSE_S[second])
    two = system.post(second, f"Lift {number} stands still in the wind")["alert"]
    found = system.watch({one["id"]: _fuse_end_s(one, first), two["id"]: _fuse_end_s(two, second)}, MANY)
    return found[one["id"]][0.9], found[two["id"]][0.9]


def _fuse_end_s(alert: dict[str, Any], level: str) -> float:
    return moment.from_text(alert["versionCreated"]) / 1000 + FUSE_S[level]


def _first_call() -> Figure:
    """From the end of the fuse to the arrival of the first request at the sandbox, which tells the moment."""
    with pushing() as system:
        there = json.loads((system.place / "sandbox" / "sandbox.json").read_text())
        system.environ["FLASHWIRE_APNS_URL"] = there["apns"]
        system.seed({"apns": 10})
        system.start("apns")
        waits = [_wait_ms(system, number) for number in range(ROUNDS * 3)]
    return Figure.of("fuse end → first provider call, p50", waits, "ms", 150, 60, f"{len(waits)} alerts")


def _wait_ms(system: Pushing, number: int) -> float:
    alert = system.post("flash", f"Tram {number} turns at the harbour")["alert"]
    system.wait_accepted(alert["id"], 10)
    with urllib.request.urlopen(f"http://127.0.0.1:{SANDBOX_PORT}/v1/phones?alert={alert['id']}") as answer:
        phones = json.load(answer)["phones"]
    first_ms = min(moment.from_text(shown["at"]) for phone in phones for shown in phone["showing"]
                   if shown["alert"] == alert["id"])  # fmt: skip
    return first_ms - moment.from_text(alert["versionCreated"]) - FUSE_S["flash"] * 1000
