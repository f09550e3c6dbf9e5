"""Once behind Caddy: 1,000 readers over TLS through the proxy, and what the proxy adds to each delivery.

The rule to remember: no goal is set for another's proxy. The readers are Python, on the other core, and time nothing.
"""

import asyncio
import contextlib
import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import sink
from benchmarks.cpu import cpu_s
from benchmarks.figure import Figure
from benchmarks.posting import Connection, request
from benchmarks.rounds import SERVER_CPU, progress
from benchmarks.stall import REQUEST as JOIN
from benchmarks.system import ADMIN_PORT, GATEWAY_PORT, System, running, wait_for

PORT = 7926
READERS, ALERTS, ROUNDS = 1000, 60, 3
JOINING_AT_ONCE = 50
ARRIVES_WITHIN_S = 60.0
HEADLINE = b"Snow front"
"""In each of the alerts that are counted, and nowhere else."""
CADDYFILE = """\
{{
    admin off
    auto_https off
}}
https://localhost:{port} {{
    tls {certificate} {key}
    reverse_proxy /v1/live 127.0.0.1:{gateway}
}}
"""


@dataclass(frozen=True)
class Costs:
    """CPU microseconds of a delivery."""

    gateway: float
    proxy: float


def run(rounds: int = ROUNDS, readers: int = READERS, alerts: int = ALERTS) -> list[Figure]:
    """Needs no kit."""
    name = "behind Caddy with TLS: CPU per delivery, both"
    if shutil.which("caddy") is None:
        return [Figure(name, None, "µs", peer="caddy is not installed: apt-get install caddy")]
    found, direct = [], []
    with running() as system, tempfile.TemporaryDirectory(prefix="flashwire-caddy-") as folder:
        for number in range(1, rounds + 1):
            with _gateway(system) as gateway:
                direct.append(asyncio.run(_costs(system, readers, alerts, None, gateway, None)))
            with _gateway(system) as gateway, _proxy(Path(folder)) as (proxy, trusting):
                found.append(asyncio.run(_costs(system, readers, alerts, trusting, gateway, proxy)))
            shown = f"gateway {found[-1].gateway:.1f}, Caddy {found[-1].proxy:.1f}"
            progress(number, rounds, f"µs: direct {direct[-1].gateway:.1f}; {shown}")
    without = f"{median(costs.gateway for costs in direct):.1f} µs without a proxy"
    return [
        Figure.of(name, [costs.gateway + costs.proxy for costs in found], "µs", peer=without),
        Figure.of("  the gateway's part", [costs.gateway for costs in found], "µs"),
        Figure.of("  Caddy's part", [costs.proxy for costs in found], "µs"),
    ]


@contextlib.contextmanager
def _gateway(system: System) -> Iterator[int]:
    process = subprocess.Popen(["taskset", "-c", SERVER_CPU, *system.gateway()], env=system.environ)
    try:
        wait_for(f"http://127.0.0.1:{ADMIN_PORT}/readyz")
        yield process.pid
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def _proxy(folder: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    certificate, key = sink.certificate(folder)
    text = CADDYFILE.format(port=PORT, certificate=certificate, key=key, gateway=GATEWAY_PORT)
    (folder / "Caddyfile").write_text(text)
    command = ["caddy", "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"]
    own = {**os.environ, "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    process = subprocess.Popen(["taskset", "-c", SERVER_CPU, *command], stderr=subprocess.DEVNULL, env=own)
    try:
        sink.wait_listening(process, PORT)
        yield process.pid, ssl.create_default_context(cafile=str(certificate))
    finally:
        process.terminate()
        process.wait()


async def _costs(
    system: System, readers: int, alerts: int, trusting: ssl.SSLContext | None, gateway: int, proxy: int | None
) -> Costs:
    """Everybody joins, then the alerts go out. Raises TimeoutError: not everybody had all of them."""
    joining = asyncio.Semaphore(JOINING_AT_ONCE)
    streams = await asyncio.gather(*(_join(joining, trusting) for _ in range(readers)))
    editor = await Connection.open()
    before = cpu_s(gateway), cpu_s(proxy) if proxy else 0.0
    async with asyncio.timeout(ARRIVES_WITHIN_S):
        for number in range(alerts):  # each once everybody has the last: alerts that are written together cost less
            await editor.ask(request(system.key, f"{HEADLINE.decode()} {number} closes the high pass"))
            await asyncio.gather(*(_until_alert(reader) for reader, _ in streams))
    after = cpu_s(gateway), cpu_s(proxy) if proxy else 0.0
    for writer in (*(writer for _, writer in streams), editor.writer):
        writer.transport.abort()
    used_s = (late - early for late, early in zip(after, before, strict=True))
    return Costs(*(seconds / (readers * alerts) * 1e6 for seconds in used_s))


async def _join(
    joining: asyncio.Semaphore, trusting: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A reader who has its snapshot, over TLS through the proxy or straight."""
    host, port = ("localhost", PORT) if trusting else ("127.0.0.1", GATEWAY_PORT)
    async with joining:
        reader, writer = await asyncio.open_connection(host, port, ssl=trusting)
        writer.write(JOIN.replace(b"Host: 127.0.0.1", f"Host: {host}:{port}".encode()))
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head:
            raise RuntimeError(f"a reader was not let in: {head.splitlines()[0].decode()}")
        await _frame(reader)
    return reader, writer


async def _until_alert(reader: asyncio.StreamReader) -> None:
    while HEADLINE not in await _frame(reader):
        pass


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """A server's frame, unmasked and whole."""
    _, length = await reader.readexactly(2)
    if length >= 126:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8))
    return await reader.readexactly(length)
