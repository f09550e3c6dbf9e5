"""`flashwire watch`: an edition's ticker in the terminal, and the smallest complete reader of the live stream.

The rule to remember: keep the cursor of the last frame and hand it back. An offset that is not the next one means that
something was lost, so the connection is given up and resumed from our own cursor (contract §5).
"""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

HANDSHAKE_S = 5.0
"""A stopped gateway still takes its share of connections; its readers must not wait for it."""
RETRY_LEAST_S = 0.5
RETRY_MAX_S = 30.0
STEADY_S = 10.0
"""A connection that held so long starts the back-off anew."""
NEVER_AGAIN = frozenset({4400, 4401, 4403, 4404})
"""Close codes that trying again cannot mend: a bad query, no key or one that has ended, a live one, no such edition."""


class WatchRefused(Exception):
    """The server will not serve this request, however often it is repeated."""


@dataclass(slots=True)
class Position:
    """Where we are on the wire, and when the server expects us to have heard from it."""

    cursor: str | None = None
    heartbeat_s: float = 25.0
    retry_after_s: float = 0.0
    """What a `bye` asked for; used once."""

    def follows(self, frame: dict[str, Any]) -> bool:
        """Whether nothing is missing between us and `frame`; moves on if so."""
        kind, cursor = frame.get("type"), frame.get("cursor")
        if kind == "bye":
            self.retry_after_s = float(frame.get("retryAfter", 0))
            return True
        if kind in ("snapshot", "resumed"):
            self.heartbeat_s = float(frame["heartbeat"])
            if kind == "resumed":
                return bool(cursor == self.cursor)
        elif kind == "heartbeat":
            return _offset(cursor) <= _offset(self.cursor)
        elif _offset(cursor) != _offset(self.cursor) + 1:
            return False
        self.cursor = cursor
        return True


async def follow(
    live_url: str,
    query: dict[str, str],
    show: Callable[[dict[str, Any]], None],
    told: Callable[[str], None],
    key: str | None = None,
    after: str | None = None,
) -> None:
    """Show every frame of the stream, in order and once, for ever; reconnects by itself. Raises WatchRefused.

    `told` hears of lost connections. `key` goes along as a header, for drills.
    """
    position, failures = Position(after), 0
    headers = {"Authorization": f"Bearer {key}"} if key else None
    loop = asyncio.get_running_loop()
    while True:
        begun = loop.time()
        try:
            why = await _one_connection(live_url, query, position, show, headers)
        except (OSError, TimeoutError, InvalidHandshake) as problem:
            why = f"no connection ({str(problem) or type(problem).__name__})"
            if isinstance(problem, InvalidStatus):
                if problem.response.status_code in (400, 401, 403, 404):
                    raise WatchRefused(why) from None
                position.retry_after_s = float(problem.response.headers.get("Retry-After", "0") or 0)
        failures = 0 if loop.time() - begun > STEADY_S else failures + 1
        most_s = min(RETRY_MAX_S, RETRY_LEAST_S * 2**failures)
        pause_s = max(RETRY_LEAST_S, position.retry_after_s, random.uniform(0, most_s))
        position.retry_after_s = 0.0
        told(f"{why}; again in {pause_s:.1f} s")
        await asyncio.sleep(pause_s)


async def _one_connection(
    live_url: str,
    query: dict[str, str],
    position: Position,
    show: Callable[[dict[str, Any]], None],
    headers: dict[str, str] | None,
) -> str:
    """Read one connection to its end; why it ended."""
    resume = {"after": position.cursor} if position.cursor else {}
    address = f"{live_url}?{urlencode({**query, **resume})}"
    async with connect(
        address,
        subprotocols=[Subprotocol("flashwire.v1")],
        additional_headers=headers,
        open_timeout=HANDSHAKE_S,
        close_timeout=1,
        ping_interval=None,  # the server's heartbeats tell us more
    ) as socket:
        while True:
            try:
                async with asyncio.timeout(position.heartbeat_s * 2 + 5):
                    frame = json.loads(await socket.recv())
            except TimeoutError:
                return "two heartbeats are missing"
            except ConnectionClosed:
                if socket.close_code in NEVER_AGAIN:
                    raise WatchRefused(socket.close_reason or f"the stream answered {socket.close_code}") from None
                return f"the connection ended ({socket.close_code})"
            if not position.follows(frame):
                return "something was missed"
            show(frame)


def _offset(cursor: str | None) -> int:
    _, _, offset = (cursor or ":0").rpartition(":")
    return int(offset)


class Lines:
    """Frames as lines for a person; remembers what it has shown, so that a snapshot repeats nothing."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._shown: dict[str, int] = {}
        self._stale = False

    def show(self, frame: dict[str, Any]) -> None:
        """Write what is new in `frame`."""
        kind = frame["type"]
        if kind == "snapshot":
            if frame["reason"] != "cold":
                self._write(f"-- started anew ({frame['reason']}): this is how things stand now")
            for alert in reversed(frame["alerts"]):
                self._alert(alert)
        elif kind == "heartbeat" and frame["stale"] != self._stale:
            self._stale = frame["stale"]
            self._write(
                "-- the server does not hear its store: this may be old" if self._stale else "-- up to date again"
            )
        elif "alert" in frame:
            self._alert(frame["alert"], kind)

    def _alert(self, alert: dict[str, Any], kind: str = "published") -> None:
        if self._shown.get(alert["id"], 0) >= alert["version"]:
            return
        self._shown[alert["id"]] = alert["version"]
        if len(self._shown) > 10_000:
            self._shown.pop(next(iter(self._shown)))
        self._write(line(alert, kind))


def line(alert: dict[str, Any], kind: str) -> str:
    """`14:02:11 URGENT  text  [id]`; what became of the alert stands before its text."""
    mark = alert["level"].upper() if kind in ("published", "released") else f"{alert['level'].upper()} {kind.upper()}"
    if "undone" in alert["signals"]:  # gone without a tombstone, and so without the words of one
        return f"{alert['versionCreated'][11:19]} UNDONE  [{alert['id']}]"
    if alert["pubStatus"] != "usable":
        mark = {"withheld": "ON HOLD", "canceled": "WITHDRAWN"}.get(alert["pubStatus"], alert["pubStatus"])
    drill = "EXERCISE " if alert["status"] == "Exercise" else ""
    text = alert["text"] or alert.get("notice") or ""
    shown = "".join(character if character.isprintable() or character in _JOINING else " " for character in text)
    return f"{alert['versionCreated'][11:19]} {drill}{mark:<8} {shown}  [{alert['id']}]"


# Arabic, emoji and mixed directions need these; nothing else that cannot be seen reaches the terminal.
_JOINING = "\u200c\u200d\u200e\u200f\u061c\u2066\u2067\u2068\u2069"
