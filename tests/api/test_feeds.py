"""Feeds and `ticker.html`: what programs and pages without a script read, judged by parsers that are not ours."""

import calendar
import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import feedparser  # type: ignore[import-untyped]
import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest

from service.api import feed_rss
from service.api.forms import FORMS
from service.api.view import View
from service.domain import characters, moment
from service.domain.alert import Link
from service.domain.cursor import Cursor
from service.domain.ticker import Entry, Page
from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, serving, settings_for
from tests.domain.making import CANARY, NEWSROOM, make_alert, make_edition
from tests.stores import until

FEEDS = ("feed.json", "feed.rss")
ADDED = ("ticker.html", *FEEDS)
SITE = "https://news.example"
HOSTILE = "<script>alert(1)</script> & \"quotes\" 'too' ]]> &lt;b&gt; <!-- -->"
ATOM, DUBLIN = "{http://www.w3.org/2005/Atom}", "{http://purl.org/dc/elements/1.1/}"
TELLING: dict[str, Any] = {
    "headline": f"The {CANARY} player wins", "places": [{"name": CANARY}], "level": "urgent", "sections": ["sports"],
    "link": {"url": f"https://example.org/{CANARY}"}, "attribution": {"kind": "official", "speaker": f"The {CANARY}"},
}  # fmt: skip
_TEXT, _URL = {"type": "string"}, {"type": "string", "pattern": "^https?://"}
_DATE = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
_LANGUAGE = {"type": "string", "pattern": "^[a-z]{2,3}(-[A-Za-z0-9]+)*$"}
JSON_FEED: dict[str, Any] = {
    "type": "object", "required": ["version", "title", "items"], "additionalProperties": False,
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"}, "title": _TEXT, "description": _TEXT,
        "home_page_url": _URL, "feed_url": _URL, "language": _LANGUAGE,
        "items": {"type": "array", "items": {
            "type": "object", "required": ["id"], "additionalProperties": False,
            "anyOf": [{"required": ["content_text"]}, {"required": ["content_html"]}],
            "properties": {
                "id": {"type": "string", "minLength": 1}, "url": _URL, "external_url": _URL, "title": _TEXT,
                "content_text": _TEXT, "content_html": _TEXT, "date_published": _DATE, "date_modified": _DATE,
                "tags": {"type": "array", "items": _TEXT}, "language": _LANGUAGE,
            },
        }},
    },
}  # fmt: skip
"""What version 1.1 of the specification says of the members that we write, and that there are no others."""


async def read(api: Api, form: str, query: str = "", edition: str = "en") -> Any:
    answer = await api.get(f"/v1/editions/{edition}/{form}{query}")
    assert answer.status_code == 200, answer.text
    return answer


async def json_feed(api: Api, query: str = "", edition: str = "en") -> dict[str, Any]:
    feed: dict[str, Any] = (await read(api, "feed.json", query, edition)).json()
    jsonschema.validate(feed, JSON_FEED)
    ids = [item["id"] for item in feed["items"]]
    assert len(set(ids)) == len(ids)
    return feed


async def rss(api: Api, query: str = "", edition: str = "en") -> Any:
    """The feed as an independent reader of feeds has it, which must find no fault."""
    text = (await read(api, "feed.rss", query, edition)).text
    found = feedparser.parse(text, sanitize_html=False, resolve_relative_uris=False)
    assert not found.bozo, found.get("bozo_exception")
    assert found.version == "rss20"
    channel = ElementTree.fromstring(text).find("channel")
    assert channel is not None
    assert all(len(channel.findall(name)) == 1 for name in ("title", "link", "description", "language"))
    for item in channel.findall("item"):
        assert all(len(item.findall(name)) == 1 for name in ("title", "link", "description", "guid", "pubDate"))
    return found


async def in_all(api: Api, query: str = "", edition: str = "en") -> str:
    """Every form of an edition, one after the other, headers included."""
    answers = [await read(api, form, query, edition) for form in FORMS]
    return "".join(str(answer.headers.raw) + answer.text for answer in answers)


class Markup(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_has_the_headers_of_the_ticker(api: Api, form: str) -> None:
    path = f"/v1/editions/en/{form}"
    ticker = await api.get("/v1/editions/en/ticker")
    await api.publish()
    answer = await api.get(path)
    assert answer.headers["content-type"] == FORMS[form].media.decode()
    for name in ("cache-control", "access-control-allow-origin", "access-control-expose-headers"):
        assert answer.headers.get_list(name) == ticker.headers.get_list(name)
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    etag = answer.headers["etag"]
    same = await api.get(path, If_None_Match=f'"x", W/{etag}')
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    head = await api.client.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", etag)
    assert int(head.headers["content-length"]) == len(answer.content)
    await api.publish()
    assert (await api.get(path, If_None_Match=etag)).status_code == 200


@pytest.mark.parametrize("form", FORMS)
async def test_wrong_questions_are_refused_as_on_the_ticker(api: Api, form: str) -> None:
    path = f"/v1/editions/en/{form}"
    for query in ("limit=0", "limit=101", "limit=", "limit=1&limit=2", "level=loud", "section=sport", "region=moon"):
        refused = await api.get(f"{path}?{query}")
        assert (refused.status_code, refused.json()["type"]) == (400, "/problems/bad-query"), query
        assert refused.headers["access-control-allow-origin"] == "*"
    for unknown in (f"/v1/editions/xx/{form}", f"{path}/", f"{path}.xml"):
        missing = await api.get(unknown)
        assert (missing.status_code, missing.headers["access-control-allow-origin"]) == (404, "*")
    options = await api.client.options(path, headers={"Origin": "https://paper.example"})
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert options.headers["access-control-allow-origin"] == "*"
    assert (await api.client.post(path)).status_code == 405


@pytest.mark.parametrize("edition", ["en", "ar", "es"])
async def test_a_program_reads_the_same_alerts_in_both_feeds(api: Api, edition: str) -> None:
    headlines = {"en": "Ferries & trains run again", "ar": "استئناف حركة القطارات ظهراً", "es": "Mañana habrá niebla"}
    article: dict[str, Any] = {
        "link": {"url": "https://example.org/n/1?a=1&b=2"},
        "sections": ["economy"],
        "regions": ["mena"],
    }
    first = (await api.publish({"edition": edition, "headline": headlines[edition], **article}))["alert"]
    second = (await api.publish({"edition": edition, "headline": headlines[edition] + " 2", "level": "line"}))["alert"]
    words = make_edition(edition)
    feed, channel = await json_feed(api, edition=edition), await rss(api, edition=edition)
    assert [item["id"] for item in feed["items"]] == [second["id"], first["id"]] == [e.id for e in channel.entries]
    assert feed["title"] == channel.feed.title == f"{words.labels.ui['title']} · {words.outlet}"
    assert feed["description"] == channel.feed.description == words.labels.ui["feed"]
    assert feed["language"] == channel.feed.language == edition
    item, entry = feed["items"][1], channel.entries[1]
    assert item["title"] == entry.title == item["content_text"] == headlines[edition]
    assert item["url"] == entry.link
    assert item["url"].endswith(f"/a/{first['id']}")
    assert not entry.guidislink
    assert item["external_url"] == article["link"]["url"]
    assert item["date_published"] == first["firstCreated"]
    assert calendar.timegm(entry.published_parsed) == moment.from_text(first["firstCreated"]) // 1000
    tags = [words.labels.levels["brief"], words.labels.sections["economy"], words.labels.regions["mena"]]
    assert item["tags"] == tags == [tag.term for tag in entry.tags]
    assert item["language"] == edition
    assert item["content_html"] == entry.summary
    assert f'<p lang="{edition}" dir="{first["dir"]}">' in entry.summary
    assert "date_modified" not in item
    assert "updated" not in entry
    assert calendar.timegm(channel.feed.updated_parsed) == moment.from_text(second["versionCreated"]) // 1000


async def test_what_was_a_draft_is_new_in_a_feed_and_not_a_change(api: Api) -> None:
    draft = (await api.post({"headline": "First ferry sails"}, "correspondent")).json()["alert"]["id"]
    made = (await api.change("approve", draft, None, "duty", If_Match='"1"')).json()["alert"]
    assert made["version"] == 2
    (item,) = (await api.get("/v1/editions/en/feed.json")).json()["items"]
    assert (item["date_published"], "date_modified" in item) == (made["firstCreated"], False)


async def test_a_feed_says_where_it_is_and_where_readers_find_us(server: EmbeddedStore) -> None:
    async with serving(replace(settings_for(server), public_url=SITE + "/")) as api:
        made = await api.publish({"sections": ["sports"]})
        for query, own in (
            ("", ""), ("?section=sports,health&x=%22%3E&level=line&limit=3", "?section=sports,health&level=line"),
        ):  # fmt: skip
            feed, channel = await json_feed(api, query), await rss(api, query)
            assert feed["feed_url"] == f"{SITE}/v1/editions/en/feed.json{own}"
            [own_link] = [link for link in channel.feed.links if link.rel == "self"]
            assert (own_link.href, own_link.type) == (f"{SITE}/v1/editions/en/feed.rss{own}", "application/rss+xml")
            assert feed["home_page_url"] == channel.feed.link == f"{SITE}/"
            assert feed["items"][0]["url"] == f"{SITE}/a/{made['alert']['id']}"
        [link] = Markup((await read(api, "ticker.html")).text).all("a")
        assert link["href"] == f"{SITE}/a/{made['alert']['id']}"


async def test_an_empty_feed_is_one(api: Api) -> None:
    assert (await json_feed(api))["items"] == []
    assert (await rss(api)).entries == []
    assert make_edition("es").labels.ui["empty"] in (await read(api, "ticker.html", edition="es")).text


async def test_feeds_have_fifty_items_unless_asked_and_take_the_tickers_filters(api: Api) -> None:
    for number in range(52):
        section = "sports" if number % 2 else "health"
        await api.publish({"headline": f"Train {number} leaves", "sections": [section], "push": False})
    for query, count in (
        ("", 50), ("?limit=100", 52), ("?limit=3", 3), ("?section=sports", 26), ("?section=sports&limit=2", 2),
        ("?level=urgent", 0), ("?region=asia", 0), ("?before=nonsense&section=sports,health&limit=100", 52),
    ):  # fmt: skip
        assert (query, len((await json_feed(api, query))["items"])) == (query, count)
        assert (query, len((await rss(api, query)).entries)) == (query, count)
    page = Markup((await read(api, "ticker.html", "?section=sports")).text)
    assert len(page.all("li")) == 10
    assert page.all("section")[0]["data-cursor"] == (await api.ticker())["cursor"]
    assert "data-ticker" not in page.all("section")[0]  # the widget filters nothing


async def test_a_correction_says_what_was_wrong_under_the_same_id(api: Api) -> None:
    alert_id = (await api.publish({"edition": "es", "headline": "Cierra el puerto del norte"}))["alert"]["id"]
    body = {"headline": "Cierra el puerto del sur", "correction": {"text": "Era el otro", "severity": "minor"}}
    answer = await api.change("correct", alert_id, body, If_Match='"1"')
    corrected = answer.json()["alert"]
    item, entry = (await json_feed(api, edition="es"))["items"][0], (await rss(api, edition="es")).entries[0]
    assert item["id"] == entry.id == alert_id
    assert item["title"] == entry.title == "Corrección: Cierra el puerto del sur"
    assert item["content_text"] == "Cierra el puerto del sur\n\nCorrección: Era el otro"
    assert Markup(entry.summary).text == "Cierra el puerto del surCorrección: Era el otro"
    assert item["date_modified"] == corrected["versionCreated"]
    assert calendar.timegm(entry.updated_parsed) == moment.from_text(corrected["versionCreated"]) // 1000
    page = (await read(api, "ticker.html", edition="es")).text
    assert '<b class="label">Corrección</b>' in page
    assert "Era el otro</p>" in page


@pytest.mark.parametrize(("verb", "notice"), [("hold", "withheld"), ("kill", "canceled")])
@pytest.mark.parametrize("edition", ["en", "ar"])
async def test_a_notice_takes_the_sentences_place_under_the_same_id(
    api: Api, verb: str, notice: str, edition: str
) -> None:
    alert_id = (await api.publish({**TELLING, "edition": edition}))["alert"]["id"]
    assert (await in_all(api, edition=edition)).count(CANARY) > 8
    assert (await api.change(verb, alert_id)).status_code == 200
    assert CANARY not in await in_all(api, edition=edition)
    words = getattr(make_edition(edition).notices, notice)
    for query in ("", "?section=health", "?section=sports&region=asia"):  # it no longer says which it was of
        item, entry = (await json_feed(api, query, edition))["items"][0], (await rss(api, query, edition)).entries[0]
        assert item["id"] == entry.id == alert_id
        assert item["title"] == item["content_text"] == entry.title == Markup(entry.summary).text == words
        assert "external_url" not in item
    assert (await json_feed(api, "?level=flash", edition))["items"] == []
    page = Markup((await read(api, "ticker.html", edition=edition)).text)
    assert words in page.text
    assert page.all("a") == []
    if verb == "hold":
        await api.change("release", alert_id)
        assert CANARY in (await json_feed(api, edition=edition))["items"][0]["title"]


async def test_what_is_undone_is_in_no_form(api: Api) -> None:
    alert_id = (await api.publish(TELLING))["alert"]["id"]
    await api.change("undo", alert_id)
    told = await in_all(api)
    assert CANARY not in told
    assert alert_id not in told


async def test_a_drill_is_in_no_form(api: Api) -> None:
    drill = await api.publish(TELLING, "drill")
    assert drill["alert"]["id"] not in await in_all(api)


async def test_a_feed_keeps_the_notice_until_the_alert_would_have_expired(server: EmbeddedStore) -> None:
    async with serving(settings_for(server, tombstone_s=0, expires_default_s=3)) as api:
        alert_id = (await api.publish())["alert"]["id"]
        await api.kill(alert_id)
        assert (await api.ticker())["alerts"] == []
        assert "<li" not in (await read(api, "ticker.html")).text
        assert [item["id"] for item in (await json_feed(api))["items"]] == [alert_id]
        assert [entry.id for entry in (await rss(api)).entries] == [alert_id]

        async def is_gone() -> bool:
            return not (await json_feed(api))["items"] and not (await rss(api)).entries

        await until(is_gone)


async def test_markup_in_a_headline_stays_text_in_every_form(api: Api) -> None:
    made = await api.publish({"headline": HOSTILE})
    assert made["alert"]["headline"] == HOSTILE
    item = (await json_feed(api))["items"][0]
    assert item["title"] == item["content_text"] == Markup(item["content_html"]).text == HOSTILE
    assert [tag for tag, _ in Markup(item["content_html"]).elements] == ["p"]
    channel = ElementTree.fromstring((await read(api, "feed.rss")).text)
    assert channel.findtext("channel/item/title") == HOSTILE
    described = Markup(channel.findtext("channel/item/description") or "")
    assert (described.text, [tag for tag, _ in described.elements]) == (HOSTILE, ["p"])
    page = Markup((await read(api, "ticker.html")).text)
    assert HOSTILE in page.text
    assert {tag for tag, _ in page.elements} <= {"section", "h2", "ol", "li", "p", "b", "time", "bdi", "a"}


def test_xml_can_hold_every_character_that_a_headline_can() -> None:
    passing = "".join(char for char in map(chr, range(0x20, sys.maxunicode + 1)) if characters.refusal(char) is None)
    assert len(passing) > 100_000
    written = feed_rss.write(view(passing))
    assert ElementTree.fromstring(written).findtext("channel/item/title") == passing


def test_a_character_that_xml_cannot_hold_does_not_cost_the_feed() -> None:
    written = feed_rss.write(view("a\x00b\x08c\x1fd\ufffee\uffff f", url="https://example.org/\x01"))
    assert ElementTree.fromstring(written).findtext("channel/item/title") == "abcde f"


def view(headline: str, url: str = "https://example.org/n/1") -> View:
    alert = make_alert(headline=headline, text=headline, link=Link(url))
    page = Page((Entry(1, alert, msgspec.json.encode(alert)),), None)
    return View(
        newsroom=NEWSROOM, edition=make_edition("en"), cursor=Cursor("k3f9", 1), page=page, public_url=SITE,
        filters="",
    )  # fmt: skip


async def test_the_list_carries_all_that_a_script_needs_to_go_on(api: Api) -> None:
    arabic = 'الجسر "يفتح" & <من> جديد'
    for body in (
        {"headline": arabic, "link": {"url": "https://example.org/?a=1&b"}},
        {"headline": "خبر", "level": "line"},
    ):
        await api.publish({**body, "edition": "ar"})
    ticker = await api.ticker(edition="ar")
    answer = await read(api, "ticker.html", edition="ar")
    page = Markup(answer.text)
    [section] = page.all("section")
    assert (section["lang"], section["dir"], section["data-edition"]) == ("ar", "rtl", "ar")
    assert section["data-cursor"] == ticker["cursor"]
    assert json.loads(str(section["data-ticker"])) == ticker
    assert [time["datetime"] for time in page.all("time")] == [alert["firstCreated"] for alert in ticker["alerts"]]
    assert [link["href"] for link in page.all("a")][1] == "https://example.org/?a=1&b"
    assert [row["class"] for row in page.all("li")] == ["line usable", "brief usable"]
    words = make_edition("ar").labels
    assert all(said in page.text for said in (words.ui["title"], words.levels["line"], arabic))
    assert not re.search(r"<(script|style|html|head|body|!)|\sstyle=|\son\w+=", answer.text)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
