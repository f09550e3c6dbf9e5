"""Fixtures of the tests in a real browser: a newsroom of real processes, and a tab that listens for complaints."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.newsroom import Newsroom
from tests.chromium import chromium, context, page

__all__ = ["chromium", "context", "page"]


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """One newsroom for a module; a test that kills a process of it asks for `broken_newsroom` instead."""
    made = Newsroom(tmp_path_factory.mktemp("newsroom"), push="auto")
    yield made
    made.close()


@pytest.fixture
def broken_newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """A newsroom of one's own, to break."""
    made = Newsroom(tmp_path_factory.mktemp("broken"))
    yield made
    made.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Everything the tab has complained about so far: errors on the console and exceptions nobody caught."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard
