"""Google: FCM HTTP v1, let in by an access token of a service account.

The rule to remember: the message is built once, and only the device's token is put in for each. Google's exact word for
a refusal stands in the details of its error; the word beside it is a general one.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from service.domain.device import Device
from service.domain.outcome import Lost, NotSent, Reply, Sent
from service.domain.payloads.fcm import addressed
from service.domain.payloads.notification import Message
from workers.push.http import NO_PLACE, Answer, Http, Window
from workers.push.tokens import AccessToken, ServiceAccount

_DETAIL = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_APPLES = "THIRD_PARTY_AUTH_ERROR"
"""Comes with 401 too, and is about what Google itself uses towards Apple, not about our token."""


class Fcm:
    """The provider of the platform `fcm`."""

    def __init__(
        self,
        credentials_file: Path,
        http: Http,
        tokens_http: Http,
        window: Window,
        url: str,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """`tokens_http` leads to the token server, another one than FCM's own. Raises CredentialsError."""
        self._credentials_file = credentials_file
        self._http, self._tokens_http = http, tokens_http
        self._token = AccessToken(ServiceAccount.read(credentials_file), tokens_http, now_s)
        self._window = window
        self._url = url.rstrip("/")

    async def send(self, device: Device, message: Message) -> Sent:
        """Carry `message` to `device`; tried once more where Google no longer takes our token."""
        ends_s = await self._window.enter()
        if ends_s is None:
            return NO_PLACE
        try:
            token = await self._token.token(ends_s)
            if isinstance(token, NotSent):
                return token
            sent = await self._send(device, message, token, ends_s)
            if isinstance(sent, Reply) and sent.status == 401 and sent.reason != _APPLES:
                self._token.renew(token)
                other = await self._token.token(ends_s)
                if isinstance(other, str) and other != token:
                    sent = await self._send(device, message, other, ends_s)
            return sent
        finally:
            self._window.leave()

    def reload(self) -> None:
        """Read the service account again. Raises CredentialsError, and goes on with the old one."""
        self._token.use(ServiceAccount.read(self._credentials_file))

    async def close(self) -> None:
        await self._token.close()
        await self._http.close()
        await self._tokens_http.close()

    async def _send(self, device: Device, message: Message, token: str, ends_s: float) -> Sent:
        url = f"{self._url}/v1/projects/{quote(self._token.project, safe='')}/messages:send"
        headers = (*message.headers, ("authorization", f"Bearer {token}"))
        answer = await self._http.post(url, headers, addressed(message, device.token), ends_s)
        return answer if isinstance(answer, NotSent | Lost) else read(answer)


def read(answer: Answer) -> Reply:
    """What Google said: nothing of interest with a 200, else `{"error":{"status",…,"details":[…]}}`."""
    try:
        error = json.loads(answer.body)["error"]
        reason = _exact(error.get("details")) or error.get("status")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        reason = None
    return Reply(
        status=answer.status,
        reason=reason if isinstance(reason, str) else None,
        retry_after_s=answer.retry_after_s,
    )


def _exact(details: Any) -> Any:
    """FCM's own `errorCode`; others, such as BadRequest and QuotaFailure, stand beside it."""
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and detail.get("@type") == _DETAIL:
            return detail.get("errorCode")
    return None
