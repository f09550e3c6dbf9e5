"""An audience: everybody who reads one wire in one encoding, and where each of them stands.

The rule to remember: nobody has a private copy. `live` readers have all that was sent; a laggard keeps a place in the
ring and, of what is going out to it, the rest of one frame. What has not begun to leave is read from the ring when its
turn comes, so that a sentence withdrawn meanwhile does not leave at all.
"""

from collections.abc import Callable

from workers.gateway.ring import Chunk, Ring


class Audience:
    """`afresh` gives the bytes of a snapshot, for laggards whose place on the wire has no meaning any more."""

    def __init__(self, ring: Ring, afresh: Callable[[], bytes]) -> None:
        self.ring = ring
        self.afresh = afresh
        self.live: set[int] = set()
        self.laggards: dict[int, Laggard] = {}
        self.touched: set[int] = set()
        """Descriptors that joined, left or fell behind while a broadcast is under way: it is not for them."""
        self._fds: tuple[int, ...] = ()
        self._served = 0
        self._going: Chunk | None = None

    def begin(self) -> tuple[int, ...]:
        """Who is live now, at the start of a broadcast; from here on `touched` names those it is not for."""
        self.touched.clear()
        return tuple(self.live)

    def reached(self, chunk: Chunk, fds: tuple[int, ...], served: int) -> None:
        """Of `fds`, the first `served` have been written `chunk`; the others still stand at its start."""
        self._going, self._fds, self._served = chunk, fds, served

    def place_of(self, fd: int) -> int:
        """Where a live reader stands: in the middle of a broadcast not everybody has been reached yet."""
        if self._going is None or fd in self.touched:
            return self.ring.last
        return self._going.start if fd in self._fds[self._served :] else self._going.last

    def __len__(self) -> int:
        return len(self.live) + len(self.laggards)


class Laggard:
    """A reader whose socket is full: what is still to go out to it, and since when nothing has moved."""

    __slots__ = ("audience", "moved_s", "place", "replies", "rest", "unacknowledged")

    def __init__(self, audience: Audience, rest: bytes, place: int, now_s: float) -> None:
        self.audience = audience
        self.rest = rest
        """Of the frame that has begun to leave."""
        self.place = place
        """Where the reader stands after that, or AFRESH."""
        self.replies = b""
        """Pongs that wait for a frame boundary; bounded by the inbound budget."""
        self.moved_s = now_s
        self.unacknowledged = 0
