"""All that an operator can set, read once at the start and never changed afterwards.

The rule to remember: the comment beside a field is its manual. Every field can be set in the `[settings]` table of
flashwire.toml under its own name, and by the environment as FLASHWIRE_<NAME>, which wins.
"""

import ipaddress
import re
import tomllib
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from config import store_password

PACKAGED_TOML = Path(__file__).with_name("flashwire.toml")
VALKEY_CONF = Path(__file__).with_name("valkey.conf")
STORE_USERS = Path(__file__).with_name("store-users.acl")

PREFIX = "FLASHWIRE_"
CONFIG_FILE = "FLASHWIRE_CONFIG"
"""Another toml file in place of the one that comes with the program."""
PROGRAM = "FLASHWIRE_PROGRAM"
"""What a person types in place of `flashwire`, as `./run` says; it stands in every command that is printed."""
CLIENT_ONLY = frozenset({"FLASHWIRE_URL", "FLASHWIRE_KEY", PROGRAM})
"""Read by `post`, `kill`, `watch` and whatever prints a command; servers accept and ignore them."""

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_STORE_SCHEMES = ("redis", "rediss", "redis+sentinel", "unix")


class SettingsError(ValueError):
    """One line: the key, the value that was given, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Between:
    """The numbers a setting may have, both ends included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Url:
    """The URL schemes a setting may have."""

    schemes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """Each item of a list satisfies a check; `allowed` says in words what it accepts."""

    check: Callable[[str], bool]
    allowed: str


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # urlsplit reads the port only when asked, and refuses it only then
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and text == f"{parts.scheme}://{parts.netloc}"


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _is_host(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", text, re.ASCII) is not None


def _is_push_host(text: str) -> bool:
    return re.fullmatch(r"(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+)(:[0-9]{1,5})?", text, re.ASCII) is not None


Port = Annotated[int, Between(1, 65535)]
Seconds = Annotated[float, Between(0.001, 86_400 * 365)]


@dataclass(frozen=True, slots=True)
class Settings:
    """One process's settings. Defaults suit one machine; `load` makes it, tests may make it directly."""

    # --- Where things are
    host: str = "127.0.0.1"
    """Address all servers listen on; 0.0.0.0 or :: for every interface."""
    api_port: Port = 8000
    gateway_port: Port = 8001
    """All gateway processes share it (SO_REUSEPORT)."""
    sandbox_port: Port = 8002
    admin_port: Port = 8010
    """/healthz, /readyz and /metrics of one process; `up` gives its children this one and the following ones."""
    data_dir: Path = Path("data")
    """The embedded store and the duty key; relative to the folder it is started in."""
    disk_free_min_bytes: Annotated[int, Between(0, 2**50)] = 268_435_456
    """`doctor` fails and the API alarms where less is free on the disk of data_dir: a store that cannot write its log
    takes no alert."""
    ballast_bytes: Annotated[int, Between(0, 100_000_000_000)] = 67_108_864
    """A file that `up` keeps in data_dir where there is room, and gives up when the disk is full, so that its store
    can write again (on Linux). 0 = none."""
    redis_url: Annotated[str | None, Url(_STORE_SCHEMES)] = None
    """The store: redis://, rediss://, unix:// or redis+sentinel://h1,h2,h3/name, with the user that the process is:
    redis://api@store. None = the embedded store of `up`."""
    store_password_file: Path | None = None
    """Holds the password for those of redis_url, tail_url and queue_url that name none; one line."""
    store_users_file: Path | None = None
    """Who may do what in the embedded store: a copy of config/store-users.acl with more users in it, of a monitor for
    instance. None = that file."""
    tail_url: Annotated[str | None, Url(_STORE_SCHEMES)] = None
    """The replica that gateways follow. None = redis_url."""
    public_url: Annotated[str | None, Url(("http", "https"))] = None
    """What readers see of the API behind a proxy. None = http://host:api_port."""
    live_url: Annotated[str | None, Url(("http", "https", "ws", "wss"))] = None
    """What readers see of the gateway behind a proxy. None = ws://host:gateway_port."""
    hosts: Annotated[tuple[str, ...], Matching(_is_host, "host names such as news.example")] = ()
    """Names under which API and gateways may be asked; a request for another one is answered 421. Empty = in production
    those of public_url and live_url, in development any. Loopback and private addresses are taken everywhere."""
    processes: Annotated[int | None, Between(1, 1024)] = None
    """Gateway processes. None = one per core."""
    environment: Literal["development", "production"] = "development"
    """Production refuses http links in alerts unless allow_http_links says otherwise, and requests under other names
    than those of `hosts`."""
    log_format: Literal["auto", "human", "json"] = "auto"
    """auto = human in a terminal, JSON elsewhere."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    # --- The store
    durability: Literal["fsync", "replica", "relaxed"] = "fsync"
    """What a 201 promises: on disk, on replicas_min replicas, or whatever the store gives."""
    replicas_min: Annotated[int, Between(1, 16)] = 1
    """Replicas that must have a revision before its 201; only with durability = replica."""
    store_timeout_s: Seconds = 1.0
    """How long one call to the store may take before the answer is 503."""
    store_mute_s: Annotated[float, Between(1, 3600)] = 15.0
    """`up` kills an embedded store that answers nothing for so long, and starts it again. Longer than a disk stalls."""
    tail_block_ms: Annotated[int, Between(10, 60_000)] = 1000
    """How long a tail's XREAD waits for news; its socket waits 2 s longer."""
    stale_after_s: Seconds = 3.0
    """A tail that heard nothing for so long tells readers `stale`. Must be longer than tail_block_ms."""
    durability_check_s: Seconds = 5.0
    """How often the store is asked again what it gives."""

    # --- What is kept
    wire_max_revisions: Annotated[int, Between(10, 1_000_000)] = 5000
    """Revisions an edition's wire keeps, and so how far back a reader can resume."""
    history_days: Annotated[int, Between(1, 3650)] = 30
    history_max_alerts: Annotated[int, Between(10, 1_000_000)] = 20_000
    """Bounds the history in memory, whatever history_days says."""
    idempotency_ttl_s: Annotated[int, Between(60, 604_800)] = 86_400
    idempotency_max_per_key: Annotated[int, Between(10, 1_000_000)] = 20_000
    """Bounds what one API key can store; the oldest answers go first."""
    audit_max_entries: Annotated[int, Between(1000, 100_000_000)] = 1_000_000
    """Lines of the audit that are kept, about 0.5 KB of memory each; `flashwire audit export` writes them to a file."""
    pending_days: Annotated[int, Between(1, 366)] = 14
    """How long what is not public yet is kept after its last change, or after its embargo's end."""
    pending_max: Annotated[int, Between(10, 5000)] = 1000
    """Alerts that may wait for publication at once: more will not be read by anybody, and a script went wild. A half of
    them may be drafts and a quarter drills, so that there is always room for an embargo or a flash."""
    versions_max: Annotated[int, Between(10, 100_000)] = 2000
    """Versions an alert may have: one a minute for its usual life of a day, and some more. Then it cannot be updated or
    corrected any more, since each is kept and told with all others; hold, undo and kill are never refused for it."""
    expires_default_s: Annotated[int, Between(1, 31_536_000)] = 86_400
    """Life of an alert that names no `expires`."""
    tombstone_s: Annotated[int, Between(0, 86_400)] = 1800
    """How long a killed alert stays on tickers as a notice."""

    # --- Editors' requests
    body_max_bytes: Annotated[int, Between(1024, 1_048_576)] = 16_384
    auth_cache_s: Annotated[float, Between(0.0, 2.0)] = 1.0
    """How long a process trusts a key it has checked; a revocation must hold everywhere within 2 s."""
    tickets_per_key_per_min: Annotated[int, Between(1, 1_000_000)] = 600
    """Each opens one stream within a minute. A desk whose pages all come back at once needs one for each of them."""
    writes_per_key_per_min: Annotated[int, Between(1, 1_000_000)] = 6000
    """Per API process, so that a runaway script stops and a desk never notices. Hold, undo and kill are never refused
    for it."""
    wrong_keys_per_address_per_min: Annotated[int, Between(1, 1_000_000)] = 10
    """Wrong keys that are answered 401; those after them 429. A right key is never refused for another's wrong ones."""
    wrong_keys_per_id_per_min: Annotated[int, Between(1, 1_000_000)] = 20
    """The same for the id that stands in a key, wherever it comes from."""
    keys_max: Annotated[int, Between(10, 10_000)] = 1000
    """Keys that are kept; each process knows them all. Ended ones make room for new ones."""
    keys_kept_days: Annotated[int, Between(1, 3650)] = 90
    """How long a key that has ended is still listed."""
    key_overlap_s: Annotated[int, Between(0, 604_800)] = 86_400
    """How long the former secret of a rotated key works, for whoever names no other time."""
    key_used_every_s: Annotated[float, Between(0.1, 86_400)] = 60.0
    """How often at most a process writes down that a key was used."""
    allow_http_links: bool = True
    """Whether an alert may link to http://; follows `environment` unless set."""

    # --- Devices
    registrations_per_address_per_min: Annotated[int, Between(1, 1_000_000)] = 300
    """Carriers put thousands of phones behind one address. Loopback and private addresses are exempt."""
    webpush_hosts: Annotated[tuple[str, ...], Matching(_is_push_host, "host suffixes or host:port")] = (
        "fcm.googleapis.com", "push.services.mozilla.com", "push.apple.com", "notify.windows.com",
    )  # fmt: skip
    """Where a Web Push endpoint may lie: a suffix (https on port 443, public addresses only), or an exact host:port,
    which may be on a private address because an operator has named it."""

    # --- Push
    push: Literal["auto", "off"] = "auto"
    """off = `up` runs neither push channel nor sandbox: for a machine whose push runs elsewhere, or nowhere."""
    queue_url: Annotated[str | None, Url(("redis", "rediss", "unix"))] = None
    """The store of the job queues, which cannot be a cluster. None = redis_url."""
    push_processes: Annotated[int, Between(1, 256)] = 1
    """Worker processes of each provider."""
    push_blocks_at_once: Annotated[int, Between(1, 64)] = 4
    """Blocks of up to 1,000 devices that one process works on at a time, in each tier."""
    push_window: Annotated[int, Between(1, 1000)] = 200
    """Requests in flight of one process; below the streams that a provider allows a connection (APNs: 1,000)."""
    push_batch_devices: Annotated[int, Between(1, 1000)] = 200
    """Devices that are begun together, and so the most that a crash can send twice for each block in work."""
    push_timeout_s: Seconds = 5.0
    """How long a provider may take for one request before it is in doubt. Must be shorter than push_job_s."""
    push_job_s: Annotated[float, Between(1, 15)] = 8.0
    """How long a worker stays with a block before others have their turn."""
    push_sends_max: Annotated[int, Between(1, 3)] = 3
    """Sends of one version to one device, those in doubt included (reliability P8)."""
    push_runs_max: Annotated[int, Between(1, 1000)] = 20
    """Runs of one block's job that may end in a crash before it is a dead letter."""
    push_late_max_s: Seconds = 3600.0
    """An alert that could not be pushed for so long rings nobody any more; a change becomes a dead letter."""
    push_ledger_days: Annotated[int, Between(1, 90)] = 7
    """How long it is known which device was given what, and so how long a correction finds them."""
    breaker_failures: Annotated[int, Between(1, 10_000)] = 20
    """Failures of a provider in a row that open its circuit."""
    breaker_pause_s: Seconds = 5.0
    """How long an open circuit lets nothing through before one request tries again."""
    gone_share_max: Annotated[float, Between(0.01, 1)] = 0.5
    """More replies than this share saying that the token is gone look like our fault: we alarm and remove nobody."""
    apns_key_file: Path | None = None
    """The .p8 key. Without it APNs is off."""
    apns_key_id: str | None = None
    apns_team_id: str | None = None
    apns_topic: str | None = None
    """The bundle id of the app, for devices that name none."""
    apns_url: Annotated[str | None, Url(("https",))] = None
    """None = Apple's, production or sandbox by each device's environment."""
    fcm_credentials_file: Path | None = None
    """The service account's JSON. Without it FCM is off."""
    fcm_url: Annotated[str, Url(("https",))] = "https://fcm.googleapis.com"
    vapid_key_file: Path | None = None
    """The key pair (PEM) that names us to browsers' push services; made once. Without it Web Push is off."""
    vapid_subject: Annotated[str, Url(("mailto", "https"))] = "mailto:push@flashwire.example"
    """Whom a push service writes to when we misbehave (RFC 8292)."""
    provider_ca_file: Path | None = None
    """Certificates (PEM) trusted besides the system's: the sandbox's."""

    # --- Readers' sockets
    heartbeat_s: Seconds = 25.0
    stall_s: Seconds = 5.0
    """A reader that takes nothing for so long is closed with 4409."""
    send_buffer_bytes: Annotated[int, Between(4096, 16_777_216)] = 65_536
    """SO_SNDBUF of each reader: what the kernel holds for one that does not read."""
    handshake_timeout_s: Seconds = 10.0
    handshake_max_bytes: Annotated[int, Between(1024, 65_536)] = 8192
    sockets_max: Annotated[int, Between(1, 10_000_000)] = 100_000
    """Sockets of one gateway process."""
    sockets_per_address_max: Annotated[int, Between(1, 10_000_000)] = 2000
    """Carriers put thousands of readers behind one address. Loopback and private addresses are exempt."""
    joins_per_address_per_s: Annotated[int, Between(1, 1_000_000)] = 200
    broadcast_chunk_sockets: Annotated[int, Between(1, 100_000)] = 256
    """Writes between two pauses of a broadcast, in which joins and pongs are served."""
    burst_max_bytes: Annotated[int, Between(1024, 16_777_216)] = 262_144
    """Revisions that arrive together are written together up to this size."""
    inbound_message_max_bytes: Annotated[int, Between(125, 16_777_216)] = 1024
    inbound_fragments_max: Annotated[int, Between(1, 10_000)] = 32
    inbound_controls_max: Annotated[int, Between(1, 100_000)] = 20
    """Pings, pongs and closes one reader may send in inbound_window_s."""
    inbound_messages_max: Annotated[int, Between(1, 100_000)] = 10
    """Messages one reader may send in inbound_window_s."""
    inbound_window_s: Seconds = 10.0
    ahead_wait_ms: Annotated[int, Between(0, 10_000)] = 500
    """How long a cursor ahead of this process's tail waits for it."""
    drain_s: Seconds = 10.0
    """A stopping gateway says good-bye to its readers spread over this time."""
    drain_abort_s: Seconds = 15.0
    """Who has not gone by then is cut off. Must not be shorter than drain_s."""
    origins: Annotated[tuple[str, ...], Matching(_is_origin, "origins such as https://news.example")] = ()
    """Origins whose pages may open streams; empty = any, since the data are public."""
    trusted_proxies: Annotated[tuple[str, ...], Matching(_is_network, "addresses or networks such as 10.0.0.0/8")] = ()
    """Only these may say who the client is, and only by X-Forwarded-For."""

    # --- House style, from the toml file alone
    newsroom: Mapping[str, Any] = field(default_factory=lambda: types.MappingProxyType({}))
    """The raw [newsroom] table, read only; the wiring builds service.domain.newsroom.Newsroom from it."""


def load(environ: Mapping[str, str], path: Path | None = None) -> Settings:
    """The settings of this process: defaults, overridden by the toml file, overridden by the environment.

    `path` beats FLASHWIRE_CONFIG, which beats the file that comes with the program. Raises SettingsError, one line,
    for an unknown key, a wrong value, values that contradict each other, or an unreadable file.
    """
    table, newsroom = _read(path or Path(environ.get(CONFIG_FILE) or PACKAGED_TOML))
    known = _known()
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in known:
            raise SettingsError(f"[settings] {name}: no such setting; allowed are {', '.join(sorted(known))}")
        values[name] = _cast(f"[settings] {name}", value, known[name])
    for key, text in environ.items():
        if not key.startswith(PREFIX) or key == CONFIG_FILE or key in CLIENT_ONLY:
            continue
        name = key.removeprefix(PREFIX).lower()
        if name not in known or key != key.upper():
            raise SettingsError(f"{key}={text!r}: no such setting; {_closest(name, known)}")
        values[name] = _cast(key, text, known[name])
    values.setdefault("allow_http_links", values.get("environment") != "production")
    _put_password_into(values)
    if values.get("tail_url") is None:
        values["tail_url"] = values.get("redis_url")
    settings = Settings(**values, newsroom=newsroom)
    _check_together(settings)
    return settings


def _put_password_into(values: dict[str, Any]) -> None:
    path = values.get("store_password_file")
    if path is None:
        return
    try:
        password = store_password.read(path)
    except store_password.Unusable as problem:
        raise SettingsError(f"FLASHWIRE_STORE_PASSWORD_FILE={str(path)!r}: {problem}") from None
    for name in ("redis_url", "tail_url", "queue_url"):
        if values.get(name) is not None:
            values[name] = store_password.put_into(values[name], password)


def to_environ(settings: Settings) -> dict[str, str]:
    """The FLASHWIRE_* variables from which `load` makes the same settings; how `up` hands them to its children."""
    environ: dict[str, str] = {}
    for name in _known():
        value = getattr(settings, name)
        if isinstance(value, tuple):
            environ[PREFIX + name.upper()] = ",".join(value)
        elif isinstance(value, bool):
            environ[PREFIX + name.upper()] = "true" if value else "false"
        elif value is not None:
            environ[PREFIX + name.upper()] = str(value)
    return environ


def _read(path: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise SettingsError(f"{CONFIG_FILE}={str(path)!r}: cannot be read: {problem.strerror}") from None
    except ValueError as problem:
        raise SettingsError(f"{CONFIG_FILE}={str(path)!r}: not a TOML file: {problem}".replace("\n", " ")) from None
    unknown = sorted(set(document) - {"settings", "newsroom"})
    if unknown:
        raise SettingsError(f"{path.name}: [{unknown[0]}]: no such table; allowed are [settings] and [newsroom]")
    for name in ("settings", "newsroom"):
        if not isinstance(document.get(name, {}), dict):
            raise SettingsError(f"{path.name}: {name}={document[name]!r}: must be a table")
    return document.get("settings", {}), _frozen(document.get("newsroom", {}))


def _frozen(value: Any) -> Any:
    """The same data, which nobody can change."""
    if isinstance(value, dict):
        return types.MappingProxyType({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return value


def _known() -> dict[str, Any]:
    hints = typing.get_type_hints(Settings, include_extras=True)
    return {known.name: hints[known.name] for known in fields(Settings) if known.name != "newsroom"}


def _closest(name: str, known: Mapping[str, Any]) -> str:
    words = set(name.split("_"))
    near = [PREFIX + other.upper() for other in known if words & set(other.split("_"))]
    return f"did you mean {' or '.join(near[:4])}?" if near else "config/settings.py lists all of them"


def _cast(key: str, value: object, hint: Any) -> Any:
    """`value` as the type in `hint`; text from the environment and typed values from toml take the same path."""
    rules: tuple[object, ...] = ()
    if typing.get_origin(hint) is Annotated:
        hint, *extras = typing.get_args(hint)
        rules = tuple(extras)
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if type(None) in options:
        if value == "":
            return None
        hint = next(option for option in options if option is not type(None))
    if typing.get_origin(hint) is Literal:
        return _choice(key, value, typing.get_args(hint))
    if hint is bool:
        return _flag(key, value)
    if hint in (int, float):
        bounds = next(rule for rule in rules if isinstance(rule, Between))
        return _number(key, value, hint, bounds)
    if typing.get_origin(hint) is tuple:
        return _list(key, value, next(rule for rule in rules if isinstance(rule, Matching)))
    return _text(key, value, hint, next((rule for rule in rules if isinstance(rule, Url)), None))


def _choice(key: str, value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise SettingsError(f"{key}={value!r}: must be {', '.join(allowed[:-1])} or {allowed[-1]}")
    return str(value)


def _flag(key: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word not in _TRUE + _FALSE:
        raise SettingsError(f"{key}={value!r}: must be true or false")
    return word in _TRUE


def _number(key: str, value: object, kind: type[int] | type[float], bounds: Between) -> int | float:
    what = "a whole number" if kind is int else "a number"
    wrong = SettingsError(f"{key}={value!r}: must be {what} from {bounds.low:.12g} to {bounds.high:.12g}")
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise wrong
    try:
        number = kind(value) if isinstance(value, str) else value
    except ValueError:
        raise wrong from None
    if (kind is int and not isinstance(number, int)) or not bounds.low <= number <= bounds.high:
        raise wrong
    return kind(number)


def _list(key: str, value: object, rule: Matching) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise SettingsError(f"{key}={value!r}: must be a list of {rule.allowed}")
    items = tuple(part.strip() for part in parts if part.strip())
    for item in items:
        if not rule.check(item):
            raise SettingsError(f"{key}={item!r}: must be {rule.allowed}, separated by commas")
    return items


def _text(key: str, value: object, kind: type, url: Url | None) -> str | Path:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise SettingsError(f"{key}={value!r}: must be text and not empty")
    if url is not None:
        try:
            scheme = urlsplit(value).scheme
        except ValueError:
            scheme = ""
        if scheme not in url.schemes or ("://" not in value and scheme != "mailto"):
            schemes = ", ".join("mailto:" if allowed == "mailto" else f"{allowed}://" for allowed in url.schemes)
            raise SettingsError(f"{key}={_without_password(value)!r}: must be a URL that starts with {schemes}")
    return Path(value).expanduser() if kind is Path else value


def _without_password(text: str) -> str:
    head, at, tail = text.rpartition("@")
    return f"{head.partition('://')[0]}://***@{tail}" if at and "://" in head else text if not at else f"***@{tail}"


def _check_together(settings: Settings) -> None:
    ports = {"api_port": settings.api_port, "gateway_port": settings.gateway_port, "admin_port": settings.admin_port}
    ports["sandbox_port"] = settings.sandbox_port
    taken: dict[int, str] = {}
    for name, port in ports.items():
        if port in taken:
            raise SettingsError(f"{PREFIX}{name.upper()}={port}: must differ from {PREFIX}{taken[port].upper()}")
        taken[port] = name
    if settings.stale_after_s * 1000 <= settings.tail_block_ms:
        raise SettingsError(
            f"FLASHWIRE_STALE_AFTER_S={settings.stale_after_s}: must be longer than FLASHWIRE_TAIL_BLOCK_MS="
            f"{settings.tail_block_ms}"
        )
    if settings.drain_abort_s < settings.drain_s:
        raise SettingsError(
            f"FLASHWIRE_DRAIN_ABORT_S={settings.drain_abort_s}: must be at least FLASHWIRE_DRAIN_S={settings.drain_s}"
        )
    if settings.push_timeout_s >= settings.push_job_s:
        raise SettingsError(
            f"FLASHWIRE_PUSH_TIMEOUT_S={settings.push_timeout_s}: must be shorter than FLASHWIRE_PUSH_JOB_S="
            f"{settings.push_job_s}"
        )
