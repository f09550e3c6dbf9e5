"""What `doctor` says of our users of the store: who we are, who may do too much, who may do too little.

The rule to remember: the store is asked what it would allow (ACL DRYRUN), and nothing is tried.
"""

from collections.abc import Iterable
from typing import Any, get_args

from redis.exceptions import ResponseError

from service.domain.errors import StoreUnavailable
from service.findings import Finding, Patient
from service.store.connection import Store, reaching_store
from service.store.refusals import RIGHTS
from service.store.users import User

HARMFUL = ("FLUSHALL", "CONFIG SET appendonly no", "DEBUG SLEEP 0", "KEYS *", "REPLICAOF NO ONE")
"""None of ours ever needs these, and whoever has them can end everything."""
NEEDED: dict[User, tuple[str, ...]] = {
    "api": (
        "EVALSHA 0 0", "XADD wire:{en} * a b", "HSET alert:0 a b", "HSET pending:0 a b", "HSETNX key:0 a b",
        "SETEX ticket:0 1 a", "HSET block:apns:0 a b", "SET disputed:{en} a", "CONFIG GET appendfsync",
    ),
    "gateway": (
        "EVALSHA 0 0", "XREAD STREAMS wire:{en} 0", "GETDEL ticket:0", "HSETNX sockets:0 a b", "SET disputed:{en} a",
    ),
    "push": (
        "EVALSHA 0 0", "XREADGROUP GROUP push a STREAMS wire:{en} >", "HSET ledger:0:apns:0 a b",
        "HGETALL block:apns:0", "ZADD push:apns:flash 0 a", "PSETEX arq:job:0:1:apns:0 1 a",
    ),
    "scheduler": (
        "EVALSHA 0 0", "XADD wire:{en} * a b", "ZRANGEBYSCORE due 0 1", "ZADD desk 0 a",
        "PSETEX arq:job:release:0:1 1 a",
    ),
    "operator": ("EVALSHA 0 0", "TYPE a", "SET restoring 1", "UNLINK wire:{en}", "HSETNX key:0 a b", "CLIENT LIST"),
}  # fmt: skip
"""Something of each kind that a process does: what is missing here is missing for a reason, and that is looked for."""
REFUSED_LATELY_S = 3600
TOLD_MAX = 3
ONE_EACH = 'give each process a user of its own: docs/deployment.md, "Who may do what in the store"'


async def rights(patient: Patient) -> list[Finding]:
    """Who we are to the store, and whether its users have the rights that they need and no others."""
    if patient.store is None:
        return []
    try:
        return await _look(patient, patient.store)
    except StoreUnavailable:
        return []  # told by the check of the store


async def _look(patient: Patient, store: Store) -> list[Finding]:
    own = await _ask(store, "ACL WHOAMI")
    if own is None:
        return [Finding("rights", "off", "the store does not say which of its users we are", f"allow it; {ONE_EACH}")]
    name = own.decode()
    harmful = await _allowed(store, name, HARMFUL)
    if harmful is None:
        return [Finding("rights", "ok", f"we are `{name}`, who cannot be told about; the operator can")]
    found = [*await _of_our_users(store, name), *await _refused_lately(store)]
    if harmful and name not in get_args(User):
        says = f"we are `{name}`, who may do {', '.join(harmful)}"
        is_risk = patient.settings.environment == "production" and not _is_private(patient.settings.redis_url)
        found.append(Finding("rights", "warning" if is_risk else "ok", says, ONE_EACH if is_risk else None))
    return found or [Finding("rights", "ok", f"we are `{name}`, and each user has what it needs and no more")]


async def _of_our_users(store: Store, own: str) -> list[Finding]:
    """What is wrong with those that the store knows; where it knows none, with our own, which is all of them then."""
    found, known = [], 0
    for user in get_args(User):
        missing = await _refused(store, user, NEEDED[user])
        if missing is None:
            continue
        known += 1
        if missing:
            found.append(_lacks(user, missing))
        if harmful := await _allowed(store, user, HARMFUL):
            says = f"`{user}` may do {', '.join(harmful)}, which it never needs"
            found.append(Finding("rights", "warning", says, "load config/store-users.acl into the store"))
    if not known and (missing := await _refused(store, own, {words for all_ in NEEDED.values() for words in all_})):
        found.append(_lacks(own, missing))
    return found


def _lacks(user: str, missing: list[str]) -> Finding:
    return Finding("rights", "failed", f"`{user}` may not do {', '.join(sorted(missing)[:TOLD_MAX])}",
                   "load config/store-users.acl into the store, or add these to its user")  # fmt: skip


async def _refused_lately(store: Store) -> list[Finding]:
    """Whom of ours the store has refused something, as it remembers."""
    entries = await _ask(store, f"ACL LOG {10 * TOLD_MAX}") or []
    told = []
    for entry in entries:
        about = {_text(name): _text(value) for name, value in zip(entry[::2], entry[1::2], strict=True)}
        if about["reason"] != "auth" and about["username"] in get_args(User):
            age_s = float(about["age-seconds"])
            if age_s < REFUSED_LATELY_S:
                told.append(f"`{about['username']}` {about['object']} ({about['count']} times, last {age_s:.0f} s ago)")
    return [Finding("rights", "warning", f"the store has refused {one}", RIGHTS) for one in told[:TOLD_MAX]]


async def _allowed(store: Store, user: str, commands: Iterable[str]) -> list[str] | None:
    """Those that the user may do; None where that is not told, or there is no such user."""
    said = {words: await _ask(store, f"ACL DRYRUN {user} {words}") for words in commands}
    return None if None in said.values() else [words for words, answer in said.items() if answer == b"OK"]


async def _refused(store: Store, user: str, commands: Iterable[str]) -> list[str] | None:
    wanted = list(commands)
    allowed = await _allowed(store, user, wanted)
    return None if allowed is None else [words for words in wanted if words not in allowed]


async def _ask(store: Store, words: str) -> Any:
    """The answer to one command; None where the store does not know it, or refuses it."""
    async with reaching_store(), store.pipeline(transaction=False) as pipe:
        pipe.execute_command(*words.split())
        (answer,) = await pipe.execute(raise_on_error=False)
    if isinstance(answer, ResponseError):
        return None
    return answer


def _is_private(redis_url: str | None) -> bool:
    """Whether only who may enter a folder of this machine reaches the store."""
    return redis_url is None or redis_url.startswith("unix:")


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
