"""`GET /v1/alerts/{id}/delivery`: how an alert's delivery stands, once or as it goes.

The rule to remember: a stream looks at the store twice a second, says what has changed, and is bounded: in number, in
time, by the key that opened it and by the process that serves it.
"""

import time
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.settings import Settings
from service.api import headers
from service.api.auth import Keys
from service.api.events import EventStream, Listener
from service.api.problems import Problem
from service.api.store_time import StoreTime
from service.desk import Desk
from service.domain import delivery
from service.domain.delivery import Report
from service.domain.errors import NotFound, StoreUnavailable
from service.domain.newsroom import Newsroom
from service.store import access, figures, tickets
from service.store.connection import Store
from service.store.tickets import Bearer

STREAMS_MAX = 100
"""Streams of one process: each asks the store four to six times a second."""
FULL_RETRY_S = 5
LOOK_S = 0.5
"""How often a stream looks, and so how often it speaks at most."""
SETTLED_S = 3.0
"""How long a complete delivery must have stood still before its stream ends; receipts may come for hours."""
STREAM_MAX_S = 600.0
"""How long a stream may go on; whoever wants more asks again, with a key that is still valid."""

Asks = Callable[[], Awaitable[bool]]
"""Whether who asks has a test key. Raises Problem (401) as soon as that key has ended, and StoreUnavailable."""

_BAD_TICKET = {"WWW-Authenticate": 'Bearer realm="flashwire", error="invalid_token"'}
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store", "Vary": "Accept"}


class Delivery:
    """The route. `stopping` says that the process is about to end: its streams end before it."""

    def __init__(
        self, settings: Settings, newsroom: Newsroom, desk: Desk, keys: Keys, store: Store, now_ms: Callable[[], int],
        stopping: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._late_max_s = settings.push_late_max_s
        self._newsroom = newsroom
        self._desk = desk
        self._keys = keys
        self._store = store
        self._now_ms = now_ms
        self._stopping = stopping
        self._streams = 0

    def routes(self) -> list[Route]:
        return [Route("/v1/alerts/{id}/delivery", self.delivery)]

    async def delivery(self, request: Request) -> Response:
        """The report: as JSON, or as an event stream for whoever accepts one, who may bring a ticket for a key."""
        streams = request.method == "GET" and "text/event-stream" in request.headers.get("accept", "")
        asks = partial(self._by_key, request)
        if streams and "authorization" not in request.headers and "ticket" in request.query_params:
            asks = partial(self._by_ticket, await self._redeem(request))
        report = await self._look(request, asks)
        if not streams:
            return Response(msgspec.json.encode(report), headers=_HEADERS)
        if self._streams >= STREAMS_MAX:
            full = {"Retry-After": str(FULL_RETRY_S)}
            raise Problem("too-many-streams", f"this process serves {STREAMS_MAX} already", headers=full)
        return EventStream(partial(self._follow, request, asks, report))

    async def _by_key(self, request: Request) -> bool:
        return (await self._keys.authenticate(request)).test

    async def _redeem(self, request: Request) -> Bearer:
        """Who brings the ticket of the query. Raises Problem (401), StoreUnavailable."""
        ticket = tickets.redeem(self._store, request.query_params["ticket"], self._now_ms())
        bearer = await StoreTime().spend(ticket)
        if bearer is None:
            raise Problem("unauthorized", "this ticket is unknown, used or expired", headers=_BAD_TICKET)
        request.state.key_id = bearer.key_id  # for the log
        return bearer

    async def _by_ticket(self, bearer: Bearer) -> bool:
        if not await access.standing(self._store, {bearer.key_id}, self._now_ms()):
            raise Problem("unauthorized", "the key of this ticket has ended", headers=_BAD_TICKET)
        return bearer.test

    async def _look(self, request: Request, asks: Asks) -> Report:
        """The report of this moment, for a key that is valid now. Raises Problem (401), NotFound, StoreUnavailable."""
        store_time = StoreTime()
        is_test = await store_time.spend(asks())
        alert_id = headers.alert_id(request)
        try:
            record = (await store_time.spend(self._desk.read(alert_id, is_test))).record
        except NotFound:
            raise NotFound("no alert of this id is out, so there is nothing to deliver") from None
        found = await store_time.spend(figures.read(self._store, alert_id, record.alert.version))
        return delivery.report(record, found, self._newsroom, self._now_ms(), self._late_max_s)

    async def _follow(self, request: Request, asks: Asks, report: Report, listener: Listener) -> None:
        self._streams += 1
        try:
            await self._tell(request, asks, report, listener)
        finally:
            self._streams -= 1

    async def _tell(self, request: Request, asks: Asks, report: Report, listener: Listener) -> None:
        """Say what changes until the delivery is complete and stands still, or nobody may or wants to hear more."""
        began_s = time.monotonic()
        said, changed_s = b"", began_s
        while True:
            encoded, now_s = msgspec.json.encode(report), time.monotonic()
            if encoded != said:
                said, changed_s = encoded, now_s
                await listener.say("delivery", encoded)
            if report.complete and now_s - changed_s >= SETTLED_S:
                await listener.say("complete", encoded)
                return
            if now_s - began_s >= STREAM_MAX_S or not await listener.stays(LOOK_S) or self._stopping():
                return
            try:
                report = await self._look(request, asks)
            except StoreUnavailable:
                continue  # an outage is a pause; what was said last still stands
            except (Problem, NotFound):
                return  # the key has been revoked, or the alert is not kept any longer
