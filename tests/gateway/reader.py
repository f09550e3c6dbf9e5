"""A reader on a bare socket: what it does with each byte is the test's choice, and so is how slowly it reads."""

import asyncio
import json
import socket
import struct
from typing import Any

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
PATIENCE_S = 30.0


class Ended(Exception):
    """The connection has ended: `code` of the close frame, or None where there was none."""

    def __init__(self, code: int | None, reason: str = "") -> None:
        super().__init__(f"ended with {code} {reason}")
        self.code = code
        self.reason = reason


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """A frame as clients send it (RFC 6455 §5.2)."""
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    mask = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([mask | len(payload)])
    elif len(payload) < 65_536:
        head += bytes([mask | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([mask | 127]) + struct.pack("!Q", len(payload))
    # a mask of zeros is a mask
    return head + (b"\0\0\0\0" if masked else b"") + payload


class Reader:
    """One connection. `next` gives messages in order, of a WebSocket or of an event stream alike."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.head = b""
        self.data = b""
        self.pongs: list[bytes] = []
        self.retry_ms: list[int] = []
        self.ids: list[str] = []

    @classmethod
    async def connect(
        cls, port: int, *, receive_buffer: int | None = None, segment: int | None = None, source: str | None = None
    ) -> "Reader":
        """`segment` makes loopback's packets as small as a real network's, so that a slow reader is seen to move."""
        connection = socket.socket()
        connection.setblocking(False)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if segment:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        if source:
            connection.bind((source, 0))
        try:
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        except BaseException:  # a test may end while we knock
            connection.close()
            raise
        return cls(connection)

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    @property
    def encoding(self) -> str:
        return "websocket" if self.status == 101 else "sse"

    async def send(self, data: bytes) -> None:
        await asyncio.wait_for(asyncio.get_running_loop().sock_sendall(self.socket, data), PATIENCE_S)

    async def read(self, max_bytes: int = 65_536, within_s: float = PATIENCE_S) -> bytes:
        """What has come, at least one byte; b"" at the end, however it came about."""
        try:
            return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.socket, max_bytes), within_s)
        except (ConnectionResetError, BrokenPipeError):
            return b""

    async def read_head(self) -> None:
        """The head of the answer, and nothing of what follows it."""
        while b"\r\n\r\n" not in self.data:
            came = await self.read()
            if not came:
                raise Ended(None, self.data.decode("latin-1"))
            self.data += came
        self.head, _, self.data = self.data.partition(b"\r\n\r\n")

    async def rest(self, within_s: float = PATIENCE_S) -> bytes:
        """Everything until the end of the connection."""
        async with asyncio.timeout(within_s):
            while came := await self.read():
                self.data += came
        return self.data

    async def next(self, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next message. Raises Ended."""
        async with asyncio.timeout(within_s):
            while True:
                message = self._websocket() if self.encoding == "websocket" else self._event()
                if message is not None:
                    return message
                came = await self.read()
                if not came:
                    raise Ended(None)
                self.data += came

    async def until(self, offset: int) -> list[dict[str, Any]]:
        """All messages up to the one whose cursor has this offset, heartbeats left out."""
        found: list[dict[str, Any]] = []
        while not found or place(found[-1]) < offset:
            message = await self.next()
            if message["type"] != "heartbeat":
                found.append(message)
        return found

    async def end(self) -> tuple[list[dict[str, Any]], Ended]:
        """Messages until the connection ends, and how it does."""
        found = []
        try:
            while True:
                found.append(await self.next())
        except Ended as ended:
            return found, ended

    def _websocket(self) -> dict[str, Any] | None:
        while len(self.data) >= 2:
            first, length = self.data[0], self.data[1]
            assert not length & 0x80, "servers do not mask"
            size = {126: 2, 127: 8}.get(length, 0)
            if len(self.data) < 2 + size:
                return None
            if size:
                length = int.from_bytes(self.data[2 : 2 + size], "big")
            end = 2 + size + length
            if len(self.data) < end:
                return None
            payload, self.data = self.data[2 + size : end], self.data[end:]
            if first == 0x80 | PONG:
                self.pongs.append(payload)
            elif first == 0x80 | CLOSE:
                raise Ended(int.from_bytes(payload[:2], "big"), payload[2:].decode())
            else:
                assert first == 0x80 | TEXT, f"a frame that begins with {first:#x}"
                message: dict[str, Any] = json.loads(payload)
                return message
        return None

    def _event(self) -> dict[str, Any] | None:
        while b"\n\n" in self.data:
            block, self.data = self.data.split(b"\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n"))
            if "retry" in fields:
                self.retry_ms.append(int(fields["retry"]))
            if "data" not in fields:
                continue
            message: dict[str, Any] = json.loads(fields["data"])
            assert fields["event"] == message["type"]
            assert fields.get("id") == message.get("cursor")
            return message
        return None

    def close(self) -> None:
        self.socket.close()


def place(message: dict[str, Any]) -> int:
    """The offset of a message's cursor."""
    return int(message["cursor"].split(":")[1])


def epoch(message: dict[str, Any]) -> str:
    return str(message["cursor"].split(":")[0])


def headlines(messages: list[dict[str, Any]]) -> list[str | None]:
    return [message["alert"]["headline"] for message in messages]
