"""kill -9 of the API wherever a verb can be cut off: who repeats it with the same key gets one revision and one answer.

The cases come from the lifecycle's table, the saboteur from saboteur.py.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from service.domain.alert import State
from service.domain.lifecycle import CHANGE_VERBS, TABLE, Verb
from service.domain.revision import Revision
from service.store import access, stream
from service.store.connection import Store
from tests.e2e.saboteur import Api, Case, Cut, Point, Relay, Request, answered, cut_off, name_of, on_a_store
from tests.entries import EN, NOW_MS
from tests.verbs import BODIES, STATES

OVER_HTTP = ("publish", *CHANGE_VERBS)
CASES: list[Case] = [(state, verb) for state, verb in TABLE if verb in OVER_HTTP and (state is None or state in STATES)]


def cut_at(point: Point) -> list[Case]:
    """The cases that have such a point: what changes nothing calls no script."""
    return [case for case in CASES if point == "before the client" or TABLE[case] is not None]


def headline(name: str) -> str:
    return f"Ferry {name} sails"


def post(name: str) -> Request:
    return Request("/v1/alerts", {"edition": "en", "headline": headline(name)}, f"post {name}")


def change(verb: str, alert: dict[str, Any], key: str) -> Request:
    path, version = f"/v1/alerts/{alert['id']}/{verb}", f'"{alert["version"]}"'
    return Request(path, BODIES.get(verb) or {}, key, {"If-Match": version})


async def prepared(api: Api, case: Case, name: str) -> Request:
    """The request of a case, with an alert in the state that it begins in."""
    state, verb = case
    if state is None:
        return post(name)
    alert = await accepted(api, post(name))
    for step in STATES[state]:
        alert = await accepted(api, change(step, alert, f"{step} {name}"))
    return change(verb, alert, f"at last {verb} {name}")


async def accepted(api: Api, request: Request) -> dict[str, Any]:
    alert: dict[str, Any] = (await answered(api, request)).json()["alert"]
    return alert


@dataclass
class Siege:
    """What came of every case at every point, and what then stands on the wire."""

    cuts: dict[Point, dict[Case, Cut]]
    wire: dict[int, Revision]


async def besiege(folder: Path, store_path: Path, store: Store) -> Siege:
    key = (await access.create(store, "a test", "duty", False, NOW_MS)).key
    relay = Relay(folder / "relay.sock", store_path)
    api = Api(folder, relay, key)
    async with relay.open():
        await api.start()
        try:
            cuts = {point: await cut_off(api, relay, point, cut_at(point), prepared) for point in get_args(Point)}
        finally:
            await api.kill()
    entries = [entry for _, entry in await stream.read_wire(store, EN, 0)]
    return Siege(cuts, {entry.offset: entry for entry in entries if isinstance(entry, Revision)})


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Siege:
    return on_a_store(tmp_path_factory.mktemp("siege"), besiege)


def in_general(answer: httpx.Response, name: str) -> Any:
    """An answer without what must differ from one alert to another: ids, places, moments."""
    said = json.loads(answer.text.replace(headline(name), "…"))
    alert = said["alert"]
    for passing in ("id", "story", "firstCreated", "versionCreated", "expires"):
        assert alert.pop(passing)
    alert["references"] = [reference["version"] for reference in alert["references"]]
    return answer.status_code, {**said, "cursor": "…", "undoUntil": said["undoUntil"] is not None}


EVERY = [(point, *case) for point in get_args(Point) for case in cut_at(point)]


@pytest.mark.parametrize(("point", "state", "verb"), EVERY)
def test_what_was_cut_off_and_repeated_is_done_once_and_answered_alike(
    siege: Siege, point: Point, state: State | None, verb: Verb
) -> None:
    case, name = (state, verb), name_of((state, verb), point)
    cut = siege.cuts[point][case]
    assert (cut.lost is None) == (point != "before the client")
    assert in_general(cut.repeated, name) == in_general(cut.undisturbed, f"{name} undisturbed")
    assert cut.repeated.text == cut.again.text
    assert cut.lost is None or cut.lost.text == cut.repeated.text

    changes = TABLE[case] is not None
    was_done = changes and point != "before the store"
    assert cut.repeated.headers.get("idempotency-replayed") == ("true" if was_done else None)
    assert cut.again.headers.get("idempotency-replayed") == ("true" if changes else None)

    said = cut.repeated.json()
    alert, offset = said["alert"], int(said["cursor"].split(":")[1])
    assert json.loads(siege.wire[offset].encoded) == alert
    steps = 0 if state is None else 1 + len(STATES[state])
    versions = [one.alert.version for one in siege.wire.values() if one.alert.id == alert["id"]]
    assert versions == list(range(1, steps + changes + 1))


def test_a_post_that_was_cut_off_has_not_left_a_second_alert_behind(siege: Siege) -> None:
    headlines = [one.alert.headline for one in siege.wire.values() if one.type == "published"]
    assert len(set(headlines)) == len(headlines)


def test_offsets_have_no_holes(siege: Siege) -> None:
    assert sorted(siege.wire) == list(range(1, len(siege.wire) + 1))
