"""Where one stand-in listens: TLS, and the version of HTTP that both sides agree on (ALPN, RFC 7301).

The rule to remember: who negotiates nothing gets what its provider has always spoken: HTTP/2 at Apple's, HTTP/1.1 at
the others'.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import cast

from workers.sandbox.connections import Connections
from workers.sandbox.exchange import Handler
from workers.sandbox.http1 import Http1
from workers.sandbox.http2 import Http2

HANDSHAKE_S = 10.0

Speakers = dict[str | None, Callable[[], asyncio.Protocol]]
"""By ALPN name; None for who agreed on nothing."""


class Negotiation(asyncio.Protocol):
    """A connection that has just been encrypted, before it becomes what was agreed on."""

    def __init__(self, speakers: Speakers) -> None:
        self._speakers = speakers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        encrypted = cast(ssl.SSLObject, transport.get_extra_info("ssl_object"))
        connection = cast(asyncio.Transport, transport)
        speaker = self._speakers.get(encrypted.selected_alpn_protocol())
        if speaker is None:
            connection.abort()
            return
        protocol = speaker()
        connection.set_protocol(protocol)
        protocol.connection_made(connection)


class Port:
    """A listening stand-in."""

    def __init__(self, servers: list[asyncio.Server], connections: Connections) -> None:
        self._servers, self._connections = servers, connections

    @classmethod
    async def open(
        cls, sockets: list[socket.socket], context: ssl.SSLContext, handle: Handler, protocols: tuple[str, ...]
    ) -> "Port":
        """Serve `handle` on `sockets`, over the protocols (ALPN names) that `context` offers."""
        connections = Connections()
        known = {"h2": lambda: Http2(handle, connections), "http/1.1": lambda: Http1(handle, connections)}
        speakers: Speakers = {None: known[protocols[-1]], **{name: known[name] for name in protocols}}
        servers = [
            await asyncio.get_running_loop().create_server(
                lambda: Negotiation(speakers), sock=listening, ssl=context, ssl_handshake_timeout=HANDSHAKE_S
            )
            for listening in sockets
        ]
        return cls(servers, connections)

    async def close(self) -> None:
        """Take nobody new, say goodbye, end."""
        for server in self._servers:
            server.close()
        await self._connections.close()
