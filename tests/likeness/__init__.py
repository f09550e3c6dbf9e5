"""Labelled pairs of headlines: what says the same, and what only looks alike."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from service.domain import attribution
from service.domain.gist import Gist, read

LANGUAGES = ("en", "ar", "es")
FOLDER = Path(__file__).parent
HELD_OUT = FOLDER / "held_out"


class Pair(NamedTuple):
    """Two headlines of a language, and whether they say the same."""

    language: str
    one: str
    other: str
    same: bool


def pairs(language: str, folder: Path = FOLDER) -> Iterator[Pair]:
    """The pairs of a language in one of the folders."""
    listed = tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8"))
    for kind in ("same", "different"):
        for one, other in listed[kind]:
            yield Pair(language, one, other, kind == "same")


def gist(line: str, language: str) -> Gist:
    """Of a pasted line, without its attribution where that is certain, as the desk takes it."""
    parsed = attribution.parse(line, language)
    return read(parsed[1] if parsed else line, language)
