"""Tickets: what a key may see, for one stream that is opened where no header can be set. Good for a minute, and once.

The rule to remember: a ticket stands in an address, where others may read it. So it says nothing of its key, only its
digest is kept, taking it away is how it is looked up, and it opens nothing that its key would not open by then.
"""

import hashlib
import re

import msgspec

from service import ids
from service.domain.errors import TooManyTickets
from service.domain.roles import Role
from service.store import access, keys
from service.store.access import Key
from service.store.connection import Store, reaching_store

TICKET_S = 60
"""How long a page may take from asking for a ticket to opening its stream."""
_RANDOM_CHARS = 40
"""200 bits: as many as a key's secret, so that a plain digest is enough here too."""
_FORM = re.compile(r"fwt_[0-9A-HJKMNP-TV-Z]{40}", re.ASCII)


class IssuedTicket(msgspec.Struct, frozen=True):
    """A new ticket, the only time that `ticket` is known."""

    ticket: str
    expires_ms: int


class Bearer(msgspec.Struct, frozen=True):
    """Who brings a ticket: the key that it was made with, and what that may see."""

    key_id: str
    role: Role
    test: bool


async def issue(store: Store, key: Key, per_min_max: int, now_ms: int) -> IssuedTicket:
    """Make a ticket of `key`. Raises TooManyTickets, StoreUnavailable."""
    ticket = "fwt_" + ids.characters(_RANDOM_CHARS)
    counter = keys.tickets(key.id)
    async with reaching_store():
        async with store.pipeline(transaction=True) as pipe:
            pipe.incr(counter)
            pipe.expire(counter, 60, nx=True)
            pipe.ttl(counter)
            count, _, left_s = await pipe.execute()
        if count > per_min_max:
            raise TooManyTickets(max(1, left_s))
        bearer = Bearer(key.id, key.role, key.test)
        await store.setex(keys.ticket(_digest(ticket)), TICKET_S, msgspec.json.encode(bearer))
    return IssuedTicket(ticket, now_ms + TICKET_S * 1000)


async def redeem(store: Store, presented: str, now_ms: int) -> Bearer | None:
    """Who brings this ticket, which is used up by that; None for one that is unknown, used or expired, and where its
    key has ended since. Raises StoreUnavailable: then it may be used up, or not.
    """
    if _FORM.fullmatch(presented) is None:
        return None
    async with reaching_store():
        body = await store.getdel(keys.ticket(_digest(presented)))
    if body is None:
        return None
    bearer = msgspec.json.decode(body, type=Bearer)
    standing = await access.standing(store, {bearer.key_id}, now_ms)
    return bearer if bearer.key_id in standing else None


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
