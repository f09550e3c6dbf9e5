"""What an edition has just said is not said again by accident; whoever means it, says why."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.api.duplicates import Duplicates
from service.api.recent import ALERTS_MAX, Recent
from service.api.wires import Wires
from service.clock import now_ms
from service.domain import moment
from service.domain.backlog import Backlog
from service.domain.checks import check_alert
from service.domain.errors import StoreUnavailable
from service.domain.gist import read
from service.domain.ticker import Ticker
from service.store.embedded import EmbeddedStore
from service.store.keys import WireName
from service.wire import Wire
from tests import guards
from tests.api.conftest import Api, serving, settings_for
from tests.domain.making import NEWSROOM, NOW_MS, alert_id, make_alert

QUAKE = {"edition": "en", "level": "urgent", "headline": "Magnitude 5.2 earthquake shakes Port Alder"}
AGAIN = {**QUAKE, "headline": "Port Alder shaken by 5.2-magnitude quake"}
ELSEWHERE = {**QUAKE, "headline": "Magnitude 5.2 earthquake shakes Norwick"}


def remarks(made: dict[str, Any]) -> list[dict[str, Any]]:
    """What the guard has remarked; others remark what they see."""
    return [warning for warning in made["warnings"] if warning["code"] == "near-duplicate"]


def guarded(server: EmbeddedStore, near_duplicate: str = "block", **more: Any) -> Any:
    return serving(settings_for(server, newsroom=guards.newsroom(near_duplicate, **more)))


@pytest.fixture
async def desk(server: EmbeddedStore) -> AsyncIterator[Api]:
    """An API as it comes along: the guard blocks."""
    async with guarded(server) as api:
        yield api


async def test_an_editor_who_says_the_same_again_is_told_of_the_alert_that_said_it(desk: Api) -> None:
    made = (await desk.publish(QUAKE))["alert"]
    answer = await desk.post(AGAIN, "editor")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (409, "/problems/near-duplicate")
    [found] = problem["duplicates"]
    assert {name: found[name] for name in ("id", "version", "headline")} == {
        "id": made["id"], "version": 1, "headline": QUAKE["headline"],
    }  # fmt: skip
    assert found["ageS"] in range(60)
    assert problem["detail"] == (
        f"says the same as {made['id']}, {found['ageS']} s ago: {QUAKE['headline']} "
        "(update that one, or override near-duplicate and say why)"
    )
    assert 0 < found["score"] <= 1
    assert "same-numbers" in found["reasons"]
    assert [alert["id"] for alert in (await desk.ticker())["alerts"]] == [made["id"]]


async def test_two_towns_are_two_alerts(desk: Api) -> None:
    await desk.publish(QUAKE)
    assert (await desk.post(ELSEWHERE)).status_code == 201


async def test_an_override_goes_out_without_a_warning_and_its_reason_is_kept(desk: Api) -> None:
    await desk.publish(QUAKE)
    made = await desk.publish({**AGAIN, "override": ["near-duplicate"], "overrideReason": "a second one"})
    assert remarks(made) == []
    assert (await desk.get(f"/v1/alerts/{made['alert']['id']}", "editor")).json()["reason"] == "a second one"
    audited = await desk.process.store.xrange("audit", "-")
    assert b"a second one" in audited[-1][1][b"entry"]


async def test_a_line_rings_nobody_and_is_only_remarked(desk: Api) -> None:
    first = await desk.publish(QUAKE)
    made = await desk.publish({**AGAIN, "level": "line"})
    [warning] = remarks(made)
    assert first["alert"]["id"] in warning["detail"]
    assert QUAKE["headline"] in warning["detail"]


async def test_what_a_line_has_said_is_not_said_louder_by_accident(desk: Api) -> None:
    await desk.publish({**QUAKE, "level": "line"})
    assert (await desk.post(AGAIN)).status_code == 409


async def test_a_house_that_warns_lets_everything_out_with_a_remark(server: EmbeddedStore) -> None:
    async with guarded(server, "warn") as api:
        await api.publish(QUAKE)
        assert len(remarks(await api.publish(AGAIN))) == 1


async def test_a_house_that_has_it_off_hears_nothing(server: EmbeddedStore) -> None:
    async with guarded(server, "off") as api:
        await api.publish(QUAKE)
        assert remarks(await api.publish(AGAIN)) == []


async def test_a_drill_is_compared_with_drills_alone(desk: Api) -> None:
    await desk.publish(QUAKE)
    await desk.publish(AGAIN, "drill")
    assert (await desk.post(QUAKE, "drill")).status_code == 409


async def test_editions_are_compared_each_with_itself(desk: Api) -> None:
    await desk.publish(QUAKE)
    assert (await desk.post({**QUAKE, "edition": "es"})).status_code == 201


@pytest.mark.parametrize("verb", ["kill", "undo", "hold"])
async def test_what_was_taken_back_may_be_said_again(desk: Api, verb: str) -> None:
    made = await desk.publish(QUAKE)
    assert (await desk.change(verb, made["alert"]["id"])).status_code == 200
    assert (await desk.post(AGAIN)).status_code == 201


async def test_a_corrected_alert_is_compared_as_it_now_reads(desk: Api) -> None:
    said = (await desk.publish(QUAKE))["alert"]["id"]
    body = {"headline": ELSEWHERE["headline"], "correction": {"text": "It was Norwick", "severity": "major"}}
    assert (await desk.change("correct", said, body, If_Match='"1"')).status_code == 200
    assert (await desk.post(AGAIN)).status_code == 201
    [found] = (await desk.post(ELSEWHERE)).json()["duplicates"]
    assert (found["id"], found["version"]) == (said, 2)


async def test_what_is_older_than_the_window_is_forgotten(server: EmbeddedStore) -> None:
    async with guarded(server, near_duplicate_window_s=1) as api:
        await api.publish(QUAKE)
        assert (await api.post(AGAIN)).status_code == 409

        async def is_taken() -> bool:
            return bool((await api.post(AGAIN)).status_code == 201)

        async with asyncio.timeout(30):
            while not await is_taken():
                await asyncio.sleep(0.05)


async def test_who_said_it_makes_no_other_news(desk: Api) -> None:
    await desk.publish({"level": "brief", "headline": None, "text": f"Reuters news agency: {QUAKE['headline']}"})
    assert (await desk.post(AGAIN)).status_code == 409


async def test_an_update_is_no_duplicate_of_itself(desk: Api) -> None:
    said = (await desk.publish(QUAKE))["alert"]["id"]
    assert (await desk.change("update", said, {"headline": AGAIN["headline"]}, If_Match='"1"')).status_code == 200


async def test_a_repeated_key_gets_its_answer_and_no_refusal(desk: Api) -> None:
    first = await desk.post(QUAKE, Idempotency_Key="once")
    again = await desk.post(QUAKE, Idempotency_Key="once")
    assert (again.status_code, again.json()) == (201, first.json())


async def test_fifty_at_once_under_one_key_are_one_alert_and_no_refusal(desk: Api) -> None:
    answers = await asyncio.gather(*(desk.post(QUAKE, Idempotency_Key="proxy") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["alert"]["id"] for answer in answers}) == 1


async def test_of_twenty_at_once_without_a_key_one_goes_out(desk: Api) -> None:
    bodies = [QUAKE, AGAIN] * 10
    answers = await asyncio.gather(*(desk.post(body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 19]
    assert len((await desk.ticker())["alerts"]) == 1


async def test_different_news_at_once_does_not_wait_or_fall(desk: Api) -> None:
    towns = ["Alder", "Norwick", "Easton", "Brack", "Corry", "Dunmore", "Farrow", "Gilby"]
    bodies = [{**QUAKE, "headline": f"Magnitude 5.2 earthquake shakes {town}"} for town in towns]
    answers = await asyncio.gather(*(desk.post(body) for body in bodies))
    assert {answer.status_code for answer in answers} == {201}


async def test_a_second_person_is_not_asked_for_what_was_just_said(desk: Api) -> None:
    await desk.publish(QUAKE)
    assert (await desk.post({**AGAIN, "level": "flash"}, "editor")).status_code == 409


async def test_a_draft_is_only_remarked_since_it_does_not_go_out_now(desk: Api) -> None:
    await desk.publish(QUAKE)
    answer = await desk.post(AGAIN, "correspondent")
    assert (answer.status_code, answer.json()["state"]) == (202, "draft")
    assert len(remarks(answer.json())) == 1


@pytest.mark.parametrize("verb", ["approve", "release"])
async def test_who_lets_out_what_was_said_meanwhile_is_told_while_it_can_be_undone(desk: Api, verb: str) -> None:
    waiting = AGAIN if verb == "approve" else {**AGAIN, "publishAt": moment.to_text(now_ms() + 3_600_000)}
    answer = await desk.post(waiting, "correspondent" if verb == "approve" else "editor")
    assert (answer.status_code, remarks(answer.json())) == (202, [])
    made = await desk.publish(QUAKE)
    path = answer.json()["alert"]["id"]
    out = await desk.change(verb, path, None, "duty", If_Match='"1"', Idempotency_Key="out")
    assert (out.status_code, out.json()["undoUntil"] is not None) == (200, True)
    assert [made["alert"]["id"] in remark["detail"] for remark in remarks(out.json())] == [True]
    again = await desk.change(verb, path, None, "duty", If_Match='"1"', Idempotency_Key="out")
    assert again.text == out.text


async def test_who_lets_out_what_its_author_meant_nevertheless_is_told_nothing(desk: Api) -> None:
    await desk.publish(QUAKE)
    meant = {**AGAIN, "override": ["near-duplicate"], "overrideReason": "a second one"}
    draft = (await desk.post(meant, "correspondent")).json()["alert"]["id"]
    assert remarks((await desk.change("approve", draft, None, "duty", If_Match='"1"')).json()) == []


async def test_a_process_that_has_just_started_knows_what_was_said_before_it(server: EmbeddedStore) -> None:
    async with guarded(server) as first:
        made = await first.publish(QUAKE)
        gone = await first.publish(ELSEWHERE)
        await first.kill(gone["alert"]["id"])
    async with guarded(server) as second:
        assert [found["id"] for found in (await second.post(AGAIN)).json()["duplicates"]] == [made["alert"]["id"]]
        assert (await second.post(ELSEWHERE)).status_code == 201


async def test_what_was_released_is_before_everybodys_eyes_again(desk: Api) -> None:
    said = (await desk.publish(QUAKE))["alert"]["id"]
    assert (await desk.change("hold", said)).status_code == 200
    assert (await desk.change("release", said)).status_code == 200
    assert (await desk.post(AGAIN)).status_code == 409


async def test_what_has_expired_may_be_said_again(desk: Api) -> None:
    await desk.publish({**QUAKE, "expires": moment.to_text(now_ms() + 1000)})
    assert (await desk.post(AGAIN)).status_code == 409
    async with asyncio.timeout(30):
        while (await desk.post(AGAIN)).status_code != 201:
            await asyncio.sleep(0.05)


def test_of_a_wire_the_newest_are_kept_and_no_more() -> None:
    wires, ticker = Wires(), Ticker(2 * ALERTS_MAX, 60)
    recent = Recent(wires)
    for number in range(1, ALERTS_MAX + 8):
        ticker.apply(number, make_alert(number), b"")
    wires.on_loaded(Wire(WireName("en"), Backlog("epoch", 0, 10), ticker))
    said = read(make_alert(1).headline or "", "en")
    kept = [alert.id for alert, _, _ in recent.like(said, WireName("en"), NOW_MS, 1000)]
    assert kept == [alert_id(number) for number in range(ALERTS_MAX + 7, 7, -1)]


async def test_who_waited_for_a_twin_that_failed_goes_out() -> None:
    duplicates = Duplicates(NEWSROOM, Recent(Wires()))
    draft = check_alert(QUAKE, NEWSROOM, NOW_MS, allow_http=True)
    went: list[str] = []

    async def publish(name: str, held: asyncio.Event) -> None:
        async with duplicates.guard(draft, False, NOW_MS, goes_out=True):
            went.append(name)
            await held.wait()
            raise StoreUnavailable("nobody knows")

    held = asyncio.Event()
    first, second = asyncio.create_task(publish("first", held)), asyncio.create_task(publish("second", held))
    for _ in range(20):
        await asyncio.sleep(0)
    assert went == ["first"]
    held.set()
    ended = await asyncio.gather(first, second, return_exceptions=True)
    assert went == ["first", "second"]
    assert {type(end) for end in ended} == {StoreUnavailable}


@pytest.mark.parametrize("headline", ["الثلج ء يغلق الممر الشمالي", "The " + "㉟" * 200 + "th street is closed"])
async def test_a_line_that_folds_away_is_posted_and_updated_like_any_other(desk: Api, headline: str) -> None:
    made = (await desk.publish({"edition": "ar", "headline": headline}))["alert"]
    first = (await desk.publish({"edition": "ar", "headline": "الجسر مفتوح"}))["alert"]
    changed = await desk.change("update", first["id"], {"headline": headline + "."}, If_Match='"1"')
    assert changed.status_code == 200
    shown = {alert["id"]: alert["headline"] for alert in (await desk.ticker(edition="ar"))["alerts"]}
    assert shown == {made["id"]: headline, first["id"]: headline + "."}
