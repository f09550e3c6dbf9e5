"""The house rules: clean and typed code, imports that go one way, and dependencies pinned to what was checked."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-test.lock")
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ; ([^\\]+?))? \\$", re.MULTILINE)

# Versions below these have known faults that matter here (reliability: supply chain).
FLOORS = {"starlette": "1.3.1", "websockets": "13", "redis": "4.5.4", "h11": "0.16"}
UNWANTED = {"python-multipart", "pydantic", "firebase-admin", "pywebpush"}


def said(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=300)


def pins(lock: str) -> dict[str, str]:
    return {name: version for name, version, _ in PINNED.findall((ROOT / lock).read_text())}


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "ruff", "check", "--no-cache", "."),
        ("-m", "ruff", "format", "--no-cache", "--check", "."),
        ("-m", "mypy"),
        ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"),
    ],
    ids=["ruff", "format", "mypy", "imports"],
)
def test_the_code_is_clean(command: tuple[str, ...]) -> None:
    result = said(*command)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("script", ["setup", "run", "test", ".ci/run"])
def test_the_scripts_can_be_started_and_parsed(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    shell = path.read_text().splitlines()[0].split("/")[-1].split()[-1]
    assert subprocess.run([shell, "-n", path], capture_output=True).stderr == b""


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_pinned_by_hash_and_no_host_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = re.split(r"\n(?=[a-z])", text.strip())
    assert len(entries) > 15
    for entry in entries:
        assert PINNED.match(entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry
    assert not re.search(r"://|--index|--find-links|@ ", text)


def test_the_lock_holds_what_the_project_asks_for() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = asked["project"]["optional-dependencies"]
    runtime = [*asked["project"]["dependencies"], *extras["embedded"], *asked["dependency-groups"]["build"]]
    for lock, wanted in (("requirements.lock", runtime), ("requirements-test.lock", [*runtime, *extras["test"]])):
        pinned = pins(lock)
        for line in wanted:
            requirement = Requirement(line)
            assert pinned[requirement.name] in requirement.specifier, f"{lock}: {line}"


def test_both_locks_agree() -> None:
    runtime, test = (pins(lock) for lock in LOCKS)
    assert runtime.items() <= test.items()


def test_the_oldest_python_we_support_finds_all_it_needs() -> None:
    """redis-py asks for async-timeout before Python 3.11.3, which is what Debian 12 has."""
    assert "async-timeout" in pins("requirements.lock")


@pytest.mark.parametrize("lock", LOCKS)
def test_no_pinned_version_has_a_known_fault(lock: str) -> None:
    pinned = pins(lock)
    for name, floor in FLOORS.items():
        assert Version(pinned[name]) >= Version(floor), name
    at_run_time_only = {"pywebpush"}  # an independent peer in the tests: others' senders must work against our sandbox
    unwanted = UNWANTED if lock == "requirements.lock" else UNWANTED - at_run_time_only
    assert not unwanted & set(pinned)


def test_a_wheel_holds_every_file_that_is_not_python_too(tmp_path: Path) -> None:
    result = said("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    assert result.returncode == 0, result.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    kept = subprocess.run(
        ["git", "ls-files", "service", "workers", "config"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    missing = {name for name in kept.stdout.splitlines() if (ROOT / name).exists()} - packed
    assert not missing
    assert {"config/flashwire.toml", "config/valkey.conf", "service/store/append.lua"} <= packed


def test_compose_starts_a_store_as_durable_as_the_embedded_one() -> None:
    """The compose file mounts the very configuration that `flashwire up` uses."""
    text = (ROOT / "docker-compose.yml").read_text()
    assert "./config/valkey.conf:/etc/flashwire/valkey.conf:ro" in text
    assert "cat /etc/flashwire/valkey.conf" in text


def test_the_image_is_built_with_the_steps_of_run() -> None:
    assert "RUN ./setup run" in (ROOT / "Dockerfile").read_text()
    assert "./setup run" in (ROOT / "run").read_text()
