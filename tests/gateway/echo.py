"""A gateway that says back what it is told: the same door, hub and parser, so that others' suites can judge these.

The rule to remember: nothing of the protocol is here. The handshake, the frames, the limits and the end of a connection
are the gateway's own; only what a reader has said, and the parser has let through, is written back.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.frames import BINARY, TEXT, Frame

from config.settings import Settings
from service.domain.backlog import Backlog
from service.domain.ticker import Ticker
from service.ending import end
from service.store.connection import for_commands
from service.store.keys import WireName
from service.wire import Wire
from workers.gateway.admission import Admission
from workers.gateway.channel import Channel
from workers.gateway.door import Door
from workers.gateway.drills import Drills
from workers.gateway.handshake import Opening, Wants
from workers.gateway.hub import Hub
from workers.gateway.inbound import Answer, Budget, Inbound
from workers.gateway.serve import door_rules, limits, listen

SOCKETS_MAX = 100
SWEEP_S = 0.25
NOWHERE = "redis://127.0.0.1:1"
"""Nobody drills here, so that no key is ever looked up."""


class EchoInbound(Inbound):
    """The parser; every message that came whole is said back, after the pongs and before a close."""

    forgets_fragments = False
    """A fault to plant: an echo of the first fragment alone."""

    def __init__(self, budget: Budget, now_s: float) -> None:
        super().__init__(budget, now_s)
        self._said: list[Frame] = []
        self._echo = b""

    def receive(self, data: bytes, now_s: float) -> Answer:
        answer = super().receive(data, now_s)
        echo, self._echo = self._echo, b""
        write = echo + answer.write if answer.ends else answer.write + echo
        return Answer(write, answer.ends, answer.fault)

    def _readable(self, frame: Frame) -> bool:
        readable = super()._readable(frame)
        if readable and frame.opcode < 8:
            self._said.append(frame)
            if frame.fin:
                heard = self._said[:1] if self.forgets_fragments else self._said
                self._echo += _whole(self._said[0].opcode == TEXT, b"".join(bytes(each.data) for each in heard))
                self._said = []
        return readable


class ForgetfulInbound(EchoInbound):
    """The planted fault."""

    forgets_fragments = True


def _whole(text: bool, data: bytes) -> bytes:
    return Frame(TEXT if text else BINARY, data).serialize(mask=False)


class EchoHub(Hub):
    """The hub, with the echo's parser."""

    made: type[EchoInbound] = EchoInbound

    def parser(self, now_s: float) -> Inbound:
        return self.made(self._limits.budget, now_s)


class EchoDoor(Door):
    """The door; who is let in hears nothing until it has said something."""

    def _join(self, fd: int, opening: Opening, wants: Wants, channel: Channel, waits: bool) -> None:
        self._hub.join(fd, channel.audiences[opening.encoding], opening.reply, channel.wire.backlog.last)


@asynccontextmanager
async def echo(settings: Settings, made: type[EchoInbound] = EchoInbound) -> AsyncIterator[None]:
    """Serve on the gateway's port of `settings`, with its limits."""
    loop = asyncio.get_running_loop()
    channels: dict[WireName, Channel] = {}
    hub = EchoHub(limits(settings), time.monotonic, lambda fd: door.ended(fd))
    hub.made = made
    drills = Drills(for_commands(NOWHERE, 1.0), hub, lambda: 0)
    admission = Admission(SOCKETS_MAX, settings.sockets_per_address_max, settings.joins_per_address_per_s)
    door = EchoDoor(hub, channels, admission, door_rules(settings), time.monotonic, drills)
    wire = Wire(WireName("en"), Backlog("echo", 0, 1), Ticker(1, 1))
    channels[wire.name] = Channel(
        wire, hub, heartbeat_s=25, chunk_sockets=1, burst_max_bytes=1, now_ms=lambda: 0, gone_out=lambda _: None
    )
    loop.add_reader(hub.epoll.fileno(), hub.turn)
    door.open(listen(settings))
    sweeping = loop.create_task(_sweep(hub))
    try:
        yield
    finally:
        door.close()
        await end((sweeping,))
        loop.remove_reader(hub.epoll.fileno())
        hub.close()


async def _sweep(hub: Hub) -> None:
    while True:
        await asyncio.sleep(SWEEP_S)
        hub.sweep()
