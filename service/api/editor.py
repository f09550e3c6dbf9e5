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
from service.api import body as bodies
from service.api import headers, metrics
from service.api.auth import Keys
from service.api.body import Body
from service.api.problems import Problem
from service.api.requests import address
from service.api.store_time import STORE_WITHIN_S, StoreTime
from service.api.wires import Wires
from service.desk import Actor, Amend, Desk, Outcome
from service.domain import cursor as cursors
from service.domain import revision, roles
from service.domain.alert import Author, Record
from service.domain.amendments import AMENDMENTS
from service.domain.checks import Draft, check_alert, check_reason
from service.domain.errors import NotFound
from service.domain.fields import Notice
from service.domain.lifecycle import CHANGE_VERBS, ChangeVerb
from service.domain.newsroom import Newsroom
from service.domain.roles import Role
from service.store import history
from service.store.access import Key
from service.store.connection import Store
from service.store.stream import Idempotency

log = structlog.get_logger("api")

SHOWN_WITHIN_S = 1.0
"""How long an answer waits until this process shows what it says; the revision is durable by then, come what may."""
BODY_WITHIN_S = 20.0
"""16 KiB at less than 1 KB/s is somebody who holds a connection, not somebody with news."""

Act = Callable[[Body, Key, Actor, Idempotency | None], Awaitable[Outcome]]


class _Done(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a verb's answer; `alert` is its JSON as it stands on the wire."""

    alert: msgspec.Raw
    cursor: str
    undo_until: str | None
    warnings: tuple[Notice, ...]


class _Seen(msgspec.Struct, frozen=True, rename="camel"):
    """An alert as editors see it."""

    alert: msgspec.Raw
    state: str
    author: Author
    push: bool
    note: str | None
    reason: str | None
    cursor: str | None


class Editor:
    """The editors' routes."""

    def __init__(
        self, settings: Settings, newsroom: Newsroom, desk: Desk, keys: Keys, wires: Wires, store: Store,
        now_ms: Callable[[], int], body_within_s: float = BODY_WITHIN_S,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._newsroom = newsroom
        self._desk = desk
        self._keys = keys
        self._wires = wires
        self._store = store
        self._now_ms = now_ms
        self._body_within_s = body_within_s

    def routes(self) -> list[Route]:
        return [
            Route("/v1/alerts", self.post, methods=["POST"]),
            Route("/v1/alerts/{id}", self.alert),
            Route("/v1/alerts/{id}/versions", self.versions),
            *(Route(f"/v1/alerts/{{id}}/{verb}", self._changing(verb), methods=["POST"]) for verb in CHANGE_VERBS),
        ]

    async def post(self, request: Request) -> Response:
        """`POST /v1/alerts`: publish. 201, durable and shown by this process."""
        return await self._write(request, "publish", self._publish)

    def _changing(self, verb: ChangeVerb) -> Callable[[Request], Awaitable[Response]]:
        """`POST /v1/alerts/{id}/<verb>`: the next version of an alert. 200, also where the verb has nothing to do."""

        async def change(request: Request) -> Response:
            return await self._write(request, verb, partial(self._change, verb, headers.alert_id(request), request))

        return change

    async def _change(
        self, verb: ChangeVerb, alert_id: str, request: Request, body: Body, key: Key, actor: Actor,
        idempotency: Idempotency | None,
    ) -> Outcome:  # fmt: skip
        value = body.parse() if body.raw or verb in AMENDMENTS else None
        _require(key, roles.needed_to_change(verb, own=True), f"{verb} alerts")
        if_match = headers.version(request)
        if verb in AMENDMENTS and if_match is None:
            raise Problem("precondition-required", f"{verb} needs If-Match with the version that it changes")
        amend = self._amend(verb, value)
        reason = check_reason(value) if amend is None else None
        return await self._desk.change(
            verb, alert_id, actor, amend=amend, reason=reason, if_match=if_match, idempotency=idempotency
        )

    def _amend(self, verb: ChangeVerb, value: object) -> Amend | None:
        check = AMENDMENTS.get(verb)
        if check is None:
            return None
        allow_http = self._settings.allow_http_links
        return lambda before: check(value, before, self._newsroom, self._now_ms(), allow_http=allow_http)

    async def alert(self, request: Request) -> Response:
        """`GET /v1/alerts/{id}`: the alert as it stands, with what only editors see."""
        store_time = StoreTime(STORE_WITHIN_S)
        key = await store_time.spend(self._keys.authenticate(request))
        stored = await store_time.spend(self._desk.read(headers.alert_id(request), key.test))
        seen = _seen(stored.record, stored.encoded, str(stored.cursor))
        told = {"ETag": f'"{stored.record.alert.version}"', **_JSON}
        return Response(msgspec.json.encode(seen), headers=told)

    async def versions(self, request: Request) -> Response:
        """`GET /v1/alerts/{id}/versions`: every version, oldest first, each as it was public."""
        store_time = StoreTime(STORE_WITHIN_S)
        key = await store_time.spend(self._keys.authenticate(request))
        records = await store_time.spend(history.read_versions(self._store, headers.alert_id(request)))
        if not records or (key.test and records[0].alert.status != "Exercise"):
            raise NotFound("there is no alert of this id")
        seen = [_seen(record, revision.encode(self._desk.public(record.alert)), None) for record in records]
        return Response(msgspec.json.encode({"versions": seen}), headers=_JSON)

    async def _write(self, request: Request, verb: str, act: Act) -> Response:
        store_time = StoreTime(STORE_WITHIN_S)
        key = await store_time.spend(self._keys.authenticate(request))
        given = headers.idempotency_key(request)
        body = await bodies.read(request, self._settings.body_max_bytes, self._body_within_s)
        started_at = time.perf_counter()
        fingerprint = body.fingerprint(request.method, request.url.path)
        idempotency = None if given is None else Idempotency(key.id, given, fingerprint)
        outcome = await store_time.spend(self._desk.answered(idempotency))
        if outcome is None:
            author = Author(key.id, key.name)
            actor = Actor(author, key.role, key.test, address(request.scope), request.state.request_id)
            outcome = await store_time.spend(act(body, key, actor, idempotency))
        place = cursors.parse(outcome.cursor)
        assert place is not None, "the desk's cursors are well-formed"
        await self._wires.shows(outcome.wire, place, SHOWN_WITHIN_S)
        metrics.count_verb(verb, outcome.replayed, time.perf_counter() - started_at)
        log.info(
            "done", verb=verb, alert=outcome.alert_id, version=outcome.version, cursor=outcome.cursor, by=key.id,
            again=outcome.replayed,
        )  # fmt: skip
        return _answer(outcome)

    async def _publish(self, body: Body, key: Key, actor: Actor, idempotency: Idempotency | None) -> Outcome:
        value = body.parse()
        if key.role == "correspondent":
            raise Problem("forbidden", "what a correspondent posts becomes a draft, and drafts come with approval")
        draft = check_alert(value, self._newsroom, self._now_ms(), allow_http=self._settings.allow_http_links)
        _check_guards(draft, key.role)
        return await self._desk.publish(draft, actor, idempotency)


_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def _seen(record: Record, encoded: bytes, cursor: str | None) -> _Seen:
    return _Seen(
        alert=msgspec.Raw(encoded), state=record.state, author=record.author, push=record.push, note=record.note,
        reason=record.reason, cursor=cursor,
    )  # fmt: skip


def _answer(outcome: Outcome) -> Response:
    done = _Done(msgspec.Raw(outcome.alert), outcome.cursor, outcome.undo_until, outcome.warnings)
    told = {"ETag": f'"{outcome.version}"', **_JSON}
    if outcome.status == 201:
        told["Location"] = f"/v1/alerts/{outcome.alert_id}"
    if outcome.replayed:
        told["Idempotency-Replayed"] = "true"
    return Response(msgspec.json.encode(done), outcome.status, told)


def _check_guards(draft: Draft, role: Role) -> None:
    """What is well-formed and still not to be published now."""
    if draft.publish_at_ms is not None:
        raise Problem("embargo-unavailable", "publishAt: embargoes are not available yet; nothing was published")
    alone = roles.includes(role, roles.needed_to_publish("flash")) and "second-approval" in draft.override
    if draft.level == "flash" and not alone:
        raise Problem("approval-needed", "a flash needs a second person, and approvals are not available yet")


def _require(key: Key, needed: Role, what: str) -> None:
    if not roles.includes(key.role, needed):
        raise Problem("forbidden", f"only {needed} may {what}; this key is {key.role}")
