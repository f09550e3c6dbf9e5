"""`flashwire up` as a person meets it: real processes, real signals, and what was accepted is there again."""

import contextlib
import json
import os
import queue
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service import demo_news
from service.store.folder import DataFolder
from tests.ports import free_ports

DEADLINE_S = 60.0


class Running:
    """A `flashwire up` of its own ports and data folder."""

    def __init__(self, data_dir: Path, *arguments: str, **settings: object) -> None:
        ports = free_ports(6)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
        self.environ = kept | {
            "FLASHWIRE_DATA_DIR": str(data_dir),
            "FLASHWIRE_API_PORT": str(ports[0]),
            "FLASHWIRE_GATEWAY_PORT": str(ports[1]),
            "FLASHWIRE_SANDBOX_PORT": str(ports[2]),
            "FLASHWIRE_ADMIN_PORT": str(ports[3]),
            "FLASHWIRE_PROCESSES": "2",
            "FLASHWIRE_DRAIN_S": "1",
            "FLASHWIRE_LOG_FORMAT": "json",
            "FLASHWIRE_BALLAST_BYTES": "0",  # old folders of tests are kept for a while
            **{f"FLASHWIRE_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self.process = self.flashwire("up", *arguments)
        self.logged: list[dict[str, Any]] = []
        self.shouted: list[str] = []
        self._stdout: queue.Queue[str] = queue.Queue()
        self._threads = [threading.Thread(target=self._read_logs), threading.Thread(target=self._read_stdout)]
        for thread in self._threads:
            thread.start()

    def flashwire(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "service.cli", *arguments]
        return subprocess.Popen(command, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def _read_logs(self) -> None:
        assert self.process.stderr is not None
        for text in self.process.stderr:
            try:
                self.logged.append(json.loads(text))
            except ValueError:
                self.shouted.append(text)

    def _read_stdout(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            self._stdout.put(text)

    def line(self) -> str:
        """The next line of its standard output."""
        try:
            return self._stdout.get(timeout=DEADLINE_S)
        except queue.Empty:
            loud = [entry for entry in self.logged if entry["level"] in ("warning", "error")]
            pytest.fail(f"nothing was printed; {loud} {''.join(self.shouted)}")

    def ready(self) -> dict[str, Any]:
        """The ready line of `up --json`."""
        told: dict[str, Any] = json.loads(self.line())
        return told

    def said(self, event: str, **fields: object) -> Callable[[], bool]:
        """Whether the log has an event with these fields."""
        wanted = {"event": event, **fields}
        return lambda: any(all(line.get(name) == value for name, value in wanted.items()) for line in self.logged)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(DEADLINE_S)
        for thread in self._threads:
            thread.join(DEADLINE_S)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code


Up = Callable[..., Running]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """Starts `flashwire up` on one data folder, and leaves none running."""
    started: list[Running] = []

    def start(*arguments: str, **settings: object) -> Running:
        started.append(Running(tmp_path / "data", *arguments, **settings))
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.end()


def until(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not fact():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def get(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE_S) as response:
            body = response.read()
            return response.status, json.loads(body) if "json" in response.headers["Content-Type"] else body
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code, None
    except OSError:
        return 0, None


def headlines(url: str, edition: str = "en") -> list[str]:
    status, body = get(f"{url}/v1/editions/{edition}/ticker")
    return [alert["headline"] for alert in body["alerts"]] if status == 200 else []


def test_from_nothing_to_an_alert_and_back_again(up: Up, tmp_path: Path) -> None:
    running = up()
    printed = [running.line()]
    while "Ctrl-C" not in printed[-1]:
        printed.append(running.line())
    (curl,) = [text for text in printed if text.startswith("curl ")]
    (demo,) = [text.split()[-1] for text in printed if "Demo page" in text]
    key_file = tmp_path / "data" / "duty.key"
    assert key_file.read_text().strip() in curl
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert get(demo)[0] == 200

    posted = subprocess.run(["sh", "-c", f"{curl.strip()} -sS"], capture_output=True, text=True, check=True)
    alert = json.loads(posted.stdout)["alert"]
    url = demo.removesuffix("/demo")
    until(lambda: alert["headline"] in headlines(url))
    assert running.end() == 0
    assert len(printed) < 15

    again = up("--json")
    told = again.ready()
    assert told["key"] == key_file.read_text().strip()
    assert alert["headline"] in headlines(told["url"])
    assert again.end(signal.SIGTERM) == 0


def test_a_second_one_on_the_same_data_says_who_holds_them(up: Up) -> None:
    first = up("--json")
    told = first.ready()
    second = first.flashwire("up")
    output, errors = second.communicate(timeout=DEADLINE_S)
    assert (second.returncode, output) == (1, "")
    assert f"is in use by flashwire up (process {told['pid']})" in errors
    assert get(f"{told['url']}/v1/editions")[0] == 200


def test_post_kill_and_keys_work_beside_it(up: Up) -> None:
    running = up("--json")
    url = running.ready()["url"]

    def done(*arguments: str) -> Any:
        process = running.flashwire(*arguments, "--json")
        output, errors = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0, errors
        return json.loads(output)

    alert = done("post", "El ferri zarpa a su hora", "--edition", "es", "--level", "urgent")["alert"]
    assert (alert["edition"], alert["level"]) == ("es", "urgent")
    until(lambda: headlines(url, "es") == ["El ferri zarpa a su hora"])
    assert done("kill", alert["id"], "--reason", "a test")["alert"]["pubStatus"] == "canceled"
    until(lambda: headlines(url, "es") == [None])  # a tombstone
    assert done("keys", "create", "--role", "editor", "--name", "desk")["role"] == "editor"


def test_another_terminal_finds_it_without_being_told_its_ports(up: Up, tmp_path: Path) -> None:
    running = up("--json")
    told = running.ready()
    left = json.loads((tmp_path / "data" / "up.json").read_text())
    assert left == {
        "url": told["url"], "live": told["live"], "sandbox": told["sandbox"].rstrip("/"), "pid": told["pid"],
    }  # fmt: skip
    running.environ = {name: value for name, value in running.environ.items() if not name.endswith("_PORT")}
    running.environ["FLASHWIRE_PROGRAM"] = "./run"

    def said(*arguments: str) -> str:
        process = running.flashwire(*arguments)
        output, errors = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0, errors
        return output

    posted = said("post", "Tide tables updated for the winter")
    assert "it can be undone: ./run undo " in posted
    alert_id = posted.split()[1]
    assert alert_id in said("delivery", alert_id)
    assert json.loads(said("devices", "seed", "20", "--json"))["seeded"]["webpush"] == 2
    assert f"served by `./run up` at {told['url']} (process {told['pid']})" in said("doctor", "--offline")
    watching = running.flashwire("watch")
    assert watching.stdout is not None
    assert "Tide tables" in watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=DEADLINE_S)
    assert running.end() == 0
    assert not (tmp_path / "data" / "up.json").exists()


def test_watch_shows_what_is_posted(up: Up) -> None:
    running = up("--json")
    running.ready()
    watching = running.flashwire("watch", "--edition", "en", "--json")
    assert watching.stdout is not None
    assert json.loads(watching.stdout.readline())["type"] == "snapshot"
    running.flashwire("post", "Fog lifts over the bay").communicate(timeout=DEADLINE_S)
    frame = json.loads(watching.stdout.readline())
    assert (frame["type"], frame["alert"]["headline"]) == ("published", "Fog lifts over the bay")
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=DEADLINE_S)
    assert watching.returncode == 0


@pytest.mark.parametrize("name", ["api", "gateway 1"])
def test_a_killed_child_is_started_again_and_said_so(up: Up, name: str) -> None:
    running = up("--json")
    told = running.ready()
    os.kill(told["children"][name], signal.SIGKILL)
    until(running.said("ended and is started again", child=name, ended="SIGKILL"))
    until(running.said("runs again", child=name))
    assert get(f"{told['url']}/v1/editions")[0] == 200
    assert running.end() == 0


def test_a_killed_store_is_started_again_with_all_it_had(up: Up) -> None:
    running = up("--json")
    told = running.ready()
    running.flashwire("post", "Lighthouse lamp replaced").communicate(timeout=DEADLINE_S)
    os.kill(told["store"], signal.SIGKILL)
    until(running.said("the store runs again"))
    process = running.flashwire("post", "Second lamp replaced")  # repeats for as long as it takes
    process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    until(lambda: headlines(told["url"]) == ["Second lamp replaced", "Lighthouse lamp replaced"])
    assert running.end() == 0


def test_a_store_that_hangs_is_replaced_with_all_it_had(up: Up) -> None:
    running = up("--json", store_mute_s=1)
    told = running.ready()
    running.flashwire("post", "Canal lock reopens").communicate(timeout=DEADLINE_S)
    os.kill(told["store"], signal.SIGSTOP)
    until(running.said("the store is mute and is replaced", pid=told["store"]))
    until(running.said("the store runs again"))
    process = running.flashwire("post", "Second lock reopens")
    process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    until(lambda: headlines(told["url"]) == ["Second lock reopens", "Canal lock reopens"])
    assert not alive(told["store"])
    assert running.end() == 0


def test_closing_the_terminal_is_an_orderly_end_that_leaves_no_store_behind(up: Up) -> None:
    running = up("--json")
    told = running.ready()
    assert running.end(signal.SIGHUP) == 0
    until(lambda: not Path(f"/proc/{told['store']}").exists())


def test_nothing_is_left_running_when_it_was_killed_itself(up: Up, tmp_path: Path) -> None:
    running = up("--json")
    told = running.ready()
    running.flashwire("post", "Night bus returns").communicate(timeout=DEADLINE_S)
    running.process.kill()
    running.wait()
    until(lambda: not any(map(alive, told["children"].values())))
    again = up("--json")
    assert headlines(again.ready()["url"]) == ["Night bus returns"]
    assert not alive(told["store"])


def test_the_next_one_waits_for_gateways_that_a_killed_one_has_left_behind_with_readers(up: Up) -> None:
    api, gateway, sandbox, admin, *_ = free_ports(8)
    settings = {
        "api_port": api, "gateway_port": gateway, "sandbox_port": sandbox, "admin_port": admin, "processes": 1,
        "push": "off", "drain_s": 20, "drain_abort_s": 21,
    }  # fmt: skip
    first = up("--json", **settings)
    first.ready()
    with contextlib.ExitStack() as readers:
        for _ in range(600):  # they are sent away one after the other, which takes longer than any start
            readers.enter_context(opened(gateway))
        first.process.kill()
        first.process.wait(DEADLINE_S)
        again = up("--json", **settings)
        until(again.said("waiting for what the killed one has left behind"))
    again.ready()
    first.wait()


def opened(gateway_port: int) -> socket.socket:
    """A reader whose event stream has begun."""
    reader = socket.create_connection(("127.0.0.1", gateway_port), timeout=DEADLINE_S)
    reader.sendall(b"GET /v1/live?edition=en HTTP/1.1\r\nHost: a\r\n\r\n")
    assert reader.recv(64).startswith(b"HTTP/1.1 200 ")
    return reader


def test_a_host_that_is_none_of_this_machine_is_named_with_its_setting(up: Up) -> None:
    for host in ("203.0.113.9", "999.1.1.1"):
        running = up(host=host)
        assert running.wait() == 1
        assert "choose another with FLASHWIRE_HOST" in "".join(running.shouted)


def test_a_store_that_is_not_there_is_named_with_its_setting(up: Up) -> None:
    running = up(redis_url="redis://127.0.0.1:1")
    assert running.wait() == 1
    assert "start it, or mend FLASHWIRE_REDIS_URL" in "".join(running.shouted)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and whose parent has not looked yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_second_ctrl_c_ends_it_at_once(up: Up) -> None:
    running = up("--json")
    told = running.ready()
    os.kill(told["children"]["api"], signal.SIGSTOP)  # which cannot drain
    running.process.send_signal(signal.SIGINT)
    until(running.said("stopping: readers are told to come back; Ctrl-C again ends it at once"))
    assert running.end() == 1
    assert not any(map(alive, [*told["children"].values(), told["store"]]))


def test_ctrl_c_during_the_start_ends_it_too(up: Up, tmp_path: Path) -> None:
    running = up("--json")
    until(lambda: (tmp_path / "data" / "duty.key").exists())
    assert running.end() == 0
    DataFolder.hold(tmp_path / "data", "a test").release()


def test_a_port_in_use_is_named_with_its_setting(up: Up, tmp_path: Path) -> None:
    first = up("--json")
    first.ready()
    first.environ["FLASHWIRE_DATA_DIR"] = str(tmp_path / "other")
    second = first.flashwire("up")
    _, errors = second.communicate(timeout=DEADLINE_S)
    assert second.returncode == 1
    assert "Address already in use; choose another with FLASHWIRE_API_PORT" in errors


def test_the_demo_brings_news_in_three_languages(up: Up) -> None:
    running = up("--json", "--demo")
    url = running.ready()["url"]
    until(lambda: all(headlines(url, edition) for edition in ("en", "ar", "es")))
    assert running.end() == 0


def test_all_news_of_the_demo_are_accepted_and_some_withdrawn(up: Up) -> None:
    running = up("--json")
    told = running.ready()
    refused: list[str] = []
    left = iter(range(60))
    demo_news.run(told["url"], told["key"], lambda _pause_s: next(left, None) is None, refused.append)
    assert not refused
    until(lambda: all(None in headlines(told["url"], edition) for edition in ("en", "ar", "es")))


def test_no_log_of_a_whole_run_has_a_key_in_it(up: Up) -> None:
    running = up("--json")
    key = running.ready()["key"]
    running.flashwire("post", "Market hall reopens").communicate(timeout=DEADLINE_S)
    assert running.end() == 0
    secret = key.removeprefix("fw_live_")[10:]
    assert running.logged
    assert secret not in json.dumps(running.logged)
