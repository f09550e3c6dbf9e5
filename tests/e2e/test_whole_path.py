"""The way of one alert through the whole system: editor, wire, socket, history, kill, tombstone; and onto the disk."""

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.gateway.house import request
from tests.gateway.reader import Reader, epoch, place
from tests.processes import DEADLINE_S, System, until

STRACE = Path("/usr/bin/strace")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One for the module, with two gateways on the port: each test has an edition of its own."""
    with System(tmp_path_factory.mktemp("system"), processes=2) as made:
        yield made


async def reading(system: System, edition: str, upgrade: bool) -> tuple[Reader, dict[str, Any]]:
    """A reader at the port that the gateways share, and its first message."""
    reader = await Reader.connect(system.gateway_port)
    await reader.send(request(f"edition={edition}&limit=5", upgrade))
    await reader.read_head()
    return reader, await reader.next()


def shown(system: System, edition: str) -> list[dict[str, Any]]:
    alerts: list[dict[str, Any]] = system.ask(f"/v1/editions/{edition}/ticker")["alerts"]
    return alerts


async def test_an_alert_goes_from_the_desk_to_every_reader_and_away_again(system: System) -> None:
    readers = [await reading(system, "ar", upgrade) for upgrade in (True, False, True, False)]
    assert all((first["type"], first["alerts"]) == ("snapshot", []) for _, first in readers)
    assert len({epoch(first) for _, first in readers}) == 1, "every process tells the same life"

    posted = await asyncio.to_thread(system.post, "هطول أمطار غزيرة على الساحل", "ar")
    came = [await reader.next() for reader, _ in readers]
    for message in came:
        assert (message["type"], message["cursor"]) == ("published", posted["cursor"])
        assert message["alert"] == posted["alert"]
    assert await asyncio.to_thread(shown, system, "ar") == [posted["alert"]]

    killed = await asyncio.to_thread(system.kill_alert, posted["alert"]["id"])
    tombstone = killed["alert"]
    assert (tombstone["id"], tombstone["version"]) == (posted["alert"]["id"], 2)
    assert (tombstone["pubStatus"], tombstone["headline"], bool(tombstone["notice"])) == ("canceled", None, True)
    for reader, _ in readers:
        message = await reader.next()
        assert (message["type"], message["cursor"], message["alert"]) == ("canceled", killed["cursor"], tombstone)
        assert place(message) == place(posted) + 1
        reader.close()
    assert await asyncio.to_thread(shown, system, "ar") == [tombstone]

    # whoever comes back from before all of it reads what happened, and not what was withdrawn
    late = await Reader.connect(system.gateway_port)
    before = f"{epoch(posted)}:{place(posted) - 1}"
    await late.send(request(f"edition=ar&after={before}", upgrade=True))
    await late.read_head()
    resumed, replayed, canceled = [await late.next() for _ in range(3)]
    late.close()
    assert (resumed["type"], resumed["cursor"], resumed["replayed"]) == ("resumed", before, 2)
    assert (replayed["type"], replayed["cursor"]) == ("published", posted["cursor"])
    assert (replayed["alert"]["headline"], replayed["alert"]["pubStatus"]) == (None, "canceled")
    assert canceled["alert"] == tombstone


def test_the_command_line_goes_the_same_way(system: System) -> None:
    watching = system.flashwire("watch", "--edition", "es", "--json")
    assert watching.stdout is not None
    try:
        assert json.loads(watching.stdout.readline())["type"] == "snapshot"
        posted = system.done("post", "El tranvía vuelve a circular", "--edition", "es", "--level", "urgent")
        published = json.loads(watching.stdout.readline())
        assert (published["type"], published["cursor"]) == ("published", posted["cursor"])
        assert published["alert"] == posted["alert"]
        killed = system.done("kill", posted["alert"]["id"], "--reason", "a test")
        canceled = json.loads(watching.stdout.readline())
        assert (canceled["type"], canceled["cursor"]) == ("canceled", killed["cursor"])
        assert canceled["alert"] == killed["alert"]
        assert shown(system, "es") == [killed["alert"]]
    finally:
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=DEADLINE_S)
    assert watching.returncode == 0


def runs_again(system: System, name: str, before: int | None) -> bool:
    return system.pid(name) not in (None, before)


def test_what_was_posted_and_killed_is_there_after_everything_was_killed(system: System) -> None:
    kept = system.post("Regatta starts in light wind")["alert"]
    gone = system.post("Lock gates are repaired")["alert"]
    tombstone = system.kill_alert(gone["id"])["alert"]
    for name in ("api", "store", "gateway 1", "gateway 2"):
        before = system.pid(name)
        assert system.end(name)
        until(partial(runs_again, system, name, before), f"{name} runs again")
    again = system.done("post", "Regatta ends")["alert"]  # repeats until everything is there
    assert shown(system, "en") == [again, tombstone, kept]


DURABLE = {
    "appendonly": "yes", "appendfsync": "always", "no-appendfsync-on-rewrite": "no", "maxmemory-policy": "noeviction",
}  # fmt: skip


def test_what_the_store_acknowledges_is_on_the_disk_first(system: System, tmp_path: Path) -> None:
    with redis.Redis.from_url(system.store_url, decode_responses=True, single_connection_client=True) as store:
        assert {name: store.config_get(name)[name] for name in DURABLE} == DURABLE
        pid = system.pid("store")
        assert pid is not None
        with traced(pid, tmp_path / "trace") as trace:
            system.post("Bridge opens to traffic")
            persistence = store.info("persistence")
    assert (persistence["aof_enabled"], persistence["aof_last_write_status"]) == (1, "ok")
    assert persistence["aof_pending_bio_fsync"] == 0, "there is no sync that nobody waited for"
    if trace is not None:  # nobody may look into other processes everywhere; what the store says is checked anyway
        assert order_of_writing(trace.read_text(), "Bridge opens to traffic") == ["log", "disk", "answer"]


def test_an_answer_before_the_disk_would_be_seen_in_the_trace() -> None:
    logged, synced, answered = 'write(9, "… Fog …") = 9', "fdatasync(9) = 0", r'write(11, "*2\r\n$2\r\nok\r\n") = 12'
    assert order_of_writing("\n".join((logged, synced, answered)), "Fog") == ["log", "disk", "answer"]
    assert order_of_writing("\n".join((logged, answered, synced)), "Fog") == ["log", "answer", "disk"]
    assert order_of_writing("\n".join((logged, answered)), "Fog") == ["log", "answer"]


@contextmanager
def traced(pid: int, trace: Path) -> Iterator[Path | None]:
    """What the process writes and syncs meanwhile, in `trace`; None where this machine lets nobody look."""
    if not STRACE.exists():
        yield None
        return
    watched = ["--trace=write,writev,sendto,fsync,fdatasync", "--string-limit=100000", f"--output={trace}"]
    command = [str(STRACE), "--follow-forks", *watched, f"--attach={pid}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        attached = "attached" in strace.stderr.readline()
        yield trace if attached else None
        strace.send_signal(signal.SIGINT)


def order_of_writing(trace: str, headline: str) -> list[str]:
    """In which order the store wrote its log, brought it to the disk and answered the script that had `headline`."""
    order: list[str] = []
    log = ""
    for line in trace.splitlines():
        wrote = re.search(r"write\((\d+),", line)
        if not order and wrote and headline in line:
            log = wrote[1]
            order.append("log")
        elif log and re.search(rf"f(?:data)?sync\({log}\b", line) and "disk" not in order:
            order.append("disk")
        elif log and r"$2\r\nok" in line and "answer" not in order:
            order.append("answer")
    return order
