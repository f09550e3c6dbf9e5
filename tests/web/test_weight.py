"""What the widget costs a page. Rule: the budget counts the file as it is served, comments and styles included."""

import gzip
import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "service" / "web"
TICKER_GZIP_BYTES_MAX = 8000


def test_ticker_fits_its_budget() -> None:
    size = len(gzip.compress((WEB / "ticker.js").read_bytes(), 9))
    print(f"ticker.js: {size} bytes gzip of {TICKER_GZIP_BYTES_MAX}")
    assert size <= TICKER_GZIP_BYTES_MAX


@pytest.mark.parametrize("name", ["ticker.js", "alerts.js", "device.js", "sw.js"])
def test_no_script_has_a_way_to_make_markup_of_text(name: str) -> None:
    source = (WEB / name).read_text()
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("):
        assert word not in source


def test_ticker_is_a_plain_script_and_a_module() -> None:
    source = (WEB / "ticker.js").read_text()
    assert not re.search(r"^\s*(import|export)\b|import\.meta", source, re.MULTILINE)


@pytest.mark.parametrize("name", ["demo.html", "demo.css"])
def test_demo_asks_nobody_else_for_anything(name: str) -> None:
    source = (WEB / name).read_text()
    assert re.findall(r"(?:src|href)=\"(?!/|#)[^\"]*\"|url\((?!#)|@import", source) == []


def test_demo_obeys_a_strict_content_security_policy() -> None:
    source = (WEB / "demo.html").read_text()
    assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", source) == []
