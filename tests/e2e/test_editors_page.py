"""The page for editors: what it tells them to type works, in the order in which they read it, exactly as it stands."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.processes import ROOT, System

PAGE = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
SECTIONS = {
    part.splitlines()[0]: re.findall(r"```sh\n(.*?)```", part, re.DOTALL)
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
}
"""What each section gives to type, which is pasted into one terminal."""
WITHIN_S = 60


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("editors"), near_duplicate="block") as system:
        yield system


@pytest.mark.parametrize("heading", SECTIONS)
def test_what_the_page_says_can_be_typed(system: System, heading: str) -> None:
    environ = {**system.environ, "FLASHWIRE_URL": system.url, "FLASHWIRE_KEY": system.key}
    said = "echo =\n".join(SECTIONS[heading])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", said], cwd=ROOT, env=environ, capture_output=True, text=True,
        timeout=WITHIN_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "/problems/" not in done.stdout, f"{heading}: {done.stdout}"
    assert all(done.stdout.split("=\n")), "each shows something"


def test_every_section_has_something_to_type() -> None:
    assert all(SECTIONS.values())
