"""`flashwire doctor`: what is wrong with this installation, and what mends it.

The rule to remember: a check returns findings and changes nothing; every finding that is not `ok` carries its remedy.
A new check is one function and one line in CHECKS.
"""

import platform
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib import metadata

from config.settings import Settings
from service import addresses, free_ports, kernel, rights, room, running, vapid
from service.domain import newsroom, outcome
from service.domain.device import Device, Platform, Preferences
from service.domain.errors import StoreUnavailable
from service.domain.outcome import Lost, NotConfigured, NotSent, OurFault, Retry
from service.domain.payloads.notification import Message
from service.duty_key import DUTY_KEY_FILE
from service.findings import Finding, Patient, State
from service.store import dump, durability, embedded, users
from service.store.connection import for_commands, reaching_store
from workers.push import providers
from workers.push.providers import Off, Provider

STORE_MIN = (7, 0)
PINNED = {"arq": "0.28.", "redis": "5."}
"""arq silently falls back to an old release where redis 6 is installed beside it."""
CLOCK_WARN_S = 1.0
CLOCK_FAIL_S = 30.0
"""Apple, Google and browsers' push services refuse tokens of another time; fuses and quiet hours go by it too."""
MESSAGES: dict[Platform, Message] = {
    "apns": Message((("apns-push-type", "alert"), ("apns-priority", "5"), ("apns-expiration", "0")), b'{"aps":{}}'),
    "fcm": Message((("content-type", "application/json"),), b'{"message":{"token":"","data":{}},"validate_only":true}'),
}
"""Sent to a token that no phone has: who refuses the token has let us in."""
NO_TOKEN = "doctor"
STAND_IN = "until then `flashwire up` puts the sandbox, and a key pair of its own, in its place"
REMEDIES: dict[Platform, str] = {
    "apns": "compare FLASHWIRE_APNS_KEY_ID, FLASHWIRE_APNS_TEAM_ID, FLASHWIRE_APNS_TOPIC and the key to Apple's pages",
    "fcm": "enable the Firebase Cloud Messaging API for the project and let the service account send messages",
    "webpush": "",
}


async def examine(
    settings: Settings, *, offline: bool = False, now_s: Callable[[], float] = time.time
) -> list[Finding]:
    """All findings, in the order of CHECKS. Takes a few time-outs at most; raises nothing for what it finds."""
    url = settings.redis_url
    if url is None and embedded.is_running(settings.data_dir):
        url = users.named(embedded.url(settings.data_dir), "operator")
    store = None if url is None else for_commands(url, settings.store_timeout_s)
    try:
        patient = Patient(settings, store, offline, now_s)
        return [finding for check in CHECKS for finding in await check(patient)]
    finally:
        if store is not None:
            await store.aclose()


async def _versions(_: Patient) -> list[Finding]:
    wrong = [name for name, prefix in PINNED.items() if not metadata.version(name).startswith(prefix)]
    ours = f"Flashwire {metadata.version('flashwire')} on Python {platform.python_version()}"
    if not wrong:
        return [Finding("versions", "ok", ours)]
    found = ", ".join(f"{name} {metadata.version(name)}" for name in wrong)
    return [Finding("versions", "failed", f"{ours} with {found}", "install what requirements.lock names: ./setup run")]


async def _newsroom(patient: Patient) -> list[Finding]:
    try:
        house = newsroom.from_config(patient.settings.newsroom)
    except ValueError as problem:
        return [Finding("newsroom", "failed", str(problem), "mend that table of the toml file")]
    return [Finding("newsroom", "ok", f"editions {', '.join(house.edition_names)}")]


async def _store(patient: Patient) -> list[Finding]:
    if patient.store is None:
        remedy = "start `flashwire up`, or name a store with FLASHWIRE_REDIS_URL"
        return [Finding("store", "failed", f"none runs on {patient.settings.data_dir.resolve()}", remedy)]
    try:
        async with reaching_store():
            begun_s = time.perf_counter()
            told = await patient.store.info("server")
            took_ms = (time.perf_counter() - begun_s) * 1000
    except StoreUnavailable as problem:
        return [Finding("store", "failed", str(problem), "start it, or mend FLASHWIRE_REDIS_URL")]
    product = "Valkey" if told.get("valkey_version") else "Redis"
    version = str(told.get("valkey_version") or told.get("redis_version", "0"))
    says = f"{product} {version}, answers in {took_ms:.1f} ms"
    if tuple(map(int, version.split(".")[:2])) < STORE_MIN:
        return [Finding("store", "failed", says, f"use version {'.'.join(map(str, STORE_MIN))} or newer")]
    return [Finding("store", "ok", says)]


async def _restored(patient: Patient) -> list[Finding]:
    if patient.store is None:
        return []
    try:
        if not await dump.is_half_restored(patient.store):
            return []
    except StoreUnavailable:
        return []  # told by the check of the store
    says = "a restore has begun and not ended: the store holds some of a backup"
    return [Finding("restore", "failed", says, "stop all, and run `flashwire restore --force FILE` again")]


async def _durability(patient: Patient) -> list[Finding]:
    if patient.store is None:
        return []
    settings = patient.settings
    try:
        found = await durability.read(patient.store, settings.durability, settings.replicas_min)
    except StoreUnavailable:
        return []  # told by the check of the store
    says = f"a 201 means: {found.gives} (asked for: {settings.durability})"
    return [Finding("durability", "ok" if found.enough else "failed", says, found.remedy)]


async def _replicas(patient: Patient) -> list[Finding]:
    """With replicas there may be another primary one day: the former must notice by itself."""
    if patient.store is None or patient.settings.durability != "replica":
        return []
    try:
        async with reaching_store():
            found = await patient.store.config_get("min-replicas-to-write")
    except StoreUnavailable:
        return []  # told by the check of the store, or a managed one, which does not say
    if all(int(value) > 0 for value in found.values()):
        return [Finding("replicas", "ok", "a primary that nobody follows takes no alert")]
    says = "a primary that is cut off takes alerts which it will forget; no 201 is given for them"
    return [Finding("replicas", "warning", says, "set in each store: min-replicas-to-write 1, min-replicas-max-lag 2")]


async def _clock(patient: Patient) -> list[Finding]:
    if patient.store is None:
        return []
    try:
        async with reaching_store():
            before_s = patient.now_s()
            seconds, microseconds = await patient.store.time()
            after_s = patient.now_s()
    except StoreUnavailable:
        return []
    apart_s = abs(seconds + microseconds / 1e6 - (before_s + after_s) / 2) - (after_s - before_s) / 2
    says = f"the store's clock and ours are {max(apart_s, 0.0):.1f} s apart"
    if apart_s <= CLOCK_WARN_S:
        return [Finding("clock", "ok", says)]
    state: State = "failed" if apart_s > CLOCK_FAIL_S else "warning"
    return [Finding("clock", state, says, "set both by NTP (chrony, systemd-timesyncd)")]


async def _providers(patient: Patient) -> list[Finding]:
    """Each provider's credentials: read, and shown to it. To be off is no failure: not every outlet has every app."""
    settings = patient.settings
    own = settings.data_dir / vapid.FILE_NAME
    if settings.vapid_key_file is None and own.exists():  # what `flashwire up` has made
        settings = replace(settings, vapid_key_file=own)
    findings = []
    for name, provider in providers.connect(settings).items():
        if isinstance(provider, Off):
            findings.append(_off(name, provider, settings.environment))
            continue
        try:
            findings.append(await _let_in(name, provider, offline=patient.offline))
        finally:
            await provider.close()
    return findings


def _off(name: Platform, off: Off, environment: str) -> Finding:
    if off.broken:
        return Finding(name, "failed", off.why, "mend it, or unset all of its settings")
    meanwhile = "until then `flashwire up` does without" if environment == "production" else STAND_IN
    return Finding(name, "off", off.why, f"set it; {meanwhile}")


async def _let_in(name: Platform, provider: Provider, *, offline: bool) -> Finding:
    if offline or name not in MESSAGES:  # browsers' push services know nothing of us before a reader subscribes
        return Finding(name, "ok", "its credentials can be read")
    preferences = Preferences(editions=())
    device = Device(
        number=0, platform=name, token=NO_TOKEN, subscription=None, preferences=preferences, registered_ms=0
    )
    sent = await provider.send(device, MESSAGES[name])
    if isinstance(sent, NotSent | Lost):
        return Finding(
            name, "failed", f"not reached: {sent.why}", "let this machine reach it on port 443, and try again"
        )
    meant = outcome.classify(name, sent, 0)
    said = f"{sent.status} {sent.reason or ''}".rstrip()
    if isinstance(meant, NotConfigured) or (isinstance(meant, OurFault) and meant.stops_lane):
        return Finding(name, "failed", f"it does not let us in: {said}", REMEDIES[name])
    if isinstance(meant, Retry):
        state: State = "failed" if meant.renews else "warning"
        return Finding(name, state, f"it cannot say now: {said}", "try again; if it stays, look at the clock")
    return Finding(name, "ok", "it lets us in")


async def _secrets(patient: Patient) -> list[Finding]:
    settings = patient.settings
    files = [settings.apns_key_file, settings.fcm_credentials_file, settings.vapid_key_file]
    own = [settings.data_dir / name for name in (DUTY_KEY_FILE, vapid.FILE_NAME)]
    exposed = [path for path in (*files, *own) if path is not None and path.exists() and path.stat().st_mode & 0o077]
    return [
        Finding("secrets", "warning", f"{path} can be read by others", f"chmod 600 {path}") for path in exposed
    ] or [Finding("secrets", "ok", "no key can be read by others")]


async def _ports(patient: Patient) -> list[Finding]:
    if running.find(patient.settings.data_dir) is not None:
        return [Finding("ports", "ok", "held by the `flashwire up` that runs on this folder")]
    held = free_ports.taken(patient.settings)
    if not held:
        return [Finding("ports", "ok", "free")]
    remedy = "end what listens there, unless it is one of ours; or choose others with the settings named"
    return [Finding("ports", "warning", f"not free: {', '.join(held)}", remedy)]


async def _limits(patient: Patient) -> list[Finding]:
    settings = patient.settings
    says = (
        f"from one address: {settings.registrations_per_address_per_min:,} registrations a minute, "
        f"{settings.sockets_per_address_max:,} sockets, {settings.joins_per_address_per_s:,} new sockets a second; "
        "loopback and private addresses are exempt"
    )
    return [Finding("limits", "ok", says)]


async def _names(patient: Patient) -> list[Finding]:
    """A name that leads here and is not ours would be answered as if it were."""
    if found := addresses.names(patient.settings):
        return [Finding("hosts", "ok", f"asked for under {', '.join(sorted(found))}, and by addresses inside")]
    if patient.settings.environment != "production":
        return []
    remedy = "set FLASHWIRE_PUBLIC_URL and FLASHWIRE_LIVE_URL, or name them in FLASHWIRE_HOSTS"
    return [Finding("hosts", "warning", "requests are answered under any host name", remedy)]


async def _proxy(patient: Patient) -> list[Finding]:
    settings = patient.settings
    if settings.trusted_proxies:
        return [Finding("proxy", "ok", f"clients' addresses are told by {', '.join(settings.trusted_proxies)}")]
    if settings.public_url is None:
        return []
    says = "no proxy is trusted: all readers seem to have its address, and a private one is exempt from limits"
    return [Finding("proxy", "warning", says, "name the proxies in FLASHWIRE_TRUSTED_PROXIES")]


Check = Callable[[Patient], Awaitable[list[Finding]]]
CHECKS: tuple[Check, ...] = (
    _versions,
    _newsroom,
    _store,
    _restored,
    _durability,
    _replicas,
    room.memory,
    room.disk,
    _clock,
    rights.rights,
    _providers,
    _secrets,
    _ports,
    _limits,
    room.descriptors,
    kernel.grants,
    _names,
    _proxy,
)
