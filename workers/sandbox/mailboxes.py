"""The post of real browsers: which channel belongs to which browser, and what waits for it.

The rule to remember: a message lies here until the browser has acknowledged it or its time is over, so that neither a
closed browser nor a restarted sandbox loses it. All of it is one small JSON file, replaced whole at every change.
"""

import os
import secrets
from pathlib import Path

import msgspec

BROWSERS_MAX = 200
"""Browsers remembered. A sandbox serves a developer's own few; beyond, the one that registered longest ago is gone."""
CHANNELS_MAX = 50
"""Channels of one browser: one per site and profile."""
WAITING_MAX = 50
"""Messages kept per channel; of more, the oldest are dropped, as a push service may (RFC 8030, 5.2)."""


class Letter(msgspec.Struct):
    """A message on its way. `version` names it towards the browser; `data` is the encrypted body, base64url."""

    version: str
    data: str
    headers: dict[str, str]
    topic: str | None
    expires_s: float


class Channel(msgspec.Struct):
    """One subscription. `endpoint_id` is the secret last part of its URL; `key` the VAPID public key it is bound to
    (base64url without padding), None where it is open to every sender."""

    endpoint_id: str
    key: str | None
    waiting: list[Letter] = []


Browser = dict[str, Channel]
"""A browser's channels by the id that the browser itself gave them."""


class Mailboxes:
    """All browsers by their uaid, as the file in `folder` has them."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "browsers.json"
        self._browsers: dict[str, Browser] = {}
        if self._path.exists():
            self._browsers = msgspec.json.decode(self._path.read_bytes(), type=dict[str, Browser])
        self._places = {
            channel.endpoint_id: (uaid, channel_id)
            for uaid, browser in self._browsers.items()
            for channel_id, channel in browser.items()
        }

    def is_known(self, uaid: str) -> bool:
        """Whether this browser has channels here; one that has none is nobody we need to remember."""
        return uaid in self._browsers

    def channel(self, endpoint_id: str) -> Channel | None:
        """The channel behind an endpoint."""
        place = self._places.get(endpoint_id)
        return self._browsers[place[0]][place[1]] if place else None

    # --- channels come and go

    def open(self, uaid: str, channel_id: str, key: str | None) -> Channel | None:
        """The browser's channel of that id, made where it is new. None where the browser has too many."""
        browser = self._browsers.setdefault(uaid, {})
        if channel_id not in browser and len(browser) >= CHANNELS_MAX:
            return None
        channel = browser.setdefault(channel_id, Channel(secrets.token_urlsafe(32), key))
        self._places[channel.endpoint_id] = (uaid, channel_id)
        if len(self._browsers) > BROWSERS_MAX:
            self._forget(next(iter(self._browsers)))
        self._save()
        return channel

    def close(self, uaid: str, channel_id: str) -> None:
        """Forget a channel and what waits in it."""
        browser = self._browsers.get(uaid, {})
        channel = browser.pop(channel_id, None)
        if channel is not None:
            del self._places[channel.endpoint_id]
            if not browser:
                del self._browsers[uaid]
            self._save()

    def _forget(self, uaid: str) -> None:
        for channel in self._browsers.pop(uaid).values():
            del self._places[channel.endpoint_id]

    # --- letters come and go

    def keep(self, endpoint_id: str, letter: Letter, now_s: float) -> tuple[str, str] | None:
        """Put it last in its channel, where it replaces what waits under the same topic (RFC 8030, 5.4). Whose it is:
        uaid and channel id; None where there is no such channel.
        """
        place, channel = self._places.get(endpoint_id), self.channel(endpoint_id)
        if channel is not None:
            others = [other for other in channel.waiting if other.topic is None or other.topic != letter.topic]
            channel.waiting = [*_current(others, now_s), letter][-WAITING_MAX:]
            self._save()
        return place

    def waiting(self, uaid: str, now_s: float) -> list[tuple[str, Letter]]:
        """What a browser that has just come is to be given, with its channel ids; the oldest of a channel first."""
        channels = self._browsers.get(uaid, {}).items()
        return [(channel_id, letter) for channel_id, channel in channels for letter in _current(channel.waiting, now_s)]

    def remove(self, uaid: str, channel_id: str, version: str) -> Channel | None:
        """The browser has it. The channel it lay in, if there is one."""
        channel = self._browsers.get(uaid, {}).get(channel_id)
        if channel is not None:
            channel.waiting = [letter for letter in channel.waiting if letter.version != version]
            self._save()
        return channel

    def _save(self) -> None:
        """Replace the file; only this user may read it."""
        beside = self._path.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(msgspec.json.encode(self._browsers))
        beside.replace(self._path)


def _current(letters: list[Letter], now_s: float) -> list[Letter]:
    return [letter for letter in letters if letter.expires_s > now_s]
