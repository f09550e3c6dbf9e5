"""Listen on a port and serve an ASGI app there, inside an event loop that is somebody else's.

The rule to remember: signals belong to the process, not to a server in it. Whoever embeds one says when it ends.
"""

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from service.http_bounds import BoundedHttp

BACKLOG = 2048


class CannotListen(Exception):
    """The address cannot be had; the message names it, says why, and which settings choose another."""

    def __init__(self, host: str, port: int, why: OSError, setting: str | None) -> None:
        remedy = "" if setting is None else f"; FLASHWIRE_HOST and {setting} choose another"
        super().__init__(f"cannot listen on {host}:{port}: {why.strerror or why}{remedy}")


class Server(uvicorn.Server):
    """uvicorn's server without its signal handlers; `accepting` is set once it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.accepting.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int, setting: str | None = None) -> list[socket.socket]:
    """Listening sockets for every address that `host` means; port 0 takes a free one. Raises CannotListen, which names
    `setting` as what chooses another port.
    """
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            try:
                sockets.append(_bind(host, family, kind, protocol, (*address[:1], port, *address[2:])))
            except OSError as problem:
                # a host name may have an address of a family that this machine does not speak
                if problem.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) or len(found) == 1:
                    raise
            port = port or sockets[0].getsockname()[1]
        if not sockets:
            raise OSError(errno.EADDRNOTAVAIL, "no address of that name can be used")
    except OSError as problem:
        for opened in sockets:
            opened.close()
        raise CannotListen(host, port, problem, setting) from None
    return sockets


def _bind(host: str, family: int, kind: int, protocol: int, address: "tuple[object, ...]") -> socket.socket:
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # "::" means every interface, of both families
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        made.bind(address)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


class Listener:
    """One app being served. `port` is where; `close` ends it, requests in flight first."""

    def __init__(self, server: Server, sockets: list[socket.socket]) -> None:
        self.port: int = sockets[0].getsockname()[1]
        self._server = server
        self._serving = asyncio.create_task(server.serve(sockets))

    @classmethod
    async def start(cls, config: uvicorn.Config, sockets: list[socket.socket]) -> "Listener":
        """Serve `config.app` on `sockets`; returns once connections are accepted."""
        listener = cls(Server(config), sockets)
        accepting = asyncio.create_task(listener._server.accepting.wait())
        await asyncio.wait({accepting, listener._serving}, return_when=asyncio.FIRST_COMPLETED)
        accepting.cancel()
        return listener

    async def wait(self) -> None:
        """Until it has ended; raises what ended it."""
        await asyncio.shield(self._serving)

    async def close(self) -> None:
        """Stop accepting, let requests in flight finish (at most `timeout_graceful_shutdown`), end."""
        self._server.should_exit = True
        await self._serving


def configure(
    app: ASGIApp, *, graceful_s: int, trusted_proxies: tuple[str, ...] = (), http: type[BoundedHttp] = BoundedHttp
) -> uvicorn.Config:
    """uvicorn's configuration for an app of ours: its own logs are quiet, since ours say more.

    Who the client is, is believed only from `trusted_proxies` (X-Forwarded-For, the right-most untrusted hop).
    """
    return uvicorn.Config(
        app, http=http, ws="none", lifespan="off", log_config=None, log_level="warning", access_log=False,
        server_header=False, backlog=BACKLOG, timeout_keep_alive=30, timeout_graceful_shutdown=graceful_s,
        proxy_headers=bool(trusted_proxies), forwarded_allow_ips=list(trusted_proxies),
    )  # fmt: skip
