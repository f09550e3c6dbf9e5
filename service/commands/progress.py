"""How far a long command has come, said on standard error, so that what it prints stays clean."""

import time

import click

TOLD_EVERY_S = 2.0


class Progress:
    """Says from time to time how many `what` it has done."""

    def __init__(self, doing: str, what: str = "records") -> None:
        self.count = 0
        self._doing = doing
        self._what = what
        self._told_at = time.monotonic()

    def step(self, count: int = 1) -> None:
        """So many more."""
        self.count += count
        if time.monotonic() - self._told_at > TOLD_EVERY_S:
            self._told_at = time.monotonic()
            click.echo(f"{self._doing}: {self.count:,} {self._what}", err=True)
