"""`flashwire watch`: every revision once and in order, whatever the connection does."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve

from service import watch
from service.ending import end
from service.watch import Lines, Position, WatchRefused, follow, line

ALERT = {
    "id": "A1",
    "version": 1,
    "status": "Actual",
    "pubStatus": "usable",
    "level": "urgent",
    "text": "Rain reaches the coast",
    "notice": None,
    "versionCreated": "2026-11-18T14:02:11.204Z",
    "signals": [],
}


def snapshot(cursor: str, *alerts: dict[str, Any], reason: str = "cold") -> dict[str, Any]:
    return {"type": "snapshot", "reason": reason, "cursor": cursor, "heartbeat": 25, "alerts": list(alerts)}


def resumed(cursor: str) -> dict[str, Any]:
    return {"type": "resumed", "cursor": cursor, "heartbeat": 25, "replayed": 0}


def published(cursor: str, **fields: Any) -> dict[str, Any]:
    return {"type": "published", "cursor": cursor, "alert": {**ALERT, **fields}}


@pytest.mark.parametrize(
    ("at", "frame", "follows", "then"),
    [
        (None, snapshot("e:5"), True, "e:5"),
        ("e:4", snapshot("f:1", reason="epoch"), True, "f:1"),
        ("e:5", resumed("e:5"), True, "e:5"),
        ("e:5", resumed("e:6"), False, "e:5"),
        ("e:5", published("e:6"), True, "e:6"),
        ("e:5", published("e:7"), False, "e:5"),
        ("e:5", published("e:5"), False, "e:5"),
        ("e:5", {"type": "heartbeat", "cursor": "e:5", "stale": False}, True, "e:5"),
        ("e:5", {"type": "heartbeat", "cursor": "e:6", "stale": False}, False, "e:5"),
        ("e:5", {"type": "bye", "reason": "deploy", "retryAfter": 4.2}, True, "e:5"),
    ],
)
def test_a_missing_number_is_a_gap(at: str | None, frame: dict[str, Any], follows: bool, then: str | None) -> None:
    position = Position(at)
    assert (position.follows(frame), position.cursor) == (follows, then)


def test_a_heartbeat_behind_us_moves_us_nowhere_back() -> None:
    position = Position("e:5")
    assert position.follows({"type": "heartbeat", "cursor": "e:4", "stale": True})
    assert position.cursor == "e:5"


@pytest.mark.parametrize(
    ("fields", "kind", "expected"),
    [
        ({}, "published", "14:02:11 URGENT   Rain reaches the coast  [A1]"),
        ({}, "corrected", "14:02:11 URGENT CORRECTED Rain reaches the coast  [A1]"),
        ({"status": "Exercise"}, "published", "14:02:11 EXERCISE URGENT   Rain reaches the coast  [A1]"),
        ({"pubStatus": "canceled", "text": None, "notice": "Gone."}, "canceled", "14:02:11 WITHDRAWN Gone.  [A1]"),
        (
            {"pubStatus": "canceled", "text": None, "notice": "Gone.", "signals": ["undone"]},
            "canceled",
            "14:02:11 UNDONE  [A1]",
        ),
        (
            {"pubStatus": "withheld", "text": None, "notice": "Checking."},
            "withheld",
            "14:02:11 ON HOLD  Checking.  [A1]",
        ),
        ({"text": "a\x1b[2Jb\u202ec\u200d"}, "published", "14:02:11 URGENT   a [2Jb c\u200d  [A1]"),
    ],
)
def test_an_alert_is_one_line(fields: dict[str, Any], kind: str, expected: str) -> None:
    assert line({**ALERT, **fields}, kind) == expected


def test_a_snapshot_after_a_loss_repeats_nothing_and_says_why_it_came() -> None:
    written: list[str] = []
    lines = Lines(written.append)
    lines.show(snapshot("e:2", {**ALERT, "id": "A2"}, ALERT))
    lines.show(snapshot("f:3", {**ALERT, "id": "A3"}, {**ALERT, "id": "A2"}, ALERT, reason="epoch"))
    assert [text[-4:] for text in written if text.endswith("]")] == ["[A1]", "[A2]", "[A3]"]
    assert any("epoch" in text for text in written)


def test_staleness_is_said_once_each_way() -> None:
    written: list[str] = []
    lines = Lines(written.append)
    for stale in (False, True, True, False, False):
        lines.show({"type": "heartbeat", "cursor": "e:1", "stale": stale})
    assert written == ["-- the server does not hear its store: this may be old", "-- up to date again"]


class Stream:
    """A live stream that plays one planned list of frames a connection, then closes with a code."""

    def __init__(self) -> None:
        self.plan: list[tuple[list[dict[str, Any]], int]] = []
        self.asked: list[str] = []
        self.server: Server

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{next(iter(self.server.sockets)).getsockname()[1]}/v1/live"

    async def play(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.asked.append(connection.request.path)
        frames, code = self.plan.pop(0)
        for frame in frames:
            await connection.send(json.dumps(frame))
        await connection.close(code, "said so")


@pytest.fixture
async def stream(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stream]:
    monkeypatch.setattr(watch, "RETRY_LEAST_S", 0.01)
    played = Stream()
    async with serve(played.play, "127.0.0.1", 0) as server:
        played.server = server
        yield played


async def watched(stream: Stream, enough: int) -> list[dict[str, Any]]:
    """What was shown until the stream was asked `enough` times."""
    shown: list[dict[str, Any]] = []
    task = asyncio.create_task(follow(stream.url, {"edition": "en"}, shown.append, lambda _: None))
    async with asyncio.timeout(60):
        while len(stream.asked) < enough and not task.done():
            await asyncio.sleep(0.01)
    await end([task])
    return shown


async def test_a_lost_connection_resumes_behind_the_last_frame(stream: Stream) -> None:
    stream.plan = [
        ([snapshot("e:5"), published("e:6")], 1012),
        ([resumed("e:6"), published("e:7")], 1012),
        ([], 1012),
    ]
    shown = await watched(stream, 3)
    assert stream.asked[:2] == ["/v1/live?edition=en", "/v1/live?edition=en&after=e%3A6"]
    assert [frame["cursor"] for frame in shown if frame["type"] == "published"] == ["e:6", "e:7"]


async def test_a_gap_is_not_shown_but_asked_for_again(stream: Stream) -> None:
    stream.plan = [([snapshot("e:5"), published("e:7")], 1000), ([], 1012)]
    shown = await watched(stream, 2)
    assert [frame["type"] for frame in shown] == ["snapshot"]
    assert stream.asked[1].endswith("after=e%3A5")


@pytest.mark.parametrize("code", [4400, 4401, 4403, 4404])
async def test_what_will_never_be_served_is_not_asked_again(stream: Stream, code: int) -> None:
    stream.plan = [([], code)]
    with pytest.raises(WatchRefused, match="said so"):
        await follow(stream.url, {"edition": "xx"}, lambda _: None, lambda _: None)
    assert len(stream.asked) == 1
