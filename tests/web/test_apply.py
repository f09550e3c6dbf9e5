"""The widget's rules, run in a real browser on vectors any other client may use too (tests/vectors/ticker.json).

The law: old state + events = fresh state. A page that stayed shows what a page opened now would show.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Page

from service.domain import moment
from service.domain.alert import Alert
from service.domain.ticker import Ticker
from tests.domain.making import make_alert

ROOT = Path(__file__).parents[2]
VECTORS: list[dict[str, Any]] = json.loads((ROOT / "tests" / "vectors" / "ticker.json").read_text())
RULES = "customElements.get('flash-ticker').rules"
CORRECTION = {"text": "It was another one.", "was": "It was this one.", "severity": "minor"}


@pytest.fixture(scope="module")
def rules(chromium: Browser) -> Iterator[Page]:
    """An empty page that has the widget's rules. They are pure, so one page serves all tests."""
    page = chromium.new_page()
    page.add_script_tag(path=ROOT / "service" / "web" / "ticker.js")
    yield page
    page.close()


def shown(page: Page, vectors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each vector: what stands after its frames, our place, if we know of a loss, and what a fresh page shows."""
    results: list[dict[str, Any]] = page.evaluate(
        f"""(vectors) => vectors.map(({{frames, fresh, now, limit}}) => {{
            const {{EMPTY, apply, visible}} = {RULES};
            const state = frames.reduce(apply, EMPTY);
            return {{
                stands: visible(state, Date.parse(now), limit),
                fresh: fresh && visible(apply(EMPTY, fresh), Date.parse(now), limit),
                cursor: state.cursor, lost: state.lost,
            }};
        }})""",
        vectors,
    )
    return results


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_vector(rules: Page, vector: dict[str, Any]) -> None:
    [got] = shown(rules, [vector])
    assert [[alert["id"], alert["version"], alert["pubStatus"]] for alert in got["stands"]] == vector["shows"]
    assert (got["cursor"], got["lost"]) == (vector["cursor"], vector["lost"])
    if vector["fresh"]:
        assert got["stands"] == got["fresh"]


class Wire:
    """An edition as the gateway sees it: enough to know what a reader is sent, and what a fresh page would show."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.minute = 0
        self.alerts: dict[str, dict[str, Any]] = {}
        self.frames: list[dict[str, Any]] = []

    def moment(self, minute: int) -> str:
        return f"2026-11-18T{minute // 60:02d}:{minute % 60:02d}:00.000Z"

    def alert(self, alert_id: str, version: int, **more: Any) -> dict[str, Any]:
        now = self.moment(self.minute)
        return {
            "id": alert_id,
            "version": version,
            "pubStatus": "usable",
            "text": f"{alert_id} in version {version}",
            "signals": [],
            "correction": None,
            "notice": None,
            "firstCreated": now,
            "versionCreated": now,
            "expires": self.moment(self.minute + self.chance.choice([10, 60, 600])),
        } | more

    def append(self, verb: str, alert: dict[str, Any]) -> None:
        self.alerts[alert["id"]] = alert
        cursor = f"k:{len(self.frames) + 1}"
        self.frames.append({"type": verb, "edition": "en", "cursor": cursor, "alert": alert})

    def act(self) -> None:
        """Something happens in the newsroom."""
        self.minute += self.chance.randint(0, 6)
        living = [alert for alert in self.alerts.values() if alert["pubStatus"] != "canceled"]
        verbs = ["published", "published", "updated", "corrected", "withheld", "released", "canceled", "undo"]
        verb = self.chance.choice(verbs)
        if verb == "published" or not living:
            return self.append("published", self.alert(f"A{len(self.frames)}", 1))
        old = self.chance.choice(living)
        kept = {"firstCreated": old["firstCreated"], "expires": old["expires"]}
        silent = {"text": None, "notice": "…"}
        changes: dict[str, dict[str, Any]] = {
            "updated": {"signals": ["update"]},
            "corrected": {"signals": ["correction"], "correction": CORRECTION},
            "withheld": {"pubStatus": "withheld"} | silent,
            "released": {},
            "canceled": {"pubStatus": "canceled"} | silent,
            "undo": {"pubStatus": "canceled", "signals": ["undone"]} | silent,
        }
        new = self.alert(old["id"], old["version"] + 1, **kept | changes[verb])
        return self.append("canceled" if verb == "undo" else verb, new)

    def snapshot(self, reason: str) -> dict[str, Any]:
        """The ticker as it stands now, by the contract's words and not by the widget's code."""
        standing = []
        for alert in reversed(self.alerts.values()):  # in the order of first publication, newest first
            killed = alert["pubStatus"] == "canceled"
            since = alert["versionCreated"] if killed else None
            over = since is not None and self.moment(self.minute) >= self.after_half_an_hour(since)
            expired = alert["expires"] <= self.moment(self.minute)
            if not (over or expired or "undone" in alert["signals"]):
                standing.append(alert)
        return {"type": "snapshot", "reason": reason, "cursor": f"k:{len(self.frames)}", "alerts": standing[:100]}

    def after_half_an_hour(self, moment: str) -> str:
        return self.moment(int(moment[11:13]) * 60 + int(moment[14:16]) + 30)

    def redacted(self, frame: dict[str, Any]) -> dict[str, Any]:
        """A frame as a replay sends it: without the words of what is withheld or killed by now."""
        current = self.alerts[frame["alert"]["id"]]
        if current["pubStatus"] == "usable":
            return frame
        quiet = {"pubStatus": current["pubStatus"], "signals": current["signals"], "text": None, "correction": None}
        return frame | {"alert": frame["alert"] | quiet}


def evening(seed: int) -> tuple[Wire, dict[str, Any]]:
    """One reader's evening as a vector: live, away, back by cursor, sometimes sent a snapshot. And its wire."""
    chance = random.Random(seed)
    wire = Wire(chance)
    for _ in range(chance.randint(0, 8)):
        wire.act()
    frames = [wire.snapshot("cold")]
    place = len(wire.frames)
    for _ in range(chance.randint(1, 12)):
        if chance.random() < 0.7:
            wire.act()
            frames += wire.frames[place:]
        else:
            for _ in range(chance.randint(0, 6)):
                wire.act()
            missed = [wire.redacted(frame) for frame in wire.frames[place:]]
            resumed = {"type": "resumed", "cursor": f"k:{place}", "replayed": len(missed)}
            frames += [wire.snapshot("trimmed")] if chance.random() < 0.2 else [resumed, *missed]
        place = len(wire.frames)
    now = wire.moment(wire.minute)
    return wire, {"frames": frames, "fresh": wire.snapshot("cold"), "now": now, "limit": 5}


EVENINGS = [evening(seed) for seed in range(400)]


def test_any_evening_ends_as_a_fresh_page(rules: Page) -> None:
    for seed, got in enumerate(shown(rules, [vector for _, vector in EVENINGS])):
        assert got["stands"] == got["fresh"], f"seed {seed}"
        assert not got["lost"], f"seed {seed}"


def test_any_evening_ends_as_the_servers_own_ticker() -> None:
    usual = json.loads(msgspec.json.encode(make_alert()))
    for seed, (wire, vector) in enumerate(EVENINGS):
        ticker, first = Ticker(max_alerts=1000, tombstone_s=1800), dict[str, int]()
        for offset, frame in enumerate(wire.frames, 1):
            alert = msgspec.convert(usual | frame["alert"], Alert)
            ticker.apply(first.setdefault(alert.id, offset), alert, b"")
        page = ticker.page(moment.from_text(vector["now"]), limit=100)
        stands = [(entry.alert.id, entry.alert.version) for entry in page.entries]
        assert stands == [(alert["id"], alert["version"]) for alert in vector["fresh"]["alerts"]], f"seed {seed}"


def test_a_reader_who_has_paused_sees_nothing_new_and_nothing_withdrawn(rules: Page) -> None:
    wire = Wire(random.Random(1))
    old = [wire.alert(name, 1, expires=wire.moment(600)) for name in ("D", "C", "B", "A")]
    later = [
        old[0] | {"version": 2, "pubStatus": "canceled", "text": None},
        old[1] | {"version": 2, "signals": ["correction"], "correction": CORRECTION},
        old[2] | {"version": 2, "text": "a longer sentence", "signals": ["update"]},
        old[3] | {"version": 2, "pubStatus": "canceled", "text": None, "signals": ["undone"]},
    ]
    arrived = wire.alert("E", 1)
    stands = rules.evaluate(
        f"([shown, alerts]) => {RULES}.frozen(shown, {{alerts}}, 0)",
        [old, [arrived, *later]],
    )
    assert stands == [later[0], later[1], old[2]]


@pytest.mark.parametrize(
    ("attempt", "chance", "retry_after_s", "expected_ms"),
    [
        (0, 0.0, None, 500),  # never at once
        (0, 0.999999, None, 1000),
        (1, 0.999999, None, 2000),
        (4, 0.5, None, 8250),
        (5, 0.999999, None, 30_000),
        (400, 0.999999, None, 30_000),
        (0, 0.5, 4.2, 4200),  # the server spread its readers itself
        (9, 0.5, 4.2, 4200),
        (0, 0.5, 0.001, 500),
        (0, 0.0, 0, 500),
        (0, 0.5, 1e12, 300_000),
    ],
)
def test_back_off(rules: Page, attempt: int, chance: float, retry_after_s: float | None, expected_ms: int) -> None:
    delay_ms = rules.evaluate(f"(given) => {RULES}.delay(...given)", [attempt, chance, retry_after_s])
    assert delay_ms == pytest.approx(expected_ms, abs=1)


@pytest.mark.parametrize("language", ["en", "ar", "es"])
def test_age_is_told_in_words_and_then_as_a_date(rules: Page, language: str) -> None:
    minute = 60_000
    now = 1_795_000_000_000
    told = [
        rules.evaluate(f"(given) => {RULES}.ago(...given)", [now - age * minute, now, language])
        for age in (-5, 0, 1, 59, 60, 1439, 1440)
    ]
    assert told[0] == told[1]  # a clock that runs behind does not put an alert into the future
    assert len(set(told)) == 6
