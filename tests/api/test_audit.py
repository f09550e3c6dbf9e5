"""Who did what to an alert, over HTTP: for editors, whole, and for nobody else."""

from typing import Any

import pytest

from service.clock import now_ms
from service.domain import moment
from service.domain.chain import Walk
from service.domain.lifecycle import CHANGE_VERBS, ChangeVerb
from service.store import access, audit, keys
from tests.api.conftest import Api
from tests.crawl import fillings
from tests.verbs import BODIES, MENDED

SENTENCE = "Snow closes the northern pass"


async def lines(api: Api, alert_id: str, role: str = "duty", query: str = "") -> list[dict[str, Any]]:
    answer = await api.get(f"/v1/alerts/{alert_id}/audit{query}", role)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["audit"]
    return found


async def do(api: Api, verb: str, alert_id: str, version: int, **more: str) -> Any:
    body = BODIES.get(verb, {"reason": f"why {verb}"})
    answer = await api.change(verb, alert_id, body, If_Match=f'"{version}"', **more)
    assert answer.status_code == 200, answer.text
    return answer


async def test_a_publication_stands_with_who_when_from_where_and_which_request(api: Api) -> None:
    answer = await api.post({"override": ["near-duplicate"], "overrideReason": "another pass"}, X_Request_Id="req-1")
    alert = answer.json()["alert"]
    assert await lines(api, alert["id"]) == [{
        "at": alert["versionCreated"], "verb": "publish", "alert": alert["id"], "version": 1,
        "by": {"name": "duty desk", "keyId": api.keys["duty"][8:18], "role": "duty", "address": "127.0.0.1",
               "requestId": "req-1"},
        "stateAfter": "published", "override": ["near-duplicate"], "reason": "another pass",
        "cursor": answer.json()["cursor"],
    }]  # fmt: skip


@pytest.mark.parametrize("verb", CHANGE_VERBS)
async def test_each_verb_leaves_exactly_one_line_with_all_that_it_did(api: Api, verb: ChangeVerb) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    version = 1
    if verb == "release":
        await do(api, "hold", alert_id, 1)
        version = 2
    before = (await api.get(f"/v1/alerts/{alert_id}", "duty")).json()
    answer = await do(api, verb, alert_id, version, X_Request_Id="req-2", Idempotency_Key="k")
    after = (await api.get(f"/v1/alerts/{alert_id}", "duty")).json()
    await api.change(verb, alert_id, BODIES.get(verb, {"reason": f"why {verb}"}), If_Match=f'"{version}"',
                     Idempotency_Key="k")  # fmt: skip
    found = await lines(api, alert_id)
    assert [line["verb"] for line in found][version:] == [verb]
    line = found[-1]
    headline = {name: [SENTENCE, MENDED] for name in ("headline", "text")} if verb in BODIES else {}
    correction = {"text": "It is the other pass", "was": SENTENCE, "severity": "major"}
    changed = headline | ({"correction": [None, correction]} if verb == "correct" else {})
    expected: dict[str, Any] = {
        "at": answer.json()["alert"]["versionCreated"], "verb": verb, "alert": alert_id, "version": version + 1,
        "by": {"name": "duty desk", "keyId": api.keys["duty"][8:18], "role": "duty", "address": "127.0.0.1",
               "requestId": "req-2"},
        "stateBefore": before["state"], "stateAfter": after["state"], "cursor": answer.json()["cursor"],
    }  # fmt: skip
    if changed:
        expected["changed"] = changed
    if verb not in BODIES:
        expected["reason"] = f"why {verb}"
    assert line == expected


async def test_a_verb_that_changes_nothing_leaves_no_line(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    for _ in range(2):
        assert (await api.kill(alert_id)).status_code == 200
    assert [line["verb"] for line in await lines(api, alert_id)] == ["publish", "kill"]


async def test_what_is_withheld_or_killed_still_stands_for_editors_and_nowhere_for_readers(api: Api) -> None:
    alert = (await api.publish({"headline": "Xylophone wins the cup"}))["alert"]
    await api.change("update", alert["id"], {"headline": "Xylophone has won the cup"}, If_Match='"1"')
    for verb in ("hold", "kill"):
        assert (await api.change(verb, alert["id"])).status_code == 200
        answer = await api.get(f"/v1/alerts/{alert['id']}/audit", "editor")
        assert "Xylophone has won" in answer.text
        assert (answer.headers["cache-control"], "access-control-allow-origin" in answer.headers) == ("no-store", False)
        asked = await without_a_key(api, (alert["id"], alert["story"]))
        assert f"/v1/alerts/{alert['id']}/audit" in {place.partition("?")[0] for place in asked}
        assert {place for place, body in asked.items() if "xylophone" in body.lower()} == set()


async def without_a_key(api: Api, ids: tuple[str, ...]) -> dict[str, str]:
    """What everybody is answered, at every address that the router has."""
    paths = (await api.get("/openapi.json")).json()["paths"]
    gets = ((template, methods["get"]) for template, methods in paths.items() if "get" in methods)
    places = [place for template, operation in gets for place in fillings(template, operation, ids)]
    return {place: (await api.get(place)).text for place in places}


@pytest.mark.parametrize(
    ("role", "own", "status"),
    [
        (None, False, 401), ("correspondent", False, 404), ("correspondent", True, 200), ("editor", False, 200),
        ("duty", False, 200), ("admin", False, 200), ("drill", False, 404), ("drill", True, 200),
    ],
)  # fmt: skip
async def test_who_may_see_it(api: Api, role: str | None, own: bool, status: int) -> None:
    author = role if own and role else "duty"
    alert_id = (await api.post(role=author)).json()["alert"]["id"]
    assert (await api.get(f"/v1/alerts/{alert_id}/audit", role)).status_code == status


@pytest.mark.parametrize("alert_id", ["A" * 26, "nonsense", "0" * 27, "%2e%2e"])
async def test_an_alert_that_is_not_there_has_no_audit(api: Api, alert_id: str) -> None:
    assert (await api.get(f"/v1/alerts/{alert_id}/audit", "duty")).status_code == 404


async def test_it_comes_in_pages(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    for version in range(1, 5):
        await do(api, "hold" if version % 2 else "release", alert_id, version)
    whole = await lines(api, alert_id)
    pages: list[int] = []
    after: int | None = 0
    while after is not None:
        page = (await api.get(f"/v1/alerts/{alert_id}/audit?limit=2&after={after}", "duty")).json()
        pages.append(len(page["audit"]))
        assert page["audit"] == whole[after : after + 2]
        after = page["next"]
    assert pages == [2, 2, 1]
    assert await lines(api, alert_id, query="?after=7") == []


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=", "limit=1&limit=2", "after=-1", "after=%C2%B2"])
async def test_a_query_that_cannot_be_is_refused_and_says_what_can(api: Api, query: str) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    answer = await api.get(f"/v1/alerts/{alert_id}/audit?{query}", "duty")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-query")
    assert answer.json()["detail"].startswith(query.partition("=")[0])


async def test_no_secret_ever_stands_in_the_audit(api: Api) -> None:
    answer = await api.post(Idempotency_Key="private-word")
    alert_id = answer.json()["alert"]["id"]
    for version, verb in enumerate(("correct", "hold", "release", "kill"), 1):
        await do(api, verb, alert_id, version, Idempotency_Key=f"private-word-{verb}")
    everything = str(await api.process.store.xrange(keys.AUDIT, "-")).lower()
    assert all(word in everything for word in ("duty desk", "create-key", "why kill"))
    secrets = [key[18:].lower() for key in api.keys.values()]
    assert [secret for secret in (*secrets, "private-word", "bearer", "digest") if secret in everything] == []


async def test_what_happened_before_publication_stands_in_the_same_audit(api: Api) -> None:
    drafted = await api.post({"note": "from the pass"}, "correspondent")
    alert_id = drafted.json()["alert"]["id"]
    body = {"headline": MENDED, "note": None}
    await api.change("update", alert_id, body, "editor", If_Match='"1"')
    await api.change("approve", alert_id, None, "duty", If_Match='"2"', X_Request_Id="req-3")
    submitted, updated, approved = await lines(api, alert_id)
    assert (submitted["verb"], submitted["by"]["role"], submitted["stateAfter"]) == ("submit", "correspondent", "draft")
    assert (updated["verb"], updated["by"]["role"], updated["version"]) == ("submit", "editor", 2)
    assert updated["changed"]["headline"] == [SENTENCE, MENDED]
    assert updated["changed"]["note"] == ["from the pass", None]
    assert (approved["verb"], approved["by"]["requestId"]) == ("approve", "req-3")
    assert (approved["stateBefore"], approved["stateAfter"], "cursor" in approved) == ("draft", "published", True)
    assert not [line for line in (submitted, updated) if "cursor" in line]


@pytest.mark.parametrize(
    ("role", "body", "verbs"),
    [
        ("correspondent", {}, "submit kill"), ("editor", {"level": "flash"}, "propose kill"),
        ("duty", {"publishAt": moment.to_text(now_ms() + 86_400_000)}, "schedule release"),
    ],
)  # fmt: skip
async def test_a_reason_stands_with_who_gave_it(api: Api, role: str, body: dict[str, Any], verbs: str) -> None:
    given = {"override": ["near-duplicate"], "overrideReason": "not that one"}
    answer = await api.post({**body, **given}, role)
    alert_id, (first, last) = answer.json()["alert"]["id"], verbs.split()
    done = await api.change(last, alert_id, {"reason": "it is over"} if last == "kill" else None)
    assert done.status_code == 200, done.text
    found = await lines(api, alert_id)
    assert [(line["verb"], line.get("override"), line.get("reason")) for line in found] == [
        (first, ["near-duplicate"], "not that one"), (last, None, "it is over" if last == "kill" else None),
    ]  # fmt: skip


async def test_who_approves_their_own_is_refused_and_stands_in_the_audit(api: Api) -> None:
    alert_id = (await api.post({"level": "flash"}, "editor")).json()["alert"]["id"]
    api.keys["second"] = (await access.create(api.process.store, "editor desk", "duty", False, now_ms())).key
    assert (await api.change("approve", alert_id, None, "second", If_Match='"1"')).status_code == 403
    proposed, refused = await lines(api, alert_id)
    assert (refused["verb"], refused["by"]["name"], refused["by"]["keyId"]) == (
        "approve", "editor desk", api.keys["second"][8:18],
    )  # fmt: skip
    assert (refused["version"], refused["stateBefore"], refused["stateAfter"]) == (
        1, "awaiting-approval", "awaiting-approval",
    )  # fmt: skip
    assert "second person" in refused["refused"]
    assert "refused" not in proposed


@pytest.mark.parametrize(
    ("verb", "role", "version", "status", "why"),
    [
        ("kill", "editor", 1, 403, "only duty may kill"), ("release", "duty", 1, 409, "release does not fit"),
        ("update", "duty", 7, 412, "the current version is 1"), ("approve", "duty", 1, 409, "approve does not fit"),
    ],
)  # fmt: skip
async def test_what_is_refused_of_an_alert_that_is_out_stands_there_too(
    api: Api, verb: str, role: str, version: int, status: int, why: str
) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    answer = await api.change(verb, alert_id, BODIES.get(verb), role, If_Match=f'"{version}"')
    assert answer.status_code == status, answer.text
    refused = (await lines(api, alert_id))[1]
    assert (refused["verb"], refused["version"], refused["by"]["role"]) == (verb, 1, role)
    assert refused["refused"].startswith(why)


async def test_what_is_only_ill_written_is_no_line(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    assert (await api.change("update", alert_id, {"headline": ""}, If_Match='"1"')).status_code == 422
    assert len(await lines(api, alert_id)) == 1


async def test_whatever_is_done_over_http_goes_on_with_the_one_chain(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    for version, verb in enumerate(("correct", "hold", "release", "kill"), 1):
        await do(api, verb, alert_id, version)
    draft = (await api.post({"headline": "The glacier lift stands still"}, "correspondent")).json()["alert"]["id"]
    await api.change("approve", draft, None, "correspondent", If_Match='"1"')
    await api.change("update", draft, {"headline": "The glacier lift runs"}, "editor", If_Match='"1"')
    await api.change("approve", draft, None, If_Match='"2"')
    made = await api.client.post("/v1/keys", json={"role": "editor", "name": "x"}, headers=api.headers("admin"))
    await api.client.post("/v1/keys/revoke-all", headers=api.headers("admin"))
    assert made.status_code == 201
    walk = Walk()
    async for page in audit.lines(api.process.store):
        for line in page:
            walk.step(line.entry, line.chain)
    walk.end(whole=await audit.is_whole(api.process.store))
    assert (walk.faults, walk.unchained, walk.lines) == ([], 0, len(api.keys) + 5 + 4 + 2)
