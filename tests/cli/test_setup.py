"""`./setup`, which every `./run` calls: two at once, in two terminals, do not spoil each other's work."""

import shutil
import subprocess
from pathlib import Path

from tests.processes import ROOT

UV = """#!/bin/sh
# stands in for an installation that takes a while and says when two of it overlap
case $1 in venv) mkdir -p .venv/bin && ln -sf /bin/true .venv/bin/python; exit ;; esac
mkdir busy 2>/dev/null || { echo overlap >>log; exit 1; }
sleep 0.3
rmdir busy
echo installed >>log
"""


def test_two_at_once_set_up_one_after_the_other(tmp_path: Path) -> None:
    home, programs = tmp_path / "home", tmp_path / "programs"
    home.mkdir()
    programs.mkdir()
    for name in ("setup", "pyproject.toml", "requirements.lock", "requirements-test.lock"):
        shutil.copy(ROOT / name, home / name)
    (programs / "uv").write_text(UV)
    (programs / "uv").chmod(0o755)
    environ = {"PATH": f"{programs}:/usr/bin:/bin"}
    both = [subprocess.Popen(["./setup", "run"], cwd=home, env=environ, stderr=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=60)[1].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert (home / "log").read_text().splitlines() == ["installed", "installed"], "lock and project, once"
    assert sum("waiting for it" in text for text in said) == 1, said
    again = subprocess.run(["./setup", "run"], cwd=home, env=environ, capture_output=True, timeout=60, check=True)
    assert again.stderr == b""
