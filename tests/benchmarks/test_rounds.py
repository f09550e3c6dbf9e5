"""Ratios are of one round; a run whose deliveries were not right measures nothing."""

import json
import socket
import sys
from pathlib import Path

import pytest

from benchmarks import system
from benchmarks.rounds import Contestant, Run, interleaved, ratios, read, serving, values
from tests.ports import free_ports

RIGHT = {"srv_us_median": 8.0, "ksoftirqd_us": 0.5, "p99_ms": 10.0, "missing": 0, "dups": 0}
SERVER = "import http.server, sys; http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), None).serve_forever()"
GENERATOR = f"#!{sys.executable}\nimport json\nprint(json.dumps({RIGHT!r}))\n"
"""It prints what the kit's generator prints."""


def _run(**said: float) -> Run:
    return read(json.dumps({**RIGHT, **said}), 0, "ours")


def test_a_ratio_is_of_one_round_and_softirqs_pushed_elsewhere_count() -> None:
    runs = {
        "ours": [_run(srv_us_median=7.5), _run(srv_us_median=17.5)],
        "peer": [_run(srv_us_median=9.5), _run(srv_us_median=8.5)],
    }
    assert ratios(runs, "cpu_us", "ours", "peer") == [0.8, 2.0]
    assert values(runs, "cpu_us", "peer") == [10.0, 9.0]


def test_a_run_with_a_missing_delivery_is_refused_and_says_so() -> None:
    with pytest.raises(RuntimeError, match=r"\(missing 3\) of ours"):
        read(json.dumps({**RIGHT, "missing": 3}), 1, "ours")


def test_a_run_that_prints_nothing_is_refused_with_what_it_complained_of() -> None:
    with pytest.raises(RuntimeError, match="nothing of ours: no token came back"):
        read("", 2, "ours: no token came back")


def test_every_contestant_is_started_and_ended_in_every_round(tmp_path: Path) -> None:
    generator = tmp_path / "generator"
    generator.write_text(GENERATOR)
    generator.chmod(0o755)
    contestants = [_contestant("one"), _contestant("other")]
    runs = interleaved(generator, contestants, rounds=2)
    assert {name: len(found) for name, found in runs.items()} == {"one": 2, "other": 2}
    for contestant in contestants:
        with serving(contestant):  # its port is free again
            pass


def test_two_benchmarks_at_once_do_not_measure_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as another:
        monkeypatch.setattr(system, "API_PORT", another.getsockname()[1])
        with pytest.raises(RuntimeError, match="is taken: something else would be measured"), system.running():
            pass


def test_a_server_that_does_not_start_is_named_with_what_it_said() -> None:
    [port] = free_ports(1)
    broken = Contestant("ours", (sys.executable, "-c", "raise SystemExit('no store')"), port, 1, (), pinned=False)
    with pytest.raises(RuntimeError, match=r"ours does not listen on .*no store"), serving(broken):
        pass


def _contestant(name: str) -> Contestant:
    [port] = free_ports(1)
    return Contestant(name, (sys.executable, "-c", SERVER, str(port)), port, 1, (), pinned=False)
