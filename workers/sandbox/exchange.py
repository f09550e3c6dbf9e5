"""One request to a stand-in and what becomes of it, whichever version of HTTP carried it.

The rule to remember: the rules know nothing of connections. They say what is answered, and how badly; `http1` and
`http2` do it.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Literal

import msgspec

Conduct = Literal["answer", "hang", "reset", "goaway"]
"""answer: as it should be. hang: nothing is ever said. reset: the stream is cut instead of an answer. goaway: answered,
and the connection takes no further requests."""

BODY_BYTES_MAX = 16_384
"""More than any provider takes. Of a longer body only this much is kept: enough to say that it is too long."""
BODY_BYTES_END = 2**20
"""Who sends so much is cut off; many clients read no answer before they have sent everything."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """A whole request. Header names are lower case; of a repeated header `repeated` is true and the last one stands."""

    method: bytes
    path: bytes
    headers: dict[bytes, bytes]
    body: bytes
    repeated: bool = False

    def header(self, name: bytes) -> str | None:
        """A header's value as text, any byte being a character."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What is said, after `delay_s`, unless `conduct` says otherwise."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    delay_s: float = 0.0
    conduct: Conduct = "answer"


Handler = Callable[[Request], Answer | Coroutine[Any, Any, Answer]]
"""The rules of one provider. Most answer at once; one that has to wait for somebody returns a coroutine."""


def as_json(status: int, value: Any, *headers: tuple[bytes, bytes]) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, (*headers, (b"content-type", b"application/json; charset=UTF-8")), msgspec.json.encode(value))
