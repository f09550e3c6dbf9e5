"""The browser of the tests: the system's Chromium, driven by playwright.

Rule: a browser that is missing is a failure with its remedy, never a skip.
"""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# --no-sandbox: the tests may run as root; the rest keeps the browser from talking to anybody but us
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


PATIENCE_MS = 60_000
"""How long a test waits for a fact: long enough for a busy machine and a few back-offs."""
expect.set_options(timeout=PATIENCE_MS)


def binary() -> str:
    """The path of a Chromium; fails the test where there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    pytest.fail("no Chromium found: apt-get install chromium, or run ./test as root once, which does it")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for a module; each test opens its own context in it.

    Not for the session: playwright holds an event loop as long as it is open, and no asynchronous test could run.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh profile: no storage, no cache."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A fresh tab."""
    return context.new_page()
