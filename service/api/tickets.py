"""`POST /v1/tickets`: a ticket for whoever opens a stream from a page, which cannot set a header.

The rule to remember: a ticket is a secret that is shown once, so no answer is kept for a repetition. The same
Idempotency-Key twice is two tickets; the one that nobody uses is gone after a minute.
"""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.settings import Settings
from service.api import body as bodies
from service.api import headers
from service.api.auth import Keys
from service.api.body import Body
from service.api.store_time import StoreTime
from service.domain import moment
from service.domain.fields import Fields
from service.store import tickets
from service.store.connection import Store


class Tickets:
    """The route."""

    def __init__(
        self, settings: Settings, keys: Keys, store: Store, now_ms: Callable[[], int], body_within_s: float
    ) -> None:  # fmt: skip
        self._settings = settings
        self._keys = keys
        self._store = store
        self._now_ms = now_ms
        self._body_within_s = body_within_s

    def routes(self) -> list[Route]:
        return [Route("/v1/tickets", self.issue, methods=["POST"])]

    async def issue(self, request: Request) -> Response:
        """201 with the ticket and until when it is good, for any key."""
        store_time = StoreTime()
        key = await store_time.spend(self._keys.authenticate(request))
        headers.idempotency_key(request)
        _check_empty(await bodies.read(request, self._settings.body_max_bytes, self._body_within_s))
        per_min_max = self._settings.tickets_per_key_per_min
        made = await store_time.spend(tickets.issue(self._store, key, per_min_max, self._now_ms()))
        body = msgspec.json.encode({"ticket": made.ticket, "expires": moment.to_text(made.expires_ms)})
        return Response(body, 201, {"Content-Type": "application/json", "Cache-Control": "no-store"})


def _check_empty(body: Body) -> None:
    """There is nothing to say; who says something means something else. Raises Problem, Invalid."""
    value = body.parse() if body.raw else None
    if value is not None:
        read = Fields(value)
        read.know(())
        read.finish()
