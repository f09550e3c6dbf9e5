"""Keep child processes running: start them, wait until each is ready, replace those that end or fall silent, stop them.

The rule to remember: a child is ours alone. It has a session of its own (Ctrl-C in the terminal reaches only us, and we
decide the order), and it leaves when we are gone (`service.commands` watches for that).
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

log = structlog.get_logger("supervisor")

READY_S = 30.0
"""How long a child may take to become ready."""
PROBE_EVERY_S = 1.0
MUTE_S = 5.0
"""A child that answers nothing for so long is replaced: it still takes its share of the port's new connections."""
BACK_OFF_FIRST_S = 0.1
BACK_OFF_MAX_S = 10.0
STEADY_S = 30.0
"""A child that ran so long is taken for healthy, and its next end for a first one."""


class ChildFailed(Exception):
    """A child did not become ready at the first start; it has said why on stderr."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Where a child tells of itself: its admin port's /healthz and /readyz. `mute_s`: after so long without an answer
    it is replaced, and a fifth of that is how long one answer may take.
    """

    host: str
    port: int
    mute_s: float = MUTE_S

    async def status(self, path: str) -> int | None:
        """The HTTP status of one GET, or None where there is no answer in time."""
        try:
            async with asyncio.timeout(self.mute_s / 5):
                reader, writer = await asyncio.open_connection(self.host, self.port)
                try:
                    writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode())
                    line = await reader.readline()
                finally:
                    writer.close()
            return int(line.split()[1])
        except (OSError, TimeoutError, ValueError, IndexError):
            return None


class Child:
    """One process that should be running, and its replacement when it is not."""

    def __init__(self, name: str, command: tuple[str, ...], environ: Mapping[str, str], probe: Probe) -> None:
        self.name = name
        self._command = command
        self._environ = environ
        self.probe = probe
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start it, return once it is ready, and keep it running from now on. Raises ChildFailed."""
        await self._launch()
        if not await self._becomes_ready():
            await self._end_at_once()
            raise ChildFailed(f"{self.name} did not start; what it said stands above")
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self, patience_s: float) -> None:
        """Ask it to end, and end it after `patience_s`."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        process = self._process
        if process is None or process.returncode is not None:
            return
        self.tell(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), patience_s)
        except TimeoutError:
            log.warning("did not stop in time and was ended", child=self.name, after_s=patience_s)
            await self._end_at_once()

    async def _keep(self) -> None:
        """Replace the process for as long as it is wanted, sooner at first and then at most every 10 s."""
        pause_s = BACK_OFF_FIRST_S
        while True:
            process = self._process
            assert process is not None
            begun = time.monotonic()
            watch = asyncio.create_task(self._watch())
            try:
                code = await process.wait()
            finally:
                watch.cancel()
            if time.monotonic() - begun > STEADY_S:
                pause_s = BACK_OFF_FIRST_S
            log.warning("ended and is started again", child=self.name, ended=_how(code), in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, BACK_OFF_MAX_S)
            await self._launch()
            if await self._becomes_ready():
                log.info("runs again", child=self.name, pid=self.pid)
            elif self.pid is not None:
                log.warning("runs but is not ready", child=self.name, pid=self.pid)

    async def _watch(self) -> None:
        """End a process that has gone silent, judged by missed answers: a pause of our own is not its fault."""
        heard, missed = time.monotonic(), 0
        while True:
            await asyncio.sleep(PROBE_EVERY_S)
            if await self.probe.status("/healthz") is not None:
                heard, missed = time.monotonic(), 0
                continue
            missed += 1
            if missed >= 3 and time.monotonic() - heard >= self.probe.mute_s:
                log.warning("is mute and is replaced", child=self.name, for_s=self.probe.mute_s)
                self.kill()
                return

    async def _launch(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            env=dict(self._environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sys.stderr,  # our own stdout is for what scripts read
            stderr=sys.stderr,
            start_new_session=True,
        )

    async def _becomes_ready(self) -> bool:
        deadline = time.monotonic() + READY_S
        while self.pid is not None and time.monotonic() < deadline:
            if await self.probe.status("/readyz") == 200:
                return True
            await asyncio.sleep(0.02)
        return False

    def kill(self) -> None:
        """End it at once, with all it has started."""
        self.tell(signal.SIGKILL)

    async def _end_at_once(self) -> None:
        self.kill()
        if self._process is not None:
            await self._process.wait()

    def tell(self, number: signal.Signals) -> None:
        """Send a signal: a polite one goes to the process alone, which knows its own; the last one to its session."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if number == signal.SIGKILL else os.kill)(self.pid, number)


async def stop_in_order(groups: list[list[Child]], patience_s: float) -> None:
    """Stop one group after the other, the members of a group together."""
    for group in groups:
        await asyncio.gather(*(child.stop(patience_s) for child in group))


def _how(code: int) -> str:
    """`exit 1`, or the name of the signal that ended it."""
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
