"""`./setup` touches nothing outside its folder, whatever stands in the place of `.venv`."""

import shutil
import subprocess
from pathlib import Path

from tests.processes import ROOT


def test_a_linked_environment_is_refused_and_what_it_points_at_is_kept(tmp_path: Path) -> None:
    checkout, elsewhere = tmp_path / "checkout", tmp_path / "elsewhere"
    checkout.mkdir()
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("somebody's")
    for name in ("setup", "pyproject.toml", "requirements.lock", "requirements-test.lock"):
        shutil.copy(ROOT / name, checkout / name)
    (checkout / ".venv").symlink_to(elsewhere)
    done = subprocess.run(["./setup", "run"], cwd=checkout, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "rm .venv" in done.stderr
    assert [path.name for path in elsewhere.iterdir()] == ["kept"]
