"""`GET /v1/alerts`: editors' list of alerts, searched by state, edition and the words of their headlines.

The rule to remember: a key sees its own kind. A test key finds drills alone, any other key none; a correspondent finds
what is public, and of what is not only their own.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import partial
from typing import cast, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.api import queries
from service.api.auth import Keys
from service.api.problems import RETRY_S, Problem
from service.api.queries import Given
from service.api.search import Found, NotLoaded, Search
from service.api.seen import Seen, seen, seen_pending, sees
from service.api.store_time import StoreTime
from service.api.wires import Wires
from service.domain import moment, search
from service.domain.alert import State
from service.domain.newsroom import Newsroom
from service.domain.pending import Pending
from service.domain.search import Place, Wanted
from service.domain.text import HEADLINE_GRAPHEMES_MAX
from service.store.connection import Store

STATES: tuple[State, ...] = get_args(State)
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class _List(msgspec.Struct, frozen=True):
    """The answer. `next` is the `before` of the following page."""

    alerts: list[Seen]
    next: str | None


class Listing:
    """The route."""

    def __init__(
        self, newsroom: Newsroom, keys: Keys, wires: Wires, store: Store, now_ms: Callable[[], int]
    ) -> None:  # fmt: skip
        self._editions = newsroom.edition_names
        self._keys = keys
        self._search = Search(wires, store)
        self._now_ms = now_ms

    def routes(self) -> list[Route]:
        return [Route("/v1/alerts", self.alerts)]

    async def alerts(self, request: Request) -> Response:
        """A page of alerts, newest first: 200, also where nothing is found; 400 for a value that cannot be."""
        store_time = StoreTime()
        key = await store_time.spend(self._keys.authenticate(request))
        given = queries.read(request.scope["query_string"])
        wanted, limit, before = self._wanted(given), queries.limit(given), _before(given)
        now = moment.to_text(self._now_ms())
        try:
            page = await self._search.page(
                wanted, limit, before, drills=key.test, sees=partial(sees, key), now=now, store_time=store_time
            )
        except NotLoaded:
            retry = {"Retry-After": str(RETRY_S)}
            raise Problem("not-loaded", "this process has not read the wires yet", headers=retry) from None
        except ValueError as error:
            raise Problem("bad-query", f"before: {error}") from None
        return Response(msgspec.json.encode(_List(list(map(_seen, page.found)), _opaque(page.next))), headers=_HEADERS)

    def _wanted(self, given: Given) -> Wanted:
        text = queries.single(given, "q") or ""
        if len(text) > HEADLINE_GRAPHEMES_MAX:
            raise Problem("bad-query", f"q: has {len(text)} characters, at most {HEADLINE_GRAPHEMES_MAX} are read")
        try:
            words = search.asked_words(text)
        except ValueError as error:
            raise Problem("bad-query", f"q: {error}") from None
        states = cast("tuple[State, ...]", queries.choices(given, "state", STATES))
        return Wanted(
            editions=queries.choices(given, "edition", self._editions) or self._editions, states=frozenset(states),
            words=words,
        )  # fmt: skip


def _seen(found: Found) -> Seen:
    if isinstance(found.alert, Pending):
        return seen_pending(found.alert)
    return seen(found.alert.record, found.alert.encoded, str(found.alert.cursor), found.state)


def _before(given: Given) -> Place | None:
    text = queries.single(given, "before")
    if text is None:
        return None
    try:
        return search.read_place(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except ValueError:
        raise Problem("bad-query", "before: must be the next of an earlier page") from None


def _opaque(place: Place | None) -> str | None:
    return None if place is None else urlsafe_b64encode(search.write_place(place)).decode().rstrip("=")
