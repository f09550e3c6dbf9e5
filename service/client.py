"""An editor's side of the HTTP API, for the command line and the demo.

The rule to remember: every write carries an Idempotency-Key, and a repetition carries the same one, so that repeating
is always safe (contract §3). Only what may pass by itself is repeated: no answer, and 503; where
nobody has ever answered, it ends soon.
"""

import http.client
import json
import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from service.logs import escape

ANSWER_S = 10.0
"""How long one try waits for its answer; the API answers 503 within 1.5 s."""
PATIENCE_S = 15.0
"""How long a request is repeated in all: an API, or a store, that restarts is back much sooner."""
NOBODY_S = 1.5
"""How long we ask where nobody has taken a connection yet: nothing runs there, and the person who types wants to know.
"""
RETRY_FIRST_S = 0.25
RETRY_MAX_S = 4.0


class Unreachable(Exception):
    """No usable answer within the time that was allowed; for a write, nobody knows what became of it."""


class NotThere(OSError):
    """Nobody takes a connection."""


class Refused(Exception):
    """The API said no; `status` and the problem's own words say why, each finding in a line of its own."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        findings = [_finding(error) for error in problem.get("errors", ())]
        lines = findings or [str(problem.get("detail") or problem.get("title") or f"status {status}")]
        super().__init__("\n".join(map(escape, lines)))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered to a request it accepted."""

    status: int
    body: Any


def send(
    method: str,
    url: str,
    body: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    idempotency_key: str | None = None,
    if_match: int | None = None,
    patience_s: float | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Answer:
    """Send one request, repeated with full jitter for at most `patience_s` (default PATIENCE_S) where that can help.

    `idempotency_key` is made up for a write that names none; `if_match` is the version that a change is made upon;
    `told` hears why we try again. Raises Refused or Unreachable.
    """
    headers = {"Accept": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    if method not in ("GET", "HEAD"):
        headers["Idempotency-Key"] = idempotency_key or secrets.token_hex(16)
    if if_match is not None:
        headers["If-Match"] = f'"{if_match}"'
    content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    if content is not None:
        headers["Content-Type"] = "application/json"
    patience_s = PATIENCE_S if patience_s is None else patience_s
    begun_s, most_s, reached = time.monotonic(), RETRY_FIRST_S, False
    while True:
        least_s = 0.0
        try:
            status, answered, problem = _once(method, url, content, headers)
            reached = True
            if status < 400:
                return Answer(status, problem)
            if status != 503:
                raise Refused(status, problem if isinstance(problem, dict) else {})
            why = str(problem.get("detail", "")) if isinstance(problem, dict) else ""
            why = escape(f"503 {why}".strip())
            least_s = _seconds(answered)
        except (OSError, http.client.HTTPException) as failure:
            reached = reached or not isinstance(failure, NotThere)
            why = str(failure) or type(failure).__name__
        pause_s = least_s + random.uniform(0, most_s)
        if time.monotonic() + pause_s > begun_s + (patience_s if reached else min(patience_s, NOBODY_S)):
            raise Unreachable(f"{url} gives no answer ({why})")
        if reached:
            told(f"{url}: {why}; trying again in {pause_s:.1f} s")
        time.sleep(pause_s)
        most_s = min(most_s * 2, RETRY_MAX_S)


def _once(method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> tuple[int, str | None, Any]:
    """One try: status, Retry-After and the parsed body (None where it is not JSON)."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    assert parts.hostname, "a URL was checked before it came here"
    connection = kind(parts.hostname, parts.port, timeout=ANSWER_S)
    try:
        connect(connection)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(method, target, content, dict(headers))
        response = connection.getresponse()
        raw = response.read()
        return response.status, response.getheader("Retry-After"), _parsed(raw)
    finally:
        connection.close()


def connect(connection: http.client.HTTPConnection) -> None:
    """Raises NotThere where nobody takes the connection."""
    try:
        connection.connect()
    except OSError as failure:
        raise NotThere(str(failure) or type(failure).__name__) from None


def _finding(error: Mapping[str, Any]) -> str:
    """`headline: must not be empty`; what is about the body as a whole has no place before it."""
    place, detail = str(error.get("pointer", "")).removeprefix("/"), str(error.get("detail", ""))
    return f"{place}: {detail}" if place else detail


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _seconds(retry_after: str | None) -> float:
    """Retry-After in seconds; our API never sends the date form."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0
