"""Where a browser's push service lies: resolved, checked, and connected to at the very address that was checked.

The rule to remember: an endpoint is a stranger's word. Its host must be on the list when it is registered and again
when it is used, every address of its name must be public, and the client never looks the name up by itself; so a name
that points inside a moment later leads nowhere.
"""

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from service.domain.endpoint import endpoint_fault, host_and_port, is_named, is_public
from service.domain.outcome import NotSent
from service.ending import end
from workers.push.http import Http, goes_to

TRUST_S = 60.0
"""How long a checked address is used before the name is looked up and checked again."""
LOOK_AGAIN_S = 5.0
"""How soon after a failure; sooner would only ask the resolver at every message."""
LOOK_UP_SHARE = 0.5
"""Of a request's time for looking the name up."""
ORIGINS_MAX = 64
"""Push services spoken to at a time; browsers' makers run a handful, Microsoft some dozens."""

NOT_LOOKED_UP = NotSent("not looked up yet")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
Open = Callable[[tuple[str, str, int]], Http]
"""Makes a client of (host, address, port) that knows no other address."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, best first (RFC 6724). Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(slots=True)
class _Place:
    """One push service: its client, the address that is connected to, and until when both are trusted. `failed` is an
    address that did not answer, which is tried again only where the name has no other."""

    until_s: float = 0.0
    address: str = ""
    failed: str = ""
    http: Http | None = None
    refusal: NotSent = NOT_LOOKED_UP
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Addresses:
    """The push services that this process speaks to. `allowed` is the setting webpush_hosts."""

    def __init__(
        self,
        allowed: Sequence[str],
        open_: Open,
        timeout_s: float,
        resolve: Resolve = resolve,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowed = tuple(allowed)
        self._open = open_
        self._timeout_s = timeout_s
        self._resolve = resolve
        self._now_s = now_s
        self._places: OrderedDict[tuple[str, int], _Place] = OrderedDict()
        self._leaving: set[asyncio.Task[None]] = set()

    async def reach(self, endpoint: str, ends_s: float) -> Http | NotSent:
        """A client connected to nothing but a checked address of `endpoint`'s host, or why there is none by `ends_s`
        (time of the loop)."""
        fault = endpoint_fault(endpoint, self._allowed)
        if fault is not None:
            return NotSent(f"an endpoint that {fault}", for_good=True)
        where = host_and_port(endpoint)
        # two readers of one address who understand different hosts are how such checks are passed by
        if where is None or where != goes_to(endpoint):
            return NotSent("an endpoint that can be read in two ways", for_good=True)
        place = self._place(where)
        if self._now_s() >= place.until_s:
            try:
                async with asyncio.timeout_at(ends_s), place.looking:
                    if self._now_s() >= place.until_s:
                        await self._look(place, *where)
            except TimeoutError:
                return NotSent("the push service's name is still being looked up")
        return place.refusal if place.http is None else place.http

    def failed(self, http: Http) -> None:
        """`http` could not connect: soon the name's next address is tried."""
        for place in self._places.values():
            if place.http is http:
                place.failed = place.address
                place.until_s = min(place.until_s, self._now_s() + LOOK_AGAIN_S)

    async def close(self) -> None:
        """End all connections."""
        await end(self._leaving)
        for place in self._places.values():
            if place.http is not None:
                await place.http.close()
        self._places.clear()

    def _place(self, where: tuple[str, int]) -> _Place:
        place = self._places.setdefault(where, _Place())
        self._places.move_to_end(where)
        if len(self._places) > ORIGINS_MAX:
            _, oldest = self._places.popitem(last=False)
            self._let_go(oldest)
        return place

    async def _look(self, place: _Place, host: str, port: int) -> None:
        """Look the name up anew; keep the connection where its address is still one of the name's."""
        found = await self._checked(host, port)
        place.until_s = self._now_s() + (LOOK_AGAIN_S if isinstance(found, NotSent) else TRUST_S)
        if isinstance(found, NotSent):
            place.refusal = found
            if found.for_good:  # else what was checked a minute ago is still safe, and the resolver may come back
                self._let_go(place)
            return
        better = [address for address in found if address != place.failed] or found
        if place.http is None or place.address not in better:
            self._let_go(place)
            place.address = better[0]
            place.http = self._open((host, place.address, port))

    async def _checked(self, host: str, port: int) -> Sequence[str] | NotSent:
        try:
            async with asyncio.timeout(LOOK_UP_SHARE * self._timeout_s):
                found = await self._resolve(host, port)
        except (OSError, TimeoutError, UnicodeError):
            return NotSent("the push service's name cannot be looked up")
        if not found:
            return NotSent("the push service's name has no address")
        if not is_named(host, port, self._allowed) and not all(is_public(address) for address in found):
            return NotSent("the push service's name points to an address that is not public", for_good=True)
        return found

    def _let_go(self, place: _Place) -> None:
        """Close its client when every request that may still be under way has ended."""
        http, place.http = place.http, None
        if http is None:
            return

        async def leave() -> None:
            try:
                await asyncio.sleep(2 * self._timeout_s)
            finally:
                await http.close()

        task = asyncio.create_task(leave())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
