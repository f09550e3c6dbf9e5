"""Browsers: Web Push (RFC 8030), encrypted for the one browser (RFC 8291), let in by our VAPID key (RFC 8292).

The rule to remember: whom to speak to is a stranger's word. `addresses` says where we may go, each time.
"""

from collections.abc import Callable

from service.domain.device import Device, Subscription
from service.domain.endpoint import HTTPS_PORT, host_and_port
from service.domain.outcome import Lost, NotSent, Reply, Sent
from service.domain.payloads.notification import Message
from workers.push.addresses import Addresses
from workers.push.encryption import encrypt
from workers.push.http import NO_PLACE, Window
from workers.push.tokens import Vapid

_BODY = (("content-encoding", "aes128gcm"), ("content-type", "application/octet-stream"))


class WebPush:
    """The provider of the platform `webpush`."""

    def __init__(self, vapid: Callable[[], Vapid], addresses: Addresses, window: Window) -> None:
        """`vapid` reads the key pair; may raise CredentialsError, as this then does."""
        self._read_vapid = vapid
        self._vapid = vapid()
        self._addresses = addresses
        self._window = window

    async def send(self, device: Device, message: Message) -> Sent:
        """Carry `message`, encrypted for it alone, to `device`."""
        assert device.subscription is not None, "a webpush device has a subscription"
        ends_s = await self._window.enter()
        if ends_s is None:
            return NO_PLACE
        try:
            return await self._send(device.subscription, message, ends_s)
        finally:
            self._window.leave()

    def reload(self) -> None:
        """Read the key pair again. Raises CredentialsError, and goes on with the old one."""
        self._vapid = self._read_vapid()

    async def close(self) -> None:
        await self._addresses.close()

    async def _send(self, subscription: Subscription, message: Message, ends_s: float) -> Sent:
        http = await self._addresses.reach(subscription.endpoint, ends_s)
        if isinstance(http, NotSent):
            return http
        try:
            body = encrypt(message.body, subscription)
        except ValueError:
            return NotSent("a subscription that nothing can be encrypted for", for_good=True)
        authorization = self._vapid.authorization(_origin(subscription.endpoint))
        answer = await http.post(
            subscription.endpoint, (*message.headers, *_BODY, ("authorization", authorization)), body, ends_s
        )
        if isinstance(answer, NotSent):
            self._addresses.failed(http)
        if isinstance(answer, NotSent | Lost):
            return answer
        return Reply(status=answer.status, retry_after_s=answer.retry_after_s)


def _origin(endpoint: str) -> str:
    """Whom the header is made out to (RFC 6454): the port stands there only where it is not https' own."""
    where = host_and_port(endpoint)
    assert where is not None, "an address that may be reached has a host"
    host, port = where
    return f"https://{host}" if port == HTTPS_PORT else f"https://{host}:{port}"
