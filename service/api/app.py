"""The API as one ASGI app: its routes in a table, and the layers around them.

The rule to remember: a page load takes the short way. An edition's newest alerts leave at the door, before router,
exceptions and log; everything else, refusals too, goes through all layers.
"""

from collections.abc import Callable
from itertools import count

from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from config.settings import Settings
from service import addresses
from service.admin import Readiness, health_routes
from service.api import metrics, problems
from service.api.answers import Answer, Answers, has_it
from service.api.at_once import Plain
from service.api.audit import Audit
from service.api.auth import Keys
from service.api.census import Census
from service.api.check import Check
from service.api.delivery import Delivery
from service.api.devices import Devices
from service.api.documents import Documents
from service.api.duplicates import Duplicates
from service.api.editor import BODY_WITHIN_S, Editor
from service.api.forms import FORMS, ROUTE
from service.api.keys import KeyRoutes
from service.api.listing import Listing
from service.api.permalink import Permalink
from service.api.problems import Problem
from service.api.reader import Reader
from service.api.recent import Recent
from service.api.requests import EDITORS, PREFLIGHT, Requests, given_id, host_of, is_readers
from service.api.stories import Stories
from service.api.tickets import Tickets
from service.api.wires import Wires
from service.desk import Desk
from service.domain.hosts import is_taken
from service.domain.newsroom import Newsroom
from service.store.connection import Store
from service.tray import Tray


def create_app(
    *, settings: Settings, newsroom: Newsroom, desk: Desk, tray: Tray, keys: Keys, store: Store, wires: Wires,
    ready: Callable[[], Readiness], stopping: Callable[[], bool], now_ms: Callable[[], int],
    body_within_s: float = BODY_WITHIN_S,
) -> ASGIApp:  # fmt: skip
    """The app. It starts nothing: whoever wires it follows the wires and watches the store."""
    answers = Answers(newsroom, wires, addresses.public_url(settings), now_ms)
    documents = Documents(settings, newsroom)
    duplicates = Duplicates(newsroom, Recent(wires))
    routes = [
        *Check(settings, newsroom, keys, Census(store), duplicates, store, now_ms, body_within_s).routes(),
        *Editor(settings, newsroom, desk, tray, keys, wires, store, duplicates, now_ms, body_within_s).routes(),
        *Audit(keys, store).routes(),
        *Delivery(settings, newsroom, desk, keys, store, now_ms, stopping).routes(),
        *Listing(newsroom, keys, wires, store, now_ms).routes(),
        *Stories(newsroom, keys, store).routes(),
        *Reader(settings, newsroom, answers).routes(),
        *Devices(settings, newsroom, keys, store, now_ms, body_within_s).routes(),
        *Tickets(settings, keys, store, now_ms, body_within_s).routes(),
        *KeyRoutes(settings, keys, store, now_ms, body_within_s).routes(),
        *Permalink(newsroom, wires, desk, store, now_ms).routes(),
        *health_routes(ready),
        Route("/problems/{slug}", problems.page),
        *documents.routes(),
    ]
    documents.describe(routes)
    names = addresses.names(settings)
    inner = ExceptionMiddleware(_Methods(routes, names), problems.HANDLERS)
    return _Door(Requests(inner), answers, names)


class _Methods:
    """The router; it says too which methods an address takes, to OPTIONS and in a 405, and whether the name is ours.

    An address without parts of its own is found by its name, before all patterns: it is nobody's id, and it is where
    alerts come in.
    """

    def __init__(self, routes: list[Route], names: frozenset[str]) -> None:
        self._names = names
        self._patterns = [route for route in routes if "{" in route.path]
        self._places: dict[str, list[Route]] = {}
        for route in routes:
            if "{" not in route.path:
                self._places.setdefault(route.path, []).append(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_taken(host_of(scope["headers"]), self._names):
            raise Problem("misdirected", "nothing is served under this host name")
        routes = self._places.get(scope["path"]) or [
            route for route in self._patterns if route.matches(scope)[0] is not Match.NONE
        ]
        if not routes:
            raise Problem("not-found", "there is nothing at this address")
        method = scope["method"]
        for route in routes:
            scope["route"] = route
            if method in (route.methods or ()):
                scope.update(route.matches(scope)[1])
                await route.handle(scope, receive, send)
                return
        methods = {each for route in routes for each in route.methods or ()}
        allow = {"Allow": ", ".join(sorted({*methods, "OPTIONS"}))}
        if method != "OPTIONS":
            raise Problem("method-not-allowed", f"this address takes {allow['Allow']}", headers=allow)
        readers = {**PREFLIGHT, "Access-Control-Allow-Methods": allow["Allow"]}
        preflight = readers if is_readers(scope["path"]) else {}
        await Response(status_code=204, headers={**allow, **preflight})(scope, receive, send)


class _Door:
    """Answers page loads at once; counts them, and logs nothing."""

    def __init__(self, app: ASGIApp, answers: Answers, names: frozenset[str]) -> None:
        self._app = app
        self._names = names
        self._answers = answers
        self._numbers = count(1)
        self._counted = {
            (form, method, status): metrics.REQUESTS.labels(ROUTE + form, method, str(status))
            for form in FORMS
            for method in ("GET", "HEAD")
            for status in (200, 304)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith("/v1/editions/") and path.count("/") == 4:
            method = scope["method"]
            if (method == "GET" or method == "HEAD") and is_taken(host_of(scope["headers"]), self._names):
                try:
                    answer = self._answers.find(path, scope["query_string"])
                except Problem:
                    pass  # the long way says it again, with a log line
                else:
                    await self._send(answer, method, scope, send)
                    return
        await self._app(scope, receive, send)

    def at_once(self, path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> Plain | None:
        """The answer to a plain GET, if it is a good one (see service.api.at_once)."""
        if path.count("/") != 4 or not is_taken(host_of(headers), self._names):
            return None
        try:
            answer = self._answers.find(path, query)
        except Problem:
            return None
        unchanged = has_it(headers, answer.etag)
        self._counted[answer.form, "GET", 304 if unchanged else 200].inc()
        end = b"x-request-id: %s\r\n\r\n" % (given_id(headers) or b"page-%d" % next(self._numbers))
        if unchanged:
            return Plain(b"HTTP/1.1 304 Not Modified\r\n", answer.lines_unchanged + end, b"")
        return Plain(b"HTTP/1.1 200 OK\r\n", answer.lines + end, answer.body)

    async def _send(self, answer: Answer, method: str, scope: Scope, send: Send) -> None:
        unchanged = has_it(scope["headers"], answer.etag)
        request_id = given_id(scope["headers"]) or b"page-%d" % next(self._numbers)
        headers = answer.headers_unchanged if unchanged else answer.headers
        status = 304 if unchanged else 200
        self._counted[answer.form, method, status].inc()
        await send({"type": "http.response.start", "status": status,
                    "headers": [*headers, (b"x-request-id", request_id)]})  # fmt: skip
        await send({"type": "http.response.body", "body": b"" if unchanged or method == "HEAD" else answer.body})


assert EDITORS not in ROUTE, "editors' routes stay closed to other origins"
