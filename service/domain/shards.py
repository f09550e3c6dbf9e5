"""How a revision becomes work: is it pushed, how urgently, when, and in which blocks.

The rule to remember: every revision that phones may have to hear of is planned over all blocks of its audience. A job
finds out for itself whether there is still something to do, so planning one twice costs time and rings nobody.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from service.domain import fuse, moment
from service.domain.alert import Alert
from service.domain.device import BLOCK_DEVICES, PLATFORMS, Platform
from service.domain.newsroom import Newsroom
from service.domain.revision import Revision

Tier = Literal["express", "standard"]
TIERS: tuple[Tier, ...] = ("express", "standard")
"""Each has a queue of its own. Express: flash, and whatever takes an error back; standard work waits for it."""

CHANGES = frozenset({"updated", "corrected", "released", "canceled"})
"""What those must hear of who were given something, whatever an editor has said of pushing since."""


class Job(msgspec.Struct, frozen=True):
    """One block of one platform's devices for one version of an alert."""

    alert_id: str
    version: int
    platform: Platform
    block: int

    @property
    def id(self) -> str:
        """The same work has the same id, so that a queue takes it once."""
        return f"{self.alert_id}:{self.version}:{self.platform}:{self.block}"


def is_pushed(revision: Revision, now_ms: int, late_max_s: float) -> bool:
    """Whether phones may have to hear of it: not of lines, holds, undone alerts, nor of what is too old by now."""
    rings = revision.type == "published" and revision.push
    return (rings or revision.type in CHANGES) and is_for_phones(revision.alert, now_ms, late_max_s)


def is_for_phones(alert: Alert, now_ms: int, late_max_s: float) -> bool:
    """Whether a version may be told to phones at all: no line, not undone, not too old."""
    if alert.level == "line" or "undone" in alert.signals:
        return False
    return now_ms - moment.from_text(alert.version_created) <= late_max_s * 1000


def tier(alert: Alert) -> Tier:
    """Which queue its newest version takes: flash and what takes an error back go first."""
    takes_back = alert.pub_status == "canceled" or "correction" in alert.signals
    return "express" if alert.level == "flash" or takes_back else "standard"


def due_ms(revision: Revision, newsroom: Newsroom) -> int:
    """When its jobs may begin: at the end of the fuse; a kill at once, since it silences what waits for that."""
    alert = revision.alert
    begins_ms = moment.from_text(alert.version_created)
    if revision.type == "canceled":
        return begins_ms
    return max(begins_ms, fuse.ends_ms(alert, newsroom))


def jobs(revision: Revision, devices: Mapping[Platform, int]) -> Iterator[Job]:
    """A job for every block of the platforms' devices, platforms taking turns so that none waits for another."""
    blocks = {platform: -(-devices.get(platform, 0) // BLOCK_DEVICES) for platform in PLATFORMS}
    for block in range(max(blocks.values())):
        for platform, count in blocks.items():
            if block < count:
                yield Job(revision.alert.id, revision.alert.version, platform, block)
