"""`POST /v1/alerts/check`: what would become of an alert, before anybody sees it.

The rule to remember: it only reads. The body passes the very rules that publishing has, nothing is written, not even
an Idempotency-Key, and the alert that is shown has an id that no alert will ever have.
"""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.settings import Settings
from service import siblings
from service.addresses import public_url
from service.api import body as bodies
from service.api.auth import Keys
from service.api.census import Audience, Census
from service.api.duplicates import Duplicate, Duplicates
from service.api.store_time import StoreTime
from service.domain import lifecycle, versions
from service.domain.alert import Alert
from service.domain.api_key import Key
from service.domain.checks import Draft, check_alert
from service.domain.device import PLATFORMS, Platform
from service.domain.fields import Notice
from service.domain.lifecycle import Verb
from service.domain.newsroom import Newsroom
from service.domain.pending import BRAKE, verb_to_post, within_reach
from service.domain.preview import Previews, previews
from service.ids import new_id
from service.store import stream
from service.store.connection import Store
from service.store.keys import WireName
from service.store.stream import Flash


class Checked(msgspec.Struct, frozen=True):
    """The answer. `alert` is as it would be published now, or at its `publishAt`."""

    alert: Alert
    warnings: tuple[Notice, ...]
    duplicates: tuple[Duplicate, ...]
    previews: Previews
    audience: dict[Platform, int]


class Check:
    """The route. Every role may ask."""

    def __init__(
        self, settings: Settings, newsroom: Newsroom, keys: Keys, census: Census, duplicates: Duplicates, store: Store,
        now_ms: Callable[[], int], body_within_s: float,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._newsroom = newsroom
        self._keys = keys
        self._census = census
        self._duplicates = duplicates
        self._store = store
        self._now_ms = now_ms
        self._body_within_s = body_within_s
        self._public_url = public_url(settings)

    def routes(self) -> list[Route]:
        return [Route("/v1/alerts/check", self.check, methods=["POST"])]

    async def check(self, request: Request) -> Response:
        """`POST /v1/alerts/check`: 200 with what would be published, to whom, and what is worth a look before."""
        store_time = StoreTime()
        key = await store_time.spend(self._keys.authenticate(request))
        body = await bodies.read(request, self._settings.body_max_bytes, self._body_within_s)
        self._keys.count_write(key, "check")  # it takes as much as a write, and a script may run away with it, too
        now_ms = self._now_ms()
        draft = check_alert(body.parse(), self._newsroom, now_ms, allow_http=self._settings.allow_http_links)
        draft = within_reach(draft, key.role)
        alert = self._as_published(draft, key.test, now_ms)
        # what says that it rings nobody has no audience, whoever would have liked to hear it
        audience = await store_time.spend(self._census.audience(alert)) if draft.push else _NOBODY
        unknown = await store_time.spend(siblings.unknown(self._store, draft.story, alert.status))
        waits = await store_time.spend(self._waits(draft, key, now_ms))
        checked = Checked(
            alert=alert,
            warnings=(*draft.warnings, *unknown, *waits, *(() if audience.whole else (_AT_LEAST,))),
            duplicates=self._duplicates.of(draft, key.test, now_ms),
            previews=previews(alert, draft.edition, self._public_url),
            audience=audience.devices,
        )
        return Response(msgspec.json.encode(checked), headers=_JSON)

    async def _waits(self, draft: Draft, key: Key, now_ms: int) -> tuple[Notice, ...]:
        """Why publishing would not be at once."""
        guards = self._newsroom.guards
        verb = verb_to_post(key.role, draft.level, draft.override, draft.publish_at_ms, guards)
        if verb == "publish" and draft.level == "flash" and BRAKE not in draft.override:
            wire = WireName(draft.edition.edition, key.test)
            if await stream.is_braked(self._store, wire, Flash(guards.brake_s, guards.brake_flashes), now_ms):
                return (_WAITS["propose"], _BRAKE)
        return (_WAITS[verb],) if verb in _WAITS else ()

    def _as_published(self, draft: Draft, test: bool, now_ms: int) -> Alert:
        transition = lifecycle.change(None, "publish")
        at_ms = draft.publish_at_ms or now_ms
        return versions.first(
            draft, transition, self._newsroom, alert_id=new_id(), story=draft.story or new_id(),
            status="Exercise" if test else "Actual", now_ms=at_ms,
            expires_ms=draft.expires_ms or at_ms + self._settings.expires_default_s * 1000,
        )  # fmt: skip


_WAITS: dict[Verb, Notice] = {
    "submit": Notice("approval-needed", "what a correspondent posts is a draft until the duty desk approves it"),
    "propose": Notice("approval-needed", "a flash waits for a second person"),
    "schedule": Notice("scheduled", "it is published at publishAt, and not before"),
}
_BRAKE = Notice("brake", "there were many flashes in a short time")
_NOBODY = Audience(dict.fromkeys(PLATFORMS, 0), whole=True)
_AT_LEAST = Notice("audience-at-least", "readers want too many different things to count them all: there are more")
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}
