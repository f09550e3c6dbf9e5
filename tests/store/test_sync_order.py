"""The order of a write, seen from the kernel: log, sync, answer (reliability §1, finding 7)."""

import os
from pathlib import Path

import pytest
import redis

from config.settings import VALKEY_CONF
from service.store import embedded
from tests.tracing import Trace, TracedStore

LOG = "/data/appendonly.aof.1.incr.aof"
WRITE = f'7 write(9<{LOG}>, ""..., 100) = 100'
SYNC = f"7 fdatasync(9<{LOG}>) = 0"
ANSWER = '7 write(11<socket:[1]>, ""..., 5) = 5'


def traced(folder: Path, *options: str) -> Trace:
    """What a store did for twenty writes."""
    server, *_ = embedded.find_servers(os.environ)
    store = TracedStore(server, folder, VALKEY_CONF, *options)
    with redis.Redis.from_url(embedded.url(folder), single_connection_client=True) as connection:
        for number in range(20):
            connection.set("headline", f"Tide table {number}")
    store.end()
    return store.trace


def test_each_answer_comes_after_its_sync(tmp_path: Path) -> None:
    trace = traced(tmp_path)
    assert trace.syncs >= 20
    assert trace.answers >= 20
    assert trace.answers_before_sync == 0


def test_a_store_that_syncs_every_second_answers_before(tmp_path: Path) -> None:
    assert traced(tmp_path, "--appendfsync", "everysec").answers_before_sync > 0


@pytest.mark.parametrize(
    ("lines", "synced", "early"),
    [
        ((WRITE, SYNC, ANSWER), 100, 0),
        ((WRITE, ANSWER, SYNC), 100, 1),
        ((WRITE, SYNC, WRITE), 100, 0),
        ((WRITE, SYNC.replace("= 0", "= -1 EIO (Input/output error)"), ANSWER), 0, 1),
        ((WRITE, SYNC.replace("= 0", "= ?"), "7 +++ killed by SIGKILL +++"), 0, 0),
        # another thread syncs, and what is written meanwhile is not part of it
        ((WRITE, f"8 fdatasync(9<{LOG}> <unfinished ...>", WRITE, "8 <... fdatasync resumed>) = 0", ANSWER), 100, 1),
        ((WRITE, f"8 fdatasync(9<{LOG}> <unfinished ...>", "8 <... fdatasync resumed>) = ?"), 0, 0),
        ((WRITE, f"7 ftruncate(9<{LOG}>, 40) = 0", SYNC), 40, 0),
    ],
)
def test_a_trace_is_read_as_a_power_cut_would_leave_the_log(lines: tuple[str, ...], synced: int, early: int) -> None:
    trace = Trace({})
    for line in lines:
        trace.read(line)
    assert (trace.synced[LOG], trace.answers_before_sync) == (synced, early)
