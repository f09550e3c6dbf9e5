"""What editors do over HTTP: publish, change what is out, and look at an alert.

The rule to remember: authentication first, then the Idempotency-Key, then everything else. A repetition gets its answer
even if it would be refused today, because what it asked for has been done.
"""

import time
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.settings import Settings
from service.acting import Actor, Outcome
from service.api import body as bodies
from service.api import headers, metrics
from service.api.auth import Keys
from service.api.body import Body
from service.api.duplicates import Duplicates
from service.api.problems import Problem
from service.api.requests import address
from service.api.seen import seen, seen_pending
from service.api.store_time import StoreTime
from service.api.wires import Wires
from service.desk import Amend, Desk
from service.domain import cursor as cursors
from service.domain import revision
from service.domain.alert import Author, State
from service.domain.amendments import AMENDMENTS
from service.domain.checks import Draft, check_alert, check_reason
from service.domain.errors import Braked, NotFound
from service.domain.fields import Notice
from service.domain.lifecycle import CHANGE_VERBS, ChangeVerb, Verb
from service.domain.newsroom import Newsroom
from service.domain.pending import Pending, verb_to_post, within_reach
from service.domain.redrafts import check_redraft
from service.store import history
from service.store.access import Key
from service.store.calls import Idempotency
from service.store.connection import Store
from service.tray import Redrafting, Tray
from service.turns import Turns

log = structlog.get_logger("api")

SHOWN_WITHIN_S = 1.0
"""How long an answer waits until this process shows what it says; the revision is durable by then, come what may."""
BODY_WITHIN_S = 16.0
"""16 KiB at less than 1 KB/s is somebody who holds a connection, not somebody with news."""

VERBS: tuple[Verb, ...] = (*CHANGE_VERBS, "approve")
WRITTEN_UPON: tuple[Verb, ...] = (*AMENDMENTS, "approve")
"""The verbs that are meant for one version, so that If-Match must name it."""
GOES_OUT: tuple[Verb, ...] = ("publish", "propose")
"""What is posted to be out now, or as soon as a second person says so."""

Act = Callable[[Body, Key, Actor, Idempotency | None], Awaitable[Outcome]]


class _Done(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a verb's answer; `alert` is its JSON as it stands on the wire."""

    alert: msgspec.Raw
    cursor: str
    undo_until: str | None
    warnings: tuple[Notice, ...]


class _Waits(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to a verb whose alert is not public, as it would be published."""

    alert: msgspec.Raw
    state: State
    warnings: tuple[Notice, ...]


class Editor:
    """The editors' routes."""

    def __init__(
        self, settings: Settings, newsroom: Newsroom, desk: Desk, tray: Tray, keys: Keys, wires: Wires, store: Store,
        duplicates: Duplicates, now_ms: Callable[[], int], body_within_s: float = BODY_WITHIN_S,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._newsroom = newsroom
        self._desk = desk
        self._tray = tray
        self._keys = keys
        self._wires = wires
        self._store = store
        self._duplicates = duplicates
        self._now_ms = now_ms
        self._body_within_s = body_within_s
        self._turns = Turns()

    def routes(self) -> list[Route]:
        return [
            Route("/v1/alerts", self.post, methods=["POST"]),
            Route("/v1/alerts/{id}", self.alert),
            Route("/v1/alerts/{id}/versions", self.versions),
            *(Route(f"/v1/alerts/{{id}}/{verb}", self._changing(verb), methods=["POST"]) for verb in VERBS),
        ]

    async def post(self, request: Request) -> Response:
        """`POST /v1/alerts`: publish (201, durable and shown by this process), or let it wait (202, durable)."""
        return await self._write(request, "publish", self._publish)

    def _changing(self, verb: Verb) -> Callable[[Request], Awaitable[Response]]:
        """`POST /v1/alerts/{id}/<verb>`: the next version of an alert. 200, also where the verb has nothing to do."""

        async def change(request: Request) -> Response:
            return await self._write(request, verb, partial(self._change, verb, headers.alert_id(request), request))

        return change

    async def _change(
        self, verb: Verb, alert_id: str, request: Request, body: Body, key: Key, actor: Actor,
        idempotency: Idempotency | None,
    ) -> Outcome:  # fmt: skip
        value = body.parse() if body.raw or verb in AMENDMENTS else None
        if_match = headers.version(request)
        if verb in WRITTEN_UPON and if_match is None:
            raise Problem("precondition-required", f"{verb} needs If-Match with the version that it is meant for")
        reason = None if verb in AMENDMENTS else check_reason(value)
        async with self._turns.at(alert_id, first=verb not in WRITTEN_UPON):
            return await self._change_as_it_is(verb, alert_id, actor, value, reason, if_match, idempotency)

    async def _change_as_it_is(
        self, verb: Verb, alert_id: str, actor: Actor, value: object, reason: str | None, if_match: int | None,
        idempotency: Idempotency | None,
    ) -> Outcome:  # fmt: skip
        """Change what is out, or what waits to be."""
        try:
            return await self._change_public(verb, alert_id, actor, value, reason, if_match, idempotency)
        except NotFound:
            pass
        try:
            redraft = self._redraft(value) if verb == "update" else None
            return await self._tray.change(
                verb, alert_id, actor, redraft=redraft, remark=self._remark, reason=reason, if_match=if_match,
                idempotency=idempotency,
            )  # fmt: skip
        except NotFound:
            # it may have been published between the two looks
            return await self._change_public(verb, alert_id, actor, value, reason, if_match, idempotency)

    async def _change_public(
        self, verb: Verb, alert_id: str, actor: Actor, value: object, reason: str | None, if_match: int | None,
        idempotency: Idempotency | None,
    ) -> Outcome:  # fmt: skip
        if verb == "approve":
            return await self._desk.approve(alert_id, actor, idempotency)
        assert verb in CHANGE_VERBS
        return await self._desk.change(
            verb, alert_id, actor, amend=self._amend(verb, value), reason=reason, if_match=if_match,
            idempotency=idempotency,
        )  # fmt: skip

    def _remark(self, pending: Pending) -> tuple[Notice, ...]:
        return self._duplicates.remark(pending, self._now_ms())

    def _redraft(self, value: object) -> Redrafting:
        allow_http = self._settings.allow_http_links
        return lambda before: check_redraft(value, before, self._newsroom, self._now_ms(), allow_http=allow_http)

    def _amend(self, verb: ChangeVerb, value: object) -> Amend | None:
        check = AMENDMENTS.get(verb)
        if check is None:
            return None
        allow_http = self._settings.allow_http_links
        return lambda before: check(value, before, self._newsroom, self._now_ms(), allow_http=allow_http)

    async def alert(self, request: Request) -> Response:
        """`GET /v1/alerts/{id}`: the alert as it stands, with what only editors see."""
        store_time = StoreTime()
        key = await store_time.spend(self._keys.authenticate(request))
        alert_id = headers.alert_id(request)
        try:
            stored = await store_time.spend(self._desk.read(alert_id, key.test))
            version, told = stored.record.alert.version, seen(stored.record, stored.encoded, str(stored.cursor))
        except NotFound:
            pending = await store_time.spend(self._tray.read(alert_id, self._actor(request, key)))
            version, told = pending.alert.version, seen_pending(pending)
        return Response(msgspec.json.encode(told), headers={"ETag": f'"{version}"', **_JSON})

    async def versions(self, request: Request) -> Response:
        """`GET /v1/alerts/{id}/versions`: every version, oldest first, each as it was public; of what waits, the one
        that does. What it was before stands in the audit.
        """
        store_time = StoreTime()
        key = await store_time.spend(self._keys.authenticate(request))
        alert_id = headers.alert_id(request)
        records = await store_time.spend(history.read_versions(self._store, alert_id))
        if key.test and any(record.alert.status != "Exercise" for record in records[:1]):
            raise NotFound("there is no alert of this id")
        told = [seen(record, revision.encode(self._desk.public(record.alert)), None) for record in records]
        if not told:
            told = [seen_pending(await store_time.spend(self._tray.read(alert_id, self._actor(request, key))))]
        return Response(msgspec.json.encode({"versions": told}), headers=_JSON)

    async def _write(self, request: Request, verb: str, act: Act) -> Response:
        store_time = StoreTime()
        key = await store_time.spend(self._keys.authenticate(request))
        given = headers.idempotency_key(request)
        body = await bodies.read(request, self._settings.body_max_bytes, self._body_within_s)
        started_at = time.perf_counter()
        fingerprint = body.fingerprint(request.method, request.url.path)
        idempotency = None if given is None else Idempotency(key.id, given, fingerprint)
        outcome = await store_time.spend(self._desk.answered(idempotency))
        if outcome is None:
            self._keys.count_write(key, verb)
            outcome = await store_time.spend(act(body, key, self._actor(request, key), idempotency))
        await self._shown(outcome)
        metrics.count_verb(verb, outcome.replayed, time.perf_counter() - started_at)
        log.info(
            "done", verb=verb, alert=outcome.alert_id, version=outcome.version, cursor=outcome.cursor or None,
            waits=outcome.state, by=key.id, again=outcome.replayed,
        )  # fmt: skip
        return _answer(outcome)

    async def _publish(self, body: Body, key: Key, actor: Actor, idempotency: Idempotency | None) -> Outcome:
        value = body.parse()
        draft = check_alert(value, self._newsroom, self._now_ms(), allow_http=self._settings.allow_http_links)
        draft = within_reach(draft, key.role)
        verb = verb_to_post(key.role, draft.level, draft.override, draft.publish_at_ms, self._newsroom.guards)
        try:
            async with self._duplicates.guard(draft, key.test, self._now_ms(), goes_out=verb in GOES_OUT) as passed:
                outcome = await self._post(verb, passed, actor, idempotency)
                await self._shown(outcome)
                return outcome
        except Problem:
            # the same request may have come twice at once, and what it says the same as may be its twin
            done = await self._desk.answered(idempotency)
            if done is None:
                raise
            return done

    async def _post(self, verb: Verb, draft: Draft, actor: Actor, idempotency: Idempotency | None) -> Outcome:
        if verb != "publish":
            return await self._tray.take(draft, verb, actor, idempotency)
        try:
            return await self._desk.publish(draft, actor, idempotency)
        except Braked as braked:
            return await self._tray.take(draft, "propose", actor, idempotency, Notice("brake", str(braked)))

    async def _shown(self, outcome: Outcome) -> None:
        place = cursors.parse(outcome.cursor)
        if place is not None:  # what is pending has none
            await self._wires.shows(outcome.wire, place, SHOWN_WITHIN_S)

    def _actor(self, request: Request, key: Key) -> Actor:
        author = Author(key.id, key.name)
        return Actor(author, key.role, key.test, address(request.scope), request.state.request_id)


_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def _answer(outcome: Outcome) -> Response:
    done: _Done | _Waits
    if outcome.state is None:
        done = _Done(msgspec.Raw(outcome.alert), outcome.cursor, outcome.undo_until, outcome.warnings)
    else:
        done = _Waits(msgspec.Raw(outcome.alert), outcome.state, outcome.warnings)
    told = {"ETag": f'"{outcome.version}"', **_JSON}
    if outcome.status in (201, 202):
        told["Location"] = f"/v1/alerts/{outcome.alert_id}"
    if outcome.replayed:
        told["Idempotency-Replayed"] = "true"
    return Response(msgspec.json.encode(done), outcome.status, told)
