"""`GET /v1/stories/{id}`: one event in all its editions, with how far each lags and what is to be looked at again.

The rule to remember: a key sees its own kind. A test key sees drills alone, any other key none; a correspondent sees
what is public, and of what is not only their own.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.api.auth import Keys
from service.api.seen import sees
from service.api.store_time import StoreTime
from service.domain import stories
from service.domain.checks import ID_FORM
from service.domain.errors import NotFound
from service.domain.newsroom import Newsroom
from service.store import stories as stored
from service.store.connection import Store

_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class Stories:
    """The route."""

    def __init__(self, newsroom: Newsroom, keys: Keys, store: Store) -> None:
        self._editions = newsroom.edition_names
        self._keys = keys
        self._store = store

    def routes(self) -> list[Route]:
        return [Route("/v1/stories/{id}", self.story)]

    async def story(self, request: Request) -> Response:
        """The story, newest state of each alert and every version in short: 200, or 404 where nothing is known."""
        store_time = StoreTime()
        key = await store_time.spend(self._keys.authenticate(request))
        named = str(request.path_params["id"])
        if not ID_FORM.fullmatch(named):
            raise NotFound("there is no story of this id")
        told = await store_time.spend(stored.read(self._store, named, "Exercise" if key.test else "Actual"))
        alerts = (*told.alerts, *((one.record,) for one in told.waiting if sees(key, one)))
        if not alerts:
            raise NotFound("there is no story of this id")
        story = stories.tell(named, alerts, self._editions, told.left_out)
        return Response(msgspec.json.encode(story), headers=_HEADERS)
