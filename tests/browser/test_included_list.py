"""`ticker.html` within a publisher's page: read without a script, and taken over by the widget without a gap."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, WebSocket, expect

from tests.browser.newsroom import Newsroom
from tests.browser.site import serving
from tests.browser.test_demo import LIVE, RECORD_LAYOUT_SHIFTS, until


def page_with(newsroom: Newsroom, edition: str = "en", spoilt: Callable[[str], str] = str) -> str:
    """What a publisher's server sends: its page with our list in it, as SSI or ESI would have put it there."""
    return (
        "<!doctype html><title>A page</title><style>flash-ticker { display: block; height: 26rem; overflow: auto }"
        f'</style><script src="{newsroom.url}/ticker.js" defer></script><p>Above</p>'
        f'<flash-ticker edition="{edition}">{spoilt(newsroom.list(edition))}</flash-ticker><p>Below</p>'
    )


def served(page: Page) -> Locator:
    """The list as it came with the page."""
    return page.locator("section.flash-list")


def rows(page: Page) -> Locator:
    """What the widget shows."""
    return page.locator("flash-ticker .rows li")


def test_the_widget_goes_on_from_the_list_without_gap_double_or_shift(
    newsroom: Newsroom, page: Page, complaints: list[str]
) -> None:
    newsroom.post("The first tram leaves at five")
    doomed = newsroom.post("The second tram leaves at six")
    asked: list[Route] = []
    sockets: list[WebSocket] = []
    frames: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    page.add_init_script(RECORD_LAYOUT_SHIFTS)
    page.route(f"{newsroom.url}/v1/editions", lambda route: asked.append(route))  # the widget waits for it
    with serving(lambda: page_with(newsroom)) as url:
        page.goto(url)
        until(page, lambda: bool(asked))
        expect(served(page).locator("li").first).to_contain_text("The second tram leaves at six")
        cursor = served(page).get_attribute("data-cursor")
        newsroom.kill(doomed)
        newsroom.post("The third tram leaves at seven")
        expect(page.get_by_text("The second tram leaves at six")).to_be_visible()
        asked[0].continue_()
        expect(rows(page).first).to_contain_text("The third tram leaves at seven")
        expect(page.locator("flash-ticker").get_by_role("status")).to_have_text(LIVE["en"])
    told = rows(page).all_text_contents()
    assert [sum(words in row for row in told) for words in ("first tram", "second tram", "third tram")] == [1, 0, 1]
    assert "Withdrawn" in told[1]
    expect(served(page)).to_have_count(0)
    assert f"after={str(cursor).replace(':', '%3A')}" in sockets[0].url
    first = json.loads(frames[0])
    assert (first["type"], first["replayed"]) == ("resumed", 2)
    assert page.evaluate("shifts") == []
    assert complaints == []


@pytest.mark.parametrize(
    "spoilt",
    [lambda html: html.replace("&quot;cursor&quot;:&quot;", "&quot;cursor&quot;:&quot;another"),
     lambda html: html.replace("data-ticker=\"{", "data-ticker=\"")],
    ids=["of another life of the wire", "that cannot be read"],
)  # fmt: skip
def test_a_list_that_is_of_no_use_costs_the_reader_nothing(
    newsroom: Newsroom, page: Page, complaints: list[str], spoilt: Callable[[str], str]
) -> None:
    newsroom.post("Fog lifts over the harbour")
    assert spoilt(newsroom.list("en")) != newsroom.list("en")
    with serving(lambda: page_with(newsroom, spoilt=spoilt)) as url:
        page.goto(url)
        expect(rows(page).first).to_contain_text("Fog lifts over the harbour")
        expect(page.locator("flash-ticker").get_by_role("status")).to_have_text(LIVE["en"])
        newsroom.post("The harbour opens")
        expect(rows(page).first).to_contain_text("The harbour opens")
    expect(served(page)).to_have_count(0)
    assert complaints == []


def test_a_reader_without_scripts_reads_the_list_within_a_page_and_alone(newsroom: Newsroom, chromium: Browser) -> None:
    alert_id = newsroom.post("افتتاح الجسر الجديد", "ar")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    with serving(lambda: page_with(newsroom, "ar")) as url:
        for address in (url, f"{newsroom.url}/v1/editions/ar/ticker.html"):
            page.goto(address)
            newest = page.locator("section li").first
            expect(newest).to_contain_text("افتتاح الجسر الجديد")
            expect(newest).to_have_css("direction", "rtl")
            expect(newest.get_by_role("link")).to_have_attribute("href", f"{newsroom.url}/a/{alert_id}")
    page.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("افتتاح الجسر الجديد")
    context.close()
