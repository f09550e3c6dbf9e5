"""A sink for senders: nginx over TLS and HTTP/2, which answers as Apple and Google do and is no bottleneck.

The rule to remember: it says yes to everything at once. What a sender costs is measured here, what it does elsewhere.
"""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import kit

PORT = 7643
"""Not the kit's own 7443, so that another sink may run beside this one."""
CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    " -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE"
    " -keyout h2sink.key -out h2sink.crt"
)
"""Not an authority: rustls takes no certificate for a server's that may sign others."""
READY_S = 5.0
NO_ID = "00000000-0000-4000-8000-000000000000"
"""Apple gives a sender its own id back, and aioapns waits for that."""


@dataclass(frozen=True)
class Sink:
    """Where it listens, and the certificate to trust."""

    url: str
    certificate: Path


@contextlib.contextmanager
def running(cpu: str | None = None) -> Iterator[Sink]:
    """A sink, pinned to core `cpu` if given, gone afterwards. Raises kit.NoKit."""
    if shutil.which("nginx") is None:
        raise kit.NoKit("no nginx for the sink: apt-get install nginx")
    with tempfile.TemporaryDirectory(prefix="flashwire-sink-") as folder:
        place = Path(folder)
        text = (kit.source() / "peers" / "h2sink.conf").read_text()
        moved = text.replace("/tmp/h2sink", f"{place}/h2sink").replace("7443", f"{PORT}").replace("7444", f"{PORT + 1}")
        (place / "h2sink.conf").write_text(moved.replace(NO_ID, "$http_apns_id"))
        trusted, _ = certificate(place)
        pinned = [] if cpu is None else ["taskset", "-c", cpu]
        process = subprocess.Popen([*pinned, "nginx", "-c", f"{place}/h2sink.conf"], stderr=subprocess.DEVNULL)
        try:
            wait_listening(process, PORT)
            yield Sink(f"https://localhost:{PORT}", trusted)
        finally:
            process.terminate()
            process.wait()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    subprocess.run(CERTIFICATE.split(), cwd=folder, check=True, capture_output=True)
    return folder / "h2sink.crt", folder / "h2sink.key"


def wait_listening(process: subprocess.Popen[bytes], port: int) -> None:
    """Until it listens. Raises RuntimeError: it does not."""
    deadline_s = time.monotonic() + READY_S
    while process.poll() is None and time.monotonic() < deadline_s:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args!r} does not start: is port {port} taken?")
