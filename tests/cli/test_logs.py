"""Logs: one event a line, nothing that deceives a reader or a terminal, and no secret."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service import logs

SECRET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ01234567"
KEY = f"fw_live_ABCDEFGHJK{SECRET}"


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(log_format: str, **fields: object) -> str:
    output = io.StringIO()
    logs.configure(log_format, "info", "api", output)  # type: ignore[arg-type]
    structlog.get_logger("test").info("it happened", **fields)
    return output.getvalue()


def test_json_is_one_object_a_line_with_the_time_in_utc() -> None:
    line = json.loads(written("json", count=3))
    assert line["timestamp"].endswith("Z")
    assert {name: line[name] for name in ("event", "level", "process", "count")} == {
        "event": "it happened",
        "level": "info",
        "process": "api",
        "count": 3,
    }


def test_a_person_reads_a_sentence() -> None:
    assert written("human", count=3).partition(" ")[2] == "api: it happened  count=3\n"


def test_auto_is_json_where_there_is_no_terminal() -> None:
    assert written("auto").startswith("{")


@pytest.mark.parametrize("log_format", ["human", "json"])
def test_what_others_sent_cannot_forge_a_line_or_steer_the_terminal(log_format: str) -> None:
    text = written(log_format, query="a\nb\x1b[2Jc\u202ed\u2028e", nested={"list": ["\r"]})
    assert text.count("\n") == 1
    assert not set(text[:-1]) & set("\n\r\x1b\u202e\u2028")


@pytest.mark.parametrize("log_format", ["human", "json"])
def test_of_a_key_only_the_public_half_is_written(log_format: str) -> None:
    text = written(log_format, header=f"Bearer {KEY}", nested=[{KEY: (KEY,)}])
    assert SECRET[:8] not in text
    assert "fw_live_ABCDEFGHJK…" in text


def test_an_exception_keeps_its_lines_but_cannot_start_one_of_its_own() -> None:
    output = io.StringIO()
    logs.configure("human", "info", "api", output)
    try:
        raise ValueError(f"bad\n12:00:00 api: all is well {KEY}")
    except ValueError:
        structlog.get_logger("test").exception("it failed")
    first, *others = output.getvalue().splitlines()
    assert first.endswith("api: ERROR it failed")
    assert all(line.startswith("    ") for line in others)
    assert SECRET[:8] not in output.getvalue()


def test_libraries_log_through_the_same_door() -> None:
    output = io.StringIO()
    logs.configure("json", "warning", "api", output)
    logging.getLogger("uvicorn.error").warning("started %s", KEY)
    logging.getLogger("uvicorn.error").info("not this")
    (line,) = output.getvalue().splitlines()
    assert json.loads(line)["event"] == "started fw_live_ABCDEFGHJK…"


def test_of_a_devices_secret_only_the_id_is_written() -> None:
    device_id = "7Q0F8R2K5M9TB4W6YE3XCZ01JV"
    text = written("json", header=f"Bearer fwd_{device_id}_{SECRET[:32]}")
    assert f"fwd_{device_id}_…" in text
    assert SECRET[:8] not in text
