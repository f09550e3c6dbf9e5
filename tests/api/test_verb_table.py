"""Every verb upon every state by every role, on what is theirs and on what is not: the status stands in one table.

The rule to remember: `verbs.table` is the law that editors know. A state, verb or role that is not in it fails, and so
does a row for something that there is not.
"""

import itertools
from pathlib import Path
from typing import Any, get_args

import pytest

from service.acting import Actor
from service.clock import now_ms
from service.desk import Desk
from service.domain import moment
from service.domain.alert import Author, State
from service.domain.durability import Durability
from service.domain.lifecycle import CHANGE_VERBS
from service.domain.roles import ROLES, Role
from service.store import access
from tests.api.conftest import Api
from tests.entries import BOUNDS
from tests.verbs import BODIES

TABLE = Path(__file__).with_name("verbs.table")
WHOSE = ("own", "other")
COLUMNS = [(role, whose) for role in ROLES for whose in WHOSE]
VERBS = (*CHANGE_VERBS, "approve", "read")
STATES = get_args(State)
PENDING = {"draft": "correspondent", "scheduled": "editor", "awaiting-approval": "editor"}
SOON_MS = 3_600_000


def rows() -> dict[tuple[str, str], list[int]]:
    """(state, verb) → a status for each column."""
    found = {}
    for line in TABLE.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            state, verb, *statuses = line.split()
            assert (state, verb) not in found, f"{state} {verb} stands there twice"
            found[state, verb] = [int(status) for status in statuses]
    return found


def test_the_table_has_a_row_for_every_state_and_verb_and_a_status_for_every_role() -> None:
    assert set(rows()) == set(itertools.product(STATES, VERBS))
    assert {len(statuses) for statuses in rows().values()} == {len(COLUMNS)}


class Newsroom:
    """Keys of persons who each have one: of every role the one who acts, another who wrote, and two who approve."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def open(self) -> None:
        for name, role in [(f"other {role}", role) for role in ROLES] + [("approver", "duty"), ("boss", "admin")]:
            issued = await access.create(self.api.process.store, name, role, False, now_ms())
            self.api.keys[name] = issued.key

    async def bring(self, state: State, author: str, role: Role) -> tuple[str, int]:
        """An alert of `author` in that state; its id and version."""
        body: dict[str, Any] = {"override": ["near-duplicate"], "overrideReason": "a test"}
        if state == "scheduled":
            body["publishAt"] = moment.to_text(now_ms() + SOON_MS)
        if state == "awaiting-approval":
            body["level"] = "flash"
        answer = await self.api.post(body, author)
        assert answer.status_code in (201, 202), answer.text
        said = answer.json()
        if state == "awaiting-approval" and role == "correspondent":
            # a correspondent's flash is a draft; what is theirs and awaits approval does not exist
            return "", 0
        out = state not in (*PENDING, "discarded")
        if role == "correspondent" and (out or state == "scheduled"):
            said = (await self.do("approve", said["alert"], "approver")).json()
        ways = {"withheld": ["hold"], "canceled": ["kill"], "undone": ["undo"], "discarded": ["kill"]}
        for verb in ways.get(state, []):
            if state == "discarded" and role != "correspondent":
                later = {**body, "publishAt": moment.to_text(now_ms() + SOON_MS)}
                said = (await self.api.post(later, author)).json()
            said = (await self.do(verb, said["alert"], "boss")).json()
        if state == "expired":
            await self.expire(said["alert"]["id"])
        seen = (await self.api.get(f"/v1/alerts/{said['alert']['id']}", "boss")).json()
        assert seen["state"] == state, seen
        return seen["alert"]["id"], seen["alert"]["version"]

    async def do(self, verb: str, alert: dict[str, Any], key: str) -> Any:
        return await self.api.change(verb, alert["id"], BODIES.get(verb), key, If_Match=f'"{alert["version"]}"')

    async def expire(self, alert_id: str) -> None:
        """What the scheduler does, two days later."""
        desk = Desk(
            self.api.process.store, self.api.process.newsroom, BOUNDS, expires_default_s=86_400,
            now_ms=lambda: now_ms() + 172_800_000, durability=lambda: Durability("fsync", True), seen=lambda _: None,
        )  # fmt: skip
        assert await desk.expire(alert_id, Actor(Author("scheduler", "scheduler"), "admin", False, "", "")) is not None


@pytest.mark.parametrize("state", STATES)
async def test_each_verb_upon_an_alert_is_answered_as_the_table_says(api: Api, state: State) -> None:
    room = Newsroom(api)
    await room.open()
    told, found = {}, {}
    for verb, (role, whose) in itertools.product(VERBS, COLUMNS):
        wanted = rows()[state, verb][COLUMNS.index((role, whose))]
        author_role: Role = role if whose == "own" else "correspondent" if state == "draft" else "duty"
        author = role if whose == "own" else f"other {author_role}"
        if state == "draft" and author_role != "correspondent":
            if wanted:
                pytest.fail("only correspondents have drafts: the table says 0")
            continue
        alert_id, version = await room.bring(state, author, author_role)
        if not alert_id:
            status = 0
        elif verb == "read":
            status = (await api.get(f"/v1/alerts/{alert_id}", role)).status_code
        else:
            status = (await room.do(verb, {"id": alert_id, "version": version}, role)).status_code
        told[verb, role, whose], found[verb, role, whose] = wanted, status
    assert found == told
