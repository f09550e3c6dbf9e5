"""The ring: the retained wire as the bytes that readers receive, shared by all of them.

The rule to remember: nobody has a private copy. A reader who lags keeps a position in the ring and the rest of the one
frame that is going out. When an alert is withheld or canceled its frames are encoded anew, so what has not yet begun to
leave is redacted, also for the slow.
"""

from bisect import bisect_right
from itertools import accumulate

from service.domain import frames
from service.domain.backlog import Backlog
from service.domain.frames import Encoding, Message

AFRESH = -1
"""The place of a reader to whom only a snapshot of the present is true."""
CACHED_CHUNKS_MAX = 64
"""After a mass reconnect thousands ask for the same few chunks; these are the ones kept joined."""


class Chunk:
    """Consecutive frames, joined: those after `start` up to `last`, each ending at the byte that `ends` says.

    A message that stands for no place on the wire is one frame: `start` is where somebody stands who has not begun it,
    `last` where somebody stands who has it.
    """

    __slots__ = ("data", "ends", "last", "start")

    def __init__(self, data: bytes, ends: tuple[int, ...], start: int, last: int) -> None:
        self.data = data
        self.ends = ends
        self.start = start
        self.last = last

    def left(self, sent: int) -> tuple[bytes, int]:
        """Once `sent` bytes have left: the rest of the frame that is going out, and the place reached with its end.

        What has not begun to leave is not kept; it is read again from that place.
        """
        whole = bisect_right(self.ends, sent)
        begun = sent > (self.ends[whole - 1] if whole else 0)
        reached = whole + begun
        place = self.last if reached == len(self.ends) else self.start + reached
        return self.data[sent : self.ends[whole]] if begun else b"", place


def single(data: bytes, place: int, before: int | None = None) -> Chunk:
    """One frame that has no place of its own, for somebody who stands at `place` after it, and at `before` until then
    (None: at `place` too).
    """
    return Chunk(data, (len(data),), place if before is None else before, place)


class Ring:
    """The frames of one wire in one encoding; encoded when first needed, dropped with the backlog's revisions."""

    def __init__(self, edition: str, backlog: Backlog, encoding: Encoding) -> None:
        self._edition = edition
        self._backlog = backlog
        self.encoding = encoding
        self._frames: dict[int, bytes] = {}
        self._chunks: dict[tuple[int, int], Chunk] = {}
        self._encoded: tuple[Message | None, bytes] = (None, b"")

    @property
    def last(self) -> int:
        """Offset of the newest frame; a reader standing here has everything."""
        return self._backlog.last

    def holds_after(self, place: int) -> bool:
        """Whether every frame after `place` is still here."""
        return place >= self._backlog.first - 1

    def chunk(self, place: int, max_bytes: int) -> Chunk:
        """The frames after `place`, as many as fit in `max_bytes` but at least one. They must be here."""
        known = self._chunks.get((place, max_bytes))
        if known is None:
            known = self._join(place, max_bytes)
            if len(self._chunks) >= CACHED_CHUNKS_MAX:
                self._chunks.clear()
            self._chunks[place, max_bytes] = known
        return known

    def advanced(self) -> None:
        """The wire has moved on: forget what is no longer retained."""
        self._chunks.clear()
        first = self._backlog.first
        while self._frames and (oldest := next(iter(self._frames))) < first:
            del self._frames[oldest]
        if len(self._frames) > len(self._backlog):  # filled out of order by resuming readers
            self._frames = {offset: frame for offset, frame in self._frames.items() if offset >= first}

    def redacted(self, offsets: tuple[int, ...]) -> None:
        """These revisions have lost their sentence: encode them anew when they are needed."""
        self._chunks.clear()
        for offset in offsets:
            self._frames.pop(offset, None)

    def _join(self, place: int, max_bytes: int) -> Chunk:
        taken: list[bytes] = []
        size = 0
        for revision in self._backlog.since(place):
            frame = self._frames.get(revision.offset)
            if frame is None:
                frame = frames.encode(frames.revision(self._edition, self._backlog.epoch, revision), self.encoding)
                self._frames[revision.offset] = frame
            if taken and size + len(frame) > max_bytes:
                break
            taken.append(frame)
            size += len(frame)
        assert taken, "a chunk of nothing was asked for"
        return Chunk(b"".join(taken), tuple(accumulate(map(len, taken))), place, place + len(taken))

    def encode(self, message: Message) -> bytes:
        """The message's bytes. Thousands who come back at once are given the same one: it is encoded once for them."""
        if message is not self._encoded[0]:
            self._encoded = (message, frames.encode(message, self.encoding))
        return self._encoded[1]
