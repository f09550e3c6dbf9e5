"""The sandbox's page in a real browser: lock screens that fill, in their own direction, and text that stays text."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.chromium import chromium, context, page
from tests.sandbox.conftest import Running
from tests.sandbox.process import sandbox_process
from tests.sandbox.requests_as_documented import send, to_apple
from workers.sandbox.serve import Whereabouts

__all__ = ["chromium", "context", "page"]

ARABIC = "استئناف حركة العبّارات ظهراً بعد العاصفة"
OTHER = "5M9TB4W6YE3XCZ01JV7Q0F8R2K"
T = TypeVar("T")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with sandbox_process(tmp_path_factory.mktemp("page")) as (where, _):
        yield Running(msgspec.convert(where, Whereabouts))


@pytest.fixture
def running(shared: Running) -> Running:
    """Nobody has been sent anything yet."""
    beside(shared.ask("DELETE", "/v1/phones"))
    return shared


def beside(asked: Coroutine[Any, Any, T]) -> T:
    """What comes of it, in another thread: playwright keeps this one's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(asked)).result()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    heard: list[str] = []
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def ring(running: Running, *notifications: dict[str, Any], token: str = "a1" * 32) -> None:
    """Send to one phone."""
    sent = [to_apple(running, token, **notification) for notification in notifications]
    answers = beside(send(running, *sent))
    assert [answer.status_code for answer in answers] == [200] * len(sent)


def words(body: str) -> dict[str, Any]:
    return {"alert": {"title": "Urgent", "body": body}, "sound": "default"}


def entries(page: Page) -> Locator:
    return page.locator(".entry")


def test_screens_fill_while_one_looks_on(page: Page, running: Running, complaints: list[str]) -> None:
    page.goto(running.where.page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Phones")
    expect(page.get_by_text("No phone has been sent anything yet")).to_be_visible()
    ring(running, {"aps": words("Ferries resume at noon")})
    expect(entries(page)).to_have_count(1)
    expect(entries(page)).to_contain_text("Ferries resume at noon")
    expect(page.get_by_text("No phone has been sent anything yet")).to_be_hidden()
    ring(running, {"aps": words("Ferries resume at one"), "version": 2})
    expect(entries(page)).to_contain_text("Ferries resume at one")
    expect(entries(page)).to_have_count(1)
    expect(page.locator("#accepted")).to_have_text("2")
    ring(running, {"aps": words(ARABIC), "edition": "ar", "alert": OTHER})
    arabic = entries(page).filter(has_text=ARABIC)
    expect(arabic).to_have_attribute("dir", "rtl")
    expect(arabic).to_have_attribute("lang", "ar")
    assert complaints == []


def test_nothing_is_said_of_the_phones_before_the_sandbox_has_answered(page: Page, running: Running) -> None:
    held: list[Route] = []
    page.route("**/v1/phones?*", lambda route: held.append(route))  # the next looks wait too
    with page.expect_request("**/v1/phones?*"):
        page.goto(running.where.page)
    expect(page.get_by_text("No phone has been sent anything yet")).to_be_hidden()
    expect(page.locator("#phones")).to_have_text("–")
    held[0].fulfill(json={"total": 0, "next": None, "phones": []})
    expect(page.get_by_text("No phone has been sent anything yet")).to_be_visible()
    expect(page.locator("#phones")).to_have_text("0")


def test_what_a_notification_says_is_text(page: Page, running: Running, complaints: list[str]) -> None:
    evil = "<img src=x onerror=document.title=1><script>document.title=2</script>"
    ring(running, {"aps": words(evil), "level": '"><b>', "edition": "<i>"}, token="b2" * 32)
    page.goto(running.where.page)
    expect(entries(page).filter(has_text=evil)).to_be_visible()
    assert page.title() == "Phones · Flashwire sandbox"
    assert page.locator("main img, main b, main i").count() == 0
    assert complaints == []


def test_it_can_be_used_by_keyboard_alone(page: Page, running: Running) -> None:
    ring(running, {"aps": words("Ferries resume at noon")}, token="c3" * 32)
    page.goto(running.where.page)
    pause = page.get_by_role("button", name="Pause")
    page.get_by_label("Alert").focus()
    page.keyboard.press("Tab")
    expect(pause).to_be_focused()
    page.keyboard.press("Enter")
    expect(pause).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(entries(page)).to_have_count(0)


def test_only_the_platform_that_was_chosen_is_shown(page: Page, running: Running) -> None:
    ring(running, {"aps": words("Ferries resume at noon")}, token="d4" * 32)
    page.goto(running.where.page)
    expect(page.get_by_role("article").filter(has_text="Ferries resume")).to_have_count(1)
    page.get_by_label("Platform").select_option("Google")
    expect(page.get_by_role("article")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_narrow_window_in_light_and_dark(page: Page, running: Running, scheme: Any) -> None:
    ring(running, {"aps": words("Ferries resume at noon" * 20)}, token="e5" * 32)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(running.where.page)
    expect(page.get_by_role("article").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
