"""The button that brings alerts, pressed by quick hands and while the browser's push service does not answer.

The rule to remember: Chromium's push service is its maker's, which the tests do not call; a page's own stands in for
it, with the sandbox's subscriptions. It answers when the test says so. All else is real.
"""

import json
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.newsroom import Newsroom
from tests.browser.test_demo import until
from tests.browser.test_service_worker import button, spoken

EDITIONS = ("en", "ar", "es")
SUBSCRIBE_MAX_S = 15
PUSH_SERVICE = """(() => {
    const held = () => localStorage.held ? {toJSON: () => JSON.parse(localStorage.held), unsubscribe} : null;
    const unsubscribe = async () => { delete localStorage.held; };
    const given = () => { localStorage.held = '%s'; return held(); };
    window.late = [];
    PushManager.prototype.getSubscription = async () => held();
    PushManager.prototype.subscribe = () => new Promise((resolve) => {
        const answer = () => resolve(given());
        if (window.isSilent) late.push(answer); else answer();
    });
})()"""
HELD = "() => localStorage.held !== undefined"
REGISTERED = "() => device.recall().then((held) => held?.editions ?? [])"
PRESS_ALL = "() => document.querySelectorAll('flash-alerts button').forEach((button) => button.click())"


def subscription(sandbox: str) -> Any:
    """As a pretend browser has it."""
    request = urllib.request.Request(
        f"{sandbox}/v1/subscriptions", b'{"count":1}', {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["subscriptions"][0]


@pytest.fixture
def reader(newsroom: Newsroom, context: BrowserContext) -> BrowserContext:
    """A browser that allows notifications, and whose push service answers at once."""
    context.grant_permissions(["notifications"], origin=newsroom.url)
    context.add_init_script(PUSH_SERVICE % json.dumps(subscription(newsroom.sandbox)))
    return context


def demo(newsroom: Newsroom, reader: BrowserContext) -> Page:
    """The demo page in a new tab, with a clock that tests may push on."""
    page = reader.new_page()
    page.clock.install()
    page.goto(newsroom.demo)
    return page


def all_are(page: Page, state: str) -> None:
    for edition in EDITIONS:
        expect(page.locator(f"flash-alerts[edition={edition}]")).to_have_attribute("data-is", state)
        expect(button(page, edition)).to_have_attribute("aria-disabled", "false")


def press_in_vain(page: Page) -> None:
    """Press while the push service is silent, and wait until the page has given up."""
    page.evaluate("window.isSilent = true")
    waiting = page.evaluate("late.length")
    button(page, "en").click()
    until(page, lambda: page.evaluate("late.length") == waiting + 1)
    expect(spoken(page, "en")).to_have_text("One moment…")
    page.clock.fast_forward(SUBSCRIBE_MAX_S * 1000)
    expect(spoken(page, "en")).to_have_text("That did not work. Please try again.")
    expect(button(page, "en")).to_have_attribute("aria-disabled", "false")


def test_a_push_service_that_does_not_answer_is_given_up_and_a_late_answer_taken_back(
    newsroom: Newsroom, reader: BrowserContext
) -> None:
    page = demo(newsroom, reader)
    press_in_vain(page)
    page.evaluate("late[0]()")
    until(page, lambda: not page.evaluate(HELD))
    assert page.evaluate(REGISTERED) == []
    expect(button(page, "en")).to_have_accessible_name("Get alerts")


def test_a_late_answer_does_not_undo_a_later_press_that_worked(newsroom: Newsroom, reader: BrowserContext) -> None:
    page = demo(newsroom, reader)
    press_in_vain(page)
    page.evaluate("window.isSilent = false")
    button(page, "en").click()
    page.evaluate("late[0]()")
    expect(button(page, "en")).to_have_accessible_name("Stop alerts")
    button(page, "ar").click()  # behind whatever the late answer has caused
    expect(page.locator("flash-alerts[edition=ar]")).to_have_attribute("data-is", "on")
    assert (page.evaluate(HELD), page.evaluate(REGISTERED)) == (True, ["en", "ar"])


def test_a_late_answer_to_a_browser_that_had_lost_its_subscription_is_its_device_s(
    newsroom: Newsroom, reader: BrowserContext
) -> None:
    page = demo(newsroom, reader)
    button(page, "en").click()
    expect(button(page, "en")).to_have_accessible_name("Stop alerts")
    page.evaluate("delete localStorage.held")
    page.reload()
    expect(button(page, "en")).to_have_accessible_name("Get alerts")
    press_in_vain(page)
    with page.expect_request(lambda request: request.method == "PUT" and "/v1/devices/" in request.url):
        page.evaluate("late[0]()")
    assert (page.evaluate(HELD), page.evaluate(REGISTERED)) == (True, ["en"])


def test_three_quick_presses_are_three_editions_on_and_then_off(newsroom: Newsroom, reader: BrowserContext) -> None:
    page = demo(newsroom, reader)
    all_are(page, "off")
    page.evaluate(PRESS_ALL)
    all_are(page, "on")
    for edition in EDITIONS:
        button(page, edition).dispatch_event("click")
    all_are(page, "off")
    assert (page.evaluate(HELD), page.evaluate(REGISTERED)) == (False, [])


def test_presses_in_two_tabs_wait_for_each_other(newsroom: Newsroom, reader: BrowserContext) -> None:
    first, second = demo(newsroom, reader), demo(newsroom, reader)
    all_are(first, "off")
    all_are(second, "off")
    first.evaluate("window.isSilent = true")
    button(first, "en").click()
    until(first, lambda: first.evaluate("late.length") == 1)
    button(second, "ar").click()
    button(second, "es").click()
    expect(spoken(second, "ar")).to_have_text("لحظة من فضلك…")
    first.evaluate("late[0]()")
    for edition in ("ar", "es"):
        expect(button(second, edition)).to_have_attribute("aria-disabled", "false")
    all_are(second, "on")
    assert second.evaluate(REGISTERED) == list(EDITIONS)
