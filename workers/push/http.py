"""The one door to the network: POST over HTTP/2, and what came of it. Only this file knows the client library.

The rule to remember: what was sent and what was not are told apart by where the client failed, never by the name of its
exception (it raises ConnectTimeoutError for a provider that is silent). Whatever is not surely unsent is Lost. The
client's messages carry whole addresses, and so tokens: of each only the innermost cause is ever repeated.
"""

import asyncio
import datetime
import email.utils
import re
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError
from pyreqwest.http import Url
from pyreqwest.request import RequestBuilder

from service.domain.outcome import Lost, NotSent

ANSWER_MAX_BYTES = 4096
"""What is read of an answer; no provider has more to say, and a hostile one is not listened to."""
CONNECT_SHARE = 0.6
"""Of a request's time for the connection alone, so that a connection which never comes is known to be unsent."""
LEAST_SHARE = 0.2
"""With less of its time left a request is not sent at all: it would only come to be in doubt."""
RETRY_AFTER_MAX_S = 86_400.0
"""No provider's word keeps us away for longer."""
_CONNECTING = "client error (Connect)"
_UNTOUCHED = (
    "stream error received: refused stream before processing any application logic",
    "connection error received: not a result of an error",
)
"""Innermost causes in which the server vouches that it did nothing: REFUSED_STREAM, and a stream beyond the last one
that its GOAWAY names (RFC 9113, 8.7). The client has by then tried twice more by itself."""
_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)
_ELSEWHERE = re.compile(r"(?::|\bfor)? ?\S*[a-z]://\S*")

NO_PLACE = NotSent("the window stayed full")

Headers = Sequence[tuple[str, str]]


class Answer(msgspec.Struct, frozen=True):
    """What came back: the status, the first 4 KiB of the body, and how long we are asked to wait."""

    status: int
    body: bytes
    retry_after_s: float | None = None


class Window:
    """Requests under way, and the time each has in all: whoever waits, waits at his own message's expense."""

    def __init__(self, size: int, timeout_s: float) -> None:
        self._places = asyncio.Semaphore(size)
        self._timeout_s = timeout_s

    async def enter(self) -> float | None:
        """By when (time of the loop) the request must have come back; `leave` must follow. None: there was no place."""
        ends_s = asyncio.get_running_loop().time() + self._timeout_s
        if not self._places.locked():
            await self._places.acquire()
            return ends_s
        try:
            async with asyncio.timeout_at(ends_s - LEAST_SHARE * self._timeout_s):
                await self._places.acquire()
        except TimeoutError:
            return None
        return ends_s

    def leave(self) -> None:
        """Give the place back."""
        self._places.release()


class Http:
    """Connections to one provider. Follows no redirect, heeds no proxy variable, decompresses nothing.

    `authorities` are trusted besides the system's (certificates in DER). `only_http2`: the server is known to speak it,
    so that one connection serves all from the start. `address` is (host, address, port): where this host lies, whatever
    its name says; TLS and the Host header still use the name.
    """

    def __init__(
        self,
        timeout_s: float,
        authorities: Sequence[bytes] = (),
        *,
        only_http2: bool = False,
        address: tuple[str, str, int] | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._client = _build(timeout_s, authorities, only_http2, address)
        self._timeout_s = timeout_s
        self._least_s = LEAST_SHARE * timeout_s
        self._now_s = now_s
        self._first = asyncio.Lock()
        self._warm = asyncio.Event()

    async def post(
        self, url: str, headers: Headers, body: bytes, ends_s: float | None = None
    ) -> Answer | NotSent | Lost:
        """Send it and wait for the answer until `ends_s` (time of the loop), at most the time-out.

        Never raises for what a network or a server does.
        """
        if ends_s is None:
            ends_s = asyncio.get_running_loop().time() + self._timeout_s
        found = await self._in_turn(url, headers, body, ends_s)
        if isinstance(found, NotSent) and found.why.startswith(_UNTOUCHED):
            found = await self._in_turn(url, headers, body, ends_s)  # a good-bye: there is another connection by now
        return found

    async def close(self) -> None:
        """End all connections; requests under way come back as Lost."""
        await self._client.close()

    async def _in_turn(self, url: str, headers: Headers, body: bytes, ends_s: float) -> Answer | NotSent | Lost:
        """Alone until one request has come back: by then the server's limit of streams is known and one connection is
        there for all; two hundred at once would open as many, and go on doing so while the server is in trouble."""
        if self._warm.is_set():
            return await self._post(url, headers, body, ends_s)
        try:
            async with asyncio.timeout_at(ends_s - self._least_s):
                await self._first.acquire()
        except TimeoutError:
            return NotSent("no connection yet")
        try:
            if not self._warm.is_set():
                return await self._post(url, headers, body, ends_s)
        finally:
            self._first.release()
        return await self._post(url, headers, body, ends_s)

    async def _post(self, url: str, headers: Headers, body: bytes, ends_s: float) -> Answer | NotSent | Lost:
        left_s = ends_s - asyncio.get_running_loop().time()
        if left_s < self._least_s:
            return NotSent("no time left")
        try:
            request = self._client.post(url).headers(headers).body_bytes(body)
            answer = await self._exchange(request.timeout(timedelta(seconds=left_s)))
        except ValueError:  # an address or a header that HTTP cannot carry; the message would repeat it
            return NotSent("a request that HTTP cannot carry", for_good=True)
        except PyreqwestError as problem:
            self._warm.clear()
            return _judge(problem)
        self._warm.set()
        return answer

    async def _exchange(self, request: RequestBuilder) -> Answer:
        async with request.build_streamed() as response:
            status, asked = response.status, response.get_header("retry-after")
            try:
                body = bytes(await response.body_reader.read(ANSWER_MAX_BYTES) or b"")
            except PyreqwestError:
                body = b""  # the status has been said, and it is what counts
        return Answer(status, body, None if asked is None else retry_after_s(asked, self._now_s()))


def goes_to(url: str) -> tuple[str, int] | None:
    """Where the client would go for `url`, read by its own parser; None where it would not go at all."""
    try:
        parsed = Url(url)
    except ValueError:
        return None
    if parsed.scheme != "https" or parsed.host_str is None or parsed.port_or_known_default is None:
        return None
    return parsed.host_str, parsed.port_or_known_default


def retry_after_s(value: str, now_s: float) -> float | None:
    """A Retry-After header (RFC 9110, 10.2.3: seconds or a date) as seconds from now; None where it is neither."""
    if _SECONDS.fullmatch(value.strip()):
        return min(float(value), RETRY_AFTER_MAX_S)
    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = when if when.tzinfo is not None else when.replace(tzinfo=datetime.UTC)
    return min(max(moment.timestamp() - now_s, 0.0), RETRY_AFTER_MAX_S)


def _build(
    timeout_s: float, authorities: Sequence[bytes], only_http2: bool, address: tuple[str, str, int] | None
) -> Client:
    builder = (
        ClientBuilder()
        .user_agent("flashwire")
        .https_only(True)
        .http2(True)
        .no_proxy()
        .follow_redirects(False)
        .referer(False)
        .gzip(False)
        .brotli(False)
        .zstd(False)
        .deflate(False)
        .timeout(timedelta(seconds=timeout_s))
        .connect_timeout(timedelta(seconds=timeout_s * CONNECT_SHARE))
    )
    if only_http2:
        builder = builder.http2_prior_knowledge()
    for certificate in authorities:
        builder = builder.add_root_certificate_der(certificate)
    if address is not None:
        builder = builder.resolve(*address)
    return builder.build()


def _judge(problem: PyreqwestError) -> NotSent | Lost:
    """Unsent only where the connection did not come about or the server vouches for it."""
    causes, innermost = _causes(problem), _innermost(problem)
    if _CONNECTING in causes or innermost.startswith(_UNTOUCHED):
        return NotSent(innermost)
    return Lost(innermost)


def _causes(problem: PyreqwestError) -> list[str]:
    details = getattr(problem, "details", None) or {}
    return [cause["message"] for cause in details.get("causes") or ()]


def _innermost(problem: PyreqwestError) -> str:
    """Its last cause, without any address."""
    causes = _causes(problem)
    return _ELSEWHERE.sub("", causes[-1]) if causes else type(problem).__name__
