"""Is there room left? `doctor` on the store's memory and log, on the disk, and on the files a process may open.

The rule to remember: what is full refuses the next alert, so it is told before it is full.
"""

import resource
import shutil

from service.domain.errors import StoreUnavailable
from service.findings import Finding, Patient, State
from service.store.connection import reaching_store

MEMORY_WARN_SHARE = 0.8
MEMORY_FAIL_SHARE = 0.95
OTHER_FILES = 1000
"""Descriptors that a gateway needs besides its readers' sockets: store, admin port, logs, and some air."""


async def memory(patient: Patient) -> list[Finding]:
    """How much of its memory the store has used, and how long its log is."""
    if patient.store is None:
        return []
    try:
        async with reaching_store():
            told = await patient.store.info("memory")
            log = await patient.store.info("persistence")
    except StoreUnavailable:
        return []  # told by the check of the store
    used, most = int(told["used_memory"]), int(told.get("maxmemory", 0))
    says = f"the store uses {_size(used)} of {_size(most) if most else 'all memory of its machine'}"
    if "aof_current_size" in log:
        says += f", its log has {_size(int(log['aof_current_size']))}"
    share = used / most if most else 0.0
    if share < MEMORY_WARN_SHARE:
        return [Finding("memory", "ok", says)]
    state: State = "failed" if share >= MEMORY_FAIL_SHARE else "warning"
    return [Finding("memory", state, says, "raise maxmemory, or keep less (history_days, push_ledger_days)")]


async def disk(patient: Patient) -> list[Finding]:
    """How much is free where the data folder lies."""
    settings = patient.settings
    if not settings.data_dir.exists():
        return []
    free = shutil.disk_usage(settings.data_dir).free
    says = f"{_size(free)} are free in {settings.data_dir.resolve()}"
    if free >= settings.disk_free_min_bytes:
        return [Finding("disk", "ok", says)]
    remedy = f"free {_size(settings.disk_free_min_bytes)} there: a store that cannot write its log takes no alert"
    return [Finding("disk", "failed", says, remedy)]


async def descriptors(patient: Patient) -> list[Finding]:
    """Whether a gateway may open as many sockets as it is to hold."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = patient.settings.sockets_max + OTHER_FILES
    if most == resource.RLIM_INFINITY:
        return [Finding("descriptors", "ok", "a process may open any number of files")]
    says = f"a process may open {most:,} files; {patient.settings.sockets_max:,} sockets need {needed:,}"
    if most >= needed:
        return [Finding("descriptors", "ok", says)]
    remedy = "raise the hard limit (LimitNOFILE, ulimit -Hn), or lower FLASHWIRE_SOCKETS_MAX"
    return [Finding("descriptors", "warning", says, remedy)]


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1_048_576:,.1f} MiB"
