"""Whatever the gateway refuses has a page: its `type` leads to what the refusal means, on the API (contract §3)."""

import json
from typing import Any

import pytest

from service.api.problems import KINDS
from tests.gateway.house import request
from workers.gateway import handshake
from workers.gateway.handshake import Fault, Refusal

ORIGINS = ("https://news.example",)
REFUSED = {
    "another path": request().replace(b"/v1/live", b"/v1/dead"),
    "another method": request("edition=en", upgrade=False).replace(b"GET", b"PUT"),
    "a body": request("edition=en", upgrade=False, headers="Content-Length: 5\r\n"),
    "another origin": request("edition=en", upgrade=False, headers="Origin: https://other.example\r\n"),
    "no edition": request("limit=5", upgrade=False),
    "another host": request().replace(b"news.example", b"other.example"),
}


def refused(head: bytes) -> bytes:
    decided = handshake.read(head, ORIGINS, frozenset({"news.example"}))
    assert isinstance(decided, Refusal)
    return decided.reply


def told(reply: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(reply.partition(b"\r\n\r\n")[2])
    return body


def of(fault: Fault) -> bytes:
    return handshake.problem(fault.status, fault.slug, fault.detail)


@pytest.mark.parametrize(
    "reply",
    [
        *(pytest.param(refused(head), id=name) for name, head in REFUSED.items()),
        pytest.param(handshake.MALFORMED, id="no HTTP"),
        pytest.param(handshake.TOO_LARGE, id="a long head"),
        pytest.param(handshake.shed(5.0), id="too many readers"),
        pytest.param(of(handshake.unknown_edition("xx")), id="an unknown edition"),
        pytest.param(of(handshake.UNAUTHORIZED), id="no test key"),
        pytest.param(handshake.unavailable("store-unavailable", "", 3.0), id="no store"),
    ],
)
def test_a_reader_who_is_refused_finds_the_page_that_explains_it(reply: bytes) -> None:
    problem = told(reply)
    place, _, slug = problem["type"].rpartition("/")
    assert place == "/problems"
    assert slug in KINDS
    assert KINDS[slug].status == problem["status"]
    assert reply.startswith(b"HTTP/1.1 %d " % problem["status"])
