"""Reading a request's body: bounded in size while it arrives and bounded in time, then strictly as JSON.

The rule to remember: the size is counted, never believed. A body is read before it is judged, because the
Idempotency-Key of a repetition is looked at before everything but authentication.
"""

import asyncio
import hashlib
import json

from starlette.requests import Request

from service.api.problems import Problem
from service.domain import strictjson
from service.domain.strictjson import Malformed


class Body:
    """The bytes of a request and what they say. `parse` gives the JSON value or says why there is none."""

    def __init__(self, raw: bytes, content_type: str) -> None:
        self.raw = raw
        self._content_type = content_type
        self._value: object = None
        self._malformed: Malformed | None = None
        try:
            self._value = strictjson.parse(raw)
        except Malformed as malformed:
            self._malformed = malformed

    def fingerprint(self, method: str, path: str) -> str:
        """The same for requests that ask for the same: equal JSON in any spelling, or equal bytes where it is none."""
        if self._malformed is None:
            kind, form = b"json", json.dumps(self._value, sort_keys=True, separators=(",", ":")).encode()
        else:
            kind, form = b"raw", self.raw
        return hashlib.sha256(b"\0".join((method.encode(), path.encode(), kind, form))).hexdigest()

    def parse(self) -> object:
        """The JSON value. Raises Problem: 415 for another content type, 400 for what is not JSON as we read it."""
        media, _, parameters = self._content_type.partition(";")
        charset = parameters.strip().lower().replace('"', "").replace(" ", "")
        if media.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
            raise Problem("not-json", "the Content-Type is another", headers={"Accept": "application/json"})
        if self._malformed is not None:
            raise Problem("malformed", self._malformed.detail)
        return self._value


async def read(request: Request, max_bytes: int, within_s: float) -> Body:
    """The whole body. Raises Problem: 413 at the first byte over `max_bytes`, 408 when it takes longer than that."""
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and (len(announced) > 15 or int(announced) > max_bytes):
        raise _too_large(max_bytes)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(within_s):
            async for part in request.stream():
                size += len(part)
                if size > max_bytes:
                    raise _too_large(max_bytes)
                parts.append(part)
    except TimeoutError:
        raise Problem("slow-body", f"not complete after {within_s:g} s", headers={"Connection": "close"}) from None
    return Body(b"".join(parts), request.headers.get("content-type", ""))


def _too_large(max_bytes: int) -> Problem:
    # who keeps sending is cut off, rather than read to the end
    return Problem("body-too-large", f"more than {max_bytes} bytes", headers={"Connection": "close"})
