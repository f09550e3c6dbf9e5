"""How durable is what the store has acknowledged? Judged from what it says of itself (reliability P1).

The rule to remember: be honest. What cannot be read is `unknown`, and unknown is less than anything a setting demands
except `relaxed`.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

Demand = Literal["fsync", "replica", "relaxed"]
Gives = Literal["fsync", "<= 1 s", "none", "unknown"]


class Durability(msgspec.Struct, frozen=True):
    """What the store gives, whether that is enough, and if not, why and what to do."""

    gives: Gives
    enough: bool
    remedy: str | None = None


WANTED = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "maxmemory-policy": "noeviction",
}


def judge(config: Mapping[str, str] | None, persistence: Mapping[str, str], replicas: int, replicas_min: int,
          demand: Demand) -> Durability:  # fmt: skip
    """`config` is CONFIG GET (None: may not be read), `persistence` INFO persistence, `replicas` those in step."""
    gives = _gives(config, persistence)
    evicts = config is not None and config.get("maxmemory-policy", "noeviction") != "noeviction"
    if demand == "relaxed":
        return Durability(gives, True)
    if evicts:
        return Durability(gives, False, "the store may evict the wire: set maxmemory-policy noeviction")
    if persistence.get("aof_last_write_status", "ok") != "ok":
        return Durability(gives, False, "the store cannot write its append-only file: look at its disk")
    if demand == "replica":
        enough = replicas >= replicas_min
        return Durability(gives, enough, None if enough else f"{replicas} of {replicas_min} replicas are connected")
    if gives == "fsync":
        return Durability(gives, True)
    if config is None:
        return Durability(gives, False, "CONFIG may not be read: set FLASHWIRE_DURABILITY to relaxed or replica")
    wrong = [f"{name} {value}" for name, value in WANTED.items() if config.get(name, value) != value]
    if not wrong:
        return Durability(gives, False, "the store does not say that it writes its append-only file: look at its log")
    return Durability(gives, False, f"set in the store: {', '.join(wrong)}")


def _gives(config: Mapping[str, str] | None, persistence: Mapping[str, str]) -> Gives:
    if config is None or "appendonly" not in config or "appendfsync" not in config:
        return "unknown"
    if config["appendonly"] != "yes" or persistence.get("aof_enabled", "1") == "0":
        return "none"
    if config["appendfsync"] == "always" and config.get("no-appendfsync-on-rewrite", "no") == "no":
        return "fsync"
    # while the log is rewritten nothing is synced at all, for as long as that takes
    rewrites_unsynced = config.get("no-appendfsync-on-rewrite", "no") != "no"
    return "<= 1 s" if config["appendfsync"] in ("always", "everysec") and not rewrites_unsynced else "none"
