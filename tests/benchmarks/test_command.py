"""`./test benchmarks`: its exit code, its list, its record, and the table made of that."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import __main__ as command
from benchmarks import kit, table
from benchmarks.figure import Figure
from tests.processes import ROOT

REACHED = Figure.of("a delivery", [0.8, 0.9, 0.95], "", 1.0, 0.75, "nchan 10 µs")
MISSED = Figure.of("a handshake", [2.1, 2.5, 2.4], "", 2.0, 1.2)


def _reached() -> list[Figure]:
    return [REACHED]


def _missed() -> list[Figure]:
    return [REACHED, MISSED]


def _no_kit() -> list[Figure]:
    raise kit.NoKit("no load generator: name its folder with BENCH_KIT")


def _broken() -> list[Figure]:
    raise RuntimeError("a delivery was missing")


@pytest.mark.parametrize(
    ("benchmarks", "code"),
    [
        ([_reached], 0), ([_missed], 1), ([_reached, _missed, _reached], 1), ([_broken, _reached], 1),
        ([_no_kit, _reached], 2), ([_no_kit, _missed], 1), ([_no_kit, _broken], 1),
    ],
)  # fmt: skip
def test_a_planted_miss_ends_with_1_and_a_missing_kit_with_2(benchmarks: list[command.Measure], code: int) -> None:
    session = command.Session()
    session.measure({str(number): run for number, run in enumerate(benchmarks)})
    assert session.exit_code == code
    assert list(session.took_s) == [str(number) for number in range(len(benchmarks))]


def test_the_command_records_what_it_measured_and_the_table_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    benchmark = ModuleType("benchmark", "What one delivery costs.")
    benchmark.run = _missed  # type: ignore[attr-defined]  # a module made here
    monkeypatch.setattr(command, "BENCHMARKS", {"one": benchmark})
    assert command.main(["one", "--json", str(tmp_path / "record.json")]) == 1
    recorded = json.loads((tmp_path / "record.json").read_text())
    assert recorded["figures"]["one"][1]["verdict"] == "MISSED"
    assert recorded["machine"]["processor"]
    assert recorded["commit"]
    assert recorded["versions"]["websockets"]
    shown = list(table.lines(recorded))
    assert "| a delivery | 0.90 (0.80–0.95) | must ≤ 1, aim ≤ 0.75 | ok | nchan 10 µs |" in shown
    assert "| a handshake | 2.40 (2.10–2.50) | must ≤ 2, aim ≤ 1.2 | **missed** |  |" in shown


def test_a_fresh_clone_without_the_kit_says_what_to_do_and_ends_with_2(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "burst"], cwd=ROOT, env={**os.environ, kit.KIT: str(tmp_path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert f"name the folder of the benchmark kit with {kit.KIT}" in done.stdout


def test_the_list_says_what_each_benchmark_measures(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--help"])
    listed = capsys.readouterr().out
    for name, module in command.BENCHMARKS.items():
        assert f"  {name:12} {(module.__doc__ or '').splitlines()[0]}" in listed
