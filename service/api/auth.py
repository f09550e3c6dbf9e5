"""Who is it? `Authorization: Bearer <key>`: whose key it is, how often it may write, how often others may guess.

The rule to remember: a right key is found out first, whoever else is wrong beside it; only what is nobody's key is
counted, and refused with 429 once there were too many. A revocation holds everywhere within 2 s.
"""

import math
import time
from collections.abc import Callable

from starlette.requests import Request

from config.settings import Settings
from service.api import metrics
from service.api.last_used import LastUsed
from service.api.problems import Problem
from service.api.requests import address
from service.domain.addresses import group_of
from service.domain.api_key import Key
from service.domain.minutes import Minutes
from service.store.connection import Store
from service.store.keyring import Found, Keyring

_CHALLENGE = 'Bearer realm="flashwire"'
ALWAYS = frozenset(("hold", "undo", "kill"))
"""What a limit of writes never stops: whoever has let a script run away must be able to take back what it did."""
_ENDED = {"expired": "this key has expired", "revoked": "this key has been revoked"}


class Keys:
    """Checks the keys that editors present, and how often each is used."""

    def __init__(self, store: Store, settings: Settings, now_ms: Callable[[], int]) -> None:
        self.used = LastUsed(store, settings.key_used_every_s)
        self._ring = Keyring(store, settings.auth_cache_s)
        self._now_ms = now_ms
        self._writes = Minutes(settings.writes_per_key_per_min)
        self._wrong_of_address = Minutes(settings.wrong_keys_per_address_per_min)
        self._wrong_of_id = Minutes(settings.wrong_keys_per_id_per_min)

    async def authenticate(self, request: Request) -> Key:
        """The key of a request. Raises Problem (401, or 429 after many wrong ones), StoreUnavailable."""
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not presented.strip():
            raise Problem(
                "unauthorized",
                "there is no key: send Authorization: Bearer <key>",
                headers={"WWW-Authenticate": _CHALLENGE},
            )
        now_ms = self._now_ms()
        found = await self._ring.find(presented.strip(), now_ms)
        if found.key is None or found.why is not None:
            raise self._refusal(found, request)
        self.used.note(found.key.id, now_ms)
        request.state.key_id = found.key.id  # for the log
        return found.key

    def count_write(self, key: Key, verb: str) -> None:
        """Count a write that is about to be done. Raises Problem (429) where the key has done too many."""
        wait_s = self._writes.wait_s(key.id, time.monotonic())
        if wait_s > 0 and verb not in ALWAYS:
            metrics.RATE_LIMITED.inc()
            raise Problem("rate-limited", "too many writes with this key; nothing was done", headers=_after(wait_s))

    def _refusal(self, found: Found, request: Request) -> Problem:
        """401, or 429 where this address or this id was wrong too often; what was refused so counts for neither."""
        if found.key is None:
            client, now_s = address(request.scope), time.monotonic()
            wait_s = self._wrong_of_address.wait_s(group_of(client) or client, now_s)
            if wait_s == 0 and found.id is not None:
                wait_s = self._wrong_of_id.wait_s(found.id, now_s)
            metrics.WRONG_KEYS.labels("true" if wait_s else "false").inc()
            if wait_s:
                request.state.guessed = True  # a metric has counted it: whoever guesses must not fill our log
                return Problem("too-many-wrong-keys", "too many wrong keys", headers=_after(wait_s))
        challenge = f'{_CHALLENGE}, error="invalid_token"'
        why = _ENDED.get(found.why or "", "this key is not valid")
        return Problem("unauthorized", why, headers={"WWW-Authenticate": challenge})


def _after(wait_s: float) -> dict[str, str]:
    return {"Retry-After": str(math.ceil(wait_s))}
