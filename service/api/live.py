"""Where the live stream is, as the client who asks can reach it."""

import re

from starlette.requests import Request

from config.settings import Settings
from service.api.problems import Problem

_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)


def live_origin(settings: Settings, request: Request) -> str:
    """`ws://…` or `wss://…`: the origin of the setting, else the gateway's port on the host that the client named.

    Raises Problem (400) for a Host that names none.
    """
    if settings.live_url is not None:
        return re.sub("^http", "ws", settings.live_url.rstrip("/"))
    found = _HOST.fullmatch(request.headers.get("host", ""))
    if found is None:
        raise Problem("bad-query", "the Host header names no host")
    scheme = "wss" if request.url.scheme == "https" else "ws"
    return f"{scheme}://{found[1]}:{settings.gateway_port}"
