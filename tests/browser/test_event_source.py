"""The stream as a real EventSource reads it: Chromium's parser and Chromium's reconnecting, not ours.

The rule to remember: what is right here is what the browser makes of our bytes (WHATWG HTML §9.2).
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Page

from service.domain import frames
from service.domain.cursor import Cursor
from service.domain.frames import Message
from tests.browser.newsroom import Newsroom
from tests.chromium import PATIENCE_MS

TYPES = ("snapshot", "resumed", "published", "updated", "corrected", "withheld", "released", "canceled", "heartbeat",
         "bye", "message")  # fmt: skip
LISTEN = """([address, types]) => {
    window.heard = [];
    window.failed = 0;
    window.source = new EventSource(address);
    source.onerror = () => { failed += 1; };
    for (const type of types)
        source.addEventListener(type, ({type, lastEventId, data}) => heard.push({type, id: lastEventId, data}));
}"""
HARD = (
    "عاجل: العبّارات تبقى في الميناء", "🚢 ferry 👩‍✈️ pilot", "data: id: event: retry:", ": a colon first", " spaces ",
    "line\u2028separator\u2029paragraph\u0085next", "\ufeffmark", "a\r\nb\nc\rd\te", "quote \" and \\ backslash",
)  # fmt: skip


def listen(page: Page, address: str) -> None:
    page.evaluate(LISTEN, [address, list(TYPES)])


def heard(page: Page, fact: str) -> list[dict[str, Any]]:
    """Every event so far, once `fact`, a JavaScript expression about `heard`, holds."""
    page.wait_for_function(fact, timeout=PATIENCE_MS)
    found: list[dict[str, Any]] = page.evaluate("heard")
    return found


def address(newsroom: Newsroom, edition: str = "en") -> str:
    return f"{newsroom.live.replace('ws', 'http', 1)}?edition={edition}"


def offset(event: dict[str, Any]) -> int:
    return int(event["id"].rpartition(":")[2])


# --- the form alone


class _Cuts(ThreadingHTTPServer):
    """Answers each request with the next of `streams`, and ends it: a cut. `asked` are their Last-Event-IDs."""

    def __init__(self, streams: tuple[bytes, ...]) -> None:
        super().__init__(("127.0.0.1", 0), _Stream)
        self.streams = streams
        self.asked: list[str | None] = []


class _Stream(BaseHTTPRequestHandler):
    server: _Cuts

    def do_GET(self) -> None:
        number = len(self.server.asked)
        self.server.asked.append(self.headers.get("Last-Event-ID"))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(self.server.streams[min(number, len(self.server.streams) - 1)])

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def streaming(*streams: bytes) -> Iterator[tuple[str, list[str | None]]]:
    """A server of these streams: its address, and the Last-Event-ID of each request."""
    with _Cuts(streams) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", server.asked
        finally:
            server.shutdown()
            thread.join()


def said(text: str, number: int) -> Message:
    """A message of compact JSON, as all of ours are."""
    body = json.dumps({"type": "published", "text": text}, ensure_ascii=False, separators=(",", ":"))
    return Message("published", str(Cursor("k3f9", number)), body.encode())


def test_a_browser_reads_every_text_as_it_was_written(page: Page) -> None:
    messages = [frames.to_sse(said(text, number)) for number, text in enumerate(HARD, 1)]
    stream = frames.sse_retry(60_000) + b": still here\n\n".join(messages)
    with streaming(stream) as (where, _):
        listen(page, where)
        came = heard(page, f"heard.length >= {len(HARD)}")
    assert [json.loads(event["data"])["text"] for event in came] == list(HARD)
    assert [(event["type"], offset(event)) for event in came] == [("published", n) for n in range(1, len(HARD) + 1)]


def test_a_browser_comes_back_after_our_time_with_the_last_place_it_had(page: Page) -> None:
    bye = frames.to_sse(frames.bye("deploy", 0.1))  # it has no place, and takes none away
    first = frames.sse_retry(50) + frames.to_sse(said("a", 1)) + frames.to_sse(said("b", 2)) + bye
    with streaming(first, frames.sse_retry(60_000) + frames.to_sse(said("c", 3))) as (where, asked):
        listen(page, where)
        came = heard(page, "heard.length >= 4")
        assert asked == [None, "k3f9:2"]
    assert [(event["type"], offset(event)) for event in came] == [
        ("published", 1), ("published", 2), ("bye", 2), ("published", 3),
    ]  # fmt: skip


def test_a_line_end_in_a_message_would_be_noticed(page: Page) -> None:
    """The planted fault: what the test above would find if the JSON were not on one line."""
    broken = frames.to_sse(Message("published", "k3f9:1", b'{"text":\n"a"}'))
    with streaming(frames.sse_retry(60_000) + broken) as (where, _):
        listen(page, where)
        (event,) = heard(page, "heard.length >= 1")
    with pytest.raises(json.JSONDecodeError):
        json.loads(event["data"])


# --- the gateway


def test_a_browser_hears_what_the_editor_was_answered(newsroom: Newsroom, page: Page) -> None:
    listen(page, address(newsroom, "ar"))
    heard(page, "heard.length >= 1")
    headlines = ("العبّارات 🚢 تبقى في الميناء", "سطر\u2028ثانٍ\r\nوثالث", 'قال: "نعم" \\ لا')
    ids = [newsroom.post(headline, "ar") for headline in headlines]
    newsroom.kill(ids[0])
    came = heard(page, "heard.some((event) => event.type === 'canceled')")
    messages = [json.loads(event["data"]) for event in came]
    assert [event["type"] for event in came] == [message["type"] for message in messages]
    assert [event["id"] for event in came] == [message["cursor"] for message in messages]
    published = [message["alert"] for message in messages if message["type"] == "published"]
    assert [alert["id"] for alert in published] == ids
    assert [alert["headline"] for alert in published] == [headlines[0], "سطر ثانٍ وثالث", headlines[2]]
    assert page.evaluate("failed") == 0


def test_a_browser_misses_nothing_and_hears_nothing_twice_when_the_gateway_is_killed(
    broken_newsroom: Newsroom, page: Page
) -> None:
    listen(page, address(broken_newsroom))
    (first,) = heard(page, "heard.length >= 1")
    before = [broken_newsroom.post(f"Ferry {number} has left") for number in range(3)]
    heard(page, "heard.filter(({type}) => type === 'published').length >= 3")
    os.kill(broken_newsroom.gateway_pid, signal.SIGKILL)  # the supervisor puts another in its place
    while_away = [broken_newsroom.post(f"Ferry {number} has left") for number in range(3, 6)]
    heard(page, "heard.some(({type}) => type === 'resumed')")
    after = [broken_newsroom.post(f"Ferry {number} has left") for number in range(6, 8)]
    came = heard(page, "heard.filter(({type}) => type === 'published').length >= 8")
    published = [event for event in came if event["type"] == "published"]
    assert [json.loads(event["data"])["alert"]["id"] for event in published] == [*before, *while_away, *after]
    start = offset(first) + 1
    assert [offset(event) for event in published] == list(range(start, start + 8))
    assert [event["type"] for event in came].count("snapshot") == 1
    assert page.evaluate("failed") >= 1
