"""The sandbox's own port: what the phones show, what was counted, faults on demand, and the page that shows it all.

The rule to remember: it is for this machine's tests and newcomers. It listens on loopback only and answers no page of
another origin, since a browser on this machine may show anybody's.
"""

import asyncio
import datetime
import html
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from service import program
from workers.sandbox.counts import Counts
from workers.sandbox.faults import BadFaults, Faults
from workers.sandbox.phones import PLATFORMS, Phone, Phones, Platform
from workers.sandbox.subscriptions import Subscriptions
from workers.sandbox.tokens import BadToken, from_base64url

PAGE_LIMIT, LIMIT_MAX = 100, 10_000
BODY_BYTES_MAX = 16_384
SUBSCRIPTIONS_MAX = 10_000
"""Of one request; each costs a multiplication on the curve."""
AT_ONCE = 200
"""Subscriptions made between two looks at the senders' requests."""
FILES = Path(__file__).with_name("page")
KINDS = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Endpoint = Callable[[Request], Awaitable[Response]]


class Wrong(Exception):
    """What is wrong with a request, and what is allowed: a status and a sentence."""


class OwnPages:
    """Refuses (403) what pages of other origins send: they cannot read answers, but could do harm unseen.

    A browser names the page in `Origin`, or says `Sec-Fetch-Site: cross-site`; programs send neither. A link from
    elsewhere that opens the page itself is welcome.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app: ASGIApp = self._app
        if scope["type"] == "http" and _is_of_another_page(Request(scope)):
            app = _answer(403, {"status": 403, "detail": "pages of other origins may not use the sandbox"})
        await app(scope, receive, send)


def _is_of_another_page(request: Request) -> bool:
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{request.headers.get('host')}":
        return True
    is_link = request.method == "GET" and request.headers.get("sec-fetch-dest") == "document"
    return request.headers.get("sec-fetch-site") == "cross-site" and not is_link


class Api:
    """The routes. Everything they tell is in memory; nothing waits for anybody."""

    def __init__(
        self, phones: Phones, counts: Counts, faults: Faults, subscriptions: Subscriptions, webpush_origin: str
    ) -> None:
        self._phones, self._counts, self._faults = phones, counts, faults
        self._subscriptions, self._webpush_origin = subscriptions, webpush_origin

    def app(self) -> Starlette:
        """As an ASGI app, the page included."""
        routes = [
            Route("/v1/phones", self.forget, methods=["DELETE"]),
            Route("/v1/phones", _told(self.phones)),
            Route("/v1/counts", _told(self.counts)),
            Route("/v1/log", _told(self.log)),
            Route("/v1/faults", _told(self.replace_faults), methods=["PUT"]),
            Route("/v1/faults", _told(self.current_faults)),
            Route("/v1/subscriptions", _told(self.subscribe), methods=["POST"]),
            Route("/", _page),
            *(Route(f"/{file.name}", _file(file.name)) for file in FILES.iterdir()),
        ]
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "[::1]"])
        return Starlette(routes=routes, middleware=[hosts, Middleware(OwnPages)])

    async def phones(self, request: Request) -> Any:
        """GET /v1/phones?platform=&edition=&alert=&limit=100&after="""
        alert = request.query_params.get("alert")
        limit = _number(request, "limit", PAGE_LIMIT, 1, LIMIT_MAX)
        total, found = self._phones.find(
            _platform(request), request.query_params.get("edition"), alert, _number(request, "after", 0), limit
        )
        following = str(found[-1].number) if len(found) == limit and limit else None
        return {"total": total, "next": following, "phones": [_phone(phone, alert) for phone in found]}

    async def counts(self, request: Request) -> Any:
        """GET /v1/counts?alert="""
        alert = request.query_params.get("alert")
        if alert is None:
            return {**self._counts.of_all(), "phonesShowing": self._phones.showing_any()}
        return {**self._counts.of_alert(alert), "phonesShowing": self._phones.showing(alert)}

    async def log(self, request: Request) -> Any:
        """GET /v1/log?platform=&alert=&after=&limit= (every request, the oldest first; for tests)"""
        platform, alert = _platform(request), request.query_params.get("alert")
        after, limit = _number(request, "after", 0), _number(request, "limit", PAGE_LIMIT, 1, LIMIT_MAX)
        calls = [
            call
            for call in self._counts.calls
            if call.number > after and platform in (None, call.platform) and alert in (None, call.alert)
        ]
        following = str(calls[limit - 1].number) if len(calls) > limit else None
        return {"next": following, "calls": calls[:limit]}

    async def replace_faults(self, request: Request) -> Any:
        """PUT /v1/faults"""
        try:
            self._faults.replace(await _body(request))
        except BadFaults as bad:
            raise Wrong(422, str(bad)) from None
        return self._faults.wish

    async def current_faults(self, _: Request) -> Any:
        """GET /v1/faults"""
        return self._faults.wish

    async def subscribe(self, request: Request) -> Any:
        """POST /v1/subscriptions {"count":n,"applicationServerKey":"…"}"""
        wish = await _body(request)
        count, key = wish.get("count", 1), wish.get("applicationServerKey")
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= SUBSCRIPTIONS_MAX:
            raise Wrong(422, f"count must be a whole number from 1 to {SUBSCRIPTIONS_MAX}")
        bound = None if key is None else _public_key(key)
        made: list[dict[str, Any]] = []
        while len(made) < count:
            ids = [self._subscriptions.make(bound) for _ in range(min(AT_ONCE, count - len(made)))]
            made += self._subscriptions.as_browsers_have_them(ids, self._webpush_origin)
            await asyncio.sleep(0)
        return {"subscriptions": made}

    async def forget(self, _: Request) -> Response:
        """DELETE /v1/phones"""
        self._phones.forget()
        self._counts.forget()
        return Response(status_code=204, headers=HEADERS)


def _phone(phone: Phone, alert: str | None) -> dict[str, Any]:
    showing = [
        {
            "collapse": shown.collapse, "alert": shown.alert, "version": shown.version, "title": shown.title,
            "subtitle": shown.subtitle, "body": shown.body, "level": shown.level, "at": _rfc3339(at_ms),
            "edition": shown.edition, "sound": shown.sound,
        }
        for shown, at_ms in phone.showing.values()
        if alert is None or shown.alert == alert
    ]  # fmt: skip
    return {"token": phone.token, "platform": phone.platform, "showing": showing, "received": phone.received}


def _rfc3339(at_ms: int) -> str:
    moment = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told(act: Callable[[Request], Awaitable[Any]]) -> Endpoint:
    """An endpoint that answers what `act` returns, as JSON, or what is wrong with the request."""

    async def endpoint(request: Request) -> Response:
        try:
            status, said = 200, await act(request)
        except Wrong as wrong:
            status, said = wrong.args[0], {"status": wrong.args[0], "detail": wrong.args[1]}
        return _answer(status, said)

    return endpoint


def _answer(status: int, said: Any) -> Response:
    return Response(msgspec.json.encode(said), status, {**HEADERS, "Content-Type": "application/json"})


def _file(name: str) -> Endpoint:
    async def endpoint(_: Request) -> Response:
        return FileResponse(FILES / name, headers=HEADERS, media_type=KINDS[Path(name).suffix])

    return endpoint


async def _page(_: Request) -> Response:
    """The page, whose hints name the command as it is called here."""
    page = (FILES / "phones.html").read_text(encoding="utf-8")
    named = page.replace("<code>flashwire ", f"<code>{html.escape(program.name())} ")
    return Response(named, headers=HEADERS, media_type=KINDS[".html"])


async def _body(request: Request) -> dict[str, Any]:
    """A small JSON object. Raises Wrong."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and media != "application/json":
        raise Wrong(415, "the body must be application/json")
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > BODY_BYTES_MAX:
            raise Wrong(413, f"at most {BODY_BYTES_MAX} bytes")
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Wrong(400, "the body must be a JSON object") from None


def _number(request: Request, name: str, default: int, low: int = 0, high: int = 2**53) -> int:
    text = request.query_params.get(name)
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 17 and low <= int(text) <= high):
        raise Wrong(400, f"{name} must be a whole number from {low} to {high}")
    return int(text)


def _platform(request: Request) -> Platform | None:
    given = request.query_params.get("platform")
    for platform in PLATFORMS:
        if given == platform:
            return platform
    if given:
        raise Wrong(400, f"platform must be one of {_listed(PLATFORMS)}")
    return None


def _public_key(given: Any) -> bytes:
    try:
        key = from_base64url(given) if isinstance(given, str) else b""
    except BadToken:
        key = b""
    if len(key) != 65 or key[0] != 4:
        raise Wrong(422, "applicationServerKey must be an uncompressed P-256 key in base64url")
    return key


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
