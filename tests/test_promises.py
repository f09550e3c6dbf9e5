"""docs/promises.md names the tests that prove each promise; they exist, are collected, and cannot be skipped."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROMISES = ROOT / "docs" / "promises.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py::\w+(?:\[[^`]+\])?|A\[\w+\])`")
SHORT_FORM = "tests/acceptance/test_short_forms.py::test_the_promise_is_kept_and_the_run_did_what_it_was_to_do"
HEADING = re.compile(r"^## (P\d+) ", re.MULTILINE)
KEPT = tuple(f"P{number}" for number in range(1, 14))
"""P14 comes with the canaries."""


def named() -> list[str]:
    """Every test that the page names, by its whole name."""
    found = [name for text in chapters().values() for name in NAMED.findall(text)]
    return [SHORT_FORM + name[1:] if name.startswith("A[") else name for name in found]


def chapters() -> dict[str, str]:
    """The text of each promise."""
    _, *parts = HEADING.split(PROMISES.read_text(encoding="utf-8"))
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("promise", KEPT)
def test_a_promise_names_what_proves_it(promise: str) -> None:
    assert NAMED.findall(chapters()[promise]), f"{promise} names no test"


def test_every_test_that_is_named_is_collected() -> None:
    files = sorted({name.partition("::")[0] for name in named()})
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *files], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    collected = {line for line in result.stdout.splitlines() if "::" in line}
    collected |= {line.partition("[")[0] for line in collected}
    assert [name for name in named() if name not in collected] == []


def test_whatever_looks_like_a_test_is_read_as_one() -> None:
    looks = [name for text in chapters().values() for name in re.findall(r"`([^`]*::[^`]*)`", text)]
    assert [name for name in looks if not NAMED.fullmatch(f"`{name}`")] == []


@pytest.mark.parametrize("how", ["pytest.skip('no browser here')", "pytest.xfail('not yet')", "pass"])
def test_a_test_that_is_skipped_fails(tmp_path: Path, how: str) -> None:
    (tmp_path / "test_it.py").write_text(f"import pytest\n\ndef test_it():\n    {how}\n")
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "-p", "tests.conftest", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == (0 if how == "pass" else 1), result.stdout
