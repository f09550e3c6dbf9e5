"""Leaving without a herd: every reader is told when to come back, one after the other (reliability P10)."""

import asyncio
import random
from collections.abc import Callable

from service.domain import frames
from workers.gateway.audience import Audience
from workers.gateway.hub import Hub

APART_MAX_S = 0.02
"""Few readers need not wait: 20 ms a socket is spread enough."""
RETRY_FIRST_S = 0.5
RETRY_LAST_S = 5.0


async def drain(hub: Hub, drain_s: float, abort_s: float, clock: Callable[[], float]) -> None:
    """Say `bye deploy` and close with 1012, socket after socket over `drain_s`; end whoever is left after `abort_s`."""
    started_s = clock()
    readers = [(audience, fd) for audience in hub.audiences for fd in (*audience.live, *audience.laggards)]
    random.shuffle(readers)
    apart_s = min(APART_MAX_S, drain_s / max(1, len(readers)))
    told = 0
    for audience, fd in readers:
        if fd not in audience.live:
            continue  # who has gone meanwhile is not waited for, and who lags is told when he has caught up
        hub.close_after(fd, farewell(audience, random.uniform(RETRY_FIRST_S, RETRY_LAST_S)))
        told += 1
        ahead_s = started_s + told * apart_s - clock()
        if ahead_s > 0:
            await asyncio.sleep(ahead_s)
    while hub.busy and clock() - started_s < abort_s:
        for audience in hub.audiences:
            for fd in tuple(audience.live):  # laggards that have caught up meanwhile
                hub.close_after(fd, farewell(audience, random.uniform(RETRY_FIRST_S, RETRY_LAST_S)))
        await asyncio.sleep(0.02)
    for audience in hub.audiences:
        for fd in (*audience.live, *audience.laggards):
            hub.end(fd, reset=True)


def farewell(audience: Audience, retry_after_s: float) -> bytes:
    """`bye` with a delay of its own, and how the connection then closes."""
    bye = audience.ring.encode(frames.bye("deploy", retry_after_s))
    if audience.ring.encoding == "sse":
        return frames.sse_retry(int(retry_after_s * 1000)) + bye
    return bye + frames.close(frames.RESTART, "deploy")
