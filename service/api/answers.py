"""An edition's newest alerts in every form, kept ready until they change: what a page load costs is a look into a dict.

The rule to remember: an answer is true until its wire moves, or until one of its alerts leaves by itself.
"""

import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable
from typing import cast
from urllib.parse import urlencode

import msgspec

from service.api import queries
from service.api.forms import FORMS, Form, Headers
from service.api.problems import RETRY_S, Problem
from service.api.queries import Given
from service.api.requests import CORS, NOSNIFF
from service.api.view import View
from service.api.wires import Wires
from service.domain import cursor as cursors
from service.domain.alert import LEVELS, Level
from service.domain.cursor import Cursor
from service.domain.newsroom import Newsroom
from service.domain.ticker import Filter, quietest
from service.store.keys import WireName
from service.wire import Wire

ANSWERS_MAX = 256
CACHE_CONTROL = b"public, max-age=2, stale-while-revalidate=3, stale-if-error=60"


class Question(msgspec.Struct, frozen=True):
    """A checked query. `before` is the offset of the page's end, in the epoch it was given for."""

    limit: int
    before: Cursor | None
    wanted: Filter


class Answer:
    """A finished answer, with what it depends on."""

    __slots__ = (
        "_changes", "_last", "_loads", "_until_ms", "_wire", "body", "etag", "form", "headers", "headers_unchanged",
        "lines", "lines_unchanged",
    )  # fmt: skip

    def __init__(self, wire: Wire, loads: int, until_ms: float, form: Form, body: bytes) -> None:
        self.form = form.name
        self._wire = wire
        self._loads = loads
        self._last = wire.backlog.last
        self._changes = wire.ticker.changes
        self._until_ms = until_ms
        self.body = body
        self.etag = b'"' + hashlib.blake2b(body, digest_size=12).hexdigest().encode() + b'"'
        self.headers_unchanged: Headers = (
            (b"etag", self.etag), (b"cache-control", CACHE_CONTROL), NOSNIFF, *CORS, *form.headers,
        )  # fmt: skip
        self.headers: Headers = (
            (b"content-type", form.media), (b"content-length", b"%d" % len(body)), *self.headers_unchanged,
        )  # fmt: skip

        self.lines = _lines(self.headers)
        self.lines_unchanged = _lines(self.headers_unchanged)

    def is_true(self, loads: int, now_ms: int) -> bool:
        wire = self._wire
        return (
            self._last == wire.backlog.last
            and self._changes == wire.ticker.changes
            and self._loads == loads
            and now_ms < self._until_ms
        )


class Answers:
    """Answers by path and raw query; at most 256, the oldest go first."""

    def __init__(self, newsroom: Newsroom, wires: Wires, public_url: str, now_ms: Callable[[], int]) -> None:
        self._newsroom = newsroom
        self._wires = wires
        self._public_url = public_url
        self._now_ms = now_ms
        self._kept: dict[tuple[str, bytes], Answer] = {}

    def find(self, path: str, query: bytes) -> Answer:
        """The answer to `/v1/editions/{edition}/{form}?…`. Raises Problem: 400, 404, 503 while nothing is loaded."""
        now_ms = self._now_ms()
        kept = self._kept.get((path, query))
        if kept is not None and kept.is_true(self._wires.loads, now_ms):
            return kept
        edition, form = path.split("/")[3:5]
        answer = self._make(edition, form, query, now_ms)
        self._kept.pop((path, query), None)
        if len(self._kept) >= ANSWERS_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[path, query] = answer
        return answer

    def _make(self, name: str, form_name: str, query: bytes, now_ms: int) -> Answer:
        edition = self._newsroom.edition(name)
        if edition is None:
            raise Problem("not-found", "there is no edition of this name")
        form = FORMS.get(form_name)
        if form is None:
            raise Problem("not-found", "there is nothing at this address")
        question = ask(query, self._newsroom, form)
        wire = self._wires.get(WireName(name))
        if wire is None:
            retry = {"Retry-After": str(RETRY_S)}
            raise Problem("not-loaded", "this process has not read the wire yet", headers=retry)
        if question.before is not None and question.before.epoch != wire.cursor.epoch:
            raise Problem("bad-query", "before: is from another life of the wire; start from the first page")
        before = None if question.before is None else question.before.offset
        page = wire.ticker.page(now_ms, question.limit, before, question.wanted)
        body = form.write(View(
            newsroom=self._newsroom, edition=edition, cursor=wire.cursor, page=page, public_url=self._public_url,
            filters=filters(question.wanted),
        ))  # fmt: skip
        change_ms = wire.ticker.next_change_ms(now_ms, page.entries, question.wanted)
        return Answer(wire, self._wires.loads, float("inf") if change_ms is None else change_ms, form, body)


def ask(query: bytes, newsroom: Newsroom, form: Form) -> Question:
    """The question that a raw query string asks. Unknown parameters are ignored; raises Problem for wrong values."""
    given = queries.read(query)
    return Question(
        limit=queries.limit(given, form.limit_default),
        before=_before(given) if form.paged else None,
        wanted=Filter(
            sections=queries.choices(given, "section", newsroom.sections),
            regions=queries.choices(given, "region", newsroom.regions),
            level=quietest(cast("tuple[Level, ...]", queries.choices(given, "level", LEVELS))),
            notices=form.notices,
        ),
    )


def filters(wanted: Filter) -> str:
    """What a query says of them in one way of many; empty where all is wanted."""
    chosen = {"section": ",".join(wanted.sections), "region": ",".join(wanted.regions), "level": wanted.level or ""}
    return urlencode({name: value for name, value in chosen.items() if value}, safe=",")


def has_it(headers: Iterable[tuple[bytes, bytes]], etag: bytes) -> bool:
    """Whether a request says (If-None-Match) that its client has this answer already."""
    return any(is_unchanged(value, etag) for name, value in headers if name == b"if-none-match")


def is_unchanged(if_none_match: bytes, etag: bytes) -> bool:
    """RFC 9110 §13.1.2: whether the client has this already; `*` and weak tags count."""
    if if_none_match == etag:
        return True
    tags = [tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")]
    return etag in tags or tags == [b"*"]


def _lines(headers: Headers) -> bytes:
    return b"".join(b"%s: %s\r\n" % header for header in headers)


def _before(given: Given) -> Cursor | None:
    text = queries.single(given, "before")
    if text is None:
        return None
    try:
        cursor = cursors.parse(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii"))
    except ValueError:
        cursor = None
    if cursor is None:
        raise Problem("bad-query", "before: must be the next of an earlier page")
    return cursor
