"""Keys over HTTP, and how often each may be used or guessed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from service.clock import now_ms
from service.domain import moment
from service.domain.audit import Act
from service.domain.roles import ROLES
from service.store import access, keys
from service.store.embedded import EmbeddedStore
from service.store.keyring import LOOK_EVERY_S
from tests.api.conftest import ALERT, Api, issue, running, serving, settings_for
from tests.api.test_bad_input import refused
from tests.stores import BUSY_S, until

NEW = {"role": "editor", "name": "night desk"}


@pytest.fixture
async def strict(server: EmbeddedStore) -> AsyncIterator[Api]:
    """An API that counts as it does by default."""
    limits = {"wrong_keys_per_address_per_min": 10, "wrong_keys_per_id_per_min": 20}
    async with serving(settings_for(server, **limits)) as api:
        yield api


def bearing(key: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", **{name.replace("_", "-"): value for name, value in more.items()}}


async def made(api: Api, body: dict[str, Any] | None = None, role: str = "admin", **more: str) -> dict[str, Any]:
    answer = await api.client.post("/v1/keys", json=NEW | (body or {}), headers=api.headers(role, **more))
    assert answer.status_code == 201, answer.text
    issued: dict[str, Any] = answer.json()
    return issued


async def drill_admin(api: Api) -> str:
    """A test admin's key."""
    return await issue(api.process, "admin", test=True)


async def listed(api: Api) -> dict[str, dict[str, Any]]:
    answer = await api.get("/v1/keys", "admin")
    assert answer.status_code == 200
    return {key["id"]: key for key in answer.json()["keys"]}


async def works(api: Api, key: str) -> bool:
    answer = await api.client.get(f"/v1/alerts/{'0' * 26}", headers=bearing(key))
    assert answer.status_code in (401, 404)
    return bool(answer.status_code == 404)


def client_at(api: Api, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(api.process.app, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://news.example")


async def test_a_key_is_shown_once_and_works_at_once(api: Api) -> None:
    answer = await api.client.post("/v1/keys", json=NEW, headers=api.headers("admin"))
    issued = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert set(issued) == {"id", "key", "role", "name", "test", "expires"}
    assert (issued["role"], issued["name"], issued["test"]) == ("editor", "night desk", False)
    posted = await api.client.post("/v1/alerts", json=ALERT, headers=bearing(issued["key"]))
    assert posted.status_code == 201
    whole = (await api.get("/v1/keys", "admin")).text
    assert issued["id"] in whole
    assert issued["key"][18:] not in whole
    assert "digest" not in whole


async def test_a_list_says_what_became_of_each_key(api: Api) -> None:
    soon = moment.to_text(now_ms() + 1500)
    issued = await made(api, {"expires": soon, "test": True})
    assert issued["key"].startswith("fw_test_")
    assert await works(api, issued["key"])

    async def is_used() -> bool:
        return (await listed(api))[issued["id"]]["lastUsed"] is not None

    await until(is_used)

    async def has_expired() -> bool:
        return not await works(api, issued["key"])

    await until(has_expired)
    kept = (await listed(api))[issued["id"]]
    assert (kept["expires"], kept["revoked"], kept["test"]) == (soon, None, True)
    answer = await api.client.get("/v1/keys", headers=bearing(issued["key"]))
    assert "has expired" in (await refused(answer, 401, "unauthorized"))["detail"]


async def test_what_is_asked_for_is_checked(api: Api) -> None:
    for body, pointer in (
        ({"role": "king"}, "/role"), ({"name": " "}, "/name"), ({"expires": "2020-01-01T00:00:00Z"}, "/expires"),
        ({"test": "yes"}, "/test"), ({"secret": "mine"}, "/secret"),
    ):  # fmt: skip
        answer = await api.client.post("/v1/keys", json=NEW | body, headers=api.headers("admin"))
        problem = await refused(answer, 422, "invalid")
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
    for path in ("/v1/keys/0000000000/rotate", "/v1/keys/revoke-all"):
        answer = await api.client.post(path, json={"why": "x"}, headers=api.headers("admin"))
        await refused(answer, 422, "invalid")


@pytest.mark.parametrize("role", ["correspondent", "editor", "duty", None])
async def test_keys_are_for_admins(api: Api, role: str | None) -> None:
    status, slug = (401, "unauthorized") if role is None else (403, "forbidden")
    headers, key_id = api.headers(role), api.keys["editor"][8:18]
    for answer in (
        await api.client.get("/v1/keys", headers=headers),
        await api.client.post("/v1/keys", json={"role": "admin", "name": "me too"}, headers=headers),
        await api.client.post(f"/v1/keys/{key_id}/rotate", headers=headers),
        await api.client.delete(f"/v1/keys/{key_id}", headers=headers),
    ):
        await refused(answer, status, slug)
    if role != "duty":
        await refused(await api.client.post("/v1/keys/revoke-all", headers=headers), status, slug)
    assert all(key["revoked"] is None for key in (await listed(api)).values())
    assert len(await listed(api)) == len(ROLES) + 1


async def test_a_revoked_key_is_refused_by_every_process_within_two_seconds(api: Api, server: EmbeddedStore) -> None:
    issued = await made(api)
    async with running(settings_for(server)) as process:
        other = Api(process, httpx.AsyncClient(transport=httpx.ASGITransport(process.app), base_url="http://n"), {})
        async with other.client:
            assert await works(api, issued["key"])
            assert await works(other, issued["key"])
            answer = await api.client.delete(f"/v1/keys/{issued['id']}", headers=api.headers("admin"))
            assert (answer.status_code, answer.content) == (204, b"")

            async def is_refused() -> bool:
                return not await works(api, issued["key"]) and not await works(other, issued["key"])

            assert await until(is_refused) < 2 + BUSY_S
    again = await api.client.delete(f"/v1/keys/{issued['id']}", headers=api.headers("admin"))
    assert again.status_code == 204
    for nobody in ("0" * 10, "x", "revoke-all%20"):
        answer = await api.client.delete(f"/v1/keys/{nobody}", headers=api.headers("admin"))
        await refused(answer, 404, "not-found")


@pytest.mark.parametrize("role", ["duty", "admin"])
async def test_one_call_ends_every_key_within_two_seconds_and_the_owner_gets_back_in(api: Api, role: str) -> None:
    assert all([await works(api, key) for key in api.keys.values()])
    answer = await api.client.post("/v1/keys/revoke-all", headers=api.headers(role))
    assert (answer.status_code, answer.json()) == (200, {"revoked": len(api.keys)})

    async def all_refused() -> bool:
        return not any([await works(api, key) for key in api.keys.values()])

    assert await until(all_refused) < 2 + BUSY_S
    api.keys["admin"] = await issue(api.process, "admin")
    assert await works(api, api.keys["admin"])
    issued = await made(api)
    assert await works(api, issued["key"])


async def test_a_thief_makes_no_key_in_the_second_in_which_the_stolen_one_is_still_trusted(api: Api) -> None:
    assert await works(api, api.keys["admin"])
    await access.revoke_all(api.process.store, now_ms())
    answer = await api.client.post("/v1/keys", json=NEW | {"role": "admin"}, headers=api.headers("admin"))
    await refused(answer, 401, "unauthorized")
    assert all(key.revoked for key in await access.list_keys(api.process.store))


async def test_a_test_admin_sees_and_touches_test_keys_alone(api: Api) -> None:
    drill = await drill_admin(api)
    answer = await api.client.get("/v1/keys", headers=bearing(drill))
    assert {key["test"] for key in answer.json()["keys"]} == {True}
    answer = await api.client.post("/v1/keys", json=NEW | {"test": False}, headers=bearing(drill))
    await refused(answer, 403, "forbidden")
    answer = await api.client.post("/v1/keys", json=NEW, headers=bearing(drill))
    assert answer.json()["test"] is True
    live = api.keys["editor"][8:18]
    await refused(await api.client.delete(f"/v1/keys/{live}", headers=bearing(drill)), 404, "not-found")
    await refused(await api.client.post(f"/v1/keys/{live}/rotate", headers=bearing(drill)), 404, "not-found")
    answer = await api.client.post("/v1/keys/revoke-all", headers=bearing(drill))
    assert answer.json() == {"revoked": 3}
    assert {key["id"] for key in (await listed(api)).values() if key["revoked"] is None} == {
        api.keys[role][8:18] for role in ROLES
    }


async def test_a_rotated_key_is_the_same_editor(api: Api) -> None:
    issued = await made(api)
    posted = await api.client.post("/v1/alerts", json=ALERT, headers=bearing(issued["key"], Idempotency_Key="one"))
    path = f"/v1/keys/{issued['id']}/rotate"
    answer = await api.client.post(path, json={"overlapS": 60}, headers=api.headers("admin"))
    rotated = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert {**rotated, "key": issued["key"]} == issued
    assert await works(api, issued["key"])
    again = await api.client.post("/v1/alerts", json=ALERT, headers=bearing(rotated["key"], Idempotency_Key="one"))
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json()["alert"]["id"] == posted.json()["alert"]["id"]
    correction = {
        "headline": "Snow closes the southern pass",
        "correction": {"text": "Which pass", "severity": "minor"},
    }
    corrected = await api.client.post(
        f"/v1/alerts/{posted.json()['alert']['id']}/correct", json=correction,
        headers=bearing(rotated["key"], If_Match='"1"'),
    )  # fmt: skip
    assert corrected.status_code == 200
    answer = await api.client.post(path, json={"overlapS": 0}, headers=api.headers("admin"))

    async def former_have_ended() -> bool:
        return not await works(api, issued["key"]) and not await works(api, rotated["key"])

    assert await until(former_have_ended) < 2 + BUSY_S
    assert await works(api, answer.json()["key"])


async def test_whoever_repeats_a_request_gets_its_answer_but_never_the_secret(api: Api) -> None:
    first = await made(api, Idempotency_Key="one")
    headers = api.headers("admin", Idempotency_Key="one")
    again = await api.client.post("/v1/keys", json=NEW, headers=headers)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json() == {**first, "key": None}
    await refused(
        await api.client.post("/v1/keys", json=NEW | {"name": "x"}, headers=headers), 422, "idempotency-mismatch"
    )
    await refused(await api.client.post("/v1/alerts", json=ALERT, headers=headers), 422, "idempotency-mismatch")
    # what was lost is recovered by a rotation
    answer = await api.client.post(f"/v1/keys/{first['id']}/rotate", json={"overlapS": 0}, headers=api.headers("admin"))
    assert await works(api, answer.json()["key"])
    for path in (f"/v1/keys/{first['id']}/rotate", "/v1/keys/revoke-all"):
        headers = api.headers("admin", Idempotency_Key=path)
        answers = [await api.client.post(path, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[1].headers["idempotency-replayed"] == "true"
        assert answers[1].json() == answers[0].json() | ({"key": None} if "key" in answers[0].json() else {})


async def test_many_at_once_with_one_idempotency_key_make_one_key(api: Api) -> None:
    before = len(await listed(api))
    headers = api.headers("admin", Idempotency_Key="one")
    answers = await asyncio.gather(*(api.client.post("/v1/keys", json=NEW, headers=headers) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert sum(answer.json()["key"] is not None for answer in answers) == 1
    assert len(await listed(api)) == before + 1


async def test_every_act_on_keys_stands_in_the_audit(api: Api) -> None:
    issued = await made(api)
    await api.client.post(f"/v1/keys/{issued['id']}/rotate", headers=api.headers("admin"))
    await refused(await api.client.delete(f"/v1/keys/{issued['id']}", headers=api.headers("duty")), 403, "forbidden")
    await api.client.delete(f"/v1/keys/{issued['id']}", headers=api.headers("admin"))
    await api.client.post("/v1/keys/revoke-all", headers=api.headers("duty"))
    lines = [fields[b"entry"] for _, fields in await api.process.store.xrange(keys.AUDIT, "-")]
    acts = [msgspec.json.decode(line, type=Act) for line in lines][len(api.keys) :]
    admin, duty = (api.keys[role][8:18] for role in ("admin", "duty"))
    assert [(act.verb, act.by.key_id, act.key, act.refused is None) for act in acts] == [
        ("create-key", admin, issued["id"], True), ("rotate-key", admin, issued["id"], True),
        ("revoke-key", duty, issued["id"], False), ("revoke-key", admin, issued["id"], True),
        ("revoke-all", duty, None, True),
    ]  # fmt: skip
    assert all(act.by.address and act.by.request_id for act in acts)
    assert issued["key"][18:].encode() not in b"".join(lines)


async def test_no_more_keys_are_kept_than_may_be(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, keys_max=10)) as api:
        for _ in range(10 - len(api.keys)):
            last = await made(api)
        full = await api.client.post("/v1/keys", json=NEW, headers=api.headers("admin"))
        await refused(full, 409, "too-many-keys")
        await api.client.delete(f"/v1/keys/{last['id']}", headers=api.headers("admin"))
        await made(api)


async def test_writes_beyond_the_limit_are_refused_but_never_what_takes_back(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, writes_per_key_per_min=3)) as api:
        out = [await api.publish() for _ in range(3)]
        first = await api.post(Idempotency_Key="late")
        problem = await refused(first, 429, "rate-limited")
        assert 1 <= int(first.headers["retry-after"]) <= 60
        assert "nothing was done" in problem["detail"]
        assert len((await api.ticker())["alerts"]) == 3
        assert (await api.change("hold", out[0]["alert"]["id"])).status_code == 200
        assert (await api.kill(out[1]["alert"]["id"])).status_code == 200
        assert (await api.get(f"/v1/alerts/{out[2]['alert']['id']}", "duty")).status_code == 200
        await api.publish(role="editor")  # another key has its own
        drill = [(await api.post(role="drill")).status_code for _ in range(4)]
        assert drill == [201, 201, 201, 429]
        assert [(await made(api))["role"] for _ in range(3)] == ["editor"] * 3
        await refused(await api.client.post("/v1/keys", json=NEW, headers=api.headers("admin")), 429, "rate-limited")


async def test_a_repetition_is_answered_beyond_the_limit(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, writes_per_key_per_min=1)) as api:
        assert (await api.post(Idempotency_Key="one")).status_code == 201
        await refused(await api.post(Idempotency_Key="two"), 429, "rate-limited")
        again = await api.post(Idempotency_Key="one")
        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")


@pytest.mark.parametrize("wrong", ["x", "fw_live_" + "0" * 50], ids=["malformed", "well-formed"])
async def test_after_ten_wrong_keys_an_address_waits_and_right_keys_do_not(strict: Api, wrong: str) -> None:
    async with client_at(strict, "11.0.0.1") as guesser, client_at(strict, "11.0.0.2") as other:
        statuses = [(await guesser.get("/v1/keys", headers=bearing(wrong))).status_code for _ in range(10)]
        assert statuses == [401] * 10
        limited = await guesser.get("/v1/keys", headers=bearing(wrong))
        await refused(limited, 429, "too-many-wrong-keys")
        assert 1 <= int(limited.headers["retry-after"]) <= 60
        assert (await guesser.get("/v1/keys", headers=bearing(strict.keys["admin"]))).status_code == 200
        assert (await other.get("/v1/keys", headers=bearing(wrong))).status_code == 401
        await refused(await guesser.get("/v1/keys"), 401, "unauthorized")  # no key is no guess
        fresh = await issue(strict.process, "admin")  # made elsewhere, and nobody has told this process
        assert (await guesser.get("/v1/keys", headers=bearing(fresh))).status_code == 200


async def test_after_twenty_wrong_secrets_a_keys_id_waits_and_its_holder_does_not(strict: Api) -> None:
    right = strict.keys["admin"]
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    statuses = []
    for number in range(21):
        async with client_at(strict, f"11.0.{number}.1") as guesser:
            statuses.append((await guesser.get("/v1/keys", headers=bearing(wrong))).status_code)
    assert statuses == [401] * 20 + [429]
    assert (await strict.client.get("/v1/keys", headers=bearing(right))).status_code == 200


async def test_a_key_that_has_ended_is_told_so_and_is_no_guess(strict: Api) -> None:
    issued = await made(strict)
    await strict.client.delete(f"/v1/keys/{issued['id']}", headers=strict.headers("admin"))
    for _ in range(12):
        answer = await strict.client.get("/v1/keys", headers=bearing(issued["key"]))
        assert answer.status_code in (401, 403)  # trusted for a second

    async def is_refused() -> bool:
        return not await works(strict, issued["key"])

    await until(is_refused)
    for _ in range(12):
        answer = await strict.client.get("/v1/keys", headers=bearing(issued["key"]))
        assert "has been revoked" in (await refused(answer, 401, "unauthorized"))["detail"]


async def test_wrong_keys_cost_the_store_a_look_now_and_then(strict: Api) -> None:
    async def commands() -> int:
        return int((await strict.process.store.info("commandstats"))["cmdstat_get"]["calls"])

    async def guess(number: int) -> int:
        key = f"fw_live_{number:010}{'0' * 40}"
        return (await strict.client.get("/v1/keys", headers=bearing(key))).status_code

    assert await works(strict, strict.keys["admin"])
    before, began_s = await commands(), asyncio.get_running_loop().time()
    statuses = [
        status for at in range(0, 500, 25) for status in await asyncio.gather(*map(guess, range(at, at + 25)))
    ]  # fmt: skip
    took_s = asyncio.get_running_loop().time() - began_s
    assert (statuses.count(401), statuses.count(429)) == (10, 490)
    assert await commands() - before <= 2 + took_s / LOOK_EVERY_S


async def test_a_store_that_is_gone_calls_no_key_wrong(strict: Api, server: EmbeddedStore) -> None:
    server.kill()
    answer = await strict.client.get("/v1/keys", headers=bearing("fw_live_" + "0" * 50))
    await refused(answer, 503, "store-unavailable")
    await refused(await strict.client.get("/v1/keys", headers=bearing("x")), 401, "unauthorized")


async def test_whoever_guesses_fills_no_log(strict: Api) -> None:
    with capture_logs() as lines:
        for _ in range(40):
            await strict.client.get("/v1/keys", headers=bearing("guess"))
    levels = [line["log_level"] for line in lines if line["event"] == "request"]
    assert (levels.count("info"), levels.count("debug")) == (10, 30)
