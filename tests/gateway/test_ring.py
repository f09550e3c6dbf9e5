"""The ring and those who lag behind in it: nobody keeps more than the rest of one frame."""

import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.backlog import Backlog
from tests.gateway.revisions import canceled, published
from workers.gateway.audience import Audience
from workers.gateway.hub import Hub, Limits
from workers.gateway.inbound import Budget
from workers.gateway.ring import AFRESH, Chunk, Ring, single

LIMITS = Limits(5.0, 65_536, Budget(1024, 32, 20, 10, 10.0))
CANARY = "canary"


def backlog_of(*headlines: str) -> Backlog:
    backlog = Backlog("k3f9", 0, 1000)
    for offset, headline in enumerate(headlines, 1):
        backlog.append(published(offset, headline))
    return backlog


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=8), st.integers(0, 100), st.data())
def test_what_is_left_is_the_rest_of_the_frame_that_has_begun(
    taken: list[bytes], start: int, data: st.DataObject
) -> None:
    ends = tuple(sum(map(len, taken[: number + 1])) for number in range(len(taken)))
    chunk = Chunk(b"".join(taken), ends, start, start + len(taken))
    sent = data.draw(st.integers(0, len(chunk.data)))
    rest, place = chunk.left(sent)
    begun = place - start
    assert chunk.data[:sent] + rest == b"".join(taken[:begun]), "exactly the frames up to that place"
    assert len(rest) < max(map(len, taken)), "never a frame that has not begun"


def test_who_has_not_begun_a_message_stands_before_it() -> None:
    snapshot = single(b"whole state", 9, AFRESH)
    assert [snapshot.left(sent) for sent in (0, 1, 11)] == [(b"", AFRESH), (b"hole state", 9), (b"", 9)]
    heartbeat = single(b"beat", 9)
    assert [heartbeat.left(sent) for sent in (0, 1, 4)] == [(b"", 9), (b"eat", 9), (b"", 9)]


@pytest.mark.parametrize("max_bytes", [1, 2000, 10**6])
def test_chunks_lead_from_any_place_to_the_newest(max_bytes: int) -> None:
    ring = Ring("en", backlog_of(*(f"Tide {number}" for number in range(1, 21))), "websocket")
    whole = ring.chunk(0, 10**6).data
    for place in range(20):
        came, at = b"", place
        while at < ring.last:
            chunk = ring.chunk(at, max_bytes)
            assert (chunk.start, chunk.ends[-1]) == (at, len(chunk.data))
            came, at = came + chunk.data, chunk.last
        assert whole.endswith(came)
        assert came.count(b'"published"') == 20 - place


def test_a_killed_alert_keeps_its_frame_and_loses_its_sentence() -> None:
    backlog = backlog_of("Tide 1", CANARY, "Tide 3")
    ring = Ring("en", backlog, "sse")
    assert CANARY.encode() in ring.chunk(0, 10**6).data
    ring.redacted(backlog.append(canceled(4, next(backlog.since(1)))))
    ring.advanced()
    data = ring.chunk(0, 10**6).data
    assert (data.count(b"event: published"), data.count(b"event: canceled"), CANARY.encode() in data) == (3, 1, False)


def test_frames_that_fell_off_the_wire_are_forgotten() -> None:
    backlog = Backlog("k3f9", 0, 10)
    ring = Ring("en", backlog, "websocket")
    for offset in range(1, 101):
        changed = backlog.append(published(offset, "Tide"))
        ring.advanced()
        ring.chunk(max(backlog.first - 1, offset - 7), 10**6)
        if changed:
            ring.redacted(changed)
    assert len(ring._frames) <= 10
    assert not ring.holds_after(89)
    assert ring.holds_after(90)


class Bench:
    """A hub with one audience, and readers who are the other ends of socket pairs."""

    def __init__(self, backlog: Backlog) -> None:
        self.ended: list[int] = []
        self.now_s = 0.0
        self.hub = Hub(LIMITS, lambda: self.now_s, self.ended.append)
        self.backlog = backlog
        self.audience = Audience(Ring("en", backlog, "websocket"), lambda: b"afresh")
        self.hub.audiences.append(self.audience)
        self.ours: list[socket.socket] = []

    def reader(self, place: int, opening: bytes = b"", full: bool = False) -> tuple[int, socket.socket]:
        """Join a reader whose socket, with `full`, has no room for one byte more."""
        ours, its = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        ours.setblocking(False)
        its.setblocking(False)
        self.ours.append(its)
        fd = ours.detach()
        self.hub.watch(fd, self.hub.end, 60.0)
        self.hub.join(fd, self.audience, opening, place)
        if full:
            self.fill(fd)
        return fd, its

    def fill(self, fd: int) -> None:
        try:
            while True:
                os.write(fd, b".")
        except BlockingIOError:
            pass

    def drink(self, its: socket.socket) -> bytes:
        """All that this reader ever gets."""
        came = b""
        while True:
            try:
                piece = its.recv(65_536)
            except BlockingIOError:
                self.hub.turn()
                try:
                    piece = its.recv(65_536)
                except BlockingIOError:
                    return came.lstrip(b".")
            if not piece:
                return came.lstrip(b".")
            came += piece


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(backlog_of("Tide 1"))
    yield made
    for its in made.ours:
        its.close()
    made.hub.close()


def test_a_pong_that_does_not_fit_in_the_middle_of_a_broadcast_costs_no_revision(bench: Bench) -> None:
    served, _ = bench.reader(1)
    waiting, its = bench.reader(1, full=True)
    bench.backlog.append(published(2, "Tide 2"))
    bench.audience.ring.advanced()
    bench.audience.begin()
    fds = (served, waiting)
    chunk = bench.audience.ring.chunk(1, 10**6)
    bench.hub.send(bench.audience, fds[:1], chunk)
    bench.audience.reached(chunk, fds, 1)
    bench.hub.say(waiting, bench.audience, b"pong")
    rest = tuple(fd for fd in fds[1:] if fd not in bench.audience.touched)
    bench.hub.send(bench.audience, rest, chunk)
    assert bench.drink(its) == b"pong" + chunk.data
    assert {served, waiting} == bench.audience.live


def test_pongs_of_a_laggard_wait_for_a_frame_boundary(bench: Bench) -> None:
    fd, its = bench.reader(0, b"opening", full=False)
    bench.fill(fd)
    bench.backlog.append(published(2, "Tide " * 2000))
    bench.audience.ring.advanced()
    chunk = bench.audience.ring.chunk(1, 10**6)
    bench.hub.send(bench.audience, bench.audience.begin(), chunk)
    bench.hub.say(fd, bench.audience, b"pong")
    came = bench.drink(its)
    assert came.startswith(b"opening")
    assert came.endswith(b"pong" + chunk.data)


def test_a_laggard_gets_what_was_killed_meanwhile_without_its_sentence(bench: Bench) -> None:
    fd, its = bench.reader(1, full=True)
    for offset, headline in ((2, "Tide 2"), (3, CANARY), (4, "Tide 4")):
        bench.backlog.append(published(offset, headline))
        bench.audience.ring.advanced()
        bench.hub.send(bench.audience, bench.audience.begin(), bench.audience.ring.chunk(offset - 1, 10**6))
    assert fd in bench.audience.laggards
    bench.audience.ring.redacted(bench.backlog.append(canceled(5, next(iter(bench.backlog.since(2))))))
    came = bench.drink(its)
    assert (came.count(b'"published"'), came.count(b'"canceled"'), CANARY.encode() in came) == (3, 3, False)


def test_a_laggard_without_a_place_begins_afresh(bench: Bench) -> None:
    fd, its = bench.reader(1, full=True)
    bench.hub.send(bench.audience, bench.audience.begin(), single(b"old snapshot", 1, AFRESH))
    bench.backlog.append(published(2, "Tide 2"))
    bench.audience.ring.advanced()
    assert bench.drink(its) == b"afresh"
    assert fd in bench.audience.live


def test_a_laggard_that_falls_off_the_ring_is_told_and_closed(bench: Bench) -> None:
    _, its = bench.reader(1, full=True)
    bench.backlog.append(published(2, "Tide 2"))
    bench.audience.ring.advanced()
    bench.hub.send(bench.audience, bench.audience.begin(), bench.audience.ring.chunk(1, 10**6))
    bench.backlog.skip(3)
    came = bench.drink(its)
    assert b'"reason":"slow"' in came
    assert came.endswith(b"\x88\x0a\x11\x39too slow")
    assert bench.hub.evicted_slow == 1


def test_where_descriptors_are_short_the_oldest_laggard_goes(bench: Bench) -> None:
    fds = []
    for second in range(3):
        bench.now_s = float(second)
        fds.append(bench.reader(1, full=True)[0])
        bench.hub.send(bench.audience, fds[-1:], single(b"a", 1))
    assert set(bench.audience.laggards) == set(fds)
    bench.hub.evict_oldest_laggard()
    assert set(bench.audience.laggards) == set(fds[1:])
    assert bench.ended == fds[:1]
