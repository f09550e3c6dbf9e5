"""The permalink: where a push without an article leads, whatever has become of the alert since."""

import asyncio
import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from service.api.permalink_page import render
from service.domain.alert import Link
from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, serving, settings_for
from tests.domain.making import CANARY, make_alert, make_edition

LINK = "https://example.org/n/pass"
UNKNOWN = "7Q0F8R2K5M9TB4W6YE3XCZ01JV"
TELLING: dict[str, Any] = {
    "headline": f"The {CANARY} player wins",
    "attribution": {"kind": "official", "speaker": f"{CANARY} speaker", "role": f"{CANARY} role"},
    "places": [{"name": CANARY}],
    "link": {"url": f"https://example.org/{CANARY}"},
    "image": {"url": f"https://example.org/{CANARY}.jpg", "alt": CANARY},
    "level": "urgent",
}


async def published(api: Api, body: Mapping[str, Any] | None = None, role: str = "duty") -> str:
    made: str = (await api.publish(body, role))["alert"]["id"]
    return made


async def page(api: Api, alert_id: str, query: str = "", status: int = 200) -> Any:
    answer = await api.get(f"/a/{alert_id}{query}")
    assert answer.status_code == status, answer.text
    return answer


async def test_a_reader_sees_the_line_as_on_the_ticker_with_its_level_and_time(api: Api) -> None:
    made = await api.publish({**TELLING, "link": None, "headline": "The bridge opens"})
    alert = made["alert"]
    answer = await page(api, alert["id"])
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="en" dir="ltr">' in answer.text
    assert f"<h1>{alert['text']}</h1>" in answer.text
    assert "Urgent" in answer.text
    assert f'<time datetime="{alert["firstCreated"]}">' in answer.text
    assert "<script" not in answer.text
    for form in ("feed.json", "feed.rss"):
        assert f'href="/v1/editions/en/{form}">' in answer.text
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_the_arabic_page_runs_from_right_to_left_by_the_clock_of_beirut(api: Api) -> None:
    made = await api.publish({"edition": "ar", "headline": "الجسر يفتح من جديد"})
    text = (await page(api, made["alert"]["id"])).text
    assert '<html lang="ar" dir="rtl">' in text
    assert "<h1>الجسر يفتح من جديد</h1>" in text
    assert re.search(r'<time datetime="[^"]+Z"><bdi>[0-9-]{10} [0-9:]{5} EES?T</bdi></time>', text)


async def test_markup_in_a_headline_stays_text(api: Api) -> None:
    alert_id = await published(api, {"headline": '<script>alert("x")</script> & <b>snow</b>'})
    text = (await page(api, alert_id)).text
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &lt;b&gt;snow" in text
    assert "<script" not in text
    assert "<b>" not in text


async def test_the_page_may_load_nothing_and_is_kept_for_seconds(api: Api) -> None:
    alert_id = await published(api)
    answer = await page(api, alert_id)
    style = re.search("<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert answer.headers["cache-control"] == "public, max-age=5"
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert "x-robots-tag" not in answer.headers
    again = await api.get(f"/a/{alert_id}", If_None_Match=answer.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert (await api.client.head(f"/a/{alert_id}")).headers["etag"] == answer.headers["etag"]


async def test_an_alert_with_an_article_leads_to_it_unless_one_stays(api: Api) -> None:
    alert_id = await published(api, {"link": {"url": LINK}})
    answer = await page(api, alert_id, status=302)
    assert answer.headers["location"] == LINK
    for query in ("?stay", "?stay=1", "?a=b&stay="):
        assert f'href="{LINK}"' in (await page(api, alert_id, query)).text


async def test_an_update_that_brings_the_article_makes_the_page_lead_to_it(api: Api) -> None:
    alert_id = await published(api)
    assert "<a " not in (await page(api, alert_id)).text
    await api.change("update", alert_id, {"link": {"url": LINK}}, If_Match='"1"')
    assert (await page(api, alert_id, status=302)).headers["location"] == LINK


async def test_the_history_has_every_version_newest_first_and_says_what_was_corrected(api: Api) -> None:
    alert_id = await published(api, {"headline": "Snow closes the northern pass"})
    await api.change("update", alert_id, {"headline": "Snow closes two passes"}, If_Match='"1"')
    body = {"headline": "Snow closes three passes", "correction": {"text": "It was three", "severity": "minor"}}
    answer = await api.change("correct", alert_id, body, If_Match='"2"')
    assert answer.status_code == 200, answer.text
    text = (await page(api, alert_id)).text
    told = re.findall("Snow closes (?:the northern pass|two passes|three passes)(?=</p>)", text)
    assert told == ["Snow closes three passes", "Snow closes two passes", "Snow closes the northern pass"]
    assert "Correction" in text
    assert "It was three" in text


@pytest.mark.parametrize(("verb", "edition", "notice"), [
    ("kill", "en", "This alert has been withdrawn."), ("hold", "en", "This alert is being verified."),
    ("kill", "ar", "سُحب هذا الخبر."), ("hold", "ar", "يجري التحقق من هذا الخبر."),
])  # fmt: skip
async def test_no_word_of_what_is_taken_back_is_left_in_any_form_of_its_page(
    api: Api, verb: str, edition: str, notice: str
) -> None:
    alert_id = await published(api, {**TELLING, "edition": edition})
    await page(api, alert_id, status=302)
    assert CANARY in (await page(api, alert_id, "?stay")).text
    body = {"headline": f"Another {CANARY} player wins", "correction": {"text": CANARY, "severity": "major"}}
    assert (await api.change("correct", alert_id, body, If_Match='"1"')).status_code == 200
    assert (await api.change(verb, alert_id)).status_code == 200
    for query in ("", "?stay"):
        for answer in (await page(api, alert_id, query), await api.client.head(f"/a/{alert_id}{query}")):
            assert CANARY not in answer.text + str(answer.headers.raw)
            assert answer.headers["x-robots-tag"] == "noindex"
        assert notice in (await page(api, alert_id, query)).text


async def test_a_released_alert_is_told_again_but_for_the_time_it_was_withheld(api: Api) -> None:
    alert_id = await published(api, {"link": {"url": LINK}})
    await api.change("hold", alert_id)
    await page(api, alert_id)
    await api.change("release", alert_id)
    await page(api, alert_id, status=302)
    text = (await page(api, alert_id, "?stay")).text
    assert text.count("Snow closes the northern pass</p>") == 2
    assert text.count("This alert is being verified.") == 1


async def test_an_undone_alert_a_drill_and_what_never_was_are_not_found(api: Api) -> None:
    undone = await published(api, TELLING)
    await page(api, undone, "?stay")
    assert (await api.change("undo", undone)).status_code == 200
    drill = await published(api, TELLING, "drill")
    for alert_id in (undone, drill, UNKNOWN, "x", UNKNOWN.lower(), "%00", UNKNOWN + "0"):
        for query in ("", "?stay"):
            answer = await page(api, alert_id, query, status=404)
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert CANARY not in answer.text + str(answer.headers.raw)
            assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(("edition", "note"), [
    ("en", "This alert has expired."), ("ar", "انتهت صلاحية هذا الخبر."), ("es", "Esta alerta ha caducado."),
])  # fmt: skip
def test_an_expired_alert_is_shown_with_a_note(edition: str, note: str) -> None:
    alert = make_alert()
    assert note in render([alert], make_edition(edition), expired=True)
    assert str(alert.headline) in render([alert], make_edition(edition), expired=True)
    assert note not in render([alert], make_edition(edition), expired=False)


def test_a_newsroom_without_words_for_the_page_gets_english_ones() -> None:
    edition = make_edition("es")
    bare = msgspec.structs.replace(edition.labels, ui={"correction": "Corrección"})
    text = render([make_alert(link=Link(LINK))], make_edition("es", labels=bare, zone="Moon/Sea"), expired=True)
    assert "Read the article" in text
    assert "14:02 UTC" in text


async def test_an_alert_older_than_memory_is_read_from_the_store_and_a_kill_holds_there_too(
    server: EmbeddedStore,
) -> None:
    async with serving(settings_for(server, history_max_alerts=2)) as api:
        old = await published(api, TELLING)
        dead = await published(api, TELLING)
        await api.kill(dead)
        undone = await published(api, TELLING)
        await api.change("undo", undone)
        for _ in range(3):
            await api.publish()
        assert (await page(api, old, status=302)).headers["location"] == TELLING["link"]["url"]
        assert CANARY in (await page(api, old, "?stay")).text
        assert CANARY not in (await page(api, dead)).text
        await page(api, undone, status=404)


async def test_without_a_store_a_page_that_is_not_at_hand_says_when_to_come_back(
    api: Api, server: EmbeddedStore
) -> None:
    seen, unseen = await published(api), await published(api)
    whole = (await page(api, seen)).text
    await asyncio.to_thread(server.kill)
    answer = await page(api, unseen, status=503)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["cache-control"] == "no-store"
    assert (await page(api, seen)).text == whole
