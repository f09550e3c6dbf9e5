"""The path of one alert: from the POST to the first socket, with fsync."""

import json
import subprocess

from benchmarks import kit
from benchmarks.figure import Figure
from benchmarks.system import ADMIN_PORT, GATEWAY_PORT, running, wait_for

MESSAGES = 300


def run() -> list[Figure]:
    """One reader, 300 alerts one after the other. Raises kit.NoKit."""
    place = kit.build()
    with running() as system:
        gateway = subprocess.Popen(system.gateway, env=system.environ)
        try:
            wait_for(f"http://127.0.0.1:{ADMIN_PORT}/readyz")
            command = [
                str(place / "wsfan"), "-n", "1", "--port", str(GATEWAY_PORT), "--path", "/v1/live?edition=en&limit=1",
                "--pub", system.publish, "--msgs", str(MESSAGES),
                "--pid", str(gateway.pid), "--body-file", str(place / "alert.json"), "--first",
                "--pub-header", f"Authorization: Bearer {system.key}",
            ]  # fmt: skip
            answer = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        finally:
            gateway.terminate()
            gateway.wait()
    if answer.returncode:
        raise RuntimeError(f"a delivery was missing, doubled or out of order: {answer.stdout}")
    result = json.loads(answer.stdout)
    return [
        Figure("POST → first socket, p50", result["p50_ms"], "ms", 2.0, 0.7),
        Figure("POST → first socket, slowest of 300", result["worst_ms"], "ms"),
    ]
