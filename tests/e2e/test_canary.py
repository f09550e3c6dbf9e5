"""Nothing that is not public leaks: a word that stands only in a draft, an embargo, a flash that waits and an alert on
hold is nowhere to be found, and nothing public is called otherwise because they are there.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from service.clock import now_ms
from service.domain import moment
from tests.crawl import crawl, marks
from tests.ears import Ears
from tests.processes import System

WORD = "quokkabird"
OURS = ("the log",)
"""Where operators follow an alert by its id."""
ALERT: dict[str, Any] = {
    "headline": f"The {WORD} returns to the islands", "attribution": {"kind": "official", "speaker": f"Warden {WORD}"},
    "places": [{"name": f"{WORD} island"}], "link": {"url": f"https://example.org/{WORD}"},
    "note": f"{WORD} seen twice", "image": {"url": f"https://example.org/{WORD}.jpg", "alt": f"A {WORD}"},
}  # fmt: skip


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("canary")) as system:
        yield system


def waiting(system: System, stringer: str, edition: str) -> list[dict[str, Any]]:
    """One of each that waits, in an edition: a draft, an embargo that was changed, a flash that waits."""
    embargo = moment.to_text(now_ms() + 3_600_000)
    alone = {"override": ["near-duplicate"], "overrideReason": "a test"}
    draft = system.ask("/v1/alerts", {**ALERT, "edition": edition}, key=stringer)["alert"]
    scheduled = system.ask("/v1/alerts", {**ALERT, **alone, "edition": edition, "publishAt": embargo})["alert"]
    flash = system.ask("/v1/alerts", {**ALERT, **alone, "edition": edition, "level": "flash"})["alert"]
    system.ask(f"/v1/alerts/{scheduled['id']}/update", {"headline": f"Two {WORD}s return"}, if_match=1)
    return [draft, scheduled, flash]


def test_what_waits_is_nowhere_and_changes_nothing(system: System) -> None:
    stringer = system.done("keys", "create", "--role", "correspondent", "--name", "stringer")["key"]
    system.post("Rain in the north of the island")
    before = marks(system)
    alerts = [alert for edition in ("en", "ar", "es") for alert in waiting(system, stringer, edition)]
    ids = [name for alert in alerts for name in (alert["id"], alert["story"])]
    assert marks(system) == before, "ETags and cursors are the same to the byte"
    with Ears(system) as ears:
        for alert in alerts[:3]:
            system.ask(f"/v1/alerts/{alert['id']}/kill", {"reason": WORD})
        assert crawl(system, [WORD], ids, ears.heard()) == []
        told_by_id = [hit for hit in crawl(system, ids, ids, ears.heard()) if hit.place not in OURS]
        assert told_by_id == [], "that there is something, too, only logs say"


def test_what_is_on_hold_is_nowhere_any_more(system: System) -> None:
    alert = system.post(**{**ALERT, "headline": f"Second {WORD} seen"})["alert"]
    system.ask(f"/v1/alerts/{alert['id']}/hold", {"reason": WORD})
    with Ears(system) as ears:
        assert crawl(system, [WORD], [alert["id"], alert["story"]], ears.heard()) == []


def test_the_search_would_find_it(system: System) -> None:
    alert = system.post(f"Third {WORD} seen on the mainland at dawn")["alert"]
    assert crawl(system, [WORD], [alert["id"]])
