"""Credentials are read again on SIGHUP, by every lane of `flashwire push`, which goes on (reliability §4)."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from service.store.embedded import EmbeddedStore
from tests.processes import ROOT, environ_for, until
from tests.push.credentials import pem
from tests.stores import server

__all__ = ["server"]


def test_the_whole_push_channel_reads_its_credentials_again_and_goes_on(server: EmbeddedStore, tmp_path: Path) -> None:
    key = tmp_path / "vapid.pem"
    key.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    environ = environ_for(tmp_path / "data", redis_url=server.url, vapid_key_file=key, log_format="json")
    log = tmp_path / "log"

    def said(words: str) -> bool:
        return words in log.read_text()

    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "push"], cwd=ROOT, env=environ, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        until(lambda: log.read_text().count('"running"') == 2, "dispatcher and lane run")
        os.kill(process.pid, signal.SIGHUP)
        until(lambda: said("the credentials were read again"), "the new ones are taken")
        key.write_text("no key")
        os.kill(process.pid, signal.SIGHUP)
        until(lambda: said("the old ones go on"), "what cannot be used is told")
        assert process.poll() is None
        assert "no key" not in log.read_text()
        process.terminate()
        assert process.wait(30) == 0
        assert not said("runs again"), "no child was ended by it"
    finally:
        process.kill()
        process.wait()
