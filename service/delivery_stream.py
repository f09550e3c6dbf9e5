"""An alert's delivery as it goes: the smallest complete reader of the API's event stream.

The rule to remember: each event is the whole report, so a stream that broke off is simply asked for again. What will
not get better by asking again (a key that was revoked, an alert that is not there) ends it.
"""

import http.client
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from service.client import NOBODY_S, Refused, Unreachable
from service.logs import escape

SILENT_MAX_S = 35.0
"""The API says something every 15 s at least."""
PATIENCE_S = 60.0
"""How long a stream may give nothing at all before we give up."""
RETRY_FIRST_S = 0.25
RETRY_MAX_S = 4.0
LINE_MAX_BYTES = 262_144
"""A report is some 5 KB; a server that sends longer lines is no Flashwire."""


class _Busy(Exception):
    """503: not now. Carries the seconds of Retry-After."""

    def __init__(self, after_s: float) -> None:
        super().__init__("503 not now")
        self.after_s = after_s


def follow(url: str, key: str, told: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Every report that differs from the one before, until the delivery is complete; reconnects by itself.

    `told` hears of connections that broke. Raises Refused, Unreachable.
    """
    deadline, most_s, reached = time.monotonic() + NOBODY_S, RETRY_FIRST_S, False
    last: dict[str, Any] | None = None
    while True:
        least_s, why = 0.0, ""
        try:
            for event, report in _events(url, key):
                deadline, most_s, reached = time.monotonic() + PATIENCE_S, RETRY_FIRST_S, True
                if event == "complete":
                    return
                if report != last:
                    last = report
                    yield report
        except _Busy as busy:
            least_s, why = busy.after_s, str(busy)
            if not reached:
                deadline, reached = time.monotonic() + PATIENCE_S, True
        except (OSError, http.client.HTTPException, ValueError) as failure:
            why = escape(str(failure) or type(failure).__name__)
        pause_s = least_s + random.uniform(0, most_s)
        if time.monotonic() + pause_s > deadline:
            raise Unreachable(f"{url} gives no answer ({why or 'it ends at once'})")
        if why and reached:
            told(f"{why}; again in {pause_s:.1f} s")
        time.sleep(pause_s)
        most_s = min(most_s * 2, RETRY_MAX_S)


def _events(url: str, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of one connection, to its end."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    assert parts.hostname, "a URL was checked before it came here"
    connection = kind(parts.hostname, parts.port, timeout=SILENT_MAX_S)
    try:
        connection.request("GET", parts.path, headers={"Accept": "text/event-stream", "Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        if response.status != 200:
            _refuse(response)
        yield from _read(response)
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse) -> Iterator[tuple[str, dict[str, Any]]]:
    event = ""
    while line := response.readline(LINE_MAX_BYTES):
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)


def _refuse(response: http.client.HTTPResponse) -> None:
    retry_after = response.getheader("Retry-After") or ""
    if response.status == 503:
        raise _Busy(float(retry_after) if retry_after.isdecimal() else 0.0)
    try:
        problem = json.loads(response.read(LINE_MAX_BYTES))
    except ValueError:
        problem = None
    raise Refused(response.status, problem if isinstance(problem, dict) else {})
