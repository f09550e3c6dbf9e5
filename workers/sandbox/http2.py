"""HTTP/2 as Apple and Google serve it (RFC 9113), on the `h2` library: one object per connection.

The rule to remember: a stream is one request. Nothing that happens to a stream (a hang, a reset) touches its
neighbours; only GOAWAY speaks of the whole connection, and even then what has begun is finished.
"""

import asyncio
import struct
from collections.abc import Callable, Coroutine
from typing import Any, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from workers.sandbox.connections import Connections
from workers.sandbox.exchange import BODY_BYTES_END, BODY_BYTES_MAX, Answer, Handler, Request

STREAMS_MAX = 1000
"""Requests in flight on one connection, as Apple allows them."""
WINDOW_BYTES = 2**20
"""What a client may send on a connection before we say that we have read it. Streams keep the protocol's 64 KiB."""
HEAD_BYTES_MAX = 16_384
GOAWAY_HEAD = b"\0\0\x08\x07\0\0\0\0\0"
"""A frame of 8 bytes of the type GOAWAY, without flags, for the connection itself."""
LINGER_S = 1.0
"""From the last answer after a GOAWAY to the end. Closed at once, what the client still sends would be answered with a
TCP reset, and a reset may take the GOAWAY with it before the client has read it."""


class _Stream:
    """A request that is arriving or being answered."""

    __slots__ = ("body", "head", "is_answered", "size")

    def __init__(self, head: list[tuple[bytes, bytes]]) -> None:
        self.head = head
        self.body: list[bytes] = []
        self.size = 0
        self.is_answered = False


class Http2(asyncio.Protocol):
    """One connection. `handle` says what is answered; `connections` knows that it is open."""

    def __init__(self, handle: Handler, connections: Connections) -> None:
        self._handle, self._connections = handle, connections
        self._conn = H2Connection(
            # what the other side sends is checked; what we say ourselves is checked by every client that reads it
            H2Configuration(client_side=False, validate_outbound_headers=False, normalize_outbound_headers=False)
        )
        limits = {SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS_MAX, SettingCodes.MAX_HEADER_LIST_SIZE: HEAD_BYTES_MAX}
        self._conn.local_settings = Settings(client=False, initial_values=limits)
        self._streams: dict[int, _Stream] = {}
        self._unsent: dict[int, bytes] = {}
        self._unacknowledged_bytes = 0
        self._last_taken: int | None = None
        self._newest = 0
        self._linger_s = LINGER_S
        self._loop = asyncio.get_running_loop()
        self._on: dict[type[Event], Callable[[Any], None]] = {
            RequestReceived: self._begins, DataReceived: self._continues, StreamEnded: self._is_whole,
            StreamReset: self._is_dropped, WindowUpdated: self._may_go_on, RemoteSettingsChanged: self._may_go_on,
            ConnectionTerminated: self._is_over,
        }  # fmt: skip

    # --- the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.opened(self)
        self._conn.initiate_connection()
        self._conn.increment_flow_control_window(WINDOW_BYTES)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._streams.clear()
        self._unsent.clear()
        self._connections.closed(self)

    def data_received(self, data: bytes) -> None:
        try:
            for event in self._conn.receive_data(data):
                act = self._on.get(type(event))
                if act is not None:
                    act(event)
            if self._unacknowledged_bytes > WINDOW_BYTES // 2:
                self._conn.increment_flow_control_window(self._unacknowledged_bytes)
                self._unacknowledged_bytes = 0
        except ProtocolError:  # h2 has prepared the GOAWAY that says which
            self._flush()
            self._transport.close()
            return
        self._flush()

    def pause_writing(self) -> None:
        """Who does not read is not read from either, so that what waits here stays small."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        """Say goodbye: nothing new is taken, what has begun is answered, and the connection ends."""
        self._linger_s = 0.0
        if self._last_taken is None:
            self._go_away()
        self._close_when_done()

    def abort(self) -> None:
        """End it as it stands."""
        self._transport.abort()

    def _flush(self) -> None:
        data = self._conn.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def _go_away(self) -> None:
        """Written by hand (RFC 9113, 6.8): after h2's own, h2 would refuse to finish the streams that have begun."""
        self._last_taken = self._newest
        self._flush()
        if not self._transport.is_closing():
            self._transport.write(GOAWAY_HEAD + struct.pack(">II", self._newest, ErrorCodes.NO_ERROR))

    def _close_when_done(self) -> None:
        if self._last_taken is not None and not self._streams and not self._unsent:
            self._loop.call_later(self._linger_s, self._transport.close)

    # --- what arrives

    def _begins(self, event: RequestReceived) -> None:
        assert event.stream_id is not None
        if self._last_taken is None:
            self._newest = event.stream_id
            self._streams[event.stream_id] = _Stream(event.headers)

    def _continues(self, event: DataReceived) -> None:
        self._unacknowledged_bytes += event.flow_controlled_length or 0
        stream = self._streams.get(event.stream_id)
        if stream is None or stream.is_answered:
            return
        stream.size += len(event.data)
        if stream.size <= BODY_BYTES_MAX + len(event.data):
            stream.body.append(event.data)
        elif stream.size > BODY_BYTES_END:
            self._conn.reset_stream(event.stream_id, ErrorCodes.ENHANCE_YOUR_CALM)
            self._end(event.stream_id)
        elif (
            event.stream_ended is None and event.flow_controlled_length
        ):  # what is too long anyway is let in and thrown away
            self._conn.increment_flow_control_window(event.flow_controlled_length, event.stream_id)

    def _is_whole(self, event: StreamEnded) -> None:
        stream_id = event.stream_id
        stream = self._streams.get(stream_id)
        if stream is None or stream.is_answered:
            return
        stream.is_answered = True
        answer = self._handle(_request(stream))
        if isinstance(answer, Answer):
            self._obey(stream_id, answer)
        else:
            self._connections.run(self._wait_for(stream_id, answer))

    async def _wait_for(self, stream_id: int, answer: Coroutine[Any, Any, Answer]) -> None:
        self._obey(stream_id, await answer)
        self._flush()

    def _is_dropped(self, event: StreamReset) -> None:
        self._end(event.stream_id)

    def _may_go_on(self, _: Event) -> None:
        for stream_id in tuple(self._unsent):
            self._send(stream_id, self._unsent.pop(stream_id))

    def _is_over(self, _: ConnectionTerminated) -> None:
        self._transport.close()

    # --- what is answered

    def _obey(self, stream_id: int, answer: Answer) -> None:
        """Do as the answer says; the caller flushes."""
        if answer.delay_s:
            self._loop.call_later(answer.delay_s, self._after_delay, stream_id, answer)
        elif answer.conduct != "hang" and stream_id in self._streams and not self._transport.is_closing():
            self._say(stream_id, answer)

    def _after_delay(self, stream_id: int, answer: Answer) -> None:
        if stream_id in self._streams and not self._transport.is_closing():
            if answer.conduct != "hang":
                self._say(stream_id, answer)
            self._flush()

    def _say(self, stream_id: int, answer: Answer) -> None:
        if answer.conduct == "reset":
            self._conn.reset_stream(stream_id, ErrorCodes.INTERNAL_ERROR)
            self._end(stream_id)
            return
        head = [(b":status", b"%d" % answer.status), *answer.headers]
        self._conn.send_headers(stream_id, head, end_stream=not answer.body)
        if answer.body:
            self._send(stream_id, answer.body)
        else:
            self._end(stream_id)
        if answer.conduct == "goaway" and self._last_taken is None:
            self._go_away()
            self._close_when_done()

    def _send(self, stream_id: int, body: bytes) -> None:
        """As much of a body as the client's window takes; the rest when it opens."""
        if stream_id not in self._streams:
            return
        room = min(self._conn.local_flow_control_window(stream_id), self._conn.max_outbound_frame_size)
        if room >= len(body):
            self._conn.send_data(stream_id, body, end_stream=True)
            self._end(stream_id)
            return
        if room > 0:
            self._conn.send_data(stream_id, body[:room])
        self._unsent[stream_id] = body[max(room, 0) :]

    def _end(self, stream_id: int) -> None:
        self._streams.pop(stream_id, None)
        self._unsent.pop(stream_id, None)
        self._close_when_done()


def _request(stream: _Stream) -> Request:
    headers = dict(stream.head)
    body = stream.body[0] if len(stream.body) == 1 else b"".join(stream.body)
    repeated = len(headers) != len(stream.head)
    return Request(headers.pop(b":method", b""), headers.pop(b":path", b""), headers, body, repeated)
