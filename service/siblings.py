"""What an editor is told of the other alerts of a story while acting on one.

The rule to remember: a warning delays nothing. A kill goes out whether or not the store could say who its siblings are.
"""

import asyncio

import structlog

from service.domain import stories
from service.domain.alert import Alert, Record, Status
from service.domain.errors import StoreUnavailable
from service.domain.fields import Notice
from service.domain.lifecycle import Verb
from service.store import stories as stored
from service.store.connection import Store

log = structlog.get_logger("desk")

WITHIN_S = 0.15
"""Two looks at a healthy store take a hundredth of it; a slow one must not hold up a kill."""


async def warnings(store: Store, verb: Verb, alert: Alert) -> tuple[Notice, ...]:
    """Who else tells the story of an alert that is corrected, killed or put on hold."""
    if verb not in stories.DOUBTFUL:
        return ()
    told = await _newest(store, alert.story, alert.status)
    return stories.warnings(alert.story, (record for record in told or () if record.alert.id != alert.id))


async def unknown(store: Store, story: str | None, status: Status) -> tuple[Notice, ...]:
    """That an editor named a story of which nothing is known: a slip of the hand, or the first of its alerts."""
    if story is None:
        return ()
    told = await _newest(store, story, status)
    return (stories.UNKNOWN_STORY,) if told == () else ()


async def _newest(store: Store, story: str, status: Status) -> tuple[Record, ...] | None:
    """The story's alerts as they stand; None where the store does not say in time."""
    try:
        async with asyncio.timeout(WITHIN_S):
            return await stored.newest(store, story, status)
    except (StoreUnavailable, TimeoutError) as error:
        log.warning("nobody is told of a story's other alerts", story=story, why=str(error) or type(error).__name__)
        return None
