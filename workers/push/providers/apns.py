"""Apple: one POST per device over HTTP/2, let in by the team's token.

The rule to remember: production and development are two hosts, and a token of one is unknown to the other; each
device says which is its own.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from service.domain.device import Device, Environment
from service.domain.outcome import Lost, NotSent, Reply, Sent
from service.domain.payloads.notification import Message
from workers.push.http import NO_PLACE, Answer, Http, Window
from workers.push.tokens import ApnsToken

HOSTS: dict[Environment, str] = {
    "production": "https://api.push.apple.com",
    "development": "https://api.sandbox.push.apple.com",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What Apple's developer pages hand out; `topic` is for devices that name none."""

    key_file: Path
    key_id: str
    team_id: str
    topic: str | None

    def token(self, now_s: Callable[[], float] = time.time) -> ApnsToken:
        """What lets us in with them. Raises CredentialsError."""
        return ApnsToken(self.key_file, self.key_id, self.team_id, now_s)


class Apns:
    """The provider of the platform `apns`."""

    def __init__(
        self,
        credentials: Credentials,
        open_: Callable[[], Http],
        window: Window,
        url: str | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """`url` replaces both of Apple's hosts. Raises CredentialsError."""
        self._token = credentials.token(now_s)
        self._topic = credentials.topic
        self._window = window
        if url is None:
            self._urls = HOSTS
            self._https = {environment: open_() for environment in HOSTS}
        else:
            one = open_()
            self._urls = dict.fromkeys(HOSTS, url.rstrip("/"))
            self._https = dict.fromkeys(HOSTS, one)

    async def send(self, device: Device, message: Message) -> Sent:
        """Carry `message` to `device`; tried once more where Apple says that our token has expired."""
        ends_s = await self._window.enter()
        if ends_s is None:
            return NO_PLACE
        try:
            token = self._token.token()
            sent = await self._send(device, message, token, ends_s)
            if isinstance(sent, Reply) and sent.reason == "ExpiredProviderToken" and self._token.renew(token):
                sent = await self._send(device, message, self._token.token(), ends_s)
            return sent
        finally:
            self._window.leave()

    def reload(self) -> None:
        """Read the key again. Raises CredentialsError, and goes on with the old one."""
        self._token.reload()

    async def close(self) -> None:
        for http in set(self._https.values()):
            await http.close()

    async def _send(self, device: Device, message: Message, token: str, ends_s: float) -> Sent:
        url = f"{self._urls[device.environment]}/3/device/{quote(device.token, safe='')}"
        headers = [*message.headers, ("authorization", f"bearer {token}")]
        if topic := device.topic or self._topic:
            headers.append(("apns-topic", topic))  # without one Apple refuses, and says why
        answer = await self._https[device.environment].post(url, headers, message.body, ends_s)
        return answer if isinstance(answer, NotSent | Lost) else read(answer)


def read(answer: Answer) -> Reply:
    """What Apple said: `{"reason":…,"timestamp":…}` unless it was 200; the timestamp is in milliseconds."""
    try:
        said = json.loads(answer.body) if answer.body else {}
        reason, since_ms = said.get("reason"), said.get("timestamp")
    except (ValueError, AttributeError, RecursionError):
        reason = since_ms = None
    return Reply(
        status=answer.status,
        reason=reason if isinstance(reason, str) else None,
        retry_after_s=answer.retry_after_s,
        since_ms=since_ms if isinstance(since_ms, int) and not isinstance(since_ms, bool) else None,
    )
