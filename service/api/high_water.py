"""How far each wire had come when it was seen last, in a file outside the store.

The rule to remember: a store that is put back while every process is down tells nobody. Only what lies outside it can
say that it was further once (reliability P5).
"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog

from service.domain.lineage import Mark
from service.store.keys import WireName

log = structlog.get_logger("api")

FILE_NAME = "high-water.json"


class _Line(msgspec.Struct, frozen=True, rename="camel"):
    edition: str
    exercise: bool
    mark: Mark


class HighWater:
    """The file in `folder`. Neither reading nor writing raises: what is wrong is said in the log, once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._said: str | None = None
        self._is_there = False
        """Whether the folder was there once: one that has gone is not made anew, where the old one may be put back."""

    def read(self) -> dict[WireName, Mark]:
        """What was written last; empty where nothing was, or nobody can read it."""
        try:
            lines = msgspec.json.decode(self._path.read_bytes(), type=list[_Line])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            self._say("the high-water marks cannot be read: a store that was put back will go unnoticed", error)
            return {}
        return {WireName(line.edition, line.exercise): line.mark for line in lines}

    def write(self, marks: Mapping[WireName, Mark]) -> None:
        """Replace it, synced: whoever reads finds all of the old or all of the new. Blocks."""
        lines = [_Line(name.edition, name.exercise, mark) for name, mark in marks.items()]
        new = self._path.with_name(f"{FILE_NAME}.{os.getpid()}")
        try:
            if not self._is_there:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._is_there = True
            with new.open("wb") as file:
                file.write(msgspec.json.encode(lines))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
            self._said = None
        except OSError as error:
            self._say("the high-water marks cannot be written: is the data folder ours?", error)

    def _say(self, what: str, error: Exception) -> None:
        if self._said != what:
            self._said = what
            log.error(what, file=str(self._path), why=str(error)[:200])
