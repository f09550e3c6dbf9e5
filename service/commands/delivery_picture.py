"""A delivery report as lines for a terminal: a bar for each provider, and what became of everybody else.

The rule to remember: no line is longer than the terminal is wide, however narrow that is, since a picture that is drawn
again in its place counts its own lines. Colours only repeat what the words say.
"""

import textwrap
from collections.abc import Mapping
from typing import Any

import click

from service.logs import escape

NAME_COLUMNS = 9
BAR_MIN_COLUMNS = 5
BAR_MAX_COLUMNS = 60
FULL_BLOCKS, PLAIN_BLOCKS = "█░", "#."
"""What bars are made of, and what they are made of where the terminal has no such characters."""
STATES = {"withheld": "ON HOLD", "canceled": "WITHDRAWN", "undone": "UNDONE", "expired": "EXPIRED"}


class Picture:
    """Draws reports `columns` wide."""

    def __init__(self, columns: int, *, colours: bool, blocks: str = FULL_BLOCKS) -> None:
        self._columns = max(1, columns)
        self._colours = colours
        self._blocks = blocks

    def lines(self, report: Mapping[str, Any]) -> list[str]:
        """The report, top to bottom."""
        lines = self._text(
            f"{report['alert']}  {report['edition']}  version {report['version']}{_state(report)}", bold=True
        )
        lines += self._sockets(report["sockets"])
        for name, part in report["push"].items():
            lines += self._provider(name, part)
        for change in report["corrections"]:
            lines += self._bar(f"v{change['version']}", change["reached"], change["needed"], "told of the change")
        return lines + self._text(_ending(report), dim=True)

    def _sockets(self, sockets: Mapping[str, Any]) -> list[str]:
        times = _times(half=sockets["p50Ms"], most=sockets["p99Ms"], unit="ms")
        return self._text(f"{'sockets':<{NAME_COLUMNS}}{sockets['sent']:,} of {sockets['open']:,} at once{times}")

    def _provider(self, name: str, part: Mapping[str, Any]) -> list[str]:
        known = part["eligible"] + part["undecided"]
        lines = self._bar(name, part["accepted"], known, "accepted")
        if part["t50"] is not None:
            lines += self._text(
                f"half in {part['t50']:g} s, 90 % in {part['t90']:g} s, 99 % in {part['t99']:g} s", under=True
            )
        seen = {
            "queued": part["queued"],
            "undecided": part["undecided"],
            "shown": part["shown"],
            "opened": part["opened"],
        }
        lines += self._text(_counts(seen), under=True)
        lines += self._text(_causes("failed", part["failed"]), under=True, fg="red")
        return lines + self._text(_causes("held", part["held"]), under=True, dim=True)

    def _bar(self, name: str, done: int, of: int, what: str) -> list[str]:
        name = f"{escape(name):<{NAME_COLUMNS}}"
        if not of:
            return self._text(f"{name}nobody", dim=True)
        said = f" {done:,}/{of:,} {what}"
        room = min(self._columns - len(name) - len(said), BAR_MAX_COLUMNS)
        if room < BAR_MIN_COLUMNS:
            return self._text(name + said.strip())
        filled = min(room, room * done // of)
        bar = self._style(self._blocks[0] * filled, fg="green") + self._style(
            self._blocks[1] * (room - filled), dim=True
        )
        return [name + bar + said]

    def _text(self, text: str, *, under: bool = False, **style: Any) -> list[str]:
        """A paragraph, wrapped to the width; `under` a bar it is indented where there is room."""
        indent = " " * NAME_COLUMNS if under and self._columns > 3 * NAME_COLUMNS else ""
        wrapped = textwrap.wrap(text, self._columns, initial_indent=indent, subsequent_indent=indent)
        return [self._style(line, **style) for line in wrapped]

    def _style(self, text: str, **style: Any) -> str:
        return click.style(text, **style) if self._colours and style and text else text


def _state(report: Mapping[str, Any]) -> str:
    state = report["state"]
    return "" if state == "published" else f"  {STATES.get(state, escape(str(state)))}"


def _ending(report: Mapping[str, Any]) -> str:
    if report["complete"]:
        return "complete"
    return "on hold: waits for a decision" if report["state"] == "withheld" else "going out"


def _times(*, half: float | None, most: float | None, unit: str) -> str:
    return "" if half is None or most is None else f", half in {half:g} {unit}, 99 % in {most:g} {unit}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)


def _causes(what: str, causes: Mapping[str, int]) -> str:
    if not causes:
        return ""
    told = sorted(causes.items(), key=lambda cause: (-cause[1], cause[0]))
    return f"{what} {sum(causes.values()):,}: " + ", ".join(f"{escape(cause)} {count:,}" for cause, count in told)
