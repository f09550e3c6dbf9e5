"""The service worker and the button that brings it, in Chromium: the browser's own tools hand the worker its pushes.

Chromium without its maker's services can subscribe to nothing; that part is seen in Firefox.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Locator, Page, Response, Worker, expect

from tests.browser.newsroom import Newsroom
from tests.browser.test_demo import until

ALERT = "7Q0F8R2K5M9TB4W6YE3XCZ01JV"
SHOWN = """navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
    .then((all) => all.map(({title, body, tag, dir, lang, silent, renotify, data}) =>
        ({title, body, tag, dir, lang, silent, renotify, version: data.version, url: data.url})))"""
REGISTER = "navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)"
COUNT = "() => { self.handled = 0; addEventListener('push', () => turn.finally(() => { handled += 1; })); }"
DISPATCH = """(events) => events.forEach(({data, notification}) => dispatchEvent(
    Object.assign(new Event('push'), {data: data && {json: () => data}, notification, waitUntil() {}})))"""
SWEEP = """navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
    .then((all) => all.forEach((notification) => notification.close()))"""


class Phone:
    """The demo page with its worker, and a push service that is none: DevTools."""

    def __init__(self, page: Page, devtools: CDPSession, origin: str) -> None:
        self._page = page
        self._devtools = devtools
        self._origin = origin
        self._registrations: list[str] = []
        self._sent = 0
        devtools.on("ServiceWorker.workerRegistrationUpdated", self._heard)
        devtools.send("ServiceWorker.enable")
        page.evaluate(REGISTER)
        until(page, lambda: bool(self._registrations))
        self.worker: Worker = page.context.service_workers[0]
        self.worker.evaluate(COUNT)

    def _heard(self, event: dict[str, Any]) -> None:
        self._registrations += [one["registrationId"] for one in event["registrations"]]

    def push(self, version: int, title: str = "Urgent", alert: str = ALERT, **more: Any) -> None:
        """A push as Flashwire sends it; `more` are members of the notification."""
        notification = {"title": title, "body": "Ferries stay in port", "tag": alert, "navigate": "/demo", **more}
        self.push_text(json.dumps({"web_push": 8030, "notification": notification, "alert": alert, "version": version}))

    def push_text(self, data: str) -> None:
        where = {"origin": self._origin, "registrationId": self._registrations[-1]}
        self._devtools.send("ServiceWorker.deliverPushMessage", {**where, "data": data})
        self._sent += 1

    def push_read(self, notification: dict[str, Any]) -> None:
        """As from a browser that reads declarative Web Push itself: no data, but the notification it would show."""
        self._dispatch({"data": None, "notification": notification})

    def push_at_once(self, *versions: int) -> None:
        """Several versions of an alert, in one breath."""
        shown = {"title": "Urgent", "tag": ALERT, "navigate": "/demo"}
        self._dispatch(*({"data": {"notification": shown, "alert": ALERT, "version": each}} for each in versions))

    def _dispatch(self, *events: dict[str, Any]) -> None:
        """Inside the worker; DevTools can hand over data only, and one push after the other."""
        self.worker.evaluate(DISPATCH, list(events))
        self._sent += len(events)

    def shows(self, *expected: dict[str, Any]) -> None:
        """Wait until the worker is done with every push, and see notifications with just these members.

        Whoever looks earlier spoils it: Chromium forgets what is asked for between being kept and being shown.
        """
        until(self._page, lambda: self.worker.evaluate("() => handled") == self._sent)
        shown = self._page.evaluate(SHOWN)
        assert len(shown) == len(expected), shown
        for some, wanted in zip(shown, expected, strict=True):
            assert {name: some[name] for name in wanted} == wanted

    def sweep(self) -> None:
        """Close what is shown, as a reader does."""
        self._page.evaluate(SWEEP)
        until(self._page, lambda: self._page.evaluate(SHOWN) == [])


@pytest.fixture
def phone(newsroom: Newsroom, context: BrowserContext, page: Page) -> Iterator[Phone]:
    context.grant_permissions(["notifications"], origin=newsroom.url)
    page.goto(newsroom.demo)
    devtools = context.new_cdp_session(page)
    yield Phone(page, devtools, newsroom.url)
    devtools.detach()


def test_a_push_becomes_the_notification_it_describes(phone: Phone, newsroom: Newsroom) -> None:
    phone.push(1, "عاجل", body="العبّارات باقية في الميناء", dir="rtl", lang="ar", silent=True)
    url = f"{newsroom.url}/demo"
    text = {"title": "عاجل", "body": "العبّارات باقية في الميناء", "dir": "rtl", "lang": "ar"}
    phone.shows({**text, "tag": ALERT, "silent": True, "renotify": False, "version": 1, "url": url})


def test_a_newer_version_takes_the_place_and_rings_unless_it_is_silent(phone: Phone) -> None:
    phone.push(1)
    phone.push(2, "Correction", body="Ferries sail at noon", renotify=True)
    phone.shows({"title": "Correction", "body": "Ferries sail at noon", "version": 2, "renotify": True})
    phone.push(3, "Update", silent=True)
    phone.shows({"title": "Update", "version": 3, "renotify": False, "silent": True})


def test_an_older_version_never_takes_the_place_of_a_newer_one(phone: Phone) -> None:
    phone.push(2, "Withdrawn")
    phone.push(1, "Urgent")
    phone.push(2, "Repeated")
    phone.shows({"title": "Withdrawn", "version": 2})


def test_of_versions_that_arrive_together_the_newest_stays(phone: Phone) -> None:
    phone.push_at_once(1, 3, 2)
    phone.shows({"version": 3})


def test_what_a_reader_has_swept_away_does_not_ring_again(phone: Phone) -> None:
    phone.push(2)
    phone.shows({"version": 2})
    phone.sweep()
    phone.push(2, "Repeated")
    phone.push(1, "Older")
    phone.shows()
    phone.push(3, "Newer", silent=True)
    phone.shows({"title": "Newer", "version": 3})


@pytest.mark.parametrize(
    "data", ["", "{", "[]", "null", "17", '{"notification": {}}', '{"notification": {"title": 5}}']
)
def test_a_push_that_cannot_be_read_is_shown_all_the_same(phone: Phone, newsroom: Newsroom, data: str) -> None:
    phone.push_text(data)
    phone.shows({"title": "Breaking news", "url": f"{newsroom.url}/"})


def test_a_push_that_the_browser_has_read_itself_is_shown_too(phone: Phone) -> None:
    shown = {"title": "Urgent", "body": "Ferries stay in port", "tag": ALERT}
    phone.push_read({**shown, "navigate": "/demo"})
    phone.shows(shown)


def test_markup_in_a_push_is_text_and_a_script_no_address(phone: Phone, newsroom: Newsroom) -> None:
    phone.push(1, "<b>Urgent</b>", body="<img src=x onerror=alert(1)>", navigate="javascript:alert(1)")
    phone.shows({"title": "<b>Urgent</b>", "body": "<img src=x onerror=alert(1)>", "url": newsroom.url})


CLICK = """async () => {
    const opened = [], waits = [], [notification] = await registration.getNotifications();
    clients.openWindow = async (url) => { opened.push(url); };  // allowed after a person's click only
    const event = new NotificationEvent('notificationclick', {notification});
    event.waitUntil = (promise) => waits.push(promise);
    dispatchEvent(event);
    await Promise.all(waits);
    return opened;
}"""


def test_a_click_opens_the_alert_and_closes_the_notification(phone: Phone) -> None:
    phone.push(1, navigate="https://example.org/ferries")
    phone.shows({"version": 1})
    assert phone.worker.evaluate(CLICK) == ["https://example.org/ferries"]
    phone.shows()


def test_the_worker_tells_that_an_alert_was_shown_and_opened(phone: Phone, context: BrowserContext, page: Page) -> None:
    answers: list[Response] = []
    context.on("response", lambda answer: answers.append(answer) if answer.url.endswith("/v1/receipts") else None)
    registration = {"platform": "fcm", "token": "token-of-a-phone-000001", "preferences": {"editions": ["en"]}}
    request = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": json.dumps(registration)}
    made = f"fetch('/v1/devices', {json.dumps(request)}).then((answer) => answer.json())"
    page.evaluate(f"{made}.then((made) => device.kept('device', () => made))")
    phone.push(3, navigate="https://example.org/ferries")
    phone.shows({"version": 3})
    phone.worker.evaluate(CLICK)
    until(page, lambda: len(answers) == 2)
    said = [json.loads(answer.request.post_data or "")[0] for answer in answers]
    assert [(one["alert"], one["version"], one["what"]) for one in said] == [(ALERT, 3, "shown"), (ALERT, 3, "opened")]
    assert [answer.status for answer in answers] == [200, 200]


# --- the button


def button(page: Page, edition: str) -> Locator:
    return page.locator(f"flash-alerts[edition={edition}]").get_by_role("button")


def spoken(page: Page, edition: str) -> Locator:
    return page.locator(f"flash-alerts[edition={edition}]").get_by_role("status")


def test_each_edition_offers_its_alerts_in_its_own_words(newsroom: Newsroom, page: Page, complaints: list[str]) -> None:
    page.goto(newsroom.demo)
    for edition, words in {"en": "Get alerts", "ar": "تلقّي الأخبار العاجلة", "es": "Recibir alertas"}.items():
        expect(button(page, edition)).to_have_accessible_name(words)
    expect(page.locator("flash-alerts[edition=ar]")).to_have_css("direction", "rtl")
    expect(page.locator("flash-alerts[edition=ar]")).to_have_attribute("lang", "ar")
    assert complaints == []


def test_a_keyboard_reaches_the_button_and_sees_where_it_is(newsroom: Newsroom, page: Page) -> None:
    page.goto(newsroom.demo)
    expect(button(page, "en")).to_be_visible()
    button(page, "es").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(button(page, "es")).to_be_focused()
    expect(button(page, "es")).to_have_css("outline-style", "solid")


def test_nobody_is_asked_before_the_button_is_pressed(newsroom: Newsroom, page: Page) -> None:
    page.add_init_script("Notification.requestPermission = async () => { window.asked = true; return 'default'; };")
    page.goto(newsroom.demo)
    expect(button(page, "en")).to_be_visible()
    assert page.evaluate("window.asked") is None
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0


@pytest.fixture
def without_key(page: Page) -> None:
    """A server without a Web Push key."""

    def cut(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "webPush": None})

    page.route("**/v1/editions", cut)


@pytest.mark.usefixtures("without_key")
def test_a_server_without_a_key_says_why_the_button_is_off(newsroom: Newsroom, page: Page) -> None:
    page.goto(newsroom.demo)
    expect(button(page, "en")).to_have_attribute("aria-disabled", "true")
    expect(spoken(page, "en")).to_contain_text("Web Push key")
    button(page, "en").press("Enter")
    expect(button(page, "en")).to_be_focused()


def test_a_browser_that_refuses_says_so_and_offers_the_button_again(
    newsroom: Newsroom, context: BrowserContext, page: Page
) -> None:
    """This Chromium cannot subscribe: its push service is its maker's, which the tests do not call."""
    context.grant_permissions(["notifications"], origin=newsroom.url)
    page.goto(newsroom.demo)
    button(page, "en").click()
    expect(spoken(page, "en")).to_have_text(re.compile("did not work"))
    expect(button(page, "en")).to_have_accessible_name("Get alerts")
    expect(button(page, "en")).to_have_attribute("aria-disabled", "false")
