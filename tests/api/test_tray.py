"""What waits before it is public: who hands it in, lets it out, may take it back, and that nobody else sees it."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from service.clock import now_ms
from service.domain import moment
from service.domain.roles import Role
from service.store import access, keys
from service.store.embedded import EmbeddedStore
from service.store.pending import DISCARDED_MAX
from tests.api.conftest import Api, serving, settings_for

FLASH = {"level": "flash", "headline": "Rover lands on the far side"}
DAY_S = 86_400
ALONE = {**FLASH, "override": ["second-approval"], "overrideReason": "the colleague is on air"}


def later(seconds: float = 3600) -> str:
    return moment.to_text(now_ms() + round(seconds * 1000))


async def keyed(api: Api, name: str, role: Role = "duty", *, test: bool = False, person: str | None = None) -> None:
    """Another key, which tests call `name`; `person` is whose it is."""
    issued = await access.create(api.process.store, person or name, role, test, now_ms())
    api.keys[name] = issued.key


@pytest.fixture
async def desk(api: Api) -> Api:
    """The API with a second duty editor."""
    await keyed(api, "second")
    return api


async def waits(api: Api, body: dict[str, Any] | None = None, role: str = "correspondent", **more: str) -> Any:
    answer = await api.post(body, role, **more)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def approve(api: Api, alert_id: str, version: int = 1, role: str = "duty", **more: str) -> Any:
    return await api.change("approve", alert_id, None, role, If_Match=f'"{version}"', **more)


def refused(answer: Any, status: int, slug: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}"), answer.text


async def audited(api: Api) -> list[str]:
    """Verbs of the audit, refused ones with their reason."""
    entries = [msgspec.json.decode(fields[b"entry"]) for _, fields in await api.process.store.xrange(keys.AUDIT, "-")]
    return [f"{entry['verb']}{'!' if entry.get('refused') else ''}" for entry in entries if entry.get("alert")]


async def test_what_a_correspondent_posts_waits_as_a_draft_until_duty_lets_it_out(desk: Api) -> None:
    answer = await desk.post({"headline": "First ferry sails"}, "correspondent")
    said = answer.json()
    assert (answer.status_code, set(said), said["state"]) == (202, {"alert", "state", "warnings"}, "draft")
    alert_id = said["alert"]["id"]
    assert (answer.headers["etag"], answer.headers["location"]) == ('"1"', f"/v1/alerts/{alert_id}")
    assert (await desk.ticker())["alerts"] == []
    out = await approve(desk, alert_id)
    done = out.json()
    assert (out.status_code, set(done)) == (200, {"alert", "cursor", "undoUntil", "warnings"})
    assert (done["alert"]["version"], done["alert"]["references"], done["alert"]["msgType"]) == (2, [], "Alert")
    assert done["alert"]["firstCreated"] == done["alert"]["versionCreated"] >= said["alert"]["firstCreated"]
    assert (await desk.ticker())["alerts"] == [done["alert"]]
    assert done["undoUntil"] is not None
    refused(await approve(desk, alert_id, 2), 409, "wrong-state")
    refused(await approve(desk, alert_id, 1, "second"), 409, "wrong-state")
    seen = (await desk.get(f"/v1/alerts/{alert_id}", "correspondent")).json()
    assert (seen["state"], seen["author"]["name"]) == ("published", "correspondent desk")


async def test_who_looks_at_what_is_out_sees_who_approved_these_words(desk: Api) -> None:
    alert_id = (await waits(desk))["alert"]["id"]

    async def approver() -> str | None:
        by = (await desk.get(f"/v1/alerts/{alert_id}", "editor")).json()["approvedBy"]
        listed = (await desk.get("/v1/alerts?limit=1", "editor")).json()["alerts"][0]["approvedBy"]
        assert listed == by
        return None if by is None else str(by["name"])

    assert await approver() is None
    await approve(desk, alert_id)
    assert await approver() == "duty desk"
    await desk.change("hold", alert_id, None, "second")
    await desk.change("release", alert_id, None, "second")
    assert await approver() == "duty desk", "the words are the same"
    await desk.change("update", alert_id, {"headline": "Second ferry sails"}, "second", If_Match='"4"')
    assert await approver() is None, "a word is another"
    told = (await desk.get(f"/v1/alerts/{alert_id}/versions", "editor")).json()["versions"]
    assert [version["approvedBy"] is not None for version in told] == [True, True, True, False]


async def test_an_embargo_tells_who_approved_it_also_once_it_is_out(desk: Api) -> None:
    said = await waits(desk, {**FLASH, "publishAt": later()}, "editor")
    alert_id = said["alert"]["id"]
    await approve(desk, alert_id)
    assert (await desk.change("release", alert_id, None, "second")).status_code == 200
    seen = (await desk.get(f"/v1/alerts/{alert_id}", "editor")).json()
    assert (seen["state"], seen["approvedBy"]["name"]) == ("published", "duty desk")
    assert "duty desk" not in (await desk.get(f"/a/{alert_id}", None)).text


async def test_a_flash_waits_for_a_second_person(desk: Api) -> None:
    for role in ("editor", "duty"):
        said = await waits(desk, FLASH, role)
        assert said["state"] == "awaiting-approval"
        refused(await approve(desk, said["alert"]["id"], role="editor"), 403, "forbidden")
        assert (await approve(desk, said["alert"]["id"], role="second")).status_code == 200
    assert len((await desk.ticker())["alerts"]) == 2


async def test_nobody_approves_their_own_with_whichever_key(desk: Api) -> None:
    await keyed(desk, "other key", person="DUTY  Desk ")
    said = await waits(desk, FLASH, "duty")
    for role in ("duty", "other key"):
        refused(await approve(desk, said["alert"]["id"], role=role), 403, "forbidden")
    assert (await desk.ticker())["alerts"] == []
    assert await audited(desk) == ["propose", "approve!", "approve!"], "what was refused stands in the audit"
    assert (await approve(desk, said["alert"]["id"], role="second")).status_code == 200


async def test_an_approval_is_of_what_was_read_an_edit_makes_another(desk: Api) -> None:
    await keyed(desk, "third")
    said = await waits(desk, FLASH, "editor")
    alert_id = said["alert"]["id"]
    refused(await desk.change("approve", alert_id, None, "duty"), 428, "precondition-required")
    edited = await desk.change("update", alert_id, {"headline": "Rover lands"}, "second", If_Match='"1"')
    assert (edited.status_code, edited.json()["state"], edited.headers["etag"]) == (200, "awaiting-approval", '"2"')
    refused(await approve(desk, alert_id, 1, "third"), 412, "version-stale")
    refused(await approve(desk, alert_id, 2, "second"), 403, "forbidden")
    out = await approve(desk, alert_id, 2, "third")
    assert (out.json()["alert"]["headline"], out.json()["alert"]["version"]) == ("Rover lands", 3)


async def test_an_edit_of_what_was_approved_asks_again(desk: Api) -> None:
    said = await waits(desk, {**FLASH, "publishAt": later()}, "editor")
    alert_id = said["alert"]["id"]
    scheduled = await approve(desk, alert_id)
    assert (scheduled.status_code, scheduled.json()["state"]) == (200, "scheduled")
    seen = (await desk.get(f"/v1/alerts/{alert_id}", "editor")).json()
    assert (seen["state"], seen["approvedBy"]["name"]) == ("scheduled", "duty desk")
    (waits_so,) = (await desk.get(f"/v1/alerts/{alert_id}/versions", "editor")).json()["versions"]
    assert waits_so == seen
    edited = await desk.change("update", alert_id, {"headline": "Rover lands"}, "editor", If_Match='"2"')
    assert edited.json()["state"] == "awaiting-approval"
    assert (await desk.get(f"/v1/alerts/{alert_id}", "editor")).json()["approvedBy"] is None


async def test_what_asked_too_long_ago_must_ask_again(server: EmbeddedStore) -> None:
    settings = settings_for(server)
    guards = {**settings.newsroom["guards"], "approval_s": 0}
    async with serving(replace(settings, newsroom={**settings.newsroom, "guards": guards})) as api:
        await keyed(api, "second")
        said = await waits(api, FLASH, "editor")
        refused(await approve(api, said["alert"]["id"]), 409, "approval-needed")
        again = await api.change("update", said["alert"]["id"], {}, "editor", If_Match='"1"')
        assert again.status_code == 200, "the same content asks again"
        assert (await audited(api))[-2:] == ["approve!", "propose"]


async def test_an_embargo_waits_and_may_be_moved_released_or_taken_back(desk: Api) -> None:
    moved, released, gone = [(await waits(desk, {"publishAt": later()}, "editor"))["alert"]["id"] for _ in range(3)]
    when = later(7200)
    answer = await desk.change("update", moved, {"publishAt": when, "level": "urgent"}, "editor", If_Match='"1"')
    assert (answer.json()["state"], answer.json()["alert"]["level"]) == ("scheduled", "urgent")
    assert (await desk.get(f"/v1/alerts/{moved}", "editor")).json()["publishAt"] == when
    refused(await desk.change("update", moved, {"publishAt": None}, "editor", If_Match='"2"'), 422, "invalid")
    out = await desk.change("release", released, None, "editor")
    assert (out.status_code, out.json()["alert"]["pubStatus"]) == (200, "usable")
    killed = await desk.kill(gone, "editor")
    assert (killed.status_code, killed.json()["state"]) == (200, "discarded")
    assert (await desk.kill(gone)).json()["state"] == "discarded", "a second kill in a panic is no error"
    refused(await desk.change("release", gone, None, "duty"), 409, "wrong-state")
    refused(await desk.change("update", gone, {"headline": "x"}, "duty", If_Match='"2"'), 409, "wrong-state")
    assert [alert["id"] for alert in (await desk.ticker())["alerts"]] == [released]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"publishAt": "2020-01-01T00:00:00Z"}, "/publishAt"), ({"publishAt": "9000-01-01T00:00:00Z"}, "/publishAt"),
        ({"publishAt": "tomorrow"}, "/publishAt"),
        ({"publishAt": later(7 * DAY_S), "expires": later(6 * DAY_S)}, "/expires"),
    ],
)  # fmt: skip
async def test_an_embargo_that_cannot_be_kept_is_refused(api: Api, body: dict[str, str], pointer: str) -> None:
    answer = await api.post(body, "editor")
    refused(answer, 422, "invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_the_same_post_is_one_draft_however_often_it_comes(desk: Api) -> None:
    answers = await asyncio.gather(*(desk.post({}, "correspondent", Idempotency_Key="k") for _ in range(50)))
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    alert_id = answers[0].json()["alert"]["id"]
    outs = await asyncio.gather(*(approve(desk, alert_id, Idempotency_Key="a") for _ in range(20)))
    assert {(out.status_code, out.text) for out in outs} == {(200, outs[0].text)}
    again = await desk.post({}, "correspondent", Idempotency_Key="k")
    assert (again.status_code, again.text) == (202, answers[0].text), "the same answer, whatever became of it"
    assert len((await desk.ticker())["alerts"]) == 1


async def test_of_two_who_approve_at_once_one_is_first(desk: Api) -> None:
    for _ in range(10):
        alert_id = (await waits(desk))["alert"]["id"]
        outs = await asyncio.gather(approve(desk, alert_id), approve(desk, alert_id, role="second"))
        assert sorted(out.status_code for out in outs) in ([200, 409], [200, 412]), [out.text for out in outs]
    assert len((await desk.ticker())["alerts"]) == 10


async def test_of_a_kill_and_an_approval_at_once_one_wins_and_the_other_is_told(desk: Api) -> None:
    for _ in range(10):
        alert_id = (await waits(desk))["alert"]["id"]
        out, killed = await asyncio.gather(approve(desk, alert_id), desk.kill(alert_id, "second"))
        assert killed.status_code == 200, killed.text
        state = (await desk.get(f"/v1/alerts/{alert_id}", "duty")).json()["state"]
        assert (state, out.status_code) in {("discarded", 412), ("discarded", 409), ("canceled", 200)}, out.text


async def test_correspondents_see_and_change_their_own_drafts_alone(desk: Api) -> None:
    await keyed(desk, "stringer", "correspondent")
    alert_id = (await waits(desk))["alert"]["id"]
    assert (await desk.get(f"/v1/alerts/{alert_id}", "stringer")).status_code == 404
    for verb in ("update", "kill", "approve", "release"):
        body = {"headline": "Snow"} if verb == "update" else None
        answer = await desk.change(verb, alert_id, body, "stringer", If_Match='"1"')
        refused(answer, 404, "not-found")
    own = await desk.change("update", alert_id, {"headline": "Snow falls"}, "correspondent", If_Match='"1"')
    assert (own.status_code, own.json()["state"]) == (200, "draft")
    refused(await approve(desk, alert_id, 2, "correspondent"), 403, "forbidden")
    by_editor = await desk.change("update", alert_id, {"headline": "Snow falls at last"}, "editor", If_Match='"2"')
    assert by_editor.json()["state"] == "draft"
    assert (await desk.kill(alert_id, "correspondent")).json()["state"] == "discarded"


async def test_test_keys_have_drafts_of_their_own(desk: Api) -> None:
    await keyed(desk, "drill reporter", "correspondent", test=True)
    drill = (await waits(desk, role="drill reporter"))["alert"]
    assert drill["status"] == "Exercise"
    real = (await waits(desk))["alert"]["id"]
    refused(await approve(desk, real, role="drill"), 404, "not-found")
    assert (await approve(desk, drill["id"], role="drill")).status_code == 200
    assert (await desk.ticker())["alerts"] == []


async def test_an_editor_who_would_send_a_flash_alone_is_told_that_it_waits_all_the_same(desk: Api) -> None:
    body = {**ALONE, "override": ["near-duplicate", "second-approval", "brake"]}
    said = await waits(desk, body, "editor")
    assert said["state"] == "awaiting-approval"
    assert "override-refused" in [warning["code"] for warning in said["warnings"]]
    lines = (await desk.get(f"/v1/alerts/{said['alert']['id']}/audit", "duty")).json()["audit"]
    assert [line["override"] for line in lines] == [["near-duplicate"]]
    assert (await approve(desk, said["alert"]["id"], role="second")).status_code == 200


async def test_after_three_flashes_in_a_minute_the_next_waits(desk: Api) -> None:
    for number in range(3):
        await desk.publish({**ALONE, "headline": f"Rocket {number} lifts off from pad {number}"})
    said = await waits(desk, {**ALONE, "headline": "Harbour bridge reopens"}, "duty")
    assert said["state"] == "awaiting-approval"
    assert "brake" in [warning["code"] for warning in said["warnings"]]
    assert (await approve(desk, said["alert"]["id"], role="second")).status_code == 200, "a second person releases it"
    meant = {**ALONE, "headline": "Rail line to the coast is cut", "override": ["second-approval", "brake"]}
    await desk.publish(meant)
    await desk.publish({"headline": "Rain in the north", "level": "urgent"})


async def test_the_brake_holds_however_many_flashes_come_at_once(desk: Api) -> None:
    bodies = [
        {**ALONE, "headline": f"Station {name} reports wind"} for name in ("Alder", "Birch", "Cedar", "Elm", "Fir")
    ]
    answers = await asyncio.gather(*(desk.post(body, "duty") for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 202, 202]


async def test_the_brake_holds_for_embargoes_that_one_person_lets_out_one_after_another(desk: Api) -> None:
    made = [
        (await waits(desk, {**ALONE, "headline": f"Rocket lifts off from pad {pad}", "publishAt": later()}, "duty"))
        for pad in range(5)
    ]
    said = [
        (await desk.change("release", one["alert"]["id"], {}, Idempotency_Key=f"release-{at}")).json()
        for at, one in enumerate(made)
    ]
    assert [one.get("state") for one in said] == [None, None, None, "awaiting-approval", "awaiting-approval"]
    assert [warning["code"] for warning in said[3]["warnings"]] == ["brake"]
    again = await desk.change("release", made[3]["alert"]["id"], {}, Idempotency_Key="release-3")
    assert (again.json(), again.headers["idempotency-replayed"]) == (said[3], "true")
    assert len((await desk.ticker())["alerts"]) == 3
    refused(await approve(desk, made[3]["alert"]["id"], 2), 403, "forbidden")
    assert (await approve(desk, made[3]["alert"]["id"], 2, "second")).status_code == 200
    meant = {**ALONE, "override": ["second-approval", "brake"], "headline": "Bridge is cut", "publishAt": later()}
    waiting = (await waits(desk, meant, "duty"))["alert"]["id"]
    assert "cursor" in (await desk.change("release", waiting, {})).json()


async def test_what_waits_is_bounded_and_neither_drafts_nor_drills_keep_a_flash_out(server: EmbeddedStore) -> None:
    async with serving(replace(settings_for(server), pending_max=12)) as api:
        for number in range(3):
            await waits(api, {"headline": f"Drill {number}", "publishAt": later()}, "drill")
        refused(await api.post({"publishAt": later()}, "drill"), 429, "pending-full")
        for number in range(6):
            await waits(api, {"headline": f"Draft {number}"})
        answer = await api.post({}, "correspondent")
        refused(answer, 429, "pending-full")
        assert (answer.headers["retry-after"], "6 drafts wait already" in answer.json()["detail"]) == ("60", True)
        for number in range(3):
            await waits(api, {**FLASH, "headline": f"Rocket {number} lifts off"}, "editor")
        full = await api.post({**FLASH, "headline": "One too many"}, "editor")
        refused(full, 429, "pending-full")
        assert "12 alerts wait already" in full.json()["detail"]


async def test_what_waited_for_too_long_gives_its_place_up(server: EmbeddedStore) -> None:
    async with serving(replace(settings_for(server), pending_max=10)) as api:
        made = [(await waits(api, {"headline": f"Draft {number}"}))["alert"]["id"] for number in range(5)]
        refused(await api.post({}, "correspondent"), 429, "pending-full")
        async with api.process.store.pipeline(transaction=False) as pipe:
            pipe.delete(keys.pending(made[0]))  # as it is when its days are over
            assert await pipe.execute() == [1]
        await waits(api, {"headline": "The next draft"})
        refused(await api.post({}, "correspondent"), 429, "pending-full")


async def test_a_store_that_is_gone_takes_no_verb_and_says_so(desk: Api, server: EmbeddedStore) -> None:
    alert_id = (await waits(desk))["alert"]["id"]
    server.kill()
    for answer in (
        await desk.post({}, "correspondent"), await approve(desk, alert_id), await desk.kill(alert_id),
        await desk.change("update", alert_id, {"headline": "x"}, "correspondent", If_Match='"1"'),
    ):  # fmt: skip
        refused(answer, 503, "store-unavailable")


async def test_verbs_that_need_a_public_alert_do_not_fit(desk: Api) -> None:
    alert_id = (await waits(desk))["alert"]["id"]
    correction = {"headline": "x", "correction": {"text": "y", "severity": "minor"}}
    for verb, body in (("hold", None), ("undo", None), ("correct", correction), ("release", None)):
        refused(await desk.change(verb, alert_id, body, "duty", If_Match='"1"'), 409, "wrong-state")


async def test_a_draft_that_is_changed_without_end_can_still_be_approved_and_taken_back(server: EmbeddedStore) -> None:
    async with serving(replace(settings_for(server), versions_max=10)) as api:
        for verb in ("approve", "kill"):
            draft = (await waits(api, {"headline": f"Draft to {verb}"}))["alert"]["id"]
            for version in range(1, 10):
                body = {"headline": f"Draft to {verb}, {version}"}
                answer = await api.change("update", draft, body, "correspondent", If_Match=f'"{version}"')
                assert answer.status_code == 200
            one_more = await api.change("update", draft, {"headline": "Again"}, "correspondent", If_Match='"10"')
            refused(one_more, 409, "too-many-versions")
            assert (await api.change(verb, draft, None, If_Match='"10"')).status_code == 200


async def test_what_waits_is_told_to_be_not_out_where_its_delivery_is_asked_for(desk: Api) -> None:
    alert_id = (await waits(desk))["alert"]["id"]
    answer = await desk.get(f"/v1/alerts/{alert_id}/delivery", "correspondent")
    refused(answer, 404, "not-found")
    assert answer.json()["detail"] == "no alert of this id is out, so there is nothing to deliver"


async def test_what_is_out_has_no_moment_to_wait_for_any_more(desk: Api) -> None:
    alert_id = (await desk.publish())["alert"]["id"]
    answer = await desk.change("update", alert_id, {"publishAt": later(), "note": "x"}, "duty", If_Match='"1"')
    refused(answer, 422, "invalid")
    assert answer.json()["errors"] == [
        {"pointer": f"/{name}", "detail": "is fixed with the first version"} for name in ("note", "publishAt")
    ]


async def test_of_what_was_taken_back_the_newest_are_kept_and_the_audit_has_the_others(desk: Api) -> None:
    store = desk.process.store
    first, second = [(await waits(desk, {"headline": f"Draft {number}"}))["alert"]["id"] for number in range(2)]
    assert (await desk.kill(first)).status_code == 200
    later_ones = {f"{number:026d}": now_ms() + 60_000 + number for number in range(DISCARDED_MAX - 1)}
    await store.zadd(keys.DISCARDED, later_ones)
    assert (await desk.get(f"/v1/alerts/{first}", "duty")).json()["state"] == "discarded"
    assert (await desk.kill(second)).status_code == 200
    assert (await desk.get(f"/v1/alerts/{first}", "duty")).status_code == 404
    assert await store.hget(keys.pending(first), "pending") is None
    assert await store.lrange(keys.audit(first), 0, -1) == []
    assert (await desk.get(f"/v1/alerts/{second}", "duty")).json()["state"] == "discarded"
    assert (await audited(desk)) == ["submit", "submit", "kill", "kill"]
