"""Apple, Google and the browsers' push services: they carry a finished message to one device and say what came back."""

from typing import Protocol

from service.domain.device import Device
from service.domain.outcome import Sent
from service.domain.payloads.notification import Message


class Provider(Protocol):
    """One provider. Bounded in time; safe to call from many tasks of one loop."""

    async def send(self, device: Device, message: Message) -> Sent:
        """Carry `message` to `device`. Never raises for what a network or a provider does."""

    async def close(self) -> None:
        """Give the connections back."""
