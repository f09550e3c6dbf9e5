"""Editors change what is out: each verb makes the next version, where it fits, for whom it is allowed, and once."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from service.domain.alert import State
from service.domain.lifecycle import CHANGE_VERBS, TABLE, ChangeVerb
from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, serving, settings_for
from tests.stores import until
from tests.verbs import BODIES, MENDED, STATES

SENTENCE = "Snow closes the northern pass"


async def do(api: Api, verb: str, alert_id: str, version: int, role: str = "duty", **more: str) -> Any:
    """A verb with a body that fits it, upon this version."""
    return await api.change(verb, alert_id, BODIES.get(verb), role, If_Match=f'"{version}"', **more)


async def brought_to(api: Api, state: State, role: str = "duty") -> dict[str, Any]:
    """An alert in that state, as its last answer gave it."""
    answer = await api.publish(role=role)
    for verb in STATES[state]:
        done = await do(api, verb, answer["alert"]["id"], answer["alert"]["version"])
        assert done.status_code == 200, done.text
        answer = done.json()
    return answer


def refused(answer: Any, status: int, slug: str) -> bool:
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}"), answer.text
    return True


@pytest.mark.parametrize(
    ("verb", "state", "msg_type", "signals"),
    [
        ("update", "published", "Update", ["update"]), ("correct", "published", "Update", ["correction"]),
        ("hold", "withheld", "Update", []), ("undo", "undone", "Cancel", ["undone"]),
        ("kill", "canceled", "Cancel", []),
    ],
)  # fmt: skip
async def test_a_verb_makes_the_next_version_of_the_same_alert(
    api: Api, verb: str, state: str, msg_type: str, signals: list[str]
) -> None:
    made = await api.publish()
    alert_id = made["alert"]["id"]
    answer = await do(api, verb, alert_id, 1)
    said = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert set(said) == {"alert", "cursor", "undoUntil", "warnings"}
    alert = said["alert"]
    assert (alert["id"], alert["version"], alert["msgType"], alert["signals"]) == (alert_id, 2, msg_type, signals)
    assert alert["firstCreated"] == made["alert"]["firstCreated"]
    seen = (await api.get(f"/v1/alerts/{alert_id}", "duty")).json()
    assert (seen["state"], seen["alert"], seen["cursor"]) == (state, alert, said["cursor"])
    shown = await api.ticker()
    assert shown["cursor"] == said["cursor"]
    assert shown["alerts"] == ([] if verb == "undo" else [alert])


async def test_a_held_alert_is_released_with_its_sentence(api: Api) -> None:
    held = await brought_to(api, "withheld")
    assert SENTENCE not in (await api.get("/v1/editions/en/ticker")).text
    released = (await do(api, "release", held["alert"]["id"], 2)).json()["alert"]
    assert (released["headline"], released["version"], released["notice"]) == (SENTENCE, 3, None)
    assert (await api.ticker())["alerts"] == [released]


async def test_a_correction_tells_readers_what_was_wrong(api: Api) -> None:
    made = await api.publish()
    corrected = (await do(api, "correct", made["alert"]["id"], 1)).json()["alert"]
    assert corrected["correction"] == {"text": "It is the other pass", "was": SENTENCE, "severity": "major"}
    assert corrected["references"] == [{"id": made["alert"]["id"], "version": 1}]
    later = await api.change("update", made["alert"]["id"], {"certainty": "Likely"}, If_Match='"2"')
    assert later.json()["alert"]["correction"] is None


async def test_an_update_may_say_that_nobody_else_is_rung_and_that_stands(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    answer = await api.change("update", alert_id, {"push": False}, If_Match='"1"')
    assert (answer.status_code, answer.json()["alert"]["version"]) == (200, 2)
    assert (await api.get(f"/v1/alerts/{alert_id}", "duty")).json()["push"] is False
    again = await api.change("update", alert_id, {"push": True}, If_Match='"2"')
    assert refused(again, 422, "invalid")
    assert [error["pointer"] for error in again.json()["errors"]] == ["/push"]


async def test_no_alert_stands_for_more_than_a_leap_year(api: Api) -> None:
    far = {"expires": "9999-12-31T23:59:59Z"}
    alert_id = (await api.publish())["alert"]["id"]
    for answer in (
        await api.post(far),
        await api.change("update", alert_id, far, If_Match='"1"'),
        await api.change("correct", alert_id, {**(BODIES["correct"] or {}), **far}, If_Match='"1"'),
    ):
        assert refused(answer, 422, "invalid")
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/expires"]


async def test_who_wrote_what_is_on_hold_cannot_put_it_back_but_may_take_it_away(api: Api) -> None:
    alert_id = (await brought_to(api, "withheld", "editor"))["alert"]["id"]
    assert refused(await do(api, "correct", alert_id, 2, "editor"), 403, "forbidden")
    assert (await do(api, "undo", alert_id, 2, "editor")).status_code == 200
    alert_id = (await brought_to(api, "withheld", "editor"))["alert"]["id"]
    assert (await do(api, "correct", alert_id, 2, "duty")).json()["alert"]["headline"] == MENDED


async def test_a_reason_is_for_editors_only(api: Api) -> None:
    made = await api.publish()
    alert_id = made["alert"]["id"]
    for verb in ("hold", "release", "undo"):
        answer = await api.change(verb, alert_id, {"reason": f"why {verb}"})
        assert f"why {verb}" not in answer.text
        assert (await api.get(f"/v1/alerts/{alert_id}", "duty")).json()["reason"] == f"why {verb}"
        refused(await api.change(verb, alert_id, {"reason": 7}), 422, "invalid")


@pytest.mark.parametrize("verb", CHANGE_VERBS)
@pytest.mark.parametrize("state", list(STATES))
async def test_a_verb_fits_the_states_of_the_table_and_no_other(api: Api, state: State, verb: ChangeVerb) -> None:
    before = await brought_to(api, state)
    alert_id, version = before["alert"]["id"], before["alert"]["version"]
    answer = await do(api, verb, alert_id, version)
    now = (await api.get(f"/v1/alerts/{alert_id}", "duty")).json()
    if (state, verb) not in TABLE:
        assert refused(answer, 409, "wrong-state")
        assert answer.json()["state"] == state
        assert (now["state"], now["alert"]["version"]) == (state, version)
        return
    transition = TABLE[state, verb]
    assert answer.status_code == 200
    assert (now["state"], now["alert"]) == (state if transition is None else transition.state, answer.json()["alert"])
    assert now["alert"]["version"] == (version if transition is None else version + 1)


@pytest.mark.parametrize("verb", list(BODIES))
async def test_who_changes_content_names_the_version(api: Api, verb: str) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    assert refused(await api.change(verb, alert_id, BODIES[verb]), 428, "precondition-required")
    assert refused(await api.change(verb, alert_id, BODIES[verb], If_Match="*"), 428, "precondition-required")
    assert refused(await api.change(verb, alert_id, BODIES[verb], If_Match="1"), 400, "bad-if-match")
    stale = await do(api, verb, alert_id, 2)
    assert refused(stale, 412, "version-stale")
    assert stale.json()["current"] == 1
    assert (await api.ticker())["alerts"][0]["version"] == 1


@pytest.mark.parametrize("verb", [verb for verb in CHANGE_VERBS if verb not in BODIES])
async def test_nobody_is_stopped_in_an_emergency_but_may_name_the_version(api: Api, verb: ChangeVerb) -> None:
    before = await brought_to(api, "withheld" if verb == "release" else "published")
    alert_id, version = before["alert"]["id"], before["alert"]["version"]
    assert refused(await do(api, verb, alert_id, 7), 412, "version-stale")
    assert (await api.change(verb, alert_id)).status_code == 200
    assert (await api.get(f"/v1/alerts/{alert_id}", "duty")).json()["alert"]["version"] == version + 1


# whose alert, which key: the verbs that it may do
MAY: list[tuple[str, str, str]] = [
    ("correspondent", "editor", ""),
    ("editor", "editor", "update correct undo"),
    ("editor", "duty", ""),
    ("duty", "editor", "update correct undo hold release kill"),
    ("duty", "duty", "update correct undo hold release kill"),
    ("admin", "editor", "update correct undo hold release kill"),
]


@pytest.mark.parametrize(("role", "author", "verbs"), MAY)
async def test_roles_may_change_their_own_or_anybodys(api: Api, role: str, author: str, verbs: str) -> None:
    for verb in CHANGE_VERBS:
        before = await brought_to(api, "withheld" if verb == "release" else "published", author)
        alert = before["alert"]
        answer = await do(api, verb, alert["id"], alert["version"], role)
        if verb in verbs.split():
            assert answer.status_code == 200, (verb, answer.text)
        else:
            assert refused(answer, 403, "forbidden")
            assert (await api.get(f"/v1/alerts/{alert['id']}", "duty")).json()["alert"] == alert


async def test_a_test_key_changes_drills_only(api: Api) -> None:
    real, drill = await api.publish(), await api.publish(role="drill")
    for verb in ("update", "correct", "hold", "release", "undo", "kill"):
        assert refused(await do(api, verb, real["alert"]["id"], 1, "drill"), 404, "not-found")
    assert (await do(api, "update", drill["alert"]["id"], 1, "drill")).json()["alert"]["status"] == "Exercise"
    assert [alert["headline"] for alert in (await api.ticker())["alerts"]] == [SENTENCE]


async def test_what_is_wrong_with_a_body_is_told_by_its_place(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    for verb, body, pointers in (
        ("update", {"level": "flash", "headline": ""}, ["/headline", "/level"]),
        ("update", {"headline": SENTENCE}, [""]),
        ("update", {}, [""]),
        ("correct", {"headline": MENDED}, ["/correction"]),
    ):
        answer = await api.change(verb, alert_id, body, If_Match='"1"')
        assert refused(answer, 422, "invalid")
        assert sorted(error["pointer"] for error in answer.json()["errors"]) == pointers
    assert refused(await api.post(b"", path=f"/v1/alerts/{alert_id}/update", If_Match='"1"'), 400, "malformed")
    assert (await api.ticker())["alerts"][0]["version"] == 1


async def test_the_fuse_is_told_while_it_burns(api: Api) -> None:
    made = await api.publish({"push": False})
    updated = (await do(api, "update", made["alert"]["id"], 1)).json()
    assert made["undoUntil"] == updated["undoUntil"]
    assert made["undoUntil"] > made["alert"]["firstCreated"]
    assert (await do(api, "undo", made["alert"]["id"], 2)).json()["undoUntil"] is None


async def test_a_line_has_no_fuse(api: Api) -> None:
    made = await api.publish({"level": "line"})
    assert made["undoUntil"] is None
    assert refused(await api.change("undo", made["alert"]["id"]), 409, "fuse-over")


@pytest.mark.parametrize("verb", CHANGE_VERBS)
async def test_the_same_request_again_gets_the_same_answer_whatever_came_after(api: Api, verb: ChangeVerb) -> None:
    before = await brought_to(api, "withheld" if verb == "release" else "published")
    alert = before["alert"]
    first = await do(api, verb, alert["id"], alert["version"], Idempotency_Key="k")
    await api.kill(alert["id"])
    again = await do(api, verb, alert["id"], alert["version"], Idempotency_Key="k")
    assert (again.status_code, again.json(), again.headers["etag"]) == (200, first.json(), first.headers["etag"])
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("verb", CHANGE_VERBS)
async def test_twenty_twins_at_once_are_one_revision_and_one_answer(api: Api, verb: ChangeVerb) -> None:
    before = await brought_to(api, "withheld" if verb == "release" else "published")
    alert = before["alert"]
    twins = (do(api, verb, alert["id"], alert["version"], Idempotency_Key="k") for _ in range(20))
    answers: list[Any] = await asyncio.gather(*twins)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert (await api.ticker())["cursor"] == answers[0].json()["cursor"]
    assert answers[0].json()["alert"]["version"] == alert["version"] + 1


async def test_of_two_editors_correcting_at_once_one_is_told_to_look_again(api: Api) -> None:
    made = await api.publish(role="editor")
    alert_id = made["alert"]["id"]
    answers = await asyncio.gather(*(do(api, "correct", alert_id, 1, role) for role in ("duty", "editor", "admin")))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    assert (await api.ticker())["alerts"][0]["version"] == 2


async def test_two_kills_at_once_are_one(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    answers = await asyncio.gather(*(api.change("kill", alert_id, {"reason": f"{number}"}) for number in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["alert"]["version"] for answer in answers} == {2}
    assert len((await api.get(f"/v1/alerts/{alert_id}/versions", "duty")).json()["versions"]) == 2


async def test_a_kill_overtakes_a_correction_that_was_written_meanwhile(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    await api.kill(alert_id)
    assert refused(await do(api, "correct", alert_id, 1), 412, "version-stale")
    assert refused(await do(api, "correct", alert_id, 2), 409, "wrong-state")


def has_more_than(before: int, changes: list[int]) -> bool:
    return len(changes) > before


async def test_who_takes_an_alert_back_is_never_told_that_it_moved_on_however_many_keep_changing_it(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    over, changes = asyncio.Event(), list[int]()

    async def keep_changing() -> None:
        version = 1
        while not over.is_set():
            body = {"headline": f"Snow closes the northern pass, {len(changes)}"}
            answer = (await api.change("update", alert_id, body, If_Match=f'"{version}"')).json()
            if "current" not in answer:
                answer = (await api.get(f"/v1/alerts/{alert_id}", "duty")).json()
                changes.append(answer["alert"]["version"])
            version = answer.get("current") or changes[-1]

    storm = [asyncio.create_task(keep_changing()) for _ in range(12)]
    answers = []
    for verb in ("hold", "release") * 5 + ("kill", "kill"):
        before = len(changes)
        await until(partial(has_more_than, before, changes), 20)
        answers.append((await api.change(verb, alert_id, {})).status_code)
    over.set()
    await asyncio.gather(*storm)
    assert answers == [200] * 12


async def test_a_script_that_changes_an_alert_without_end_is_stopped_and_the_alert_can_still_be_taken_back(
    server: EmbeddedStore,
) -> None:
    async with serving(replace(settings_for(server), versions_max=10)) as api:
        alert_id = (await api.publish())["alert"]["id"]
        for version in range(1, 10):
            body = {"headline": f"Snow closes the northern pass, {version}"}
            assert (await api.change("update", alert_id, body, If_Match=f'"{version}"')).status_code == 200
        for verb in ("update", "correct"):
            refused(await do(api, verb, alert_id, 10), 409, "too-many-versions")
        for at in range(5):
            assert (await api.change("hold", alert_id, {})).status_code == 200
            assert (await api.change("release", alert_id, {})).status_code == 200, at
        assert (await api.change("hold", alert_id, {})).status_code == 200
        refused(await api.change("release", alert_id, {}), 409, "too-many-versions")
        assert (await api.kill(alert_id)).status_code == 200
        told = (await api.get(f"/v1/alerts/{alert_id}/versions", "duty")).json()["versions"]
        assert len(told) == 22
