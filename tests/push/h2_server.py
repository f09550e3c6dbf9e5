"""A true HTTP/2 server over TLS for tests, which answers, waits, resets, cuts and says good-bye as it is told.

The rule to remember: a test gives it one async function from a request to what is to be done with it; everything it
has seen stands in `requests` and `connections`. It is written on the `h2` library and shares nothing with our client.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from service.ending import end
from tests.push.certificates import Certificates

STREAMS_MAX = 1000


@dataclass(frozen=True)
class Request:
    """What a client sent; `connection` counts from 1."""

    method: str
    path: str
    authority: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reset:
    """The stream alone is reset. REFUSED_STREAM promises that nothing was done with the request."""

    code: ErrorCodes


@dataclass(frozen=True)
class Cut:
    """The connection ends without a word."""


@dataclass(frozen=True)
class GoAway:
    """`then` for this one, and GOAWAY naming the last stream that anything is done for (None: this very one)."""

    last_stream: int | None
    then: "Act | None" = None


Act = Answer | Reset | Cut | GoAway
Decide = Callable[[Request], Awaitable[Act]]


class H2Server:
    """One listener on 127.0.0.1. `url` is how its name of the certificate is reached."""

    def __init__(self, decide: Decide, streams_max: int) -> None:
        self.decide = decide
        self.streams_max = streams_max
        self.requests: list[Request] = []
        self.connections = 0
        self.open_streams_max = 0
        self.port = 0
        self.live: set[Connection] = set()

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = Connection(self, self.connections, writer)
        self.live.add(connection)
        try:
            await connection.serve(reader)
        finally:
            self.live.discard(connection)


class Connection:
    """One client's connection; every request is decided in a task of its own."""

    def __init__(self, server: H2Server, number: int, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._number = number
        self._writer = writer
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._open: dict[int, tuple[dict[str, str], bytearray]] = {}
        self._deciding: dict[int, asyncio.Task[None]] = {}
        self._last_stream: int | None = None

    async def serve(self, reader: asyncio.StreamReader) -> None:
        first = {SettingCodes.MAX_CONCURRENT_STREAMS: self._server.streams_max}
        self._h2.local_settings = Settings(client=False, initial_values=first)
        self._h2.initiate_connection()
        self._flush()
        try:
            while data := await reader.read(65536):
                for event in self._h2.receive_data(data):
                    self._take(event)
                self._flush()
        except (OSError, ProtocolError):
            pass
        finally:
            await end(self._deciding.values())
            self._writer.transport.abort()

    def limit(self, streams_max: int) -> None:
        """Tell the client to keep fewer requests under way from now on."""
        self._h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: streams_max})
        self._flush()

    def go_away(self) -> None:
        """GOAWAY after which everything that has arrived is still answered."""
        self._h2.close_connection(ErrorCodes.NO_ERROR, last_stream_id=max(self._deciding, default=0))
        self._flush()

    def _take(self, event: object) -> None:
        if isinstance(event, RequestReceived):
            self._open[event.stream_id] = ({str(name): str(value) for name, value in event.headers}, bytearray())
            self._server.open_streams_max = max(self._server.open_streams_max, len(self._open))
        elif isinstance(event, DataReceived):
            self._open[event.stream_id][1].extend(event.data)
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamEnded):
            self._deciding[event.stream_id] = asyncio.create_task(self._decide(event.stream_id))
        elif isinstance(event, StreamReset):
            self._open.pop(event.stream_id, None)
            if (task := self._deciding.pop(event.stream_id, None)) is not None:
                task.cancel()

    async def _decide(self, stream: int) -> None:
        if self._last_stream is not None and stream > self._last_stream:
            return  # as promised
        headers, body = self._open[stream]
        plain = {name: value for name, value in headers.items() if not name.startswith(":")}
        pseudo = (headers[":method"], headers[":path"], headers[":authority"])
        request = Request(*pseudo, plain, bytes(body), self._number)
        self._server.requests.append(request)
        self._do(stream, await self._server.decide(request))
        self._deciding.pop(stream, None)

    def _do(self, stream: int, act: Act | None) -> None:
        match act:
            case Answer():
                self._h2.send_headers(stream, [(":status", str(act.status)), *act.headers.items()])
                self._h2.send_data(stream, act.body, end_stream=True)
            case Reset():
                self._h2.reset_stream(stream, act.code)
            case Cut():
                self._writer.transport.abort()
            case GoAway():
                self._last_stream = stream if act.last_stream is None else act.last_stream
                self._do(stream, act.then)
                self._writer.write(_go_away(self._last_stream))
        self._open.pop(stream, None)
        self._flush()

    def _flush(self) -> None:
        if not self._writer.transport.is_closing():
            self._writer.write(self._h2.data_to_send())


def _go_away(last_stream: int) -> bytes:
    """The frame by hand, because `h2` ends its own state machine with it and we still have answers to give."""
    payload = last_stream.to_bytes(4, "big") + ErrorCodes.NO_ERROR.to_bytes(4, "big")
    return len(payload).to_bytes(3, "big") + b"\x07\x00" + bytes(4) + payload


@contextlib.asynccontextmanager
async def serving(
    certificates: Certificates, decide: Decide, streams_max: int = STREAMS_MAX
) -> AsyncIterator[H2Server]:
    """A running server, gone afterwards."""
    server = H2Server(decide, streams_max)
    tasks: set[asyncio.Task[None]] = set()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(server.accept(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=certificates.server())
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await end(set(tasks))
