"""What Caddy itself refuses says what it is: only where nobody answers is the request worth repeating."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_ports
from tests.processes import ROOT, until

READY_S = 60.0
SITE = "\theader -Server\n"
BROKEN = "\thandle /broken/421 {\n\t\terror 421\n\t}\n\thandle /broken/504 {\n\t\terror 504\n\t}\n"
"""Errors of Caddy's own, which its handlers raise for causes that are hard to bring about."""


@pytest.fixture(scope="module")
def caddy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Caddy on our file, in which two paths fail."""
    program = shutil.which("caddy")
    assert program is not None, "this test needs Caddy: sudo apt-get install caddy"
    folder: Path = tmp_path_factory.mktemp("caddy")
    ours = (ROOT / "config" / "Caddyfile").read_text()
    assert SITE in ours
    (folder / "Caddyfile").write_text(ours.replace(SITE, SITE + BROKEN))
    port, admin = free_ports(2)
    url = f"http://localhost:{port}"
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
        "FLASHWIRE_SITE": url, "FLASHWIRE_CADDY_ADMIN": f"localhost:{admin}",
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"],
            env=environ, stdout=log, stderr=log,
        )  # fmt: skip

    def answers() -> bool:
        assert process.poll() is None, (folder / "log").read_text()
        return asked(f"{url}/broken/421")[0] == 421

    try:
        until(answers, "Caddy answers", READY_S)
        yield url
    finally:
        process.kill()
        process.wait()


def asked(url: str) -> tuple[int, dict[str, str], bytes]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, dict(refused.headers), refused.read()
    except OSError:
        return 0, {}, b""


def test_what_is_wrong_with_the_request_keeps_its_status_and_is_not_to_be_repeated(caddy: str) -> None:
    status, headers, body = asked(f"{caddy}/broken/421")
    assert (status, headers["Content-Type"]) == (421, "application/problem+json")
    assert json.loads(body) == {"type": "about:blank", "title": "Misdirected Request", "status": 421}
    assert "Retry-After" not in headers


def test_who_answers_too_late_is_as_one_who_does_not_answer(caddy: str) -> None:
    status, headers, body = asked(f"{caddy}/broken/504")
    assert (status, headers["Retry-After"], headers["Cache-Control"]) == (503, "2", "no-store")
    assert json.loads(body)["type"] == "/problems/unreachable"
    assert headers["Access-Control-Allow-Origin"] == "*"
