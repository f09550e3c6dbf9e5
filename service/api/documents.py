"""`/docs`, `/openapi.json` and `/asyncapi.yaml`: what the service is, told by itself.

The rule to remember: the documents are made of what is served, at the start, and an undescribed route ends the start.
"""

import hashlib
from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.settings import Settings
from service import admin
from service.api import asyncapi, docs_page, openapi, yaml
from service.api.live import live_origin
from service.api.reader import PAGE_CACHE, unless_unchanged
from service.domain.newsroom import Newsroom


class Documents:
    """The routes; `describe` makes the documents once all routes are known."""

    def __init__(self, settings: Settings, newsroom: Newsroom) -> None:
        self._settings = settings
        self._newsroom = newsroom
        self._openapi = self._page = b""

    def routes(self) -> list[Route]:
        return [
            Route("/docs", self.docs),
            Route("/openapi.json", self.openapi),
            Route("/asyncapi.yaml", self.asyncapi),
        ]

    def describe(self, routes: Sequence[Route]) -> None:
        """Make the documents of these routes. Raises Undescribed."""
        allow_http = self._settings.allow_http_links
        document = openapi.document(routes, self._newsroom, admin.version(), allow_http=allow_http)
        self._openapi = msgspec.json.encode(document)
        self._page = docs_page.render(document).encode()

    async def docs(self, request: Request) -> Response:
        """`GET /docs`: the description, for people."""
        return _send(request, self._page, "text/html; charset=utf-8", {"Content-Security-Policy": docs_page.POLICY})

    async def openapi(self, request: Request) -> Response:
        """`GET /openapi.json`: the description, for programs."""
        return _send(request, self._openapi, "application/json", {})

    async def asyncapi(self, request: Request) -> Response:
        """`GET /asyncapi.yaml`: the live stream, with the address under which this client reaches it."""
        document = asyncapi.document(self._newsroom, admin.version(), live_origin(self._settings, request))
        return _send(request, yaml.dump(document).encode(), "application/yaml", {})


def _send(request: Request, body: bytes, media: str, headers: dict[str, str]) -> Response:
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    return unless_unchanged(request, body, media, etag, {"Cache-Control": PAGE_CACHE, **headers})
