"""The demo page in a real browser, on real processes: what a reader sees, in three languages, whatever breaks."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, WebSocket, expect

from tests.browser.newsroom import Newsroom
from tests.browser.portal import portal_to
from tests.browser.site import serving
from tests.chromium import PATIENCE_MS

HEADLINES = {
    "en": "Ferries resume at noon after the storm",
    "ar": "استئناف حركة العبّارات ظهراً بعد العاصفة",
    "es": "Los transbordadores vuelven a salir a mediodía",
}
LIVE = {"en": "Live", "ar": "مباشر", "es": "En directo"}
RECORD_LAYOUT_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => shifts.push(...list.getEntries().map((entry) => entry.value)))
        .observe({type: 'layout-shift', buffered: true});
"""
NO_WEBSOCKET = "window.WebSocket = class { constructor() { throw new DOMException('blocked', 'SecurityError'); } };"


def ticker(page: Page, edition: str = "en") -> Locator:
    return page.locator(f"flash-ticker[edition={edition}]")


def alerts(page: Page, edition: str = "en") -> Locator:
    return ticker(page, edition).locator("li")


def status(page: Page, edition: str = "en") -> Locator:
    return ticker(page, edition).get_by_role("status")


def left_edge(node: Locator) -> float:
    box = node.bounding_box()
    assert box is not None
    return box["x"]


def until(page: Page, fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not fact():
        assert time.monotonic() < deadline, "it did not come about in time"
        page.wait_for_timeout(20)


def open_demo(page: Page, newsroom: Newsroom) -> None:
    page.goto(newsroom.demo)
    for edition, live in LIVE.items():
        expect(status(page, edition)).to_have_text(live)


@pytest.mark.parametrize("edition", HEADLINES)
def test_reader_sees_an_alert_the_moment_it_is_posted(
    newsroom: Newsroom, page: Page, complaints: list[str], edition: str
) -> None:
    open_demo(page, newsroom)
    newsroom.post(HEADLINES[edition], edition, sections=["economy"], link={"url": "https://example.org/ferries"})
    newest = alerts(page, edition).first
    link = newest.get_by_role("link", name=HEADLINES[edition])
    expect(link).to_have_attribute("href", "https://example.org/ferries")
    expect(newest.locator("p").first).to_have_attribute("lang", edition)
    expect(newest.locator("time")).to_have_attribute("datetime", re.compile(r"^\d{4}-.*Z$"))
    assert complaints == []


def test_arabic_runs_from_right_to_left(newsroom: Newsroom, page: Page) -> None:
    newsroom.post("افتتاح محطة القطار الجديدة", "ar")
    open_demo(page, newsroom)
    newest = alerts(page, "ar").first
    expect(newest.locator("p").first).to_have_attribute("dir", "rtl")
    expect(newest).to_have_css("direction", "rtl")
    level, time = left_edge(newest.locator(".level")), left_edge(newest.locator("time"))
    assert left_edge(ticker(page, "ar").get_by_role("button")) < level
    assert time < level


def test_kill_takes_the_sentence_off_every_screen(newsroom: Newsroom, page: Page, complaints: list[str]) -> None:
    open_demo(page, newsroom)
    alert_id = newsroom.post("The bridge is closed", link={"url": "https://example.org/bridge-closed"})
    sentence = page.get_by_text("The bridge is closed")
    expect(sentence).to_be_visible()
    newsroom.kill(alert_id)
    expect(sentence).to_have_count(0)
    tombstone = alerts(page).first
    expect(tombstone).to_contain_text("Withdrawn")
    expect(tombstone.get_by_role("link")).to_have_count(0)
    page.reload()
    expect(status(page)).to_have_text(LIVE["en"])
    expect(alerts(page).first).to_contain_text("Withdrawn")
    expect(sentence).to_have_count(0)
    assert complaints == []


def test_reader_sees_each_verb_in_the_alerts_place(newsroom: Newsroom, page: Page, complaints: list[str]) -> None:
    open_demo(page, newsroom)
    alert_id = newsroom.post("The lighthouse is lit again")
    row = alerts(page).first
    expect(row).to_contain_text("The lighthouse is lit again")

    newsroom.change("update", alert_id, "--headline", "The lighthouse is lit every night")
    expect(row.locator(".text")).to_have_text("The lighthouse is lit every night")
    expect(row.locator(".label")).to_have_text("Update")

    newsroom.change("hold", alert_id)
    expect(row.locator(".label")).to_have_text("Being verified")
    expect(row).to_contain_text("This alert is being verified.")
    expect(page.get_by_text("lighthouse")).to_have_count(0)

    newsroom.change("release", alert_id)
    expect(row.locator(".text")).to_have_text("The lighthouse is lit every night")
    expect(row.locator(".label")).to_have_count(0)

    wrong = ("--wrong", "It is lit on Sundays only", "--severity", "minor")
    newsroom.change("correct", alert_id, "--headline", "The lighthouse is lit on Sundays", *wrong)
    expect(row.locator(".text")).to_have_text("The lighthouse is lit on Sundays")
    expect(row.locator(".label")).to_have_text("Correction")
    expect(row.locator(".note")).to_have_text("It is lit on Sundays only")
    assert complaints == []


def test_undone_alert_leaves_nothing_behind(newsroom: Newsroom, page: Page, complaints: list[str]) -> None:
    newsroom.post("The library opens at nine")
    open_demo(page, newsroom)
    undone = newsroom.post("The library opens at ten", level="brief")
    expect(alerts(page).first).to_contain_text("The library opens at ten")
    newsroom.change("undo", undone)
    expect(alerts(page).first).to_contain_text("The library opens at nine")
    page.reload()
    expect(status(page)).to_have_text(LIVE["en"])
    expect(alerts(page).first).to_contain_text("The library opens at nine")
    assert complaints == []


def test_hostile_headline_is_shown_as_text(newsroom: Newsroom, page: Page, complaints: list[str]) -> None:
    open_demo(page, newsroom)
    hostile = "<img src=x onerror=\"document.title='taken'\"> &amp; <script>alert(1)</script>"
    newsroom.post(hostile)
    expect(alerts(page).first).to_contain_text(hostile)
    expect(alerts(page).locator("img, script")).to_have_count(0)
    assert "taken" not in page.title()
    assert complaints == []


@pytest.mark.parametrize("word", ["undefined", "null"])
def test_headline_that_names_nobody_is_not_taken_apart(newsroom: Newsroom, page: Page, word: str) -> None:
    open_demo(page, newsroom)
    newsroom.post(f"{word}: a word that programs know")
    newest = alerts(page).first
    expect(newest.locator(".text")).to_have_text(f"{word}: a word that programs know")
    expect(newest.locator(".attribution")).to_have_count(0)


def test_paused_ticker_stays_paused_but_obeys_a_kill(newsroom: Newsroom, page: Page, complaints: list[str]) -> None:
    newsroom.post("The museum opens on Monday")
    doomed = newsroom.post("The museum stays closed")
    open_demo(page, newsroom)
    expect(alerts(page).first).to_contain_text("The museum stays closed")
    ticker(page).get_by_role("button", name="Pause").click()

    newsroom.post("A second tram line opens")
    expect(status(page)).to_have_text("More (1)")
    expect(page.get_by_text("A second tram line opens")).to_have_count(0)

    newsroom.kill(doomed)
    expect(alerts(page).first).to_contain_text("Withdrawn")
    expect(page.get_by_text("The museum stays closed")).to_have_count(0)

    page.reload()
    expect(ticker(page).get_by_role("button", name="Resume")).to_be_visible()
    expect(alerts(page).first).to_contain_text("A second tram line opens")
    newsroom.post("A third tram line opens")
    expect(status(page)).to_have_text("More (1)")
    expect(page.get_by_text("A third tram line opens")).to_have_count(0)

    ticker(page).get_by_role("button", name="Resume").press("Enter")
    expect(alerts(page).first).to_contain_text("A third tram line opens")
    assert complaints == []


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP], ids=lambda number: number.name)
def test_reader_catches_up_after_the_gateway_ended(
    broken_newsroom: Newsroom, page: Page, complaints: list[str], ending: signal.Signals
) -> None:
    sockets: list[WebSocket] = []
    frames: dict[WebSocket, list[str]] = {}

    def watch(socket: WebSocket) -> None:
        sockets.append(socket)
        frames[socket] = []
        socket.on("framereceived", lambda frame: frames[socket].append(str(frame)))

    def again() -> list[WebSocket]:
        return [socket for socket in sockets if "edition=en" in socket.url and "after=" in socket.url]

    page.on("websocket", watch)
    open_demo(page, broken_newsroom)
    page.evaluate("window.sameDocument = true")
    doomed = broken_newsroom.post("Before the break")
    expect(alerts(page).first).to_contain_text("Before the break")

    os.kill(broken_newsroom.gateway_pid, ending)  # the supervisor puts another in its place
    broken_newsroom.post("While nobody listened")
    broken_newsroom.kill(doomed)
    broken_newsroom.post("And one more")

    expect(alerts(page)).to_contain_text(["And one more", "While nobody listened", "Withdrawn"])
    expect(page.get_by_text("Before the break")).to_have_count(0)
    expect(status(page)).to_have_text(LIVE["en"])
    assert page.evaluate("window.sameDocument")
    until(page, lambda: any('"type":"resumed"' in frames[socket][0] for socket in again() if frames[socket]))
    assert [line for line in complaints if "WebSocket connection to" not in line] == []


def test_reader_is_told_when_the_gateway_cannot_hear_the_store(
    broken_newsroom: Newsroom, page: Page, complaints: list[str]
) -> None:
    broken_newsroom.post("Before the silence")
    open_demo(page, broken_newsroom)
    os.kill(broken_newsroom.store_pid, signal.SIGSTOP)
    try:
        expect(status(page)).to_have_text("May be out of date")
        expect(alerts(page).first).to_contain_text("Before the silence")
    finally:
        os.kill(broken_newsroom.store_pid, signal.SIGCONT)
    expect(status(page)).to_have_text(LIVE["en"])
    assert complaints == []


def test_nothing_on_the_page_moves_when_alerts_come_and_go(newsroom: Newsroom, page: Page) -> None:
    page.add_init_script(RECORD_LAYOUT_SHIFTS)
    open_demo(page, newsroom)
    height = ticker(page).evaluate("(node) => node.offsetHeight")
    alert_id = newsroom.post("A sentence that is long enough to run over more than a single line of a narrow ticker")
    expect(alerts(page).first).to_contain_text("A sentence that is long enough")
    newsroom.post("A short one", level="flash", override=["second-approval"], overrideReason="a test")
    expect(alerts(page).first).to_contain_text("A short one")
    newsroom.kill(alert_id)
    expect(alerts(page).nth(1)).to_contain_text("Withdrawn")
    assert ticker(page).evaluate("(node) => node.offsetHeight") == height
    assert page.evaluate("shifts") == []


def test_reader_behind_a_proxy_without_websocket_reads_by_sse(
    newsroom: Newsroom, page: Page, complaints: list[str]
) -> None:
    page.add_init_script(NO_WEBSOCKET)
    open_demo(page, newsroom)
    newsroom.post("Read over server-sent events")
    expect(alerts(page).first).to_contain_text("Read over server-sent events")
    assert complaints == []


def shows(reader: Page, *headlines: str) -> None:
    """The newest first, each once."""
    for row, headline in enumerate(headlines):
        expect(alerts(reader).nth(row)).to_contain_text(headline)
        expect(alerts(reader).filter(has_text=headline)).to_have_count(1)


def test_reader_behind_a_captive_portal_keeps_the_news_and_catches_up(
    newsroom: Newsroom, chromium: Browser, context: BrowserContext, page: Page
) -> None:
    first, second, third = "Fog over the strait", "Pilots wait in port", "Pilots sail again"
    newsroom.post(first)
    with portal_to(newsroom.url) as api, portal_to(newsroom.live) as gateway:
        body = f"""<!doctype html><title>A page</title><script src="{newsroom.url}/ticker.js"></script>
            <flash-ticker edition="en" api="{api.url}" live="{gateway.url}/v1/live">"""
        elsewhere = chromium.new_context()  # a browser that has kept nothing of ours
        by_socket, by_events, late = readers = page, context.new_page(), elsewhere.new_page()
        by_events.add_init_script(NO_WEBSOCKET)
        with serving(lambda: body) as site:
            for reader in (by_socket, by_events):
                reader.goto(site)
                expect(status(reader)).to_have_text("Live")
                shows(reader, first)
            api.close()
            gateway.close()
            newsroom.post(second)
            late.goto(site)
            until(page, lambda: len(api.asked) >= 1 and len(gateway.asked) >= 3)
            for reader in (by_socket, by_events):
                shows(reader, first)
            for reader in readers:
                expect(ticker(reader)).not_to_contain_text("Log in")
            api.open()
            gateway.open()
            for reader in readers:
                expect(status(reader)).to_have_text("Live", timeout=2 * PATIENCE_MS)
                shows(reader, second, first)
            newsroom.post(third)
            for reader in readers:
                shows(reader, third, second, first)
        elsewhere.close()


def test_ticker_is_a_polite_log_that_a_keyboard_reaches(newsroom: Newsroom, page: Page) -> None:
    newsroom.post("Snow on the northern pass")
    open_demo(page, newsroom)
    log = ticker(page).get_by_role("log", name="Breaking news")
    expect(log).to_have_attribute("aria-live", "polite")
    log.focus()
    expect(log).to_be_focused()
    expect(alerts(page).first.locator("time")).to_have_attribute("aria-live", "off")


def test_reader_who_wants_no_motion_gets_none(newsroom: Newsroom, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    newsroom.post("Light rain over the valley")
    open_demo(page, newsroom)
    expect(alerts(page).first).to_have_css("transition-duration", "0s")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ticker_follows_the_page_into_the_dark(newsroom: Newsroom, page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    open_demo(page, newsroom)
    ground = ticker(page).locator("section").evaluate("(node) => getComputedStyle(node).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 29)"}[scheme]


@pytest.fixture
def publisher(newsroom: Newsroom) -> Iterator[str]:
    """A page of somebody else's site with nothing but our two tags."""
    body = f'<!doctype html><title>A page</title><script src="{newsroom.url}/ticker.js"></script>\n<flash-ticker>'
    with serving(lambda: body) as url:
        yield url


def test_ticker_works_on_a_page_of_another_origin(
    newsroom: Newsroom, page: Page, complaints: list[str], publisher: str
) -> None:
    page.goto(publisher)
    own = page.locator("flash-ticker")
    expect(own.get_by_role("status")).to_have_text(LIVE["en"])
    newsroom.post("Read on somebody else's page")
    expect(own.locator("li").first).to_contain_text("Read on somebody else's page")
    assert complaints == []


@pytest.mark.parametrize(("stream", "times"), [(False, 0), (True, 1)])
def test_ticker_does_not_insist_on_an_unknown_edition(
    newsroom: Newsroom, page: Page, publisher: str, stream: bool, times: int
) -> None:
    asked: list[str] = []
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.goto(publisher)
    expect(page.locator("flash-ticker").get_by_role("status")).to_have_text(LIVE["en"])
    with page.expect_console_message(lambda said: said.type == "warning") as warning:
        page.locator("flash-ticker").evaluate(
            "(node, live) => { node.setAttribute('edition', 'xx'); live && node.setAttribute('live', live); }",
            newsroom.live if stream else "",
        )
    assert warning.value.text == "flash-ticker: xx refused, 4404"
    expect(page.locator("flash-ticker").get_by_role("status")).to_be_empty()
    assert len([url for url in asked if "edition=xx" in url]) == times
