"""What the service tells of itself: every route stands in the description, and the description says what is so."""

import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own, for three calls
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.settings import load
from service.api import docs_page, openapi, operations
from service.api.openapi import Undescribed
from service.domain.newsroom import from_config
from service.store.embedded import EmbeddedStore
from tests.api.conftest import Api, serving, settings_for

NEWSROOM = from_config(load({}).newsroom)
PARSER = Path(__file__).parents[1] / "asyncapi"
LATEST_VERSION = "asyncapi-latest-version"
"""A remark, not a fault: we stay with 3.0, which more tools read than the newest."""
PARSER_WITHIN_S = 60.0


async def described(api: Api) -> dict[str, Any]:
    answer = await api.get("/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    document: dict[str, Any] = answer.json()
    return document


async def test_every_operation_of_the_table_is_served_and_described_once(api: Api) -> None:
    document = await described(api)
    served = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert sorted(served) == sorted(operation.id for operation in operations.table(NEWSROOM).values())
    assert len(served) > 25


async def test_the_description_is_openapi(api: Api) -> None:
    schemathesis.openapi.from_dict(await described(api)).validate()


def test_a_route_that_nobody_has_described_ends_the_start() -> None:
    async def nobody(_: Request) -> Response:
        return Response()

    with pytest.raises(Undescribed, match="PUT /v1/unheard-of"):
        openapi.document([Route("/v1/unheard-of", nobody, methods=["PUT"])], NEWSROOM, "1", allow_http=False)


async def test_a_page_of_another_origin_may_read_the_descriptions_and_keep_them(api: Api) -> None:
    for path in ("/openapi.json", "/asyncapi.yaml"):
        answer = await api.get(path)
        assert answer.headers["access-control-allow-origin"] == "*"
        again = await api.get(path, None, If_None_Match=answer.headers["etag"])
        assert (again.status_code, again.content) == (304, b"")


class Loads(HTMLParser):
    """Whatever a page would load or run, its links, and the ids in it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.links: set[str] = set()
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "link", "img", "iframe") or any(name.startswith("on") or name == "src" for name in given):
            self.found.append(tag)
        if tag == "a":
            self.links.add(given["href"] or "")
        if given.get("id"):
            self.ids.add(given["id"] or "")


async def test_the_page_of_the_api_loads_nothing_and_shows_every_operation(api: Api) -> None:
    answer = await api.get("/docs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == docs_page.POLICY
    page = Loads()
    page.feed(answer.text)
    assert page.found == []
    assert {"/openapi.json", "/asyncapi.yaml"} <= page.links
    inside = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert inside <= page.ids
    assert {operation.id for operation in operations.table(NEWSROOM).values()} <= page.ids


async def test_whatever_stands_in_a_description_is_text_on_the_page() -> None:
    document = openapi.document([], NEWSROOM, "<script>alert(1)</script>", allow_http=False)
    page = Loads()
    page.feed(docs_page.render(document))
    assert page.found == []


def parsed(document: str) -> dict[str, Any]:
    """What the AsyncAPI project's parser says of a document."""
    node = shutil.which("node")
    if node is None or not (PARSER / "node_modules").is_dir():
        pytest.fail("no AsyncAPI parser: sudo apt-get install nodejs npm, then run ./test once with the network")
    said = subprocess.run(
        [node, "parse.mjs"], cwd=PARSER, input=document, capture_output=True, text=True, timeout=PARSER_WITHIN_S
    )
    assert said.returncode == 0, said.stderr
    found: dict[str, Any] = json.loads(said.stdout)
    return found


async def test_the_asyncapi_projects_parser_reads_our_stream(api: Api) -> None:
    answer = await api.get("/asyncapi.yaml")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/yaml")
    found = parsed(answer.text)
    assert (found["read"], found["messages"]) == (True, 11)
    assert [finding for finding in found["found"] if finding["code"] != LATEST_VERSION] == []


async def test_the_parser_finds_a_description_that_is_none(api: Api) -> None:
    document = yaml.safe_load((await api.get("/asyncapi.yaml")).text)
    document["operations"]["follow"]["action"] = "shout"
    del document["components"]["messages"]["bye"]
    assert {finding["severity"] for finding in parsed(json.dumps(document))["found"]} >= {0}


@pytest.mark.parametrize(
    ("live_url", "servers"),
    [
        (None, {"websocket": ("ws", "news.example:8001"), "sse": ("http", "news.example:8001")}),
        ("https://live.example", {"websocket": ("wss", "live.example"), "sse": ("https", "live.example")}),
    ],
)
async def test_a_reader_is_told_where_the_stream_is_as_it_can_reach_it(
    server: EmbeddedStore, live_url: str | None, servers: dict[str, tuple[str, str]]
) -> None:
    async with serving(settings_for(server, live_url=live_url)) as api:
        document = yaml.safe_load((await api.get("/asyncapi.yaml")).text)
        refused = await api.get("/asyncapi.yaml", None, Host="no host at all")
    assert {name: (each["protocol"], each["host"]) for name, each in document["servers"].items()} == servers
    assert refused.status_code == (400 if live_url is None else 200)
