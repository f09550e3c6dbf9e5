"""The page for editors: what it tells them to type works, in the order in which they read it, exactly as it stands."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.processes import ROOT, System

PAGE = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
FOR_ADMINS = "`FLASHWIRE_KEY` is the key of an admin"
"""Says a section that needs one."""
BLOCKS = [
    (heading, block) for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    for heading in [part.splitlines()[0]] for block in re.findall(r"```sh\n(.*?)```", part, re.DOTALL)
]  # fmt: skip
WITHIN_S = 60


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("editors"), near_duplicate="block") as system:
        yield system


@pytest.mark.parametrize(("heading", "block"), BLOCKS, ids=[heading for heading, _ in BLOCKS])
def test_what_the_page_says_can_be_typed(system: System, heading: str, block: str) -> None:
    key = system.key
    if FOR_ADMINS in PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]:
        key = system.done("keys", "create", "--role", "admin", "--name", "the page")["key"]
    environ = {**system.environ, "FLASHWIRE_URL": system.url, "FLASHWIRE_KEY": key}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block], cwd=ROOT, env=environ, capture_output=True, text=True,
        timeout=WITHIN_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "/problems/" not in done.stdout, f"{heading}: {done.stdout}"
    assert done.stdout, "it shows something"


def test_every_section_has_something_to_type() -> None:
    headings = re.findall(r"^## (.*)$", PAGE, flags=re.MULTILINE)
    assert headings == list(dict.fromkeys(heading for heading, _ in BLOCKS))
