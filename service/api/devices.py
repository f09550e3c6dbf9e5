"""What apps and browsers register with, change, erase, and send receipts to.

The rule to remember: a device is known by its secret, which names it and proves it. Who holds no secret learns nothing,
and an id can only be known to whom it was given, so "not found" tells nobody anything (docs/devices.md).
"""

import math
import time
import zoneinfo
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.settings import Settings
from service.api import body as bodies
from service.api.auth import Keys
from service.api.crowd import Crowd
from service.api.problems import Problem
from service.api.requests import address
from service.api.store_time import StoreTime
from service.domain.errors import NotFound, StoreUnavailable
from service.domain.newsroom import Newsroom
from service.domain.receipt import check_receipts
from service.domain.registration import Registration, Rules, body_of, check_registration, check_replacement
from service.store import devices, receipts
from service.store.connection import Store
from service.store.devices import Held

TRIES_MAX = 5
"""How often a change is decided anew because another of the same device came first."""
_CHALLENGE = 'Bearer realm="flashwire devices"'
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class Devices:
    """The devices' routes."""

    def __init__(
        self, settings: Settings, newsroom: Newsroom, keys: Keys, store: Store, now_ms: Callable[[], int],
        body_within_s: float,
    ) -> None:  # fmt: skip
        self._rules = Rules(newsroom, frozenset(zoneinfo.available_timezones()), settings.webpush_hosts)
        self._crowd = Crowd(settings.registrations_per_address_per_min)
        self._body_max_bytes = settings.body_max_bytes
        self._body_within_s = body_within_s
        self._keys = keys
        self._store = store
        self._now_ms = now_ms

    def routes(self) -> list[Route]:
        return [
            Route("/v1/devices", self.register, methods=["POST"]),
            Route("/v1/devices/{id}", self.device, methods=["GET", "PUT", "DELETE"]),
            Route("/v1/receipts", self.receipts, methods=["POST"]),
        ]

    async def register(self, request: Request) -> Response:
        """`POST /v1/devices`: 201 with id and secret; 200 for a token that is known, with a fresh secret."""
        self._admit(address(request.scope))
        registration = check_registration(await self._body(request), self._rules)
        store_time = StoreTime()
        if registration.test:
            await self._require_test_key(request, store_time)
        made = await store_time.spend(devices.register(self._store, registration, self._now_ms()))
        body = msgspec.json.encode({"id": made.id, "secret": made.secret})
        headers = {**_JSON, "Location": f"/v1/devices/{made.id}"}
        return Response(body, 201 if made.is_new else 200, headers)

    async def device(self, request: Request) -> Response:
        """`/v1/devices/{id}`: what is kept of a device, its replacement, its erasure."""
        match request.method:
            case "PUT":
                return await self._replace(request)
            case "DELETE":
                return await self._erase(request)
        held = await self._hold(request, StoreTime())
        return Response(msgspec.json.encode({"id": _id(request), **body_of(held.device)}), headers=_JSON)

    async def receipts(self, request: Request) -> Response:
        """`POST /v1/receipts`: 200 with how many were new; the secret says of which device they are."""
        secret = _secret(request)
        device_id = devices.id_of_secret(secret)
        store_time = StoreTime()
        held = None if device_id is None else await store_time.spend(devices.find(self._store, device_id))
        if held is None or not held.proves(secret):
            raise _unknown_secret()
        said = check_receipts(await self._body(request))
        device = held.device
        counted = await store_time.spend(receipts.count(self._store, device.platform, device.number, said))
        return Response(msgspec.json.encode({"counted": counted}), headers=_JSON)

    async def _replace(self, request: Request) -> Response:
        store_time = StoreTime()
        held = await self._hold(request, store_time)
        body = await self._body(request)
        for _ in range(TRIES_MAX):
            registration = check_replacement(body, held.device, self._rules)
            _check_test(registration, held)
            if await store_time.spend(devices.replace(self._store, held, registration, self._now_ms())):
                return Response(msgspec.json.encode({"id": _id(request)}), headers=_JSON)
            held = await self._hold(request, store_time)
        raise StoreUnavailable("others keep changing this device")

    async def _erase(self, request: Request) -> Response:
        store_time = StoreTime()
        for _ in range(TRIES_MAX):
            held = await self._hold(request, store_time)
            if await store_time.spend(devices.erase(self._store, held)):
                return Response(status_code=204, headers={"Cache-Control": "no-store"})
        raise StoreUnavailable("others keep changing this device")

    async def _hold(self, request: Request, store_time: StoreTime) -> Held:
        """The device of the address, proved by its secret. Raises Problem (401), NotFound, StoreUnavailable.

        Who brings no secret at all is not told which devices there are.
        """
        secret = _secret(request)
        owner = devices.id_of_secret(secret)
        if owner is None:
            raise _unknown_secret()
        held = await store_time.spend(devices.find(self._store, _id(request)))
        if held is None:
            raise NotFound("there is no device of this id")
        if not held.proves(secret) or owner != _id(request):
            raise _unknown_secret()
        return held

    async def _body(self, request: Request) -> object:
        return (await bodies.read(request, self._body_max_bytes, self._body_within_s)).parse()

    def _admit(self, client: str) -> None:
        wait_s = self._crowd.wait_s(client, time.monotonic())
        if wait_s > 0:
            headers = {"Retry-After": str(math.ceil(wait_s))}
            raise Problem("too-many-registrations", "too many from this address; nothing was kept", headers=headers)

    async def _require_test_key(self, request: Request, store_time: StoreTime) -> None:
        if "authorization" in request.headers:
            key = await store_time.spend(self._keys.authenticate(request))
            if key.test:
                return
        raise Problem("test-key-needed", "test: only with a test key in Authorization")


def _check_test(registration: Registration, held: Held) -> None:
    if registration.test and not held.device.test:
        raise Problem("test-key-needed", "test: a device becomes a test device by registering with a test key")


def _id(request: Request) -> str:
    return str(request.path_params["id"])


def _secret(request: Request) -> str:
    """What stands behind `Bearer`. Raises Problem (401) where nothing does."""
    scheme, _, presented = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not presented.strip():
        raise Problem("device-unauthorized", "there is no secret", headers={"WWW-Authenticate": _CHALLENGE})
    return presented.strip()


def _unknown_secret() -> Problem:
    headers = {"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'}
    return Problem("device-unauthorized", "this secret is not this device's", headers=headers)
