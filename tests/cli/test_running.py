"""Where an `up` says that it is: found while its process lives, and never by half."""

import os
import subprocess
from pathlib import Path

import pytest

from config.settings import load
from service import running
from service.commands.asking import api_url, sandbox_url
from service.running import Running

HERE = Running("http://127.0.0.1:9000", "ws://127.0.0.1:9001/v1/live", "http://127.0.0.1:9002", os.getpid())


def test_what_was_written_is_found_until_it_is_taken_away(tmp_path: Path) -> None:
    assert running.find(tmp_path) is None
    running.write(tmp_path, HERE)
    assert running.find(tmp_path) == HERE
    assert [path.name for path in tmp_path.iterdir()] == [running.FILE_NAME]
    running.remove(tmp_path)
    running.remove(tmp_path)
    assert running.find(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url":1}', '{"url":"u","live":"l","sandbox":null,"pid":0}'])
def test_what_is_no_such_file_is_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / running.FILE_NAME).write_text(text)
    assert running.find(tmp_path) is None


def test_a_process_that_has_ended_is_not_found(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    running.write(tmp_path, Running("http://127.0.0.1:9000", "", None, ended.pid))
    assert running.find(tmp_path) is None


@pytest.mark.parametrize(
    ("environ", "api", "sandbox"),
    [
        ({}, "http://127.0.0.1:9000", "http://127.0.0.1:9002"),
        ({"FLASHWIRE_URL": "https://news.example"}, "https://news.example", "http://127.0.0.1:9002"),
        ({"FLASHWIRE_API_PORT": "9100"}, "http://127.0.0.1:9100", "http://127.0.0.1:9002"),
        ({"FLASHWIRE_SANDBOX_PORT": "9102"}, "http://127.0.0.1:9000", "http://127.0.0.1:9102"),
    ],
)
def test_a_variable_knows_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], api: str, sandbox: str
) -> None:
    for name in [name for name in os.environ if name.startswith("FLASHWIRE_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    running.write(tmp_path, HERE)
    settings = load(environ | {"FLASHWIRE_DATA_DIR": str(tmp_path)})
    assert (api_url(settings), sandbox_url(settings)) == (api, sandbox)
