"""Does the kernel let us? `doctor` on what it grants to a store that forks, and to a gateway at which many knock.

The rule to remember: it speaks of this machine's kernel, so of the store only where that runs on this machine too; and
what may be read nowhere (another system than Linux) is passed over.
"""

import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from redis.exceptions import ResponseError

from service.domain.errors import StoreUnavailable
from service.findings import Finding, Patient
from service.store.connection import Store, reaching_store
from workers.gateway.serve import LISTEN_BACKLOG

SOMAXCONN = Path("/proc/sys/net/core/somaxconn")
OVERCOMMIT = Path("/proc/sys/vm/overcommit_memory")
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
HEURISTIC, STRICT = 0, 2
"""Values of vm.overcommit_memory: refuse what is obviously too much; promise no more than there is."""
FORK_SHARE = 0.4
"""A store with more than this share of the memory may be refused its fork by the heuristic of older kernels."""


class StoreHere(msgspec.Struct, frozen=True):
    """A store on this machine: its share of the memory, and whether it keeps out of huge pages (None: not known)."""

    memory_share: float
    avoids_huge_pages: bool | None


async def grants(patient: Patient) -> list[Finding]:
    """The kernel's settings that we or the store lean on."""
    found = [backlog(_number(SOMAXCONN))]
    if patient.store is not None and is_here(patient.settings.redis_url):
        try:
            here = await _look(patient.store)
        except StoreUnavailable:
            here = None  # told by the check of the store
        if here is not None:
            found += [overcommit(_number(OVERCOMMIT), here), huge_pages(_chosen(HUGE_PAGES), here)]
    return [finding for finding in found if finding is not None]


def is_here(redis_url: str | None) -> bool:
    """Whether the store runs on this machine, as far as its address tells; without one it is the embedded one."""
    if redis_url is None or redis_url.startswith("unix:"):
        return True
    host = urlsplit(redis_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def backlog(most: int | None) -> Finding | None:
    """net.core.somaxconn cuts what a listener asks for without a word."""
    if most is None:
        return None
    says = f"{min(most, LISTEN_BACKLOG):,} connections may wait for a gateway to accept them"
    if most >= LISTEN_BACKLOG:
        return Finding("backlog", "ok", says)
    remedy = f"sysctl -w net.core.somaxconn={LISTEN_BACKLOG}: where all readers come back at once, the rest wait longer"
    return Finding("backlog", "warning", f"{says}; it asks for {LISTEN_BACKLOG:,}", remedy)


def overcommit(mode: int | None, here: StoreHere) -> Finding | None:
    """A store forks to rewrite its log; where the kernel refuses that, the log grows until the disk is full."""
    if mode is None:
        return None
    says = f"vm.overcommit_memory is {mode}, the store has {here.memory_share:.0%} of the memory"
    if mode != STRICT and not (mode == HEURISTIC and here.memory_share > FORK_SHARE):
        return Finding("overcommit", "ok", says)
    remedy = "sysctl -w vm.overcommit_memory=1 (and in /etc/sysctl.d): else it may not fork to rewrite its log"
    return Finding("overcommit", "warning", says, remedy)


def huge_pages(chosen: str | None, here: StoreHere) -> Finding | None:
    """A store that has forked copies what it writes to: 2 MiB for each byte, where pages are that large."""
    if chosen is None:
        return None
    says = f"transparent huge pages: {chosen}"
    if chosen != "always":
        return Finding("hugepages", "ok", says)
    if here.avoids_huge_pages:
        return Finding("hugepages", "ok", f"{says}, and the store keeps out of them")
    remedy = f"set disable-thp yes in the store, or: echo madvise > {HUGE_PAGES}"
    return Finding("hugepages", "warning", f"{says}: the store stalls while it rewrites its log", remedy)


async def _look(store: Store) -> StoreHere:
    async with reaching_store():
        told = await store.info("memory")
        try:
            config = await store.config_get("disable-thp")
        except ResponseError:
            config = {}
    share = int(told["used_memory"]) / max(1, int(told.get("total_system_memory", 0)))
    said = {_plain(name): _plain(value) for name, value in config.items()}.get("disable-thp")
    return StoreHere(share if "total_system_memory" in told else 0.0, None if said is None else said == "yes")


def _plain(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _read(path: Path) -> str:
    """Its text, empty where there is none."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _number(path: Path) -> int | None:
    text = _read(path)
    return int(text) if text.isdecimal() else None


def _chosen(path: Path) -> str | None:
    """The word in brackets: `always [madvise] never`."""
    found = re.search(r"\[(\w+)\]", _read(path))
    return found[1] if found else None
