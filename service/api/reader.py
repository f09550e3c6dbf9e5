"""What readers and their browsers fetch: editions, their newest alerts, the widget and the demo page.

The rule to remember: nothing here asks the store. Everything is answered from memory, whatever happens behind it.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.settings import Settings
from service import vapid
from service.api.answers import Answers, is_unchanged
from service.api.forms import FORMS, ROUTE
from service.api.live import live_origin
from service.domain.newsroom import Edition, Newsroom

log = structlog.get_logger("api")

WEB = Path(__file__).parent.parent / "web"
MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
EDITIONS_CACHE = "public, max-age=60"
WIDGET_CACHE = "public, max-age=300"
IMMUTABLE = "public, max-age=31536000, immutable"
PAGE_CACHE = "no-cache"
WORKER = {
    "Cache-Control": PAGE_CACHE,
    "Service-Worker-Allowed": "/",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'",
}
"""The service worker outlives the page that brought it, so it is looked at again each time, and has a policy of its
own: it may load its other half and speak with us."""


class File(msgspec.Struct, frozen=True):
    """A file of service/web as it is sent."""

    body: bytes
    media: str
    etag: str
    hash: str


def load(folder: Path) -> dict[str, File]:
    """The files of `folder` that browsers may load, by name; read once, so that no request touches the disk."""
    files = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in MEDIA:
            body = path.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:16]
            files[path.name] = File(body, MEDIA[path.suffix], f'"{digest}"', digest)
    return files


class Reader:
    """The readers' routes."""

    def __init__(self, settings: Settings, newsroom: Newsroom, answers: Answers) -> None:
        self._settings = settings
        self._newsroom = newsroom
        self._answers = answers
        self._files = load(WEB)
        self._public_key = None if settings.vapid_key_file is None else _public_key(settings.vapid_key_file)

    def routes(self) -> list[Route]:
        widget = f"/ticker-{self._files['ticker.js'].hash}.js"
        special = ("ticker.js", "sw.js")
        others = [name for name in self._files if name not in special and not name.endswith(".html")]
        page = {"Cache-Control": PAGE_CACHE}
        return [
            Route("/v1/editions", self.editions),
            *(Route(ROUTE + form, self.newest) for form in FORMS),
            Route("/ticker.js", self._sender("ticker.js", {"Cache-Control": WIDGET_CACHE})),
            Route(widget, self._sender("ticker.js", {"Cache-Control": IMMUTABLE})),
            Route("/sw.js", self._sender("sw.js", WORKER)),
            Route("/", _to_demo),
            Route("/demo", self.demo),
            *(Route(f"/{name}", self._sender(name, page)) for name in others),
        ]

    async def editions(self, request: Request) -> Response:
        """`GET /v1/editions`: what there is to read, in which words, and where it streams."""
        live = live_origin(self._settings, request) + "/v1/live"
        editions = [self._edition(edition, live) for edition in self._newsroom.editions]
        body = msgspec.json.encode({"editions": editions, "webPush": {"publicKey": self._public_key}})
        etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        return unless_unchanged(request, body, "application/json", etag, {"Cache-Control": EDITIONS_CACHE})

    async def newest(self, request: Request) -> Response:
        """`GET /v1/editions/{edition}/{form}`, where the fast way at the door did not answer it: refusals mostly."""
        answer = self._answers.find(request.url.path, request.scope["query_string"])
        headers = {name.decode(): value.decode() for name, value in answer.headers}
        return Response(answer.body, headers=headers)

    async def demo(self, request: Request) -> Response:
        """`GET /demo`: an article page that may load our widget, reach the stream, and nothing else."""
        live = live_origin(self._settings, request)
        streams = f"{live} {'http' + live.removeprefix('ws')}"
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {streams}; "
            "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        file = self._files["demo.html"]
        headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "Cache-Control": PAGE_CACHE}
        return unless_unchanged(request, file.body, file.media, file.etag, headers)

    def _sender(self, name: str, headers: Mapping[str, str]):  # type: ignore[no-untyped-def]
        file = self._files[name]

        async def send(request: Request) -> Response:
            return unless_unchanged(request, file.body, file.media, file.etag, headers)

        return send

    def _edition(self, edition: Edition, live: str) -> dict[str, object]:
        return {
            "edition": edition.edition, "language": edition.language, "dir": edition.dir, "name": edition.name,
            "labels": edition.labels, "notices": edition.notices, "sections": self._newsroom.sections,
            "regions": self._newsroom.regions,
            "levels": {level: rule.urgency for level, rule in self._newsroom.levels.items()},
            "live": live,
        }  # fmt: skip


def _public_key(path: Path) -> str | None:
    """What a page subscribes with; None, and Web Push is not offered, where the key pair cannot be read."""
    try:
        return vapid.public_key(vapid.load(path))
    except vapid.VapidError as problem:
        log.warning("Web Push is not offered", why=str(problem))
        return None


async def _to_demo(_: Request) -> Response:
    """What a person types first."""
    return Response(status_code=307, headers={"Location": "/demo", "Cache-Control": PAGE_CACHE})


def unless_unchanged(request: Request, body: bytes, media: str, etag: str, headers: Mapping[str, str]) -> Response:
    """The body, or 304 where the client has it."""
    given = request.headers.get("if-none-match")
    if given is not None and is_unchanged(given.encode("latin-1"), etag.encode()):
        return Response(status_code=304, headers={"ETag": etag, **headers})
    return Response(body, headers={"Content-Type": media, "ETag": etag, **headers})
