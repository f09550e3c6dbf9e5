"""The editors' client: repeats what may pass by itself, with the same Idempotency-Key, and nothing else."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from service import client
from service.client import Refused, Unreachable, send
from tests.ports import free_ports
from tests.stores import BUSY_S


@dataclass
class Api:
    """A server that gives the planned answers, one a request, and remembers what it was asked."""

    plan: list[tuple[int, dict[str, str], Any]]
    port: int = 0
    heard: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def api() -> Iterator[Api]:
    told = Api([])

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            told.heard.append((self.path, dict(self.headers), json.loads(content) if content else None))
            status, headers, body = told.plan.pop(0)
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        told.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield told
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "RETRY_FIRST_S", 0.01)
    monkeypatch.setattr(client, "RETRY_MAX_S", 0.02)


def test_a_write_carries_key_body_and_an_idempotency_key(api: Api) -> None:
    api.plan = [(201, {}, {"alert": {"id": "X"}})]
    answer = send("POST", f"{api.url}/v1/alerts", {"text": "ريح"}, key="fw_live_x")
    ((path, headers, body),) = api.heard
    assert (answer.status, answer.body) == (201, {"alert": {"id": "X"}})
    assert (path, body, headers["Authorization"]) == ("/v1/alerts", {"text": "ريح"}, "Bearer fw_live_x")
    assert 1 <= len(headers["Idempotency-Key"]) <= 128


@pytest.mark.parametrize("failure", [(503, {"Retry-After": "0"}, {"detail": "not durable"}), (0, {}, None)])
def test_what_may_pass_is_tried_again_with_the_same_idempotency_key(api: Api, failure: Any) -> None:
    api.plan = [failure, failure, (201, {}, {})]
    reasons: list[str] = []
    assert send("POST", f"{api.url}/v1/alerts", {}, told=reasons.append).status == 201
    assert len(api.heard) == 3
    assert len({headers["Idempotency-Key"] for _, headers, _ in api.heard}) == 1
    assert len(reasons) == 2


def test_two_writes_have_two_idempotency_keys(api: Api) -> None:
    api.plan = [(201, {}, {}), (201, {}, {})]
    for _ in range(2):
        send("POST", f"{api.url}/v1/alerts", {})
    assert len({headers["Idempotency-Key"] for _, headers, _ in api.heard}) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422, 429, 500])
def test_a_refusal_is_not_tried_again(api: Api, status: int) -> None:
    api.plan = [(status, {}, {"detail": "no", "errors": [{"pointer": "/level", "detail": "unknown\x1b[2J"}]})]
    with pytest.raises(Refused) as caught:
        send("POST", f"{api.url}/v1/alerts", {})
    assert caught.value.status == status
    assert str(caught.value) == "level: unknown\\u001b[2J"
    assert len(api.heard) == 1


def test_patience_ends(api: Api) -> None:
    api.plan = [(503, {"Retry-After": "60"}, {"detail": "the store is away"})]
    with pytest.raises(Unreachable, match="503 the store is away"):
        send("POST", f"{api.url}/v1/alerts", {})
    (port,) = free_ports(1)
    with pytest.raises(Unreachable, match="refused"):
        send("POST", f"http://127.0.0.1:{port}/v1/alerts", {}, patience_s=0.1)


def test_where_nobody_is_it_ends_soon_and_without_a_word() -> None:
    (port,) = free_ports(1)
    told: list[str] = []
    began_s = time.monotonic()
    with pytest.raises(Unreachable, match="refused"):
        send("POST", f"http://127.0.0.1:{port}/v1/alerts", {}, told=told.append)
    assert time.monotonic() - began_s < 2 + BUSY_S
    assert told == []


def test_what_was_reached_once_is_asked_for_as_long_as_patience_lasts(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "NOBODY_S", 0.0)
    api.plan = [(0, {}, None)] * 5 + [(201, {}, {})]
    assert send("POST", f"{api.url}/v1/alerts", {}).status == 201


def test_findings_stand_alone_and_what_has_no_place_names_none(api: Api) -> None:
    errors = [{"pointer": "/headline", "detail": "must not be empty"}, {"pointer": "", "detail": "must be an object"}]
    api.plan = [(422, {}, {"detail": "2 found; see errors", "errors": errors})]
    with pytest.raises(Refused) as caught:
        send("POST", f"{api.url}/v1/alerts", {})
    assert str(caught.value) == "headline: must not be empty\nmust be an object"


def test_an_answer_that_is_not_json_is_no_crash(api: Api) -> None:
    api.plan = [(502, {}, "x")]
    with pytest.raises(Refused, match="status 502"):
        send("GET", f"{api.url}/v1/editions")
