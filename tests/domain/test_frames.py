"""What stands on the connection, read by other people's eyes: the websockets parser, and an SSE parser of our own."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, Protocol, Side

from service.domain import frames
from service.domain.cursor import Cursor
from service.domain.frames import CLOSE_CODES, Message
from tests.domain.making import NOW_MS, make_alert, make_revision, make_telling_alert

PROTOCOL_PAGE = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"
CURSOR = Cursor("k3f9", 118)
NOW = "2026-11-18T14:02:11.204Z"


def read_websocket(raw: bytes) -> list[Frame]:
    """Frames as a client's protocol reads them; it refuses masked, oversized and malformed ones."""
    client = Protocol(Side.CLIENT, state=OPEN, max_size=None)
    client.receive_data(raw)
    assert client.parser_exc is None
    return [event for event in client.events_received() if isinstance(event, Frame)]


class Event(NamedTuple):
    """An event as a browser dispatches it."""

    type: str
    data: str
    last_id: str


def read_sse(raw: bytes) -> tuple[list[Event], int | None]:
    """The events of a stream and the retry it asked for, by the letter of WHATWG HTML §9.2.6."""
    events: list[Event] = []
    data: list[str] = []
    kind, last_id, retry = "", "", None
    for line in re.split(r"\r\n|\r|\n", raw.decode()):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                events.append(Event(kind or "message", "\n".join(data), last_id))
            data, kind = [], ""
        elif name == "data":
            data.append(value)
        elif name == "event":
            kind = value
        elif name == "id" and "\0" not in value:
            last_id = value
        elif name == "retry" and value.isdecimal():
            retry = int(value)
    return events, retry


def json_of(message: Message) -> object:
    """The message's JSON, after both ways of the wire have been seen to carry exactly it."""
    (frame,) = read_websocket(frames.encode(message, "websocket"))
    assert (frame.opcode, frame.fin) == (Opcode.TEXT, True)
    assert bytes(frame.data) == message.payload
    (event,), _ = read_sse(frames.encode(message, "sse"))
    assert event == Event(message.type, message.payload.decode(), message.cursor or "")
    return json.loads(message.payload)


def test_a_snapshot_carries_the_state_newest_first() -> None:
    alerts = [make_revision(2, make_telling_alert(2)), make_revision(1, make_alert(1))]
    message = frames.snapshot("en", "trimmed", CURSOR, 25.0, NOW_MS, [one.encoded for one in alerts])
    assert json_of(message) == {
        "type": "snapshot", "reason": "trimmed", "edition": "en", "cursor": "k3f9:118", "heartbeat": 25, "now": NOW,
        "alerts": [json.loads(one.encoded) for one in alerts],
    }  # fmt: skip


def test_a_snapshot_of_nothing_is_an_empty_list() -> None:
    told = json_of(frames.snapshot("en", "cold", Cursor("k3f9", 0), 0.5, NOW_MS, []))
    assert isinstance(told, dict)
    assert (told["alerts"], told["cursor"], told["heartbeat"]) == ([], "k3f9:0", 0.5)


def test_resumed_gives_the_cursor_back_that_was_handed_in() -> None:
    assert json_of(frames.resumed("en", CURSOR, 25, NOW_MS, 3)) == {
        "type": "resumed", "edition": "en", "cursor": "k3f9:118", "heartbeat": 25, "now": NOW, "replayed": 3,
    }  # fmt: skip


@pytest.mark.parametrize("stale", [True, False])
def test_a_heartbeat_says_where_we_are_and_whether_that_is_old(stale: bool) -> None:
    assert json_of(frames.heartbeat("ar", CURSOR, NOW_MS, stale)) == {
        "type": "heartbeat", "edition": "ar", "cursor": "k3f9:118", "now": NOW, "stale": stale,
    }  # fmt: skip


def test_a_bye_leaves_the_last_cursor_of_an_event_stream_alone() -> None:
    message = frames.bye("slow", 4.20049)
    assert json_of(message) == {"type": "bye", "reason": "slow", "retryAfter": 4.2}
    told = frames.to_sse(frames.heartbeat("en", CURSOR, NOW_MS, False)) + frames.to_sse(message)
    assert [event.last_id for event in read_sse(told)[0]] == ["k3f9:118", "k3f9:118"]


@pytest.mark.parametrize("type", ["published", "updated", "corrected", "withheld", "released", "canceled", "expired"])
def test_a_revision_carries_the_whole_alert_at_its_cursor(type: str) -> None:
    one = make_revision(119, make_telling_alert(), type)  # type: ignore[arg-type]
    message = frames.revision("en", "k3f9", one)
    assert json_of(message) == {
        "type": type, "edition": "en", "cursor": "k3f9:119", "alert": json.loads(one.encoded),
    }  # fmt: skip
    assert one.encoded in message.payload


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(words, words)
def test_no_text_breaks_out_of_its_message(headline: str, edition: str) -> None:
    one = make_revision(1, make_alert(headline=headline))
    told = json_of(frames.revision(edition, "k3f9", one))
    assert isinstance(told, dict)
    assert (told["edition"], told["alert"]["headline"]) == (edition, headline)


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, "8100"), (1, "8101"), (125, "817d"), (126, "817e007e"), (127, "817e007f"), (65_535, "817effff"),
        (65_536, "817f0000000000010000"), (200_000, "817f0000000000030d40"),
    ],
)  # fmt: skip
def test_a_frame_has_the_shortest_header_for_its_length(length: int, header: str) -> None:
    raw = frames.to_websocket(Message("published", None, b"x" * length))
    assert raw[: len(raw) - length].hex() == header
    assert [bytes(frame.data) for frame in read_websocket(raw)] == [b"x" * length]


@given(st.lists(st.sampled_from([1, 125, 126, 300, 65_535, 65_536]), min_size=1, max_size=6))
def test_frames_one_after_the_other_are_read_as_they_were_written(lengths: list[int]) -> None:
    raw = b"".join(frames.to_websocket(Message("published", None, b"y" * length)) for length in lengths)
    assert [len(frame.data) for frame in read_websocket(raw)] == lengths


def read_close(raw: bytes) -> tuple[int | None, str | None]:
    client = Protocol(Side.CLIENT, state=OPEN)
    client.receive_data(raw)
    client.receive_eof()
    return client.close_code, client.close_reason


@pytest.mark.parametrize("code", CLOSE_CODES)
def test_a_reader_learns_the_close_code_and_its_reason(code: int) -> None:
    assert read_close(frames.close(code, "é" * 61)) == (code, "é" * 61)
    assert read_close(frames.close(code)) == (code, "")


def test_a_close_reason_that_fits_in_no_control_frame_is_our_own_mistake() -> None:
    assert len(frames.close(1012, "x" * 123)) == 127
    with pytest.raises(AssertionError):
        frames.close(1012, "x" * 124)


def test_the_close_codes_are_those_of_the_contract() -> None:
    assert (frames.RESTART, frames.TRY_AGAIN_LATER) == (1012, 1013)
    assert (frames.BAD_QUERY, frames.UNKNOWN_EDITION, frames.TOO_SLOW) == (4400, 4404, 4409)
    assert {1008, 1009, frames.UNAUTHORIZED} <= CLOSE_CODES.keys()


def test_the_protocol_page_tells_every_close_code_in_the_same_words() -> None:
    rows = re.findall(r"^\| (\d{4}) \| (.+) \|$", PROTOCOL_PAGE.read_text(), re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == CLOSE_CODES


def test_what_comes_back_says_so_and_what_need_not_says_so() -> None:
    """The reader's program decides by the code alone."""
    for code in (1012, 1013, 4409):
        assert "come back with the cursor" in CLOSE_CODES[code]
    for code in (4400, 4403, 4404):
        assert "do not come back" in CLOSE_CODES[code]
    assert "come back only with one" in CLOSE_CODES[4401]


def test_a_retry_dispatches_no_event() -> None:
    assert read_sse(frames.sse_retry(4200)) == ([], 4200)
