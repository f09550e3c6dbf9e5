"""`GET /v1/alerts/{id}/audit`: who did what to an alert, oldest first, with what was refused.

The rule to remember: it tells what readers must not see, a withheld or killed sentence included, so it is for editors.
A correspondent sees that of their own alerts, a test key that of drills. The first line says whose alert it is.
"""

import re
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.api import headers
from service.api.auth import Keys
from service.api.problems import Problem
from service.api.store_time import StoreTime
from service.domain import roles
from service.domain.audit import By
from service.domain.errors import NotFound
from service.store import audit
from service.store.access import Key
from service.store.connection import Store

LIMIT_DEFAULT = 100
LIMIT_MAX = 500
"""A line is rarely more than 1 KB."""
AFTER_MAX = 1_000_000
"""No alert has so many lines."""

_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class _Page(msgspec.Struct, frozen=True):
    """Lines as they are kept, and the `after` of the page behind them; None where this is the last."""

    audit: list[msgspec.Raw]
    next: int | None


class Audit:
    """The route."""

    def __init__(self, keys: Keys, store: Store) -> None:
        self._keys = keys
        self._store = store

    def routes(self) -> list[Route]:
        return [Route("/v1/alerts/{id}/audit", self.audit)]

    async def audit(self, request: Request) -> Response:
        """A page of its lines."""
        store_time = StoreTime()
        key = await store_time.spend(self._keys.authenticate(request))
        alert_id = headers.alert_id(request)
        after = _number(request, "after", 0, lambda number: number <= AFTER_MAX, "the next of an earlier page")
        limit = _number(request, "limit", LIMIT_DEFAULT, lambda number: 1 <= number <= LIMIT_MAX,
                        f"a number from 1 to {LIMIT_MAX}")  # fmt: skip
        found = await store_time.spend(audit.of_alert(self._store, alert_id, after, limit))
        if found is None or not _may_see(key, found.begun_by):
            raise NotFound("there is no alert of this id")
        end = after + len(found.lines)
        page = _Page([msgspec.Raw(line) for line in found.lines], end if end < found.total else None)
        return Response(msgspec.json.encode(page), headers=_HEADERS)


def _may_see(key: Key, begun_by: By) -> bool:
    if key.test and not begun_by.test:
        return False
    return begun_by.key_id == key.id or roles.includes(key.role, "editor")


def _number(request: Request, name: str, default: int, allowed: Callable[[int], bool], words: str) -> int:
    given = request.query_params.getlist(name)
    if not given:
        return default
    if len(given) > 1 or not re.fullmatch("[0-9]{1,9}", given[0], re.ASCII) or not allowed(int(given[0])):
        raise Problem("bad-query", f"{name}: must be {words}")
    return int(given[0])
