"""Pretend phones: what each lock screen shows, and how many notifications it has received.

The rule to remember: one entry per collapse identity, and the highest version stays, whatever arrives later. That is
what an app does with news that overtook each other on the way.
"""

import heapq
import itertools
from collections.abc import Collection
from typing import Literal

import msgspec

Platform = Literal["apns", "fcm", "webpush"]
PLATFORMS: tuple[Platform, ...] = ("apns", "fcm", "webpush")

PHONES_MAX = 200_000
"""Twice what the largest test rings; the phone that came first goes first."""
ENTRIES_MAX = 50
"""Entries of one lock screen; the one that appeared first goes first."""
TEXTS_MAX = 10_000
"""Different notifications whose text is kept once, however many phones show it."""


class Shown(msgspec.Struct, frozen=True, rename="camel"):
    """One entry of a lock screen. Without an `alert` it is none of Flashwire's, or encrypted for a real browser."""

    collapse: str
    alert: str | None
    version: int | None
    title: str | None
    subtitle: str | None
    body: str | None
    level: str | None
    edition: str | None
    sound: bool
    """Whether it made itself heard when it came."""
    created_ms: int | None
    """The version's own time, if the notification names it."""


class Phone:
    """One installation. `number` orders phones by their first notification."""

    __slots__ = ("number", "platform", "received", "showing", "token")

    def __init__(self, number: int, platform: Platform, token: str) -> None:
        self.number = number
        self.platform: Platform = platform
        self.token = token
        self.received = 0
        self.showing: dict[str, tuple[Shown, int]] = {}
        """By collapse identity: the entry, and when it came (ms)."""


class Phones:
    """All of them, by platform and token."""

    def __init__(self) -> None:
        self._phones: dict[tuple[Platform, str], Phone] = {}
        self._by_alert: dict[str, dict[int, Phone]] = {}
        self._texts: dict[Shown, Shown] = {}
        self._next = 1

    def __len__(self) -> int:
        return len(self._phones)

    def showing(self, alert: str) -> int:
        """How many phones show an alert now, in whatever version."""
        return len(self._by_alert.get(alert, ()))

    def showing_any(self) -> int:
        """How many phones show anything."""
        return sum(1 for phone in self._phones.values() if phone.showing)

    def receive(self, platform: Platform, token: str, shown: Shown | None, at_ms: int) -> None:
        """A notification arrives. `None` is one that shows nothing."""
        phone = self._phones.get((platform, token)) or self._add(platform, token)
        phone.received += 1
        if shown is None:
            return
        before = phone.showing.get(shown.collapse)
        if before is not None and _is_older(shown, before[0]):
            return
        phone.showing[shown.collapse] = (self._shared(shown), at_ms)
        if before is not None:
            self._leave(phone, before[0])
        if shown.alert is not None:
            self._by_alert.setdefault(shown.alert, {})[phone.number] = phone
        if len(phone.showing) > ENTRIES_MAX:
            gone, _ = phone.showing.pop(next(iter(phone.showing)))
            self._leave(phone, gone)

    def find(
        self, platform: Platform | None, edition: str | None, alert: str | None, after: int, limit: int
    ) -> tuple[int, list[Phone]]:
        """How many phones there are of this kind, and the first `limit` of those numbered higher than `after`."""
        among: Collection[Phone] = self._phones.values() if alert is None else self._by_alert.get(alert, {}).values()
        if platform is not None or edition is not None:
            among = [phone for phone in among if _is_of(phone, platform, edition)]
        if alert is None and not after:  # what the page asks for, twice a second
            return len(among), list(itertools.islice(among, limit))
        rest = (phone for phone in among if phone.number > after)
        return len(among), heapq.nsmallest(limit, rest, key=lambda phone: phone.number)

    def forget(self) -> None:
        """As if no phone had ever been sent anything."""
        self._phones.clear()
        self._by_alert.clear()
        self._texts.clear()

    def _add(self, platform: Platform, token: str) -> Phone:
        phone = self._phones[platform, token] = Phone(self._next, platform, token)
        self._next += 1
        if len(self._phones) > PHONES_MAX:
            gone = self._phones.pop(next(iter(self._phones)))
            showing, gone.showing = gone.showing, {}
            for shown, _ in showing.values():
                self._leave(gone, shown)
        return phone

    def _leave(self, phone: Phone, shown: Shown) -> None:
        """The phone has just lost this entry; another may still show the same alert."""
        if shown.alert is None or any(other.alert == shown.alert for other, _ in phone.showing.values()):
            return
        among = self._by_alert.get(shown.alert, {})
        among.pop(phone.number, None)
        if not among:
            self._by_alert.pop(shown.alert, None)

    def _shared(self, shown: Shown) -> Shown:
        kept = self._texts.setdefault(shown, shown)
        if len(self._texts) > TEXTS_MAX:
            del self._texts[next(iter(self._texts))]
        return kept


def _is_older(new: Shown, before: Shown) -> bool:
    same = new.alert == before.alert and new.version is not None and before.version is not None
    return same and new.version < before.version  # type: ignore[operator]


def _is_of(phone: Phone, platform: Platform | None, edition: str | None) -> bool:
    shows = edition is None or any(shown.edition == edition for shown, _ in phone.showing.values())
    return shows and platform in (None, phone.platform)
