"""Keys over HTTP: list, make, rotate, end one, end all.

The rule to remember: a key is shown in one answer and never again, not even to whoever repeats the request; a lost one
is rotated. Test keys see and touch test keys alone, and a key that was ended changes no other.
"""

from collections.abc import Awaitable, Callable

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.settings import Settings
from service.api import body as bodies
from service.api import headers
from service.api.auth import Keys
from service.api.body import Body
from service.api.problems import Problem
from service.api.requests import address
from service.api.store_time import StoreTime
from service.domain import roles
from service.domain.api_key import Key, check_new_key, check_nothing, check_overlap
from service.domain.audit import Act, By, KeysVerb, refusal
from service.domain.errors import NotFound
from service.domain.moment import to_text
from service.domain.roles import Role
from service.store import access, audit, key_records
from service.store.access import AnsweredBefore, Bounds
from service.store.calls import Idempotency
from service.store.connection import Store

log = structlog.get_logger("api")

_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}
_REPLAYED = {"Idempotency-Replayed": "true"}


class Asked(msgspec.Struct, frozen=True):
    """A change that somebody with a good key asks for."""

    key: Key
    by: By
    body: Body
    idempotency: Idempotency | None


Change = Callable[[Asked], Awaitable[bytes]]


class KeyRoutes:
    """The routes of keys."""

    def __init__(
        self, settings: Settings, keys: Keys, store: Store, now_ms: Callable[[], int], body_within_s: float
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._store = store
        self._now_ms = now_ms
        self._body_within_s = body_within_s
        self._bounds = Bounds(
            keys_max=settings.keys_max, keys_kept_days=settings.keys_kept_days,
            idempotency_ttl_s=settings.idempotency_ttl_s, idempotency_max_per_key=settings.idempotency_max_per_key,
            replicas_min=settings.replicas_min if settings.durability == "replica" else 0,
        )  # fmt: skip

    def routes(self) -> list[Route]:
        return [
            Route("/v1/keys", self.keys, methods=["GET", "POST"]),
            Route("/v1/keys/revoke-all", self.revoke_all, methods=["POST"]),
            Route("/v1/keys/{id}", self.revoke, methods=["DELETE"]),
            Route("/v1/keys/{id}/rotate", self.rotate, methods=["POST"]),
        ]

    async def keys(self, request: Request) -> Response:
        """`GET /v1/keys`: all that the key may see; `POST`: one more."""
        if request.method == "POST":
            return await self._change(request, "create-key", "admin", self._create, 201)
        store_time = StoreTime()
        key = await store_time.spend(self._keys.authenticate(request))
        _require(key, "admin")
        found = await store_time.spend(access.list_keys(self._store))
        seen = [each for each in found if each.test or not key.test]
        return Response(msgspec.json.encode({"keys": seen}), headers=_JSON)

    async def rotate(self, request: Request) -> Response:
        """`POST /v1/keys/{id}/rotate`: another secret for the same key."""

        async def change(asked: Asked) -> bytes:
            body = asked.body.parse() if asked.body.raw else None
            overlap_s = check_overlap(body, self._settings.key_overlap_s)
            key_id = await self._theirs(request, asked.key)
            done = access.rotate(
                self._store, key_id, overlap_s, self._now_ms(), asked.by, asked.idempotency, self._bounds
            )
            return msgspec.json.encode(await done)

        return await self._change(request, "rotate-key", "admin", change, 200)

    async def revoke(self, request: Request) -> Response:
        """`DELETE /v1/keys/{id}`: 204, also for one that has ended."""

        async def change(asked: Asked) -> bytes:
            key_id = await self._theirs(request, asked.key)
            await access.revoke(self._store, key_id, self._now_ms(), asked.by, asked.idempotency, self._bounds)
            return b""

        return await self._change(request, "revoke-key", "admin", change, 204)

    async def revoke_all(self, request: Request) -> Response:
        """`POST /v1/keys/revoke-all`: 200 with how many were ended, the one that asks among them."""

        async def change(asked: Asked) -> bytes:
            check_nothing(asked.body.parse() if asked.body.raw else None)
            done = access.revoke_all(self._store, self._now_ms(), asked.by, asked.idempotency, self._bounds)
            return msgspec.json.encode({"revoked": await done})

        return await self._change(request, "revoke-all", "duty", change, 200)

    async def _create(self, asked: Asked) -> bytes:
        now_ms = self._now_ms()
        new = check_new_key(asked.body.parse(), now_ms)
        test = asked.key.test if new.test is None else new.test
        if asked.key.test and not test:
            raise Problem("forbidden", "a test key makes test keys alone")
        issued = await access.create(
            self._store, new.name, new.role, test, now_ms, new.expires_ms, asked.by, asked.idempotency, self._bounds
        )
        return msgspec.json.encode(issued)

    async def _change(self, request: Request, verb: KeysVerb, needed: Role, change: Change, status: int) -> Response:
        """Authentication, then the Idempotency-Key, then role, body and the change itself."""
        store_time = StoreTime()
        key = await store_time.spend(self._keys.authenticate(request))
        given = headers.idempotency_key(request)
        body = await bodies.read(request, self._settings.body_max_bytes, self._body_within_s)
        fingerprint = body.fingerprint(request.method, request.url.path)
        idempotency = None if given is None else Idempotency(key.id, given, fingerprint)
        by = By(
            name=key.name, key_id=key.id, role=key.role, test=key.test, address=address(request.scope),
            request_id=request.state.request_id,
        )  # fmt: skip
        if (answer := await store_time.spend(access.answered(self._store, idempotency, self._bounds))) is not None:
            return _answer(status, answer, _REPLAYED)
        self._keys.count_write(key, verb)
        try:
            _require(key, needed)
            answer = await store_time.spend(change(Asked(key, by, body, idempotency)))
        except AnsweredBefore as before:
            return _answer(status, before.answer, _REPLAYED)
        except Problem as problem:
            if problem.slug == "forbidden":
                act = Act(at=to_text(self._now_ms()), verb=verb, by=by, key=request.path_params.get("id"))
                await audit.note(self._store, refusal(act, problem.detail))
            raise
        log.info("keys changed", verb=verb, by=key.id, key=request.path_params.get("id"))
        return _answer(status, answer, {})

    async def _theirs(self, request: Request, key: Key) -> str:
        """The id of the path, of a key that `key` may see. Raises NotFound, StoreUnavailable."""
        key_id = str(request.path_params["id"])
        held = await key_records.find(self._store, key_id) if key_records.is_id(key_id) else None
        if held is None or (key.test and not held.key.test):
            raise NotFound("there is no key of this id")
        return key_id


def _answer(status: int, answer: bytes, more: dict[str, str]) -> Response:
    media = _JSON if answer else {"Cache-Control": "no-store"}
    return Response(answer, status, {**media, **more})


def _require(key: Key, needed: Role) -> None:
    if not roles.includes(key.role, needed):
        raise Problem("forbidden", f"only {needed} may do this with keys; this key is {key.role}")
