"""The page for the apps' developers: what it tells them to type works, in the order in which they read it."""

import json
import re
import subprocess
from pathlib import Path

from tests.processes import ROOT, System

PAGE = (ROOT / "docs" / "devices.md").read_text(encoding="utf-8")


def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    register, read, replace, erase, receipts, _stats = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    with System(tmp_path) as system:

        def typed(command: str, **names: str) -> str:
            environ = {**system.environ, "URL": system.url, **names}
            done = subprocess.run(["sh", "-c", command], env=environ, capture_output=True, text=True, check=True)
            assert done.stderr == ""
            return done.stdout

        made = json.loads(typed(register))
        mine = {"ID": made["id"], "SECRET": made["secret"]}
        state = json.loads(typed(read, **mine))
        assert state["preferences"]["editions"] == ["en"]
        assert json.loads(typed(replace, **mine)) == {"id": made["id"]}
        assert json.loads(typed(read, **mine))["preferences"]["minLevel"] == "urgent"
        assert json.loads(typed(receipts, **mine)) == {"counted": 0}
        assert typed(erase, **mine) == ""
        for command, status in ((read, 404), (replace, 404), (erase, 404), (receipts, 401)):
            assert json.loads(typed(command, **mine))["status"] == status
