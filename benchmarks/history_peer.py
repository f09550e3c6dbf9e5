"""The peer of the history: a Starlette route that returns ten alerts as JSON, and one that finds them unchanged.

PEER_ALERTS=FILE python -m uvicorn benchmarks.history_peer:app
"""

import json
import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks.history import ALERTS_FILE, ETAG


async def _ticker(request: Request) -> Response:
    return JSONResponse(ALERTS)


async def _unchanged(request: Request) -> Response:
    if request.headers.get("if-none-match") == ETAG:
        return Response(status_code=304, headers={"ETag": ETAG})
    return JSONResponse(ALERTS, headers={"ETag": ETAG})


ALERTS = json.loads(Path(os.environ[ALERTS_FILE]).read_text())
app = Starlette(routes=[Route("/ticker", _ticker), Route("/unchanged", _unchanged)])
