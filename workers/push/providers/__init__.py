"""Apple, Google and the browsers' push services: they carry a finished message to one device and say what came back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from config.settings import Settings
from service.domain.device import PLATFORMS, Device, Platform
from service.domain.outcome import Sent
from service.domain.payloads.notification import Message
from workers.push.addresses import Addresses
from workers.push.http import Http, Window
from workers.push.providers import apns, fcm, webpush
from workers.push.tokens import CredentialsError, ServiceAccount, Vapid

Authorities = Sequence[bytes]
T = TypeVar("T")


class Provider(Protocol):
    """One provider. Bounded in time; safe to call from many tasks of one loop."""

    async def send(self, device: Device, message: Message) -> Sent:
        """Carry `message` to `device`. Never raises for what a network or a provider does."""

    def reload(self) -> None:
        """Read the credentials' files again (SIGHUP). Raises CredentialsError, and goes on with the old ones."""

    async def close(self) -> None:
        """Give the connections back."""


@dataclass(frozen=True, slots=True)
class Off:
    """A provider that is not there. `why` names the setting; `broken`: it is set, and what it names cannot be used."""

    why: str
    broken: bool = False


def connect(settings: Settings, platforms: Iterable[Platform] = PLATFORMS) -> dict[Platform, Provider | Off]:
    """The providers of `platforms`, ready to send; nothing is connected before the first message.

    A process that serves one platform names it, so that it never holds the others' keys. Never raises for credentials.
    """
    return {platform: _with_credentials(platform, settings, _CONNECT[platform]) for platform in platforms}


def configured(settings: Settings) -> dict[Platform, Off | None]:
    """For each platform why it is off, None where it can be connected. For who only has to know: keys are read and let
    go again, and no client is made.
    """
    found = {platform: _with_credentials(platform, settings, _READ[platform]) for platform in PLATFORMS}
    return {platform: made if isinstance(made, Off) else None for platform, made in found.items()}


def _with_credentials(platform: Platform, settings: Settings, make: Callable[[Settings, Authorities], T]) -> T | Off:
    """What `make` makes of the platform's settings; Off where they are not there or cannot be used."""
    needed = _NEEDED[platform]
    missing = [name for name in needed if getattr(settings, name) is None]
    if missing:
        return Off(f"FLASHWIRE_{missing[0].upper()} is not set", broken=len(missing) < len(needed))
    try:
        authorities = _authorities(settings.provider_ca_file)
    except (OSError, ValueError):
        return Off("FLASHWIRE_PROVIDER_CA_FILE: holds no certificates (PEM), or cannot be read", broken=True)
    try:
        return make(settings, authorities)
    except CredentialsError as problem:
        return Off(f"FLASHWIRE_{needed[0].upper()}: {problem}", broken=True)


def _connect_apns(settings: Settings, authorities: Authorities) -> Provider:
    timeout_s = settings.push_timeout_s
    return apns.Apns(
        _apns(settings), lambda: Http(timeout_s, authorities, only_http2=True), _window(settings), settings.apns_url
    )


def _connect_fcm(settings: Settings, authorities: Authorities) -> Provider:
    http = Http(settings.push_timeout_s, authorities, only_http2=True)
    tokens_http = Http(settings.push_timeout_s, authorities)
    return fcm.Fcm(_there(settings.fcm_credentials_file), http, tokens_http, _window(settings), settings.fcm_url)


def _connect_webpush(settings: Settings, authorities: Authorities) -> Provider:
    path, subject, timeout_s = _there(settings.vapid_key_file), settings.vapid_subject, settings.push_timeout_s
    addresses = Addresses(
        settings.webpush_hosts, lambda address: Http(timeout_s, authorities, address=address), timeout_s
    )
    return webpush.WebPush(lambda: Vapid.read(path, subject), addresses, _window(settings))


_NEEDED: dict[Platform, tuple[str, ...]] = {
    "apns": ("apns_key_file", "apns_key_id", "apns_team_id"),
    "fcm": ("fcm_credentials_file",),
    "webpush": ("vapid_key_file",),
}
_CONNECT = {"apns": _connect_apns, "fcm": _connect_fcm, "webpush": _connect_webpush}
_READ: dict[Platform, Callable[[Settings, Authorities], object]] = {
    "apns": lambda settings, _: _apns(settings).token(),
    "fcm": lambda settings, _: ServiceAccount.read(_there(settings.fcm_credentials_file)),
    "webpush": lambda settings, _: Vapid.read(_there(settings.vapid_key_file), settings.vapid_subject),
}


def _apns(settings: Settings) -> apns.Credentials:
    key_file, key_id, team_id = settings.apns_key_file, settings.apns_key_id, settings.apns_team_id
    assert key_id is not None
    assert team_id is not None
    return apns.Credentials(_there(key_file), key_id, team_id, settings.apns_topic)


def _there(path: Path | None) -> Path:
    assert path is not None, "who reads it has looked whether it is set"
    return path


def _window(settings: Settings) -> Window:
    return Window(settings.push_window, settings.push_timeout_s)


def _authorities(path: Path | None) -> Authorities:
    if path is None:
        return ()
    found = x509.load_pem_x509_certificates(path.read_bytes())
    return [certificate.public_bytes(serialization.Encoding.DER) for certificate in found]
