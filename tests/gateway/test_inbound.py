"""What readers send: pings are answered, little is allowed, and a fault is a close code and never a line in the log."""

import asyncio

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from service.store.embedded import EmbeddedStore
from tests.gateway.house import House
from tests.gateway.house import house as open_house
from tests.gateway.reader import BINARY, CLOSE, PING, PONG, TEXT, Reader, frame
from tests.stores import until
from workers.gateway.inbound import Budget, Inbound, _split

CONT = 0
ONE_KIB = b"a" * 1024
BUDGET = Budget(1024, 32, 20, 10, 10.0)

FAULTS = {
    "ping flood": (frame(PING) * 21, 1008),
    "pong flood": (frame(PONG, b"a") * 21, 1008),
    "message flood": (frame(TEXT, b"a") * 11, 1008),
    "33 fragments": (frame(TEXT, fin=False) + frame(CONT, fin=False) * 31 + frame(CONT), 1008),
    "1 KiB + 1": (frame(TEXT, ONE_KIB + b"a"), 1009),
    "1 KiB + 1 in fragments": (frame(BINARY, ONE_KIB, fin=False) + frame(CONT, b"a"), 1009),
    "64 KiB": (frame(BINARY, b"a" * 65_536), 1009),
    "the longest length": (b"\x82\xff\x7f" + b"\xff" * 7 + b"\0" * 4, 1009),
    "bad UTF-8": (frame(TEXT, b"\xc3\x28"), 1007),
    "half a character": (frame(TEXT, b"\xc3"), 1007),
    "bad UTF-8 over two fragments": (frame(TEXT, b"\xe2\x82", fin=False) + frame(CONT, b"\x28"), 1007),
    "a surrogate": (frame(TEXT, b"\xed\xa0\x80"), 1007),
    "unmasked": (frame(TEXT, b"a", masked=False), 1002),
    "unmasked ping": (frame(PING, masked=False), 1002),
    "reserved bit 1": (frame(TEXT, b"a", reserved=4), 1002),
    "reserved bit 3": (frame(TEXT, b"a", reserved=1), 1002),
    "unknown opcode": (frame(3, b"a"), 1002),
    "unknown control": (frame(11), 1002),
    "ping in fragments": (frame(PING, fin=False), 1002),
    "long ping": (frame(PING, b"a" * 126), 1002),
    "continuation of nothing": (frame(CONT, b"a"), 1002),
    "message in a message": (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
    "close of one byte": (frame(CLOSE, b"\x03"), 1002),
    "close with a forbidden code": (frame(CLOSE, b"\x03\xed"), 1002),
}


@pytest.mark.parametrize("slowly", [False, True], ids=["at once", "byte by byte"])
@pytest.mark.parametrize(("sent", "code"), FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_ends_the_reader_and_nobody_hears_of_it(
    shared: House, sent: bytes, code: int, slowly: bool, caplog: pytest.LogCaptureFixture
) -> None:
    bystander, reader = await shared.websocket(), await shared.websocket()
    await bystander.next()
    await reader.next()
    before = shared.gateway.hub.ended_for_faults
    with structlog.testing.capture_logs() as lines:
        if slowly and len(sent) < 500:
            try:
                for byte in sent:
                    await reader.send(bytes([byte]))
                    await asyncio.sleep(0)
            except (ConnectionResetError, BrokenPipeError):
                pass  # it was ended before it had said everything
        else:
            await reader.send(sent)
        messages, ended = await reader.end()
    assert (messages, ended.code) == ([], code)
    assert (lines, caplog.records) == ([], [])
    assert shared.gateway.hub.ended_for_faults == before + 1
    await bystander.send(frame(PING, b"here"))
    assert await heard_pong(bystander) == b"here"


async def heard_pong(reader: Reader) -> bytes:
    async def heard() -> bool:
        reader.data += await reader.read()
        return reader._websocket() is None and bool(reader.pongs)

    await until(heard)
    return reader.pongs.pop()


async def test_a_message_of_two_mebibytes_is_refused_from_its_first_bytes(shared: House) -> None:
    reader = await shared.websocket()
    await reader.next()
    sending = asyncio.create_task(reader.send(frame(TEXT, b"a" * 2**21)))
    messages, ended = await reader.end()
    assert (messages, ended.code) == ([], 1009)
    await asyncio.gather(sending, return_exceptions=True)


async def test_what_is_allowed_is_ignored_and_pings_are_answered(shared: House) -> None:
    reader = await shared.websocket()
    await reader.next()
    await reader.send(frame(TEXT, ONE_KIB))
    await reader.send(frame(BINARY, b"\xff\xfe"))
    await reader.send(frame(TEXT, "خبر عاجل".encode()[:3], fin=False))
    await reader.send(frame(PING, b"between fragments"))
    assert await heard_pong(reader) == b"between fragments"
    await reader.send(frame(CONT, "خبر عاجل".encode()[3:]))
    await reader.send(frame(TEXT, fin=False) + frame(CONT, fin=False) * 30 + frame(CONT))
    await reader.send(frame(PONG, b"nobody asked"))
    for byte in frame(PING, b"a" * 125):
        await reader.send(bytes([byte]))
        await asyncio.sleep(0)
    assert await heard_pong(reader) == b"a" * 125
    alert = await shared.post("Ice on the canal", edition="ar")
    assert alert.status == 201


@pytest.mark.parametrize(
    ("sent", "code"), [(b"", 1000), (b"\x03\xe8", 1000), (b"\x03\xe9bye", 1001), (b"\x0f\xa0mine", 4000)]
)
async def test_a_close_is_answered_and_is_no_fault(shared: House, sent: bytes, code: int) -> None:
    reader = await shared.websocket()
    await reader.next()
    before = shared.gateway.hub.ended_for_faults
    await reader.send(frame(CLOSE, sent))
    answer = await reader.rest()
    assert answer[:1] == b"\x88"
    assert answer[2:4] == (code.to_bytes(2, "big") if sent else b"")
    assert shared.gateway.hub.ended_for_faults == before


async def test_a_reader_of_events_who_talks_is_ended(shared: House) -> None:
    reader = await shared.sse()
    await reader.next()
    await reader.send(b"GET / HTTP/1.1\r\n\r\n")
    assert await reader.rest() == b""


async def test_a_budget_is_for_a_window_and_parsers_are_forgotten_after_it(server: EmbeddedStore) -> None:
    async with open_house(server, inbound_window_s=0.3) as house:
        reader = await house.websocket()
        await reader.next()
        for _ in range(3):
            await reader.send(frame(PING, b"a") * 20)
            await until(lambda: bool(house.gateway.hub.inbound))
            await until(lambda: not house.gateway.hub.inbound)
        await reader.send(frame(TEXT, b"half", fin=False))
        await until(lambda: bool(house.gateway.hub.inbound))
        await asyncio.sleep(0.7)  # longer than the window and the sweep after it
        assert house.gateway.hub.inbound, "half a message is remembered"


frames_sent = st.builds(
    frame,
    st.sampled_from([CONT, TEXT, BINARY, PING, PONG]),
    st.binary(max_size=200),
    fin=st.booleans(),
    masked=st.booleans(),
    reserved=st.sampled_from([0, 0, 0, 1]),
)


@given(st.lists(frames_sent, max_size=6), st.lists(st.integers(1, 60), max_size=40))
def test_split_gives_every_frame_once_whole_however_the_bytes_come(sent: list[bytes], cuts: list[int]) -> None:
    data = b"".join(sent)
    ends = {sum(map(len, sent[:number])) for number in range(len(sent) + 1)}
    whole, partial, at = b"", b"", 0
    for size in (*cuts, len(data)):
        came, partial = _split(partial + data[at : at + size], 1024)
        at = min(len(data), at + size)
        whole += came
        assert whole + partial == data[:at]
        assert len(whole) in ends
        assert len(partial) <= 1024 + 14
    assert (whole, partial) == (data, b"")


@given(st.lists(st.one_of(st.binary(max_size=300), frames_sent), max_size=12))
def test_whatever_comes_nothing_raises_and_little_is_kept(pieces: list[bytes]) -> None:
    inbound = Inbound(BUDGET, 0.0)
    for piece in pieces:
        answer = inbound.receive(piece, 0.0)
        assert len(answer.write) <= len(piece) + 1024 + 140
        assert len(inbound._partial) <= 1024 + 14
        if answer.ends:
            break
