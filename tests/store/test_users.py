"""Who may do what in the store: config/store-users.acl, as a real server takes it.

The law: each user has the rights that its process needs and no others, and no script does what its caller may not.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import redis

from config.settings import STORE_USERS, VALKEY_CONF
from service.store import users
from service.store.embedded import EmbeddedError, EmbeddedStore
from service.store.folder import DataFolder
from service.store.users import User
from tests.stores import running_in

USERS: tuple[User, ...] = get_args(User)
PROCESSES = ("api", "gateway", "push", "scheduler")
DESK = ("api", "scheduler")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """A store with the users of production; nobody stays who may do anything."""
    with running_in(tmp_path_factory.mktemp("users") / "data", users=STORE_USERS) as server:
        yield server


def allows(store: EmbeddedStore, user: User, words: str) -> bool:
    """Whether `user` gets further than that the store refuses the right; what is said then is no matter here."""
    with redis.Redis.from_url(users.named(store.url, user), single_connection_client=True) as connection:
        try:
            connection.execute_command(*words.split())
        except redis.exceptions.NoPermissionError:
            return False
        except redis.exceptions.ResponseError:
            return True
        return True


NOBODY = (
    "FLUSHALL", "FLUSHDB", "SWAPDB 0 1", "KEYS *", "RENAME head:{en} alert:A", "COPY head:{en} alert:A",
    "MOVE alert:A 1", "CLUSTER INFO",
    "CONFIG SET appendfsync no", "CONFIG REWRITE", "CONFIG RESETSTAT", "DEBUG SLEEP 0", "DEBUG SET-ACTIVE-EXPIRE 0",
    "MODULE LIST", "MODULE LOAD /tmp/none.so", "REPLICAOF NO ONE", "SLAVEOF NO ONE", "FAILOVER", "SAVE", "BGSAVE",
    "BGREWRITEAOF", "SYNC", "PSYNC ? -1", "REPLCONF listening-port 1", "MONITOR", "SLOWLOG RESET", "LATENCY RESET",
    "ACL LIST", "ACL SETUSER api +@all", "ACL DELUSER api", "ACL GETUSER api", "ACL SAVE", "ACL LOAD",
    "CLIENT KILL ID 1", "CLIENT PAUSE 1", "CLIENT NO-EVICT on", "SCRIPT FLUSH", "SCRIPT KILL", "FUNCTION FLUSH",
    "FUNCTION LOAD x", "RESTORE alert:A 0 x", "MIGRATE localhost 1 alert:A 0 1", "SORT keys", "PUBLISH a b",
    "SUBSCRIBE a", "SET somebody's 1", "HSET somebody's a 1", "CLUSTER RESET",
)  # fmt: skip
CLOSED = ("DEBUG", "MODULE")
OPERATOR_ALONE = (
    "CLIENT LIST", "ACL DRYRUN api GET x", "ACL LOG", "SET restoring 1", "UNLINK wire:{en}", "DEL wire:{en}",
    "DEL head:{en}", "DEL audit", "XTRIM wire:{en} MAXLEN 0", "XTRIM audit MAXLEN 0", "XSETID audit 9-0",
    "XDEL dead:push 1-0", "GET somebody's", "XRANGE dead:push - +", "PEXPIRE wire:{en} 1", "PEXPIRE head:{en} 1",
)  # fmt: skip
ALLOWED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("PING", USERS),
    ("ACL WHOAMI", USERS),
    ("TIME", ("api", "push", "scheduler", "operator")),
    ("INFO persistence", ("api", "push", "scheduler", "operator")),
    ("CONFIG GET appendfsync", (*DESK, "operator")),
    ("WAIT 0 1", USERS),
    ("SCAN 0", ("push", "operator")),
    # wires
    ("HMGET head:{en} epoch", ("api", "gateway", "scheduler", "operator")),
    ("HSET head:{en}:exercise epoch e", (*DESK, "operator")),
    ("GET disputed:{en}", ("api", "gateway", "operator")),
    ("SET disputed:{en} e", ("api", "gateway", "operator")),
    ("DEL disputed:{en}", ("api", "operator")),
    ("XADD wire:{en} * a b", (*DESK, "operator")),
    ("XRANGE wire:{en} - + COUNT 1", ("api", "gateway", "operator")),
    ("XREAD COUNT 1 STREAMS wire:{en} wire:{ar} 0 0", ("api", "gateway", "operator")),
    ("XGROUP CREATE wire:{en} push 0 MKSTREAM", ("push", "operator")),
    ("XREADGROUP GROUP push dispatcher COUNT 1 STREAMS wire:{en} >", ("push",)),
    ("ZADD history:{en} 1 A", (*DESK, "operator")),
    ("HSET alert:A record r", (*DESK, "operator")),
    ("HMGET alert:A record", USERS),
    ("HSETNX alert:A pushing 1", ("push", "operator")),
    ("RPUSH versions:A r", (*DESK, "operator")),
    ("LRANGE versions:A 0 -1", ("api", "push", "scheduler", "operator")),
    # what is not public: no process that serves readers or rings phones ever sees it
    ("HGET pending:A pending", (*DESK, "operator")),
    ("ZRANGEBYSCORE due -inf +inf", (*DESK, "operator")),
    ("DEL pending:A", (*DESK, "operator")),
    # the audit
    ("XADD audit * entry e", (*DESK, "operator")),
    ("XRANGE audit - + COUNT 1", ("api", "operator")),
    ("LRANGE audit:A 0 -1", ("api", "operator")),
    # keys and tickets
    ("HGET key:K digest", ("api", "gateway", "operator")),
    ("HSET key:K digest d", ("api", "operator")),
    ("SMEMBERS keys", ("api", "gateway", "operator")),
    ("SADD keys K", ("api", "operator")),
    ("GET keys:version", ("api", "gateway", "operator")),
    ("SET keys:version v", ("api", "operator")),
    ("SETEX ticket:T 60 x", ("api",)),
    ("GETDEL ticket:T", ("api", "gateway")),
    ("GET ticket:T", ("operator",)),
    ("HMGET answer:K:k answer", ("api", "operator")),
    # devices
    ("GET devices:key", ("api", "push", "operator")),
    ("HGET block:apns:0 1", ("api", "push", "operator")),
    ("HGETALL block:apns:0", ("push", "operator")),
    ("HSET tokens:1 a 1", ("api", "push", "operator")),
    # how far it has come
    ("HSETNX sockets:A 1:g x", ("gateway", "operator")),
    ("HGETALL sockets:A", ("api", "operator")),
    ("HGET sockets:A 1:g", ("operator",)),
    ("DEL sockets:A", ("operator",)),
    ("HGETALL plan:A", ("api", "push", "operator")),
    ("ZADD plans 1 A:1", ("push", "operator")),
    ("HSET ledger:A:apns:0 1:t1 x", ("api", "push", "operator")),
    ("HGETALL ledger:A:apns:0", ("push", "operator")),
    ("SET pause:apns 1", ("push", "operator")),
    ("XADD dead:push * job j", ("push", "operator")),
    # queues
    ("ZADD push:apns:flash 1 A:1:apns:0", ("push", "operator")),
    ("PSETEX arq:job:A:1:apns:0 1000 x", ("push",)),
    ("ZADD desk 1 release:A:1", ("scheduler", "operator")),
    ("PSETEX arq:job:release:A:1 1000 x", ("scheduler",)),
)  # fmt: skip


@pytest.mark.parametrize("user", USERS)
def test_nobody_may_do_what_harms_the_store_itself(store: EmbeddedStore, user: User) -> None:
    with redis.Redis.from_url(users.named(store.url, "operator"), single_connection_client=True) as operator:
        said = {words: operator.execute_command("ACL DRYRUN", user, *words.split()) for words in NOBODY}
    assert [words for words, answer in said.items() if b"no permissions" not in answer.lower()] == []
    # what valkey.conf closes to everybody is refused for that reason
    assert [words for words in NOBODY if not words.startswith(CLOSED) and allows(store, user, words)] == []


@pytest.mark.parametrize("user", PROCESSES)
def test_a_process_may_do_nothing_of_the_operators(store: EmbeddedStore, user: User) -> None:
    assert [words for words in (*OPERATOR_ALONE, "SHUTDOWN NOSAVE") if allows(store, user, words)] == []


def test_the_operator_may_do_what_backup_restore_and_doctor_need(store: EmbeddedStore) -> None:
    assert [words for words in OPERATOR_ALONE if not allows(store, "operator", words)] == []


@pytest.mark.parametrize(("words", "who"), ALLOWED, ids=[words for words, _ in ALLOWED])
def test_each_command_on_each_key_is_for_those_that_need_it(
    store: EmbeddedStore, words: str, who: tuple[str, ...]
) -> None:
    assert tuple(user for user in USERS if allows(store, user, words)) == tuple(user for user in USERS if user in who)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("act", ["redis.call('FLUSHALL')", "redis.call('DEL', 'somebody')", "redis.call('KEYS', '*')"])
def test_no_script_does_what_its_caller_may_not(store: EmbeddedStore, user: User, act: str) -> None:
    with redis.Redis.from_url(users.named(store.url, user), single_connection_client=True) as connection:
        script = connection.script_load(f"return {act}")
        with pytest.raises(redis.exceptions.ResponseError, match="ACL failure in script"):
            connection.evalsha(script, 1, "somebody")


def test_a_gateways_script_reads_a_wire_and_writes_none(store: EmbeddedStore) -> None:
    with redis.Redis.from_url(users.named(store.url, "gateway"), single_connection_client=True) as connection:
        reads = connection.script_load("return redis.call('HMGET', KEYS[1], 'epoch')")
        connection.evalsha(reads, 1, "head:{en}")
        for write in ("'XADD', KEYS[2], '*', 'a', 'b'", "'DEL', KEYS[1]", "'HDEL', KEYS[1], 'epoch'"):
            script = connection.script_load(f"return redis.call({write})")
            with pytest.raises(redis.exceptions.ResponseError, match="ACL failure in script"):
                connection.evalsha(script, 2, "head:{en}", "wire:{en}")


def test_who_says_not_who_it_is_may_do_nothing(store: EmbeddedStore) -> None:
    with redis.Redis.from_url(store.url) as connection, pytest.raises(redis.exceptions.AuthenticationError):
        connection.ping()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "cannot be read"), ("user default off", "lets no `operator` in"),
        ("user default off\nuser operator on nopass +get", "lets no `operator` in"),
        ("user api +nonsense", "stopped at once"),
    ],
)  # fmt: skip
def test_a_file_of_users_that_cannot_serve_is_told_with_its_remedy(tmp_path: Path, text: str | None, why: str) -> None:
    file = tmp_path / "users.acl"
    if text is not None:
        file.write_text(text)
    folder = DataFolder.hold(tmp_path / "data", "a test")
    server = EmbeddedStore(folder, VALKEY_CONF, file)
    try:
        with pytest.raises(EmbeddedError, match=why):
            server.start()
    finally:
        folder.release()
    assert server.pid is None
