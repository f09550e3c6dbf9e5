"""An editor publishes and kills, and everybody who looks sees the same."""

import asyncio
from typing import Any

from service.clock import now_ms
from service.domain import moment
from tests.api.conftest import Api

SENTENCE = "Snow closes the northern pass"


async def test_a_published_alert_is_shown_by_the_process_that_answered(api: Api) -> None:
    answer = await api.post({"level": "urgent", "sections": ["environment"]})
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/alerts/{made['alert']['id']}"
    assert answer.headers["etag"] == '"1"'
    assert set(made) == {"alert", "cursor", "undoUntil", "warnings"}
    shown = await api.ticker()
    assert shown["alerts"] == [made["alert"]]
    assert shown["cursor"] == made["cursor"]


async def test_editors_see_what_readers_do_not(api: Api) -> None:
    made = await api.publish({"note": "seen by two of us", "push": False}, role="editor")
    answer = await api.get(f"/v1/alerts/{made['alert']['id']}", "correspondent")
    seen = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["cache-control"] == "no-store"
    assert seen["alert"] == made["alert"]
    assert {name: seen[name] for name in ("state", "push", "note", "reason", "cursor")} == {
        "state": "published", "push": False, "note": "seen by two of us", "reason": None, "cursor": made["cursor"],
    }  # fmt: skip
    assert seen["author"]["name"] == "editor desk"
    assert "note" not in made["alert"]


async def test_a_killed_alert_leaves_a_tombstone_without_its_sentence(api: Api) -> None:
    made = await api.publish()
    answer = await api.kill(made["alert"]["id"], body=b'{"reason":"the pass is open"}')
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert answer.json()["alert"]["pubStatus"] == "canceled"
    shown = await api.get("/v1/editions/en/ticker")
    assert SENTENCE not in shown.text
    assert shown.json()["alerts"][0]["notice"]
    seen = (await api.get(f"/v1/alerts/{made['alert']['id']}", "duty")).json()
    assert (seen["state"], seen["reason"]) == ("canceled", "the pass is open")
    assert SENTENCE not in str(seen["alert"])


async def test_versions_are_listed_oldest_first(api: Api) -> None:
    made = await api.publish()
    await api.kill(made["alert"]["id"])
    versions = (await api.get(f"/v1/alerts/{made['alert']['id']}/versions", "editor")).json()["versions"]
    assert [(seen["alert"]["version"], seen["state"]) for seen in versions] == [(1, "published"), (2, "canceled")]
    assert versions[0]["alert"]["text"] == SENTENCE
    assert versions[1]["alert"]["text"] is None


async def test_a_second_kill_answers_with_the_state_and_changes_nothing(api: Api) -> None:
    made = await api.publish()
    first = await api.kill(made["alert"]["id"])
    second = await api.kill(made["alert"]["id"])
    assert (second.status_code, second.json()) == (200, first.json())
    assert (await api.ticker())["cursor"] == first.json()["cursor"]


async def test_a_kill_may_name_the_version_it_means(api: Api) -> None:
    made = await api.publish()
    stale = await api.kill(made["alert"]["id"], If_Match='"7"')
    assert (stale.status_code, stale.json()["current"]) == (412, 1)
    for malformed in ("1", 'W/"1"', '"one"', '"1","2"', '"'):
        assert (await api.kill(made["alert"]["id"], If_Match=malformed)).status_code == 400
    assert (await api.kill(made["alert"]["id"], If_Match='"1"')).status_code == 200
    assert (await api.kill(made["alert"]["id"], If_Match='"1"')).status_code == 412
    assert (await api.kill(made["alert"]["id"], If_Match="*")).status_code == 200


async def test_the_same_request_again_gets_the_same_answer(api: Api) -> None:
    first = await api.post(Idempotency_Key="morning-1")
    again = await api.post(Idempotency_Key="morning-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert len((await api.ticker())["alerts"]) == 1


async def test_the_same_json_in_another_spelling_is_the_same_request(api: Api) -> None:
    first = await api.post(b'{"edition":"en","headline":"Snow\\u0020falls"}', Idempotency_Key="k")
    again = await api.post(b'{ "headline": "Snow falls",\n "edition": "en" }', Idempotency_Key="k")
    assert again.json() == first.json()


async def test_a_repetition_is_answered_even_with_another_content_type(api: Api) -> None:
    first = await api.post(b'{"edition":"en","headline":"Snow falls"}', Idempotency_Key="k")
    again = await api.post(
        b'{"edition":"en","headline":"Snow falls"}', Idempotency_Key="k", **{"Content-Type": "text/plain"}
    )
    assert (again.status_code, again.json()) == (201, first.json())


async def test_a_key_reused_for_another_request_is_refused(api: Api) -> None:
    made = await api.post(Idempotency_Key="k")
    other = await api.post({"headline": "Rain reaches the coast"}, Idempotency_Key="k")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-mismatch")
    killed = await api.kill(made.json()["alert"]["id"], Idempotency_Key="k")
    assert (killed.status_code, killed.json()["type"]) == (422, "/problems/idempotency-mismatch")
    malformed = await api.post(b"{", Idempotency_Key="k")
    assert malformed.status_code == 422
    assert len((await api.ticker())["alerts"]) == 1


async def test_an_idempotency_key_belongs_to_its_api_key(api: Api) -> None:
    first = await api.post(Idempotency_Key="k", role="duty")
    second = await api.post(Idempotency_Key="k", role="editor")
    assert second.status_code == 201
    assert second.json()["alert"]["id"] != first.json()["alert"]["id"]


async def test_a_kill_is_repeated_with_its_first_answer(api: Api) -> None:
    made = await api.publish()
    first = await api.kill(made["alert"]["id"], Idempotency_Key="k")
    again = await api.kill(made["alert"]["id"], Idempotency_Key="k")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"


async def test_fifty_identical_posts_at_once_are_one_alert(api: Api) -> None:
    answers: list[Any] = await asyncio.gather(*(api.post(Idempotency_Key="storm") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert (await api.ticker())["cursor"].endswith(":1")


async def test_posts_without_a_key_are_alerts_of_their_own(api: Api) -> None:
    made = await asyncio.gather(*(api.publish() for _ in range(20)))
    assert sorted(int(one["cursor"].partition(":")[2]) for one in made) == list(range(1, 21))


async def test_drills_reach_nobody_but_test_keys(api: Api) -> None:
    drill = await api.publish(role="drill")
    real = await api.publish()
    assert drill["alert"]["status"] == "Exercise"
    assert [alert["id"] for alert in (await api.ticker())["alerts"]] == [real["alert"]["id"]]
    seen = await api.get(f"/v1/alerts/{drill['alert']['id']}", "drill")
    assert seen.status_code == 200
    for path in ("", "/versions"):
        assert (await api.get(f"/v1/alerts/{real['alert']['id']}{path}", "drill")).status_code == 404
    assert (await api.kill(real["alert"]["id"], "drill")).status_code == 404


async def test_a_pasted_line_gives_its_attribution_and_stays_as_it_is(api: Api) -> None:
    line = "Example News correspondent in Alder: first ferry sails"
    made = await api.client.post("/v1/alerts", json={"edition": "en", "text": line}, headers=api.headers())
    assert made.json()["alert"]["text"] == line
    assert made.json()["alert"]["attribution"]["kind"] == "correspondent"
    assert made.json()["alert"]["headline"] == "first ferry sails"


async def test_what_was_mended_is_said(api: Api) -> None:
    made = await api.publish({"headline": "Snow\ufeff falls"})
    assert made["alert"]["headline"] == "Snow falls"
    assert made["warnings"]


async def test_roles_publish_up_to_their_level(api: Api) -> None:
    override = {"level": "flash", "override": ["second-approval"], "overrideReason": "the colleague is on air"}
    cases = [
        ("correspondent", {}, 202, None),
        ("editor", {"level": "urgent"}, 201, None),
        ("editor", {"level": "flash"}, 202, None),
        ("editor", override, 202, None),
        ("duty", {"level": "flash"}, 202, None),
        ("duty", override, 201, None),
        ("admin", override, 201, None),
        ("duty", {"level": "flash", "override": ["second-approval"]}, 422, "invalid"),
    ]
    for role, body, status, slug in cases:
        answer = await api.post(body, role)
        assert (answer.status_code, role, body) == (status, role, body)
        assert slug is None or answer.json()["type"] == f"/problems/{slug}"


async def test_only_duty_kills(api: Api) -> None:
    made = await api.publish()
    for role, status in (("correspondent", 403), ("editor", 403), ("admin", 200)):
        assert (await api.kill(made["alert"]["id"], role)).status_code == status


async def test_an_unknown_alert_is_not_found(api: Api) -> None:
    for name in ("0" * 26, "x", "0" * 27, "ILOU" + "0" * 22, "..%2F..", "%00", "a" * 3000):
        for path in (f"/v1/alerts/{name}", f"/v1/alerts/{name}/versions"):
            assert (await api.get(path, "duty")).status_code == 404
        assert (await api.kill(name)).status_code == 404


async def test_an_alert_expires_by_itself(api: Api) -> None:
    tomorrow = moment.to_text(now_ms() + 86_400_000)
    assert (await api.publish({"expires": tomorrow}))["alert"]["expires"] == tomorrow
    assert (await api.post({"expires": "2001-01-01T00:00:00Z"})).status_code == 422
