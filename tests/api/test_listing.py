"""Editors find alerts: by state, edition and words, a page at a time, also what readers no longer see."""

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from service.api.search import ASKED_MAX
from service.api.serve import Process
from service.clock import now_ms
from service.domain import moment
from service.domain.alert import State
from service.store import access
from service.store.embedded import EmbeddedStore
from service.store.keys import WireName
from tests import entries
from tests.api.conftest import Api, issue, settings_for
from tests.stores import until
from tests.verbs import BODIES, MENDED, STATES

SENTENCE = "Snow closes the northern pass"


async def listed(api: Api, query: str = "", role: str = "duty") -> Any:
    answer = await api.get(f"/v1/alerts{query}", role)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def headlines(api: Api, query: str = "", role: str = "duty") -> list[str]:
    page = await listed(api, query, role)
    assert page["next"] is None
    return [one["headline"] for one in page["alerts"]]


async def published(api: Api, *headlines: str, edition: str = "en", role: str = "duty") -> list[str]:
    """The ids of alerts with those headlines, in their order."""
    made = [await api.publish({"edition": edition, "headline": headline}, role) for headline in headlines]
    return [answer["alert"]["id"] for answer in made]


async def test_the_list_tells_all_that_editors_see_newest_first_over_all_editions(api: Api) -> None:
    first = await api.publish({"note": "by phone", "push": False}, "editor")
    await published(api, "الثلوج تغلق الممر", edition="ar")
    await published(api, "Ferries sail again")
    page = await listed(api)
    assert [one["alert"]["edition"] for one in page["alerts"]] == ["en", "ar", "en"]
    assert page["next"] is None
    last = page["alerts"][-1]
    assert last == (await api.get(f"/v1/alerts/{first['alert']['id']}", "duty")).json()
    assert (last["note"], last["push"], last["headline"], last["state"]) == ("by phone", False, SENTENCE, "published")
    assert last["author"]["name"] == "editor desk"


async def test_pages_follow_each_other_without_doubles_while_more_is_published(api: Api) -> None:
    expected = []
    for number in range(7):
        expected += await published(api, f"Lap {number}", edition=("en", "ar", "es")[number % 3])
    found: list[str] = []
    query = "?limit=3"
    while True:
        page = await listed(api, query)
        found += [one["alert"]["id"] for one in page["alerts"]]
        if page["next"] is None:
            break
        assert len(page["alerts"]) == 3
        await published(api, f"A later one, after {len(found)}")
        query = f"?limit=3&before={page['next']}"
    assert found == expected[::-1]
    assert (await listed(api, "?limit=9"))["next"] is None


@pytest.mark.parametrize("state", list(STATES))
async def test_a_state_finds_the_alerts_that_are_in_it_and_no_others(api: Api, state: State) -> None:
    ids: dict[State, str] = {}
    for each, verbs in STATES.items():
        ids[each] = (await published(api, f"One that is {each}"))[0]
        for verb in verbs:
            assert (await api.change(verb, ids[each])).status_code == 200
    page = await listed(api, f"?state={state}")
    assert [(one["alert"]["id"], one["state"], one["headline"]) for one in page["alerts"]] == [
        (ids[state], state, f"One that is {state}")
    ]
    others = ",".join(each for each in STATES if each != state)
    assert {one["alert"]["id"] for one in (await listed(api, f"?state={others}"))["alerts"]} == set(ids.values()) - {
        ids[state]
    }


async def test_an_alert_whose_time_is_over_is_found_as_expired(api: Api) -> None:
    soon = moment.to_text(moment.from_text((await api.publish())["alert"]["firstCreated"]) + 1500)
    await api.publish({"headline": "Fog until noon", "expires": soon})

    async def is_over() -> bool:
        return (await headlines(api, "?state=expired")) == ["Fog until noon"]

    await until(is_over)
    assert await headlines(api, "?state=published") == [SENTENCE]


async def test_words_find_what_readers_do_not_see_any_more(api: Api) -> None:
    held, killed, undone, _ = await published(
        api, "Málaga: storm warning", "Storm closes MALAGA port", "Malaga stormproof", "Storm over Lima"
    )
    for verb, alert_id in (("hold", held), ("kill", killed), ("undo", undone)):
        assert (await api.change(verb, alert_id)).status_code == 200
    page = await listed(api, "?q=malaga+storm")
    assert [one["headline"] for one in page["alerts"]] == [
        "Malaga stormproof", "Storm closes MALAGA port", "Málaga: storm warning",
    ]  # fmt: skip
    assert [one["alert"]["headline"] for one in page["alerts"]] == [None, None, None]
    assert await headlines(api, "?q=malaga+storm&state=withheld") == ["Málaga: storm warning"]
    assert await headlines(api, "?q=storm+malaga&state=canceled,undone") == ["Storm closes MALAGA port"]


async def test_words_find_the_newest_headline_in_any_spelling(api: Api) -> None:
    alert_id = (await api.publish())["alert"]["id"]
    assert await headlines(api, "?q=snow+nor") == [SENTENCE]
    await api.change("correct", alert_id, BODIES["correct"], If_Match='"1"')
    assert await headlines(api, "?q=northern") == []
    assert await headlines(api, "?q=SOUTHERN%20pass") == [MENDED]
    await published(api, "العاصفة تُغلق الممرّ الشمالي", edition="ar")
    for question in ("العاصفه تغلق", "الممر", "الشما"):
        assert await headlines(api, f"?q={quote(question)}") == ["العاصفة تُغلق الممرّ الشمالي"]
    assert await headlines(api, f"?q={quote('الشمالي')}&edition=en,es") == []
    assert len(await headlines(api, "?q=")) == 2


async def test_a_test_key_finds_drills_alone_and_no_other_key_any(api: Api) -> None:
    await published(api, "A real one")
    await published(api, "A drill", role="drill")
    assert await headlines(api, "", "drill") == ["A drill"]
    for role in ("correspondent", "editor", "duty", "admin"):
        assert await headlines(api, "", role) == ["A real one"]
    await published(api, "Another real one")
    page = await listed(api, "?limit=1")
    answer = await api.get(f"/v1/alerts?before={page['next']}", "drill")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-query")


async def waiting(api: Api, body: dict[str, Any], role: str = "duty") -> str:
    answer = await api.post(body, role)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["alert"]["id"])


async def test_what_waits_stands_in_the_list_by_its_submission(api: Api) -> None:
    later = moment.to_text(now_ms() + 3_600_000)
    draft = await waiting(api, {"headline": "Draft of the northern ferry"}, "correspondent")
    await published(api, "Ferries sail again")
    scheduled = await waiting(api, {"headline": "Night ferry to the islands", "publishAt": later})
    flash = await waiting(api, {"headline": "Rover lands", "level": "flash"}, "editor")
    discarded = await waiting(api, {"headline": "Ferry that never was", "publishAt": later})
    assert (await api.kill(discarded)).status_code == 200
    assert await headlines(api) == [
        "Ferry that never was", "Rover lands", "Night ferry to the islands", "Ferries sail again",
        "Draft of the northern ferry",
    ]  # fmt: skip
    for state, alert_id in (
        ("draft", draft), ("scheduled", scheduled), ("awaiting-approval", flash), ("discarded", discarded)
    ):  # fmt: skip
        (one,) = (await listed(api, f"?state={state}"))["alerts"]
        assert (one["alert"]["id"], one["state"], one["cursor"]) == (alert_id, state, None)
        assert one == (await api.get(f"/v1/alerts/{alert_id}", "duty")).json()
    assert (await listed(api, "?state=scheduled"))["alerts"][0]["publishAt"] == later
    assert await headlines(api, "?q=ferr&state=draft,scheduled") == [
        "Night ferry to the islands", "Draft of the northern ferry",
    ]  # fmt: skip
    assert await headlines(api, "?q=northern+fer&state=draft&edition=ar") == []
    assert await headlines(api, "?state=published") == ["Ferries sail again"]
    assert await headlines(api, "", "drill") == []


async def test_correspondents_find_their_own_drafts_and_nobody_elses(api: Api) -> None:
    other = await access.create(api.process.store, "another correspondent", "correspondent", False, now_ms())
    api.keys["other"] = other.key
    await waiting(api, {"headline": "First draft"}, "correspondent")
    await waiting(api, {"headline": "Second draft"}, "other")
    await published(api, "Ferries sail again")
    assert await headlines(api, "?state=draft", "correspondent") == ["First draft"]
    assert await headlines(api, "", "other") == ["Ferries sail again", "Second draft"]
    assert await headlines(api, "?state=draft", "editor") == ["Second draft", "First draft"]


async def test_pages_of_what_waits_and_what_is_out_hold_each_once(api: Api) -> None:
    expected = []
    for number in range(9):
        body = {"headline": f"Lap {number}", "edition": ("en", "ar", "es")[number % 3]}
        role = "correspondent" if number % 2 else "duty"
        answer = await api.post(body, role)
        expected.append(answer.json()["alert"]["id"])
    found: list[str] = []
    query = "?limit=2"
    while True:
        page = await listed(api, query)
        found += [one["alert"]["id"] for one in page["alerts"]]
        if page["next"] is None:
            break
        # what comes now is newer than every page that follows
        await published(api, f"A later one, after {len(found)}", edition="ar")
        await waiting(api, {"headline": f"A later draft, after {len(found)}"}, "correspondent")
        query = f"?limit=2&before={page['next']}"
    assert found == expected[::-1]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"), ("limit=101", "limit"), ("limit=", "limit"), ("limit=1&limit=2", "limit"),
        ("state=unknown", "state"), ("state=published,lost", "state"), ("edition=fr", "edition"), ("q=%E2%80%A6", "q"),
        ("q=a&q=b", "q"), (f"q={'x' * 281}", "q"), (f"q={'a+' * 21}", "q"), ("before=", "before"),
        ("before=x", "before"), ("before=k3f9:1", "before"), ("before=%F0", "before"),
    ],
)  # fmt: skip
async def test_a_value_that_cannot_be_is_refused_by_name(api: Api, query: str, named: str) -> None:
    answer = await api.get(f"/v1/alerts?{query}", "duty")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-query")
    assert answer.json()["detail"].startswith(f"{named}: ")


async def test_unknown_parameters_are_ignored_and_who_has_no_key_finds_nothing(api: Api) -> None:
    await published(api, "Ferries sail again")
    assert await headlines(api, "?colour=blue&state=&edition=") == ["Ferries sail again"]
    assert (await api.get("/v1/alerts")).status_code == 401


async def test_a_place_of_another_life_or_of_another_question_is_refused(api: Api) -> None:
    await published(api, "One", "Two")
    place = json.loads(urlsafe_b64decode((await listed(api, "?limit=1"))["next"] + "=="))
    place["wires"]["en"] = "k3f9:" + place["wires"]["en"].partition(":")[2]
    before = urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    answer = await api.get(f"/v1/alerts?before={before}", "duty")
    assert (answer.status_code, "another life" in answer.json()["detail"]) == (400, True)
    one_edition = (await listed(api, "?limit=1&edition=en"))["next"]
    answer = await api.get(f"/v1/alerts?before={one_edition}", "duty")
    assert (answer.status_code, "another question" in answer.json()["detail"]) == (400, True)


async def test_a_search_among_thousands_of_withdrawn_ones_goes_on_page_by_page(api: Api) -> None:
    """Nobody sees their headlines, so each record is asked for; one page asks for so many and no more."""
    count = ASKED_MAX + 150
    await published(api, "Needle in the oldest place")
    await entries.append_withdrawn(api.process.store, count)
    wire = api.process.wires.get(WireName("en"))
    assert wire is not None
    await until(lambda: len(wire.ticker) == count + 1)
    page = await listed(api, "?q=needle")
    assert page["alerts"] == []
    last = await listed(api, f"?q=needle&before={page['next']}")
    assert ([one["headline"] for one in last["alerts"]], last["next"]) == (["Needle in the oldest place"], None)
    found = await listed(api, f"?q=withdrawn+{count - 1}")
    assert [one["headline"] for one in found["alerts"]] == [f"Withdrawn {count - 1}"]


async def test_searches_do_not_stop_others(api: Api) -> None:
    await published(api, *(f"Lap {number}" for number in range(20)))
    pages = await asyncio.gather(*(listed(api, f"?q=lap+{number}&limit=100") for number in range(20)))
    assert all(any(one["headline"] == f"Lap {number}" for one in page["alerts"]) for number, page in enumerate(pages))


async def test_a_process_that_has_read_no_wire_says_so(server: EmbeddedStore) -> None:
    process = Process(settings_for(server))
    try:
        key = await issue(process)
        transport = httpx.ASGITransport(process.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://news.example") as client:
            answer = await client.get("/v1/alerts", headers={"Authorization": f"Bearer {key}"})
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not-loaded")
        assert answer.headers["retry-after"] == "1"
    finally:
        await process.close()
