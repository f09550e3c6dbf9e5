"""One event in all its editions: who lags, who is missing, and whom a correction concerns."""

from typing import Any

import pytest

from service.clock import now_ms
from service.domain import moment
from service.domain.lifecycle import CHANGE_VERBS
from service.store import keys
from service.store import stories as stored
from service.store.embedded import EmbeddedStore
from tests import entries
from tests.api.conftest import Api, running, settings_for
from tests.verbs import BODIES

EN, AR, ES = "Snow closes the northern pass", "الثلوج تغلق الممر الشمالي", "La nieve cierra el paso del norte"


async def told(api: Api, story: str, role: str = "duty") -> Any:
    answer = await api.get(f"/v1/stories/{story}", role)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


async def in_two(api: Api, role: str = "duty") -> tuple[Any, Any]:
    """An English alert and the Arabic one of the same story."""
    en = (await api.publish({"headline": EN}, role))["alert"]
    ar = (await api.publish({"edition": "ar", "headline": AR, "story": en["story"]}, role))["alert"]
    return en, ar


def told_of(answer: Any) -> list[str]:
    """What a verb's answer says of the story."""
    return [warning["code"] for warning in answer["warnings"] if warning["code"] in ("siblings", "unknown-story")]


def codes(answer: Any) -> list[str]:
    assert answer.status_code in (200, 201), answer.text
    return told_of(answer.json())


async def test_a_story_tells_its_editions_their_alerts_and_every_version(api: Api) -> None:
    en, ar = await in_two(api)
    update = await api.change("update", en["id"], BODIES["update"], If_Match='"1"')
    story = await told(api, en["story"], "correspondent")
    assert (story["story"], story["firstCreated"], story["missing"]) == (en["story"], en["firstCreated"], ["es"])
    editions = {each["edition"]: each for each in story["editions"]}
    assert editions["en"]["lagS"] == 0
    assert editions["ar"]["lagS"] >= 0
    assert editions["es"] == {"edition": "es", "lagS": None, "flagged": False, "alerts": []}
    first, second = story["alerts"]
    assert (first["id"], first["state"], first["version"]) == (en["id"], "published", 2)
    assert [version["headline"] for version in first["versions"]] == [EN, update.json()["alert"]["headline"]]
    assert (second["id"], second["headline"], second["behind"], second["flagged"]) == (ar["id"], AR, True, None)
    assert first["behind"] is False


@pytest.mark.parametrize("verb", ["correct", "kill", "hold"])
async def test_correcting_one_flags_its_siblings_until_they_are_changed(api: Api, verb: str) -> None:
    en, ar = await in_two(api)
    answer = await api.change(verb, en["id"], BODIES.get(verb), If_Match='"1"')
    (warning,) = [warning for warning in answer.json()["warnings"] if warning["code"] == "siblings"]
    assert f"ar {ar['id']}" in warning["detail"]
    first, second = (await told(api, en["story"]))["alerts"]
    assert first["flagged"] is None
    flag = second["flagged"]
    assert (flag["by"], flag["edition"], flag["verb"]) == (en["id"], "en", verb)
    assert flag["at"] == answer.json()["alert"]["versionCreated"]
    assert codes(await api.change("update", ar["id"], BODIES["update"], If_Match='"1"')) == []
    assert [alert["flagged"] for alert in (await told(api, en["story"]))["alerts"]] == [None, None]


async def test_a_released_hold_flags_nobody_and_other_verbs_warn_of_nothing(api: Api) -> None:
    en, ar = await in_two(api)
    assert codes(await api.change("hold", en["id"])) == ["siblings"]
    assert codes(await api.change("release", en["id"])) == []
    assert (await told(api, en["story"]))["alerts"][1]["flagged"] is None
    assert codes(await api.change("update", en["id"], BODIES["update"], If_Match='"3"')) == []
    assert codes(await api.change("undo", en["id"])) == []
    assert (await told(api, en["story"]))["missing"] == ["en", "es"]
    assert codes(await api.kill(ar["id"])) == []  # nothing else of the story stands


async def test_an_alert_alone_has_no_siblings(api: Api) -> None:
    for verb in CHANGE_VERBS:
        alert = (await api.publish())["alert"]
        if verb == "release":
            await api.change("hold", alert["id"])
        version = 2 if verb == "release" else 1
        assert codes(await api.change(verb, alert["id"], BODIES.get(verb), If_Match=f'"{version}"')) == []


async def test_the_same_request_again_gives_the_same_warning(api: Api) -> None:
    en, ar = await in_two(api)
    first = await api.kill(en["id"], Idempotency_Key="k1")
    await api.kill(ar["id"])
    again = await api.kill(en["id"], Idempotency_Key="k1")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()


async def test_drills_and_real_alerts_of_one_story_do_not_see_each_other(api: Api) -> None:
    en, _ = await in_two(api)
    answer = await api.get(f"/v1/stories/{en['story']}", "drill")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    drill = await api.publish({"edition": "es", "headline": ES, "story": en["story"]}, "drill")
    assert told_of(drill) == ["unknown-story"]
    assert [alert["id"] for alert in (await told(api, en["story"], "drill"))["alerts"]] == [drill["alert"]["id"]]
    assert "es" in (await told(api, en["story"]))["missing"]
    (warning,) = (await api.kill(en["id"])).json()["warnings"]
    assert "es " not in warning["detail"]
    assert codes(await api.kill(drill["alert"]["id"], "drill")) == []


async def test_a_story_that_nobody_knows_is_joined_with_a_warning_and_not_found_before(api: Api) -> None:
    story = "P4S0R8B1D6D9N2E0A01JCZX3V7"
    for named in (story, "x", "%2e%2e", "p4s0r8b1d6d9n2e0a01jczx3v7"):
        answer = await api.get(f"/v1/stories/{named}", "duty")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    made = await api.publish({"story": story})
    assert told_of(made) == ["unknown-story"]
    assert (await told(api, story))["alerts"][0]["id"] == made["alert"]["id"]
    assert told_of(await api.publish({"headline": "Ferries sail again", "story": story})) == []


async def test_who_brings_no_key_sees_no_story(api: Api) -> None:
    en, _ = await in_two(api)
    assert (await api.get(f"/v1/stories/{en['story']}")).status_code == 401


async def test_a_story_without_end_is_told_from_both_ends(server: EmbeddedStore) -> None:
    async with running(settings_for(server)) as process:
        story, count = "P4S0R8B1D6D9N2E0A01JCZX3V7", 2 * stored.END_MAX + 7
        made = [entries.alert(f"Lap {number}", story=story) for number in range(count)]
        bounds = entries.BOUNDS
        for number, alert in enumerate(made):
            await entries.append(process.store, alert, bounds=bounds, now_ms=entries.NOW_MS + number)
        found = await stored.read(process.store, story, "Actual")
        assert found.left_out == 7
        heads = [records[-1].alert.headline for records in found.alerts]
        assert (heads[0], heads[99], heads[100], heads[-1]) == ("Lap 0", "Lap 99", "Lap 107", "Lap 206")


async def test_drills_without_end_leave_no_alert_of_their_story_out(server: EmbeddedStore) -> None:
    async with running(settings_for(server)) as process:
        story = "P4S0R8B1D6D9N2E0A01JCZX3V7"
        drills = [entries.alert(f"Drill {at}", story=story, status="Exercise") for at in range(2 * stored.END_MAX)]
        news = [entries.alert(f"Lap {number}", story=story) for number in range(3)]
        half = stored.END_MAX
        made = (news[0], *drills[:half], news[1], *drills[half:], news[2])
        for number, alert in enumerate(made):
            wire = entries.DRILL if alert.status == "Exercise" else entries.EN
            await entries.append(process.store, alert, wire, bounds=entries.BOUNDS, now_ms=entries.NOW_MS + number)
        found = await stored.read(process.store, story, "Actual")
        assert ([records[-1].alert.headline for records in found.alerts], found.left_out) == (
            ["Lap 0", "Lap 1", "Lap 2"], 0,
        )  # fmt: skip
        assert len(await stored.newest(process.store, story, "Actual")) == 3


async def test_a_kill_goes_out_although_the_store_cannot_say_who_else_tells_the_story(api: Api) -> None:
    en, ar = await in_two(api)
    async with api.process.store.pipeline(transaction=True) as pipe:
        pipe.set(keys.story(en["story"], exercise=False), "a key of another kind")
        await pipe.execute()
    assert codes(await api.kill(en["id"])) == []
    assert (await api.ticker())["alerts"][0]["pubStatus"] == "canceled"
    assert (await api.ticker(edition="ar"))["alerts"][0]["id"] == ar["id"]


async def test_what_waits_is_part_of_its_story_for_those_who_may_see_it(api: Api) -> None:
    en = (await api.publish({"headline": EN}))["alert"]
    later = moment.to_text(now_ms() + 3_600_000)
    scheduled = await api.post({"edition": "ar", "headline": AR, "story": en["story"], "publishAt": later})
    draft = await api.post({"edition": "es", "headline": ES, "story": en["story"]}, "correspondent")
    assert (scheduled.status_code, draft.status_code) == (202, 202)
    assert told_of(scheduled.json()) == told_of(draft.json()) == []
    story = await told(api, en["story"], "editor")
    assert [(alert["edition"], alert["state"], alert["lagS"]) for alert in story["alerts"]] == [
        ("en", "published", 0), ("ar", "scheduled", None), ("es", "draft", None),
    ]  # fmt: skip
    assert story["missing"] == ["ar", "es"]
    own = await told(api, en["story"], "correspondent")
    assert [alert["edition"] for alert in own["alerts"]] == ["en", "es"]
    (warning,) = (await api.kill(en["id"])).json()["warnings"]
    assert f"ar {scheduled.json()['alert']['id']} (scheduled)" in warning["detail"]
    first, second, third = (await told(api, en["story"]))["alerts"]
    assert (first["flagged"], second["flagged"]["verb"], third["flagged"]["verb"]) == (None, "kill", "kill")
    await api.kill(scheduled.json()["alert"]["id"])
    assert len((await told(api, en["story"]))["alerts"]) == 2


async def test_a_draft_of_an_unknown_story_is_kept_with_a_warning(api: Api) -> None:
    story = "P4S0R8B1D6D9N2E0A01JCZX3V7"
    draft = await api.post({"story": story}, "correspondent")
    assert (draft.status_code, told_of(draft.json())) == (202, ["unknown-story"])
    assert told_of(await api.publish({"headline": "Ferries sail again", "story": story})) == []
