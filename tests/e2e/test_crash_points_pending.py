"""kill -9 of the API wherever a verb upon what is not public can be cut off: repeated with the same key it is one
version, one line of the audit and one answer.

The cases come from the lifecycle's table, the saboteur from saboteur.py.
"""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from service.clock import now_ms
from service.domain import lifecycle, moment
from service.domain.alert import State
from service.domain.lifecycle import TABLE, Verb
from service.domain.revision import Revision
from service.store import access, keys, stream
from service.store.connection import Store
from tests.e2e.saboteur import Api, Case, Cut, Point, Relay, Request, answered, cut_off, on_a_store
from tests.entries import EN

BY_CLOCK: list[Case] = [("scheduled", "publish")]
"""The scheduler's, see test_embargo."""
CASES: list[Case] = [
    (state, verb) for state, verb in TABLE
    if state in (*lifecycle.PENDING, "discarded", None) and (state, verb) not in [*BY_CLOCK, (None, "publish")]
]  # fmt: skip
EMBARGO = moment.to_text(now_ms() + 86_400_000)
MENDED = {"headline": "Ferries sail from the other pier"}
STRINGER, DUTY, SECOND = "stringer", "duty", "second"


@dataclass
class Desk:
    """Who is there, and what they send."""

    keys: dict[str, str]

    def request(self, who: str, path: str, body: Any, key: str, version: int | None = None) -> Request:
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return Request(path, body, key, headers)

    def post(self, who: str, name: str, **more: Any) -> Request:
        body = {"edition": "en", "headline": f"Ferry {name} sails", **more}
        return self.request(who, "/v1/alerts", body, f"post {name}")

    def first(self, case: Case, name: str) -> Request:
        """What brings the alert of a case into being: for a new one, the case itself."""
        state, verb = case
        if state is None:
            state = TABLE[case].state  # type: ignore[union-attr]  # all that is new changes something
        embargo = {"publishAt": EMBARGO}
        match state:
            case "draft":
                return self.post(STRINGER, name, **(embargo if verb == "schedule" else {}))
            case "scheduled":
                return self.post(STRINGER if verb == "submit" else DUTY, name, **embargo)
            case "awaiting-approval":
                return self.post(DUTY, name, level="flash", **(embargo if verb == "schedule" else {}))
            case _:
                return self.post(STRINGER, name)

    def then(self, case: Case, alert: dict[str, Any], name: str) -> Request:
        """The verb of the case."""
        verb = case[1]
        path, version, key = f"/v1/alerts/{alert['id']}/", alert["version"], f"at last {name}"
        changes: dict[Case, tuple[str, Any]] = {
            ("draft", "submit"): (STRINGER, MENDED), ("scheduled", "submit"): (STRINGER, MENDED),
            ("scheduled", "schedule"): (DUTY, MENDED), ("scheduled", "propose"): (DUTY, {"level": "flash"}),
            ("awaiting-approval", "propose"): (DUTY, MENDED),
            ("awaiting-approval", "schedule"): (DUTY, {"level": "brief"}),
        }  # fmt: skip
        if case in changes:
            who, body = changes[case]
            return self.request(who, path + "update", body, key, version)
        if case == ("draft", "schedule"):
            return self.request(DUTY, path + "approve", {}, key, version)
        return self.request(SECOND, path + verb, {}, key, version)


def cut_at(point: Point) -> list[Case]:
    """The cases that have such a point: what changes nothing calls no script."""
    return [case for case in CASES if point == "before the client" or TABLE[case] is not None]


async def prepared(desk: Desk, api: Api, case: Case, name: str) -> Request:
    state = case[0]
    request = desk.first(case, name)
    if state is None:
        return request
    alert = (await answered(api, request)).json()["alert"]
    if case == ("scheduled", "submit"):  # a correspondent's embargo was a draft that somebody approved
        approval = desk.request(DUTY, f"/v1/alerts/{alert['id']}/approve", {}, f"approve {name}", alert["version"])
        alert = (await answered(api, approval)).json()["alert"]
    if state == "discarded":
        kill = desk.request(DUTY, f"/v1/alerts/{alert['id']}/kill", {}, f"kill {name}")
        alert = (await answered(api, kill)).json()["alert"]
    return desk.then(case, alert, name)


@dataclass
class Siege:
    """What came of every case at every point, the lines of the audit by alert, and how often each is on the wire."""

    cuts: dict[Point, dict[Case, Cut]]
    audit: dict[str, list[dict[str, Any]]]
    wire: list[str]


async def besiege(folder: Path, store_path: Path, store: Store) -> Siege:
    roles: list[tuple[str, Any]] = [(STRINGER, "correspondent"), (DUTY, "duty"), (SECOND, "duty")]
    desk = Desk({name: (await access.create(store, name, role, False, now_ms())).key for name, role in roles})
    relay = Relay(folder / "relay.sock", store_path)
    api = Api(folder, relay, desk.keys[DUTY])
    async with relay.open():
        await api.start()
        try:
            cuts = {
                point: await cut_off(api, relay, point, cut_at(point), partial(prepared, desk))
                for point in get_args(Point)
            }
        finally:
            await api.kill()
    audit: dict[str, list[dict[str, Any]]] = {}
    for cut in (cut for cases in cuts.values() for cut in cases.values()):
        alert_id = cut.repeated.json()["alert"]["id"]
        audit[alert_id] = [json.loads(line) for line in await store.lrange(keys.audit(alert_id), 0, -1)]
    wire = [entry.alert.id for _, entry in await stream.read_wire(store, EN, 0) if isinstance(entry, Revision)]
    return Siege(cuts, audit, wire)


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Siege:
    return on_a_store(tmp_path_factory.mktemp("siege"), besiege)


EVERY = [(point, *case) for point in get_args(Point) for case in cut_at(point)]


def in_general(answer: httpx.Response) -> tuple[int, dict[str, Any], str]:
    """An answer without what must differ from one alert to another."""
    said = answer.json()
    alert = said.pop("alert")
    return answer.status_code, {**said, "cursor": "", "undoUntil": ""}, f"{alert['version']} {alert['pubStatus']}"


@pytest.mark.parametrize(("point", "state", "verb"), EVERY)
def test_what_was_cut_off_and_repeated_is_done_once_and_answered_alike(
    siege: Siege, point: Point, state: State | None, verb: Verb
) -> None:
    case = (state, verb)
    cut, transition = siege.cuts[point][case], TABLE[case]
    assert (cut.lost is None) == (point != "before the client")
    assert in_general(cut.repeated) == in_general(cut.undisturbed)
    assert cut.repeated.text == cut.again.text
    assert cut.lost is None or cut.lost.text == cut.repeated.text
    was_done = transition is not None and point != "before the store"
    assert cut.repeated.headers.get("idempotency-replayed") == ("true" if was_done else None)
    alert = cut.repeated.json()["alert"]
    audit = siege.audit[alert["id"]]
    assert [line["version"] for line in audit] == list(range(1, alert["version"] + 1))
    public = transition is not None and transition.type is not None
    assert siege.wire.count(alert["id"]) == public
