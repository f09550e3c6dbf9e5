"""What readers send: hardly anything is allowed, and all of it is counted.

The rule to remember: a reader's parser exists only while it has something to parse. Frames are parsed by the
`websockets` package (RFC 6455); over its budget a socket is closed with 1008 and ended (reliability P7).
"""

import codecs
import logging

import msgspec
from websockets.frames import CONT, TEXT, Frame
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from service.domain import frames

# a reader's fault is a number in the metrics, never a line in the log
SILENT = logging.getLogger("flashwire.websocket.silent")
SILENT.disabled = True
SILENT.setLevel(logging.CRITICAL)

_CONTROL_FROM = 8
_MAX_HEADER_BYTES = 14


class Budget(msgspec.Struct, frozen=True):
    """What one socket may send; the settings `inbound_*`."""

    message_max_bytes: int
    fragments_max: int
    controls_max: int
    messages_max: int
    window_s: float


class Answer(msgspec.Struct, frozen=True):
    """What to write, whether the connection ends after it, and whether that is the reader's fault."""

    write: bytes
    ends: bool = False
    fault: bool = False


class Inbound:
    """The inbound half of one open socket while it talks. Forget it when `idle` and its window is over."""

    __slots__ = (
        "_budget", "_controls", "_fragments", "_messages", "_partial", "_protocol", "_text", "window_started_s"
    )  # fmt: skip

    def __init__(self, budget: Budget, now_s: float) -> None:
        self._budget = budget
        self._protocol: ServerProtocol | None = None
        self._partial = b""
        self._fragments = self._controls = self._messages = 0
        self._text: codecs.IncrementalDecoder | None = None
        """Checks that the text message under way is UTF-8 (RFC 6455 §8.1), across its fragments."""
        self.window_started_s = now_s

    @property
    def idle(self) -> bool:
        """Whether no frame or message is half here."""
        return self._protocol is None and not self._partial

    def receive(self, data: bytes, now_s: float) -> Answer:
        """Take what came. Never raises for what a reader sends."""
        if now_s - self.window_started_s > self._budget.window_s:
            self.window_started_s, self._controls, self._messages = now_s, 0, 0
        whole, self._partial = _split(self._partial + data, self._budget.message_max_bytes)
        if not whole:
            return Answer(b"")
        protocol = self._protocol or ServerProtocol(state=OPEN, max_size=self._budget.message_max_bytes, logger=SILENT)
        protocol.receive_data(whole)
        came = [event for event in protocol.events_received() if isinstance(event, Frame)]
        if not all(map(self._affordable, came)):
            return Answer(frames.close(1008, "too many frames"), ends=True, fault=True)
        if not all(map(self._readable, came)):
            return Answer(frames.close(1007, "text that is not UTF-8"), ends=True, fault=True)
        writes = protocol.data_to_send()
        self._protocol = None if protocol.current_size is None else protocol
        return Answer(
            b"".join(writes),
            ends=b"" in writes,
            fault=protocol.parser_exc is not None,
        )

    def _affordable(self, frame: Frame) -> bool:
        if frame.opcode >= _CONTROL_FROM:
            self._controls += 1
            return self._controls <= self._budget.controls_max
        if frame.opcode != CONT:
            self._fragments = 0
            self._messages += 1
        self._fragments += 1
        return self._messages <= self._budget.messages_max and self._fragments <= self._budget.fragments_max

    def _readable(self, frame: Frame) -> bool:
        if frame.opcode == TEXT:
            self._text = codecs.getincrementaldecoder("utf-8")()
        if self._text is None or frame.opcode >= _CONTROL_FROM:
            return True
        try:
            self._text.decode(frame.data, final=frame.fin)
        except UnicodeDecodeError:
            return False
        if frame.fin:
            self._text = None
        return True


def _split(data: bytes, message_max_bytes: int) -> tuple[bytes, bytes]:
    """Whole frames, and the part of one that is not whole yet (RFC 6455 §5.2).

    A frame that announces more than may come counts as whole, so that the parser refuses it now and nothing is kept.
    """
    at = 0
    while len(data) - at >= 2:
        length = data[at + 1] & 0x7F
        header = 2 + {126: 2, 127: 8}.get(length, 0)
        if len(data) - at < header:
            break
        if length >= 126:
            length = int.from_bytes(data[at + 2 : at + header], "big")
        if length > message_max_bytes:
            return data, b""
        end = at + header + (4 if data[at + 1] & 0x80 else 0) + length
        if end > len(data):
            break
        at = end
    return data[:at], data[at:]
