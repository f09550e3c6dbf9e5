"""Who is it? `Authorization: Bearer <key>`, asked of the store at most once a second for each key.

The rule to remember: only a good answer is remembered, and only so long that a revocation holds everywhere within 2 s.
"""

import hashlib
import time
from collections.abc import Callable

from starlette.requests import Request

from service.api.problems import Problem
from service.store import access
from service.store.access import Key
from service.store.connection import Store

KEYS_MAX = 1000
_CHALLENGE = 'Bearer realm="flashwire"'


class Keys:
    """Checks the keys that editors present."""

    def __init__(self, store: Store, cache_s: float, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._cache_s = cache_s
        self._now_ms = now_ms
        self._known: dict[bytes, tuple[Key, float]] = {}
        """Key and the moment until which we trust it, by digest, so that memory holds no secret for long."""

    async def authenticate(self, request: Request) -> Key:
        """The key of a request. Raises Problem (401), StoreUnavailable."""
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not presented.strip():
            raise Problem("unauthorized", "there is no key", headers={"WWW-Authenticate": _CHALLENGE})
        key = await self._check(presented.strip())
        if key is None:
            challenge = f'{_CHALLENGE}, error="invalid_token"'
            raise Problem("unauthorized", "this key is not valid", headers={"WWW-Authenticate": challenge})
        request.state.key_id = key.id  # for the log
        return key

    async def _check(self, presented: str) -> Key | None:
        digest = hashlib.sha256(presented.encode("utf-8", "surrogatepass")).digest()
        key, until = self._known.get(digest, (None, 0.0))
        asked_at = time.monotonic()
        if key is not None and asked_at < until:
            return key
        self._known.pop(digest, None)
        key = await access.verify(self._store, presented, self._now_ms())
        if key is not None and self._cache_s > 0:
            if len(self._known) >= KEYS_MAX:
                del self._known[next(iter(self._known))]
            # counted from before the question: the answer may be as old as that
            self._known[digest] = (key, asked_at + self._cache_s)
        return key
