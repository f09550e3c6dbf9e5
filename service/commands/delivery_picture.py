"""A delivery report as lines for a terminal: a bar for each provider, and what became of everybody else.

The rule to remember: no line is longer than the terminal is wide, however narrow that is, since a picture that is drawn
again in its place counts its own lines. Colours only repeat what the words say.
"""

import textwrap
from collections.abc import Mapping
from typing import Any, NamedTuple

import click

from service.logs import escape

NAME_COLUMNS = 9
BAR_MIN_COLUMNS = 5
BAR_MAX_COLUMNS = 60
FULL_BLOCKS, PLAIN_BLOCKS = "█░", "#."
"""What bars are made of, and what they are made of where the terminal has no such characters."""
SHARES = {"t50": "half", "t90": "90 %", "t99": "99 %"}
DETAILS = ("queued", "undecided", "shown", "opened")
STATES = {"withheld": "ON HOLD", "canceled": "WITHDRAWN", "undone": "UNDONE", "expired": "EXPIRED"}


class Bar(NamedTuple):
    """So many of so many."""

    done: int
    of: int
    what: str

    @property
    def said(self) -> str:
        return f"{self.done:,}/{self.of:,} {self.what}"


class Picture:
    """Draws reports `columns` wide."""

    def __init__(self, columns: int, *, colours: bool, blocks: str = FULL_BLOCKS) -> None:
        self._columns = max(1, columns)
        self._colours = colours
        self._blocks = blocks

    def lines(self, report: Mapping[str, Any]) -> list[str]:
        """The report, top to bottom."""
        title = f"{report['alert']}  {report['edition']}  version {report['version']}{_state(report)}"
        providers, changes = report["push"].items(), report["corrections"]
        bars = {
            name: Bar(part["accepted"], part["eligible"] + part["undecided"], "accepted") for name, part in providers
        }
        bars |= {f"v{change['version']}": Bar(change["reached"], change["needed"], "reached") for change in changes}
        said = max(len(bar.said) for bar in bars.values())
        lines = self._text(title, bold=True) + self._sockets(report["sockets"])
        for name, bar in bars.items():
            lines += self._bar(name, bar, said)
            if name in report["push"]:
                lines += self._details(report["push"][name])
        return lines + self._text(_ending(report), dim=True)

    def _sockets(self, sockets: Mapping[str, Any]) -> list[str]:
        half, most = sockets["p50Ms"], sockets["p99Ms"]
        times = "" if half is None or most is None else f", half in {half:g} ms, 99 % in {most:g} ms"
        return self._text(f"{'sockets':<{NAME_COLUMNS}}{sockets['sent']:,} of {sockets['open']:,} at once{times}")

    def _details(self, part: Mapping[str, Any]) -> list[str]:
        times = ", ".join(f"{share} in {part[name]:g} s" for name, share in SHARES.items() if part[name] is not None)
        counts = ", ".join(f"{name} {part[name]:,}" for name in DETAILS if part[name])
        lines = self._text(times, under=True) + self._text(counts, under=True)
        lines += self._text(_causes("failed", part["failed"]), under=True, fg="red")
        return lines + self._text(_causes("held", part["held"]), under=True, dim=True)

    def _bar(self, name: str, bar: Bar, said_columns: int) -> list[str]:
        """All bars of a picture are equally long, so that they can be compared."""
        name = f"{escape(name):<{NAME_COLUMNS}}"
        if not bar.of:
            return self._text(f"{name}nobody", dim=True)
        room = min(self._columns - len(name) - said_columns - 1, BAR_MAX_COLUMNS)
        if room < BAR_MIN_COLUMNS:
            return self._text(name + bar.said)
        filled = min(room, room * bar.done // bar.of)
        done = self._style(self._blocks[0] * filled, fg="green")
        return [f"{name}{done}{self._style(self._blocks[1] * (room - filled), dim=True)} {bar.said}"]

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
    if report["state"] == "withheld":
        return "on hold: waits for a decision"
    burns_until = report.get("fuseUntil")
    return f"fuse burns until {escape(str(burns_until)[11:19])} UTC" if burns_until else "going out"


def _causes(what: str, causes: Mapping[str, int]) -> str:
    if not causes:
        return ""
    told = sorted(causes.items(), key=lambda cause: (-cause[1], cause[0]))
    return f"{what} {sum(causes.values()):,}: " + ", ".join(f"{escape(cause)} {count:,}" for cause, count in told)
