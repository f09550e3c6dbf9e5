"""What a process tells of itself: alive, ready and why not, which version, and its metrics on the admin port.

The rule to remember: `/healthz` says that the process turns, `/readyz` that it is of use; a process that is waiting for
its store is alive and not ready, and must not be restarted for that. `/metrics` is for us: never on a public port.
"""

import asyncio
import platform
from collections.abc import Callable
from importlib import metadata
from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from service.listening import CannotListen, Listener, configure, listen

__all__ = ["AdminServer", "CannotListen", "Readiness", "health_routes", "serve_admin"]

TASKS = Gauge("flashwire_asyncio_tasks", "Tasks of the process's event loop; a number that only grows is a leak.")


class Readiness(msgspec.Struct, frozen=True, rename="camel"):
    """Whether the process is of use. `reasons` say why not; `details` is what it knows of its surroundings, as JSON."""

    ready: bool
    reasons: tuple[str, ...] = ()
    details: dict[str, Any] = {}


class AdminServer:
    """A running admin port."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.port = listener.port

    async def close(self) -> None:
        """Stop serving; returns when it is done."""
        await self._listener.close()


async def serve_admin(host: str, port: int, ready: Callable[[], Readiness]) -> AdminServer:
    """Serve /healthz, /readyz, /version and /metrics in this event loop, without touching signals.

    `ready` is asked anew at each request and must be quick. Raises CannotListen.
    """
    app = Router([*health_routes(ready), Route("/metrics", _metrics)], redirect_slashes=False)
    sockets = listen(host, port, "FLASHWIRE_ADMIN_PORT")
    return AdminServer(await Listener.start(configure(app, graceful_s=1), sockets))


def health_routes(ready: Callable[[], Readiness]) -> list[Route]:
    """/healthz, /readyz and /version, for any Starlette app."""

    async def readyz(_: Request) -> Response:
        readiness = ready()
        body = {"ready": readiness.ready, "reasons": readiness.reasons, **readiness.details}
        return _json(body, 200 if readiness.ready else 503)

    return [Route("/healthz", _healthz), Route("/readyz", readyz), Route("/version", _version)]


def version() -> str:
    """The version that is installed, or `unknown` in a checkout that is not."""
    try:
        return metadata.version("flashwire")
    except metadata.PackageNotFoundError:
        return "unknown"


async def _healthz(_: Request) -> Response:
    return _json({"alive": True})


async def _version(_: Request) -> Response:
    return _json({"version": version(), "python": platform.python_version()})


async def _metrics(_: Request) -> Response:
    TASKS.set(len(asyncio.all_tasks()))
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def _json(body: object, status: int = 200) -> Response:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(msgspec.json.encode(body), status, headers)
