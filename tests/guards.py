"""The house style with the near-duplicate guard as a test wants it.

The rule to remember: the guard that comes along blocks. What posts the same line a hundred times to prove something
else says "off", and nothing else is changed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.settings import PACKAGED_TOML, load

COMES_ALONG = 'near_duplicate = "block"'


def newsroom(near_duplicate: str, **more: Any) -> Mapping[str, Any]:
    """The `[newsroom]` table that comes along, with this guard; `more` are others of its settings."""
    table = load({}).newsroom
    return {**table, "guards": {**table["guards"], "near_duplicate": near_duplicate, **more}}


def config_text(near_duplicate: str) -> str:
    """The house style that comes along, with this guard."""
    text = PACKAGED_TOML.read_text(encoding="utf-8")
    assert text.count(COMES_ALONG) == 1, "the house style that comes along blocks"
    return text.replace(COMES_ALONG, f'near_duplicate = "{near_duplicate}"')


def config_file(folder: Path, near_duplicate: str) -> Path:
    """For FLASHWIRE_CONFIG: a file of `config_text`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"near-duplicate-{near_duplicate}.toml"
    path.write_text(config_text(near_duplicate), encoding="utf-8")
    return path
