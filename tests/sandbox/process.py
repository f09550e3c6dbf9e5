"""`flashwire sandbox` as a process of its own, on a folder and ports of the test's.

The rule to remember: it must end well, and leave no word of itself behind.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.processes import ROOT, environ_for, until


@contextmanager
def sandbox_process(folder: Path, **settings: object) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """What it says and its environment; it must end well."""
    environ = environ_for(folder / "data", log_format="json", **settings)
    command = [sys.executable, "-m", "service.cli", "sandbox", "--parent", str(os.getpid())]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE)
    ready = folder / "data" / "sandbox" / "sandbox.json"
    try:
        until(lambda: ready.exists() or process.poll() is not None, "the sandbox is ready")
        assert process.poll() is None, process.communicate()[1]
        yield json.loads(ready.read_text()), environ
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert not ready.exists()
